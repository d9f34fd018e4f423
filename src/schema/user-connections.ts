/** The lists that hang on an account. */
import type { Context } from '../context.ts';
import { accountSelect } from '../domain/accounts.ts';
import { visibleOrganizationWhere } from '../domain/organizations.ts';
import type { Account } from '../domain/policy.ts';
import { may } from './access.ts';
import { ApiTokenConnection } from './api-token.ts';
import { builder } from './builder.ts';
import { relatedPage } from './connection.ts';
import { UserOrganizationConnection } from './organization.ts';
import { User } from './user.ts';
import { UserConnection } from './user-list.ts';

const newestFirst = { column: 'createdAt', tie: 'id', direction: 'desc' } as const;
const readPrivate = (context: Context, user: Account) => may(context, 'readPrivate', user);

builder.prismaObjectFields(User, (t) => ({
  managedUsers: t.field(
    relatedPage(
      {
        relation: 'managedUsers',
        order: newestFirst,
        nodeType: 'User',
        parentSelect: accountSelect,
        visible: readPrivate,
      },
      {
        type: UserConnection,
        description: 'The users that this account manages, newest first. Private: empty for others.',
      },
    ),
  ),
  organizations: t.field(
    relatedPage(
      {
        relation: 'memberships',
        order: { column: 'createdAt', tie: 'organizationId', direction: 'asc' },
        nodeType: 'Organization',
        through: 'organization',
        columns: { role: true },
        where: (context) => ({ organization: visibleOrganizationWhere(context) }),
        parentSelect: accountSelect,
        visible: readPrivate,
      },
      {
        type: UserOrganizationConnection,
        description:
          'The organizations that the account is a member of, as far as you can see them, in the order of joining. Private: empty for others.',
      },
    ),
  ),
  apiTokens: t.field(
    relatedPage(
      {
        relation: 'apiTokens',
        order: newestFirst,
        nodeType: 'ApiToken',
        parentSelect: accountSelect,
        visible: (context, user: Account) => may(context, 'listTokens', user),
      },
      {
        type: ApiTokenConnection,
        description:
          'The API tokens that the account owns, newest first. Private: empty for those who may not list them.',
      },
    ),
  ),
}));
