/** What must be read of an account to act as it. */
import type { ActingUser, Scope } from '../domain/policy.ts';
import type { Prisma } from '../generated/prisma/client.ts';

/** More shares than anybody has; the bound keeps what is read for each request finite. */
const mostShares = 10_000;

export function actingUserSelect(now: Date) {
  return {
    id: true,
    kind: true,
    status: true,
    username: true,
    isSuperuser: true,
    organizationId: true,
    memberships: {
      orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
      select: { organizationId: true, role: true },
    },
    sharesReceived: {
      where: { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      select: { grantorId: true, scopes: true, expiresAt: true },
      take: mostShares,
    },
  } as const satisfies Prisma.UserSelect;
}

type ActingUserRow = Prisma.UserGetPayload<{ select: ReturnType<typeof actingUserSelect> }>;

/** The row may have been read a while before `now`: a share can have ended meanwhile. */
export function toActingUser({ status: _, sharesReceived, ...user }: ActingUserRow, now: Date): ActingUser {
  const open = sharesReceived.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  return { ...user, shares: new Map(open.map(({ grantorId, scopes }) => [grantorId, scopes as Scope[]])) };
}
