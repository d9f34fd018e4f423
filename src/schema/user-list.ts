/** Finding accounts. */
import type { UserOrder as DomainOrder } from '../domain/users.ts';
import { findMe, findUser, listUsers } from '../domain/users.ts';
import { builder } from './builder.ts';
import { defineConnection, pageArgs, pageComplexity } from './connection.ts';
import { OrderDirection, UserKind, UserRelation, UserStatus } from './enums.ts';
import { connectionQuery, nodeQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { User } from './user.ts';

export const UserConnection = defineConnection('User', { type: User, of: 'accounts' });

const UserFilter = builder.inputType('UserFilter', {
  description: 'Which accounts to list: those for which every given condition holds.',
  fields: (t) => ({
    ids: t.globalIDList({ for: [User], description: 'Is one of these accounts.' }),
    username: t.string({ description: 'Has this username, without regard to case.' }),
    email: t.string({
      description:
        'Has this e-mail address, default or not, without regard to case. Finds only accounts whose private facts you may read.',
    }),
    oauthProvider: t.string({
      description: 'Is linked to this OAuth2 provider. Finds only accounts whose private facts you may read.',
    }),
    oauthId: t.string({
      description: 'Has this id at an OAuth2 provider. Finds only accounts whose private facts you may read.',
    }),
    isActive: t.boolean({ description: 'Has the status `ACTIVE`, or has another.' }),
    kinds: t.field({ type: [UserKind], description: 'Is of one of these kinds.' }),
    statuses: t.field({ type: [UserStatus], description: 'Has one of these statuses.' }),
    organizationId: t.globalID({
      for: [Organization],
      description: 'Is a member or a service account of this organization.',
    }),
    relations: t.field({
      type: [UserRelation],
      description: 'Is one of these to you: nobody is, to the token of an organization.',
    }),
    displayName: t.string({ description: 'Has this somewhere in its display name, without regard to case.' }),
    search: t.string({
      description: 'Has every one of these words, up to 10, somewhere in its names, without regard to case.',
    }),
  }),
});

const UserOrderField = builder.enumType('UserOrderField', {
  description: 'What accounts can be ordered by.',
  values: {
    CREATED_AT: { value: 'createdAt', description: 'When the account was created.' },
    UPDATED_AT: { value: 'updatedAt', description: 'When the account was last changed.' },
    NAME: { value: 'sortName', description: 'The display name, without regard to case.' },
  } as const,
});

const UserOrder = builder.inputType('UserOrder', {
  description: 'The order of a list of accounts. Ties are settled by id.',
  fields: (t) => ({
    field: t.field({ type: UserOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'asc',
      description: 'Which end comes first.',
    }),
  }),
});

type OrderInput = typeof UserOrder.$inferInput;

export function toOrder(input: OrderInput | null | undefined): DomainOrder {
  const { field, direction } = input ?? { field: 'createdAt', direction: 'desc' };
  return { column: field, kind: field === 'sortName' ? 'text' : 'time', tie: 'id', direction };
}

export function orderArg() {
  return builder.args((t) => ({
    orderBy: t.field({ type: UserOrder, description: 'The order; newest first when absent.' }),
  }));
}

const OAuthIdentityKey = builder.inputType('OAuthIdentityKey', {
  description: 'What names an account at an OAuth2 provider.',
  fields: (t) => ({
    provider: t.string({ required: true, description: 'The provider, such as `github`.' }),
    subject: t.string({ required: true, description: 'The id of the account at the provider.' }),
  }),
});

const UserKey = builder.inputType('UserKey', {
  description: 'One unique key of an account; exactly one must be given.',
  isOneOf: true,
  fields: (t) => ({
    id: t.globalID({ for: [User], description: 'The global id.' }),
    uuid: t.field({ type: 'UUID', description: 'The id outside this graph, as the log has it.' }),
    username: t.string({ description: 'The username, without regard to case.' }),
    email: t.string({
      description:
        'An e-mail address, without regard to case. Finds only accounts whose private facts you may read.',
    }),
    oauthIdentity: t.field({
      type: OAuthIdentityKey,
      description:
        'The identity at an OAuth2 provider. Finds only accounts whose private facts you may read.',
    }),
  }),
});

builder.queryFields((t) => ({
  me: t.field({
    type: User,
    nullable: true,
    description:
      'Your own account; null when you are not signed in, or when your token belongs to an organization.',
    resolve: (_root, _args, context, info) => findMe(context, nodeQuery(context, info, 'User')),
  }),
  user: t.field({
    type: User,
    nullable: true,
    description: 'The account with this key; null when there is none, or you may not see it.',
    args: { by: t.arg({ type: UserKey, required: true, description: 'How to find it.' }) },
    resolve: (_root, { by }, context, info) => findUser(context, toKey(by), nodeQuery(context, info, 'User')),
  }),
  users: t.field({
    type: UserConnection,
    description:
      'The accounts that you work with: your own, those you manage, and those that share with you. For superusers, all but internal ones.',
    args: {
      ...pageArgs(),
      filter: t.arg({ type: UserFilter, description: 'Which accounts; all of them when absent.' }),
      ...orderArg(),
    },
    complexity: pageComplexity,
    resolve: (_root, { filter, orderBy, ...page }, context, info) =>
      listUsers(
        context,
        { ...page, filter: toFilter(filter), order: toOrder(orderBy) },
        connectionQuery(context, info, 'User'),
      ),
  }),
}));

function toFilter(filter: typeof UserFilter.$inferInput | null | undefined) {
  return {
    ...filter,
    ids: filter?.ids?.map(({ id }) => id),
    organizationId: filter?.organizationId?.id,
  };
}

function toKey({ id, uuid, ...key }: typeof UserKey.$inferInput) {
  return (id || uuid ? { id: id?.id ?? uuid } : key) as Parameters<typeof findUser>[1];
}
