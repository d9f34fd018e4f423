/** Where an account leads: to its manager, its organizations, the users that it manages and its tokens. */
import type { Context } from '../context.ts';
import { accountSelect, visibleWhere } from '../domain/accounts.ts';
import { visibleOrganizationWhere } from '../domain/organizations.ts';
import { type Account, canSeeOrganization, canTellManager } from '../domain/policy.ts';
import { may } from './access.ts';
import { ApiTokenConnection } from './api-token.ts';
import { builder } from './builder.ts';
import { relatedPage } from './connection.ts';
import { Organization, UserOrganizationConnection } from './organization.ts';
import { User } from './user.ts';
import { UserConnection } from './user-list.ts';

builder.prismaObjectFields(User, (t) => ({
  manager: t.field({
    type: User,
    nullable: true,
    description: 'The user who manages this account. Null when there is none, or you may not know.',
    select: (_args, _context, nested) => ({ manager: nested({ select: { id: true, kind: true } }) }),
    resolve: ({ manager }, _args, { actor }) => (manager && canTellManager(actor, manager) ? manager : null),
  }),
  organization: t.field({
    type: Organization,
    nullable: true,
    description:
      'The organization that a service account belongs to. Null for other accounts, or when you cannot see it.',
    select: (_args, _context, nested) => ({ organization: nested({ select: { id: true } }) }),
    resolve: ({ organization }, _args, { actor }) =>
      organization && canSeeOrganization(actor, organization.id) ? organization : null,
  }),
}));

const newestFirst = { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' } as const;
const readPrivate = (context: Context, user: Account) => may(context, 'readPrivate', user);

builder.prismaObjectFields(User, (t) => ({
  managedUsers: t.field(
    relatedPage(
      {
        relation: 'managedUsers',
        order: newestFirst,
        nodeType: 'User',
        where: visibleWhere,
        parentSelect: accountSelect,
        visible: readPrivate,
      },
      {
        type: UserConnection,
        description:
          'The users that this account manages, as far as you can see them, newest first. Private: empty for others, as `viewerCanReadPrivate` tells.',
      },
    ),
  ),
  organizations: t.field(
    relatedPage(
      {
        relation: 'memberships',
        order: { column: 'createdAt', kind: 'time', tie: 'organizationId', direction: 'asc' },
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
          'The organizations that the account is a member of, as far as you can see them, in the order of joining. Private: empty for others, as `viewerCanReadPrivate` tells.',
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
