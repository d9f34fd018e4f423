/** REST on Fastify over Prisma: a schema for each response, as Fastify's documentation asks for, and one query by id. */
import Fastify from 'fastify';
import { authenticate, prisma } from './shared/prisma.mjs';
import { currentSchema, profileSchema, sweatstackSchema } from './shared/rest-schemas.mjs';
import { katapultView, profileView, sweatstackView } from './shared/rest-views.mjs';

const app = Fastify();
app.decorateRequest('caller', null);
app.addHook('preHandler', async (request, reply) => {
  request.caller = await authenticate(request.headers.authorization);
  if (request.caller === null) return reply.code(401).send({ error: 'unauthenticated' });
});

const inOrder = (first) => [...(first ? [{ [first]: 'desc' }] : []), { createdAt: 'asc' }, { id: 'asc' }];

app.get('/core/v1/users/current', { schema: { response: { 200: currentSchema } } }, async ({ caller }) => {
  const user = await prisma.user.findUniqueOrThrow({
    where: { id: caller.userId },
    select: {
      id: true,
      firstName: true,
      lastName: true,
      avatarUrl: true,
      memberships: {
        orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
        select: { organization: { select: { id: true, name: true, subDomain: true } } },
      },
    },
  });
  const organizations = user.memberships.map(({ organization }) => organization);
  return katapultView(user, organizations, caller.tokenId);
});

app.get('/me', { schema: { response: { 200: profileSchema } } }, async ({ caller }) => {
  const { _count, password, ...user } = await prisma.user.findUniqueOrThrow({
    where: { id: caller.userId },
    include: {
      password: { select: { userId: true } },
      emails: { orderBy: inOrder('isDefault') },
      identities: { orderBy: inOrder('isPrimary') },
      phoneNumbers: { orderBy: inOrder('isPrimary') },
      _count: { select: { sessions: { where: openSessions() } } },
    },
  });
  return profileView({ ...user, hasPassword: password !== null, activeSessions: _count.sessions });
});

function openSessions() {
  const unusedSince = new Date(Date.now() - 14 * 24 * 60 * 60 * 1000);
  return { revokedAt: null, expiresAt: { gt: new Date() }, lastUsedAt: { gt: unusedSince } };
}

app.get('/api/v1/users/', { schema: { response: { 200: sweatstackSchema } } }, async ({ caller }) => {
  const users = await prisma.user.findMany({
    where: { OR: [{ id: caller.userId }, { managerId: caller.userId }], status: { not: 'DELETING' } },
    orderBy: inOrder(null),
    select: { id: true, firstName: true, lastName: true, displayName: true, kind: true },
  });
  return users
    .sort((a, b) => Number(b.id === caller.userId) - Number(a.id === caller.userId))
    .map(sweatstackView);
});

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
