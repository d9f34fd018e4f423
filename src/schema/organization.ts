import { visibleWhere } from '../domain/accounts.ts';
import { findOrganization, findOrganizations } from '../domain/organizations.ts';
import { decideOwnOrganization, decideRunOrganization, runsOrganization } from '../domain/policy.ts';
import type { Organization as OrganizationRow, Prisma, User as UserRow } from '../generated/prisma/client.ts';
import { ApiTokenConnection } from './api-token.ts';
import { builder } from './builder.ts';
import { defineConnection, relatedPage } from './connection.ts';
import { defineNode } from './define-node.ts';
import { MembershipRole } from './enums.ts';
import { nodeQuery } from './node-query.ts';
import { User } from './user.ts';
import { UserConnection } from './user-list.ts';

type Role = Prisma.MembershipGetPayload<{ select: { role: true } }>['role'];

export const Organization = builder.prismaObject('Organization', {
  description: 'A group of users that owns service accounts and tokens together. Its members see it.',
  select: { id: true },
  fields: (t) => ({
    uuid: t.field({
      type: 'UUID',
      description: 'The id of the organization outside this graph, in the log for example.',
      resolve: ({ id }) => id,
    }),
    name: t.exposeString('name'),
    subDomain: t.exposeString('subDomain'),
    version: t.exposeInt('version', {
      description:
        'Counts the changes of the organization, from 1. Send it as `expectedVersion` to refuse an update of something newer.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    viewerRole: t.field({
      type: MembershipRole,
      nullable: true,
      description: 'What you are in the organization; null when you are not a member.',
      resolve: ({ id }, _args, { actor }) =>
        actor.user?.memberships.find((m) => m.organizationId === id)?.role ?? null,
    }),
    viewerCanAdminister: t.boolean({
      description: 'Whether you may run its service accounts and tokens.',
      resolve: ({ id }, _args, { actor }) => runsOrganization(actor, id),
    }),
    viewerCanUpdate: t.boolean({
      description: 'Whether you may change it, and invite, change and remove its admins and members.',
      resolve: ({ id }, _args, { actor }) => decideRunOrganization(actor, id, 'users:write').allowed,
    }),
    viewerCanDelete: t.boolean({
      description: 'Whether you may delete it, and make and unmake its owners.',
      resolve: ({ id }, _args, { actor }) => decideOwnOrganization(actor, id).allowed,
    }),
  }),
});

defineNode(Organization, (context, ids, info) =>
  findOrganizations(context, ids, nodeQuery(context, info, 'Organization')),
);

export const UserOrganizationConnection = defineConnection<
  OrganizationRow,
  { organization: OrganizationRow; role: Role }
>('UserOrganization', {
  type: Organization as never,
  of: 'organizations of an account',
  node: ({ organization }) => organization,
  edgeFields: (t) => ({
    role: t.field({
      type: MembershipRole,
      description: 'What the account is there.',
      resolve: ({ row }) => row.role,
    }),
  }),
});

const OrganizationMemberConnection = defineConnection<
  UserRow,
  { user: UserRow; role: Role; createdAt: Date }
>('OrganizationMember', {
  type: User as never,
  of: 'members of an organization',
  node: ({ user }) => user,
  edgeFields: (t) => ({
    role: t.field({
      type: MembershipRole,
      description: 'What the member is there.',
      resolve: ({ row }) => row.role,
    }),
    joinedAt: t.field({ type: 'DateTime', description: 'Since when.', resolve: ({ row }) => row.createdAt }),
  }),
});

const newestFirst = { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' } as const;

builder.prismaObjectFields(Organization, (t) => ({
  members: t.field(
    relatedPage(
      {
        relation: 'memberships',
        order: { column: 'createdAt', kind: 'time', tie: 'userId', direction: 'asc' },
        nodeType: 'User',
        through: 'user',
        columns: { role: true },
        where: (context) => ({ user: visibleWhere(context) }),
      },
      {
        type: OrganizationMemberConnection,
        description: 'The members that you can see, in the order of joining.',
      },
    ),
  ),
  serviceAccounts: t.field(
    relatedPage(
      { relation: 'serviceAccounts', order: newestFirst, nodeType: 'User', where: visibleWhere },
      { type: UserConnection, description: 'The accounts of its programs that you can see, newest first.' },
    ),
  ),
  apiTokens: t.field(
    relatedPage(
      {
        relation: 'apiTokens',
        order: newestFirst,
        nodeType: 'ApiToken',
        visible: ({ actor }, { id }: { id: string }) =>
          runsOrganization(actor, id) && actor.scopes.has('tokens:write'),
      },
      {
        type: ApiTokenConnection,
        description:
          'The tokens that the organization itself owns, newest first. Empty for those who do not run it.',
      },
    ),
  ),
}));

builder.queryField('organization', (t) =>
  t.field({
    type: Organization,
    nullable: true,
    description: 'The organization with this id; null when there is none, or you may not see it.',
    args: { id: t.arg.globalID({ for: [Organization], required: true, description: 'Its global id.' }) },
    resolve: (_root, { id }, context, info) =>
      findOrganization(context, id.id, nodeQuery(context, info, 'Organization')),
  }),
);
