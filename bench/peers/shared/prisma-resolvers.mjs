/** Resolvers over Prisma: one query for what a root field usually leads to, the rest where it is asked for. */
import { requireCaller, requireSuperuser } from './graph.mjs';
import { decodeId, encodeId } from './ids.mjs';
import { prisma, withOrganizations } from './prisma.mjs';

export const resolvers = {
  Query: {
    me: (_root, _args, context) =>
      prisma.user.findUnique({
        where: { id: requireCaller(context).userId },
        include: { emails: { where: { isDefault: true }, select: { address: true } }, ...withOrganizations },
      }),
    users: async (_root, { first }, context) => {
      requireSuperuser(context);
      const nodes = await prisma.user.findMany({
        where: { kind: { not: 'INTERNAL' }, status: { not: 'DELETING' } },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: Math.min(first, 100),
        include: withOrganizations,
      });
      return { nodes };
    },
    node: (_root, { id }, context) => {
      requireSuperuser(context);
      return prisma.user.findUnique({ where: { id: decodeId(id) } });
    },
  },
  Mutation: {
    updateMe: async (_root, { input }, context) => ({
      user: await prisma.user.update({
        where: { id: requireCaller(context).userId },
        data: { ...input, version: { increment: 1 }, updatedAt: new Date() },
      }),
    }),
  },
  Node: { __resolveType: () => 'User' },
  Organization: { id: ({ id }) => encodeId('org', id) },
  User: {
    id: ({ id }) => encodeId('user', id),
    email: async ({ id, emails }) => {
      const found =
        emails ?? (await prisma.user.findUnique({ where: { id } }).emails({ where: { isDefault: true } }));
      return found[0]?.address ?? null;
    },
    createdAt: ({ createdAt }) => createdAt.toISOString(),
    updatedAt: ({ updatedAt }) => updatedAt.toISOString(),
    organizations: async ({ id, memberships }) => {
      const found =
        memberships ??
        (await prisma.user.findUnique({ where: { id } }).memberships(withOrganizations.memberships));
      return { nodes: found.map(({ organization }) => organization) };
    },
  },
};
