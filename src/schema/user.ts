import { accountSelect } from '../domain/accounts.ts';
import { isPublicUsername, scopesOver } from '../domain/policy.ts';
import { findUsersById } from '../domain/users.ts';
import { may } from './access.ts';
import { builder } from './builder.ts';
import { defineNode } from './define-node.ts';
import { ScopeEnum, UserKind, UserStatus } from './enums.ts';
import { nodeQuery } from './node-query.ts';

export const User = builder.prismaObject('User', {
  description:
    'An account. Names and picture are public to whoever can see it; what is private says so, and is null for everybody ' +
    'but the account itself, its manager (for a service account, who runs its organization), superusers and those it shares its profile with.',
  select: { id: true },
  fields: (t) => ({
    uuid: t.field({
      type: 'UUID',
      description: 'The id of the account outside this graph, in the log for example.',
      resolve: ({ id }) => id,
    }),
    kind: t.expose('kind', { type: UserKind }),
    status: t.expose('status', { type: UserStatus }),
    isActive: t.boolean({
      description: 'Whether the status is `ACTIVE`.',
      select: { status: true },
      resolve: ({ status }) => status === 'ACTIVE',
    }),
    isServiceAccount: t.boolean({
      description: 'Whether the account is a program of an organization.',
      select: { kind: true },
      resolve: ({ kind }) => kind === 'SERVICE_ACCOUNT',
    }),
    isManaged: t.boolean({
      description: 'Whether another user manages the account.',
      select: { kind: true },
      resolve: ({ kind }) => kind === 'MANAGED',
    }),
    isSuperuser: t.exposeBoolean('isSuperuser'),
    isOnboarded: t.exposeBoolean('isOnboarded'),
    username: t.string({
      nullable: true,
      description:
        'The login name, unique without regard to case. Null when the account has none, and for others when it is an e-mail address, which is private.',
      select: accountSelect,
      resolve: (user, _args, context) =>
        user.username !== null && (isPublicUsername(user.username) || may(context, 'readPrivate', user))
          ? user.username
          : null,
    }),
    name: t.exposeString('name', { nullable: true }),
    firstName: t.exposeString('firstName', { nullable: true }),
    lastName: t.exposeString('lastName', { nullable: true }),
    displayName: t.exposeString('displayName'),
    bio: t.exposeString('bio', { nullable: true }),
    company: t.exposeString('company', { nullable: true }),
    jobTitle: t.exposeString('jobTitle', { nullable: true }),
    avatarUrl: t.expose('avatarUrl', { type: 'URL', nullable: true }),
    grantedScopes: t.field({
      type: [ScopeEnum],
      description:
        'What you may do with the data of this account: as itself, as its manager, or as far as it shares with you; all, for superusers with whom it shares nothing.',
      select: accountSelect,
      resolve: (user, _args, context) => [...scopesOver(context.actor, user)],
    }),
    version: t.exposeInt('version'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    viewerCanReadPrivate: t.boolean({
      description: 'Whether you may read the private facts of this account.',
      select: accountSelect,
      resolve: (user, _args, context) => may(context, 'readPrivate', user),
    }),
    viewerCanUpdate: t.boolean({
      description: 'Whether you may change this account.',
      select: accountSelect,
      resolve: (user, _args, context) => may(context, 'update', user),
    }),
    viewerCanDelete: t.boolean({
      description: 'Whether you may delete this account, the last superuser and last owners aside.',
      select: accountSelect,
      resolve: (user, _args, context) => may(context, 'delete', user),
    }),
  }),
});

defineNode(User, (context, ids, info) => findUsersById(context, ids, nodeQuery(context, info, 'User')));
