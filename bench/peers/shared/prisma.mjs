/** What the peers on Prisma share: the client, as its documentation makes it, and who is calling. */
import { PrismaPg } from '@prisma/adapter-pg';
import generated from '../../.cache/prisma/client/index.js';
import { hashOfToken } from './tokens.mjs';

const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL });
export const prisma = new generated.PrismaClient({ adapter });

/** The token with its account; null for one that is not good. */
export async function authenticate(authorization) {
  const tokenHash = hashOfToken(authorization);
  if (tokenHash === null) return null;
  const token = await prisma.apiToken.findUnique({
    where: { tokenHash },
    select: {
      id: true,
      expiresAt: true,
      revokedAt: true,
      user: { select: { id: true, status: true, isSuperuser: true } },
    },
  });
  if (token === null || token.revokedAt !== null || token.expiresAt <= new Date()) return null;
  if (token.user?.status !== 'ACTIVE') return null;
  return { tokenId: token.id, userId: token.user.id, isSuperuser: token.user.isSuperuser };
}

export const withOrganizations = {
  memberships: {
    orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
    select: { organization: { select: { id: true, name: true } } },
    take: 25,
  },
};
