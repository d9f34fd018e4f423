/** Yoga, Pothos and Prisma, put together as their documentations show it. */
import { createServer } from 'node:http';
import SchemaBuilder from '@pothos/core';
import PrismaPlugin, { prismaConnectionHelpers } from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import { createYoga } from 'graphql-yoga';
import { getDatamodel } from '../.cache/prisma/datamodel.mjs';
import { requireCaller, requireSuperuser } from './shared/graph.mjs';
import { decodeId, encodeId } from './shared/ids.mjs';
import { authenticate, prisma } from './shared/prisma.mjs';

const prefixes = { User: 'user', Organization: 'org' };
const builder = new SchemaBuilder({
  plugins: [PrismaPlugin, RelayPlugin],
  prisma: { client: prisma, dmmf: getDatamodel() },
  relay: {
    nodesOnConnection: true,
    encodeGlobalID: (typename, id) => encodeId(prefixes[typename], String(id)),
    decodeGlobalID: (id) => ({
      typename: id.startsWith('user_') ? 'User' : 'Organization',
      id: decodeId(id),
    }),
  },
});

const Organization = builder.prismaNode('Organization', {
  select: { id: true },
  id: { field: 'id' },
  fields: (t) => ({ name: t.exposeString('name') }),
});

const memberships = prismaConnectionHelpers(builder, 'Membership', {
  cursor: 'organizationId_userId',
  select: (nodeSelection) => ({ organization: nodeSelection({ select: { id: true } }) }),
  resolveNode: ({ organization }) => organization,
});

const User = builder.prismaNode('User', {
  id: { field: 'id' },
  fields: (t) => ({
    username: t.exposeString('username', { nullable: true }),
    name: t.exposeString('name', { nullable: true }),
    firstName: t.exposeString('firstName', { nullable: true }),
    lastName: t.exposeString('lastName', { nullable: true }),
    displayName: t.exposeString('displayName'),
    email: t.string({
      nullable: true,
      select: { emails: { where: { isDefault: true }, select: { address: true } } },
      resolve: ({ emails }) => emails[0]?.address,
    }),
    company: t.exposeString('company', { nullable: true }),
    jobTitle: t.exposeString('jobTitle', { nullable: true }),
    version: t.exposeInt('version'),
    createdAt: t.string({ select: { createdAt: true }, resolve: ({ createdAt }) => createdAt.toISOString() }),
    updatedAt: t.string({ select: { updatedAt: true }, resolve: ({ updatedAt }) => updatedAt.toISOString() }),
    organizations: t.connection({
      type: Organization,
      select: (args, context, nestedSelection) => ({
        memberships: {
          ...memberships.getQuery(args, context, nestedSelection),
          orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
        },
      }),
      resolve: (user, args, context) => memberships.resolve(user.memberships, args, context),
    }),
  }),
});

builder.queryType({
  fields: (t) => ({
    me: t.prismaField({
      type: User,
      nullable: true,
      resolve: (query, _root, _args, context) =>
        prisma.user.findUnique({ ...query, where: { id: requireCaller(context).userId } }),
    }),
    users: t.prismaConnection({
      type: User,
      cursor: 'id',
      resolve: (query, _root, _args, context) => {
        requireSuperuser(context);
        return prisma.user.findMany({
          ...query,
          where: { kind: { not: 'INTERNAL' }, status: { not: 'DELETING' } },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        });
      },
    }),
  }),
});

const UpdateMeInput = builder.inputType('UpdateMeInput', { fields: (t) => ({ jobTitle: t.string() }) });
const UpdateMeSuccess = builder.objectRef('UpdateMeSuccess').implement({
  fields: (t) => ({ user: t.prismaField({ type: User, resolve: (_query, { user }) => user }) }),
});
builder.mutationType({
  fields: (t) => ({
    updateMe: t.field({
      type: UpdateMeSuccess,
      args: { input: t.arg({ type: UpdateMeInput, required: true }) },
      resolve: async (_root, { input }, context) => ({
        user: await prisma.user.update({
          where: { id: requireCaller(context).userId },
          data: { ...input, version: { increment: 1 }, updatedAt: new Date() },
        }),
      }),
    }),
  }),
});

const yoga = createYoga({
  schema: builder.toSchema(),
  logging: false,
  context: async ({ request }) => ({ caller: await authenticate(request.headers.get('authorization')) }),
});
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1');
