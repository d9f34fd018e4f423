/** What accounts can be found by. */
import type { Context } from '../context.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { privatelyVisibleWhere } from './accounts.ts';
import { canSeeOrganization } from './policy.ts';

/** What an account can be to the actor: itself, managed by it, or sharing with it. */
export type UserRelation = 'SELF' | 'MANAGED' | 'SHARING';

export interface UserFilter {
  readonly ids?: readonly string[] | null | undefined;
  readonly username?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly oauthProvider?: string | null | undefined;
  readonly oauthId?: string | null | undefined;
  readonly isActive?: boolean | null | undefined;
  readonly kinds?: readonly User['kind'][] | null | undefined;
  readonly statuses?: readonly User['status'][] | null | undefined;
  readonly organizationId?: string | null | undefined;
  readonly relations?: readonly UserRelation[] | null | undefined;
  /** A part of the display name, without regard to case. */
  readonly displayName?: string | null | undefined;
  readonly search?: string | null | undefined;
}

export type UserKey =
  | { readonly id: string }
  | { readonly username: string }
  | { readonly email: string }
  | { readonly oauthIdentity: { readonly provider: string; readonly subject: string } };

/** The condition of a unique key. */
export function keyWhere(context: Context, key: UserKey): Prisma.UserWhereInput {
  if ('id' in key) return { id: key.id };
  if ('username' in key) return usernameWhere(context, key.username);
  if ('email' in key) return emailWhere(context, key.email);
  const { provider, subject } = key.oauthIdentity;
  return identityWhere(context, { provider, subject });
}

/** The conditions of a filter. What is private is matched only where the actor may read it. */
export function filterWhere(context: Context, filter: UserFilter): Prisma.UserWhereInput[] {
  const {
    ids,
    username,
    email,
    oauthProvider,
    oauthId,
    isActive,
    kinds,
    statuses,
    organizationId,
    relations,
    displayName,
    search,
  } = filter;
  const where: Prisma.UserWhereInput[] = [];
  if (ids != null) where.push({ id: { in: bounded(ids, 'ids') } });
  if (username != null) where.push(usernameWhere(context, username));
  if (email != null) where.push(emailWhere(context, email));
  if (oauthProvider != null || oauthId != null) {
    where.push(
      identityWhere(context, {
        ...(oauthProvider != null && { provider: oauthProvider }),
        ...(oauthId != null && { subject: oauthId }),
      }),
    );
  }
  if (isActive != null) where.push({ status: isActive ? 'ACTIVE' : { not: 'ACTIVE' } });
  if (kinds != null) where.push({ kind: { in: bounded(kinds, 'kinds') } });
  if (statuses != null) where.push({ status: { in: bounded(statuses, 'statuses') } });
  if (organizationId != null) where.push(organizationWhere(context, organizationId));
  if (relations != null) where.push(relationWhere(context, relations));
  if (displayName != null) where.push(displayNameWhere(displayName));
  if (search != null) where.push(...searchWhere(search));
  return where;
}

const mostValues = 100;

/** @throws {InvalidArgumentError} for more values than a query should carry */
function bounded<T>(values: readonly T[], field: string): T[] {
  if (values.length <= mostValues) return [...new Set(values)];
  throw new InvalidArgumentError(`${field} may name up to ${mostValues} values.`, ['filter', field]);
}

const nothing: Prisma.UserWhereInput = { id: { in: [] } };
/** PostgreSQL has no text with U+0000, so nothing can equal one that has. */
const storable = (text: string) => !text.includes('\u0000');

function usernameWhere(context: Context, username: string): Prisma.UserWhereInput {
  if (!storable(username)) return nothing;
  return username.includes('@') ? { AND: [{ username }, privatelyVisibleWhere(context)] } : { username };
}

function emailWhere(context: Context, address: string): Prisma.UserWhereInput {
  if (!storable(address)) return nothing;
  return { AND: [{ emails: { some: { address } } }, privatelyVisibleWhere(context)] };
}

function identityWhere(
  context: Context,
  identity: { provider?: string; subject?: string },
): Prisma.UserWhereInput {
  if (!Object.values(identity).every(storable)) return nothing;
  return { AND: [{ identities: { some: identity } }, privatelyVisibleWhere(context)] };
}

/** Who is in an organization that the actor cannot see is not to be found out. */
function organizationWhere({ actor }: Context, organizationId: string): Prisma.UserWhereInput {
  if (!canSeeOrganization(actor, organizationId)) return nothing;
  return { OR: [{ memberships: { some: { organizationId } } }, { organizationId }] };
}

function relationWhere(
  { actor: { user } }: Context,
  relations: readonly UserRelation[],
): Prisma.UserWhereInput {
  if (user === null || relations.length === 0) return nothing; // Prisma drops an OR of nothing
  const conditions: Record<UserRelation, Prisma.UserWhereInput> = {
    SELF: { id: user.id },
    MANAGED: { managerId: user.id },
    SHARING: { id: { in: [...user.shares.keys()] } },
  };
  return { OR: [...new Set(relations)].map((relation) => conditions[relation]) };
}

/** Every display name is a part of all names, which have an index; but the one of who has no name. */
function displayNameWhere(part: string): Prisma.UserWhereInput {
  if (!storable(part)) return nothing;
  const contains = literally(part.toLowerCase());
  const named = { searchNames: { contains } };
  const found = unnamed.includes(part.toLowerCase()) ? { OR: [named, { sortName: unnamed }] } : named;
  return { AND: [found, { sortName: { contains } }] };
}

/** What is shown of an account without a name, in lower case. */
export const unnamed = 'unnamed';

/** `%`, `_` and `\` mean themselves. */
export const literally = (text: string) => text.replace(/[\\%_]/g, '\\$&');

/** Every word must occur in a name. */
function searchWhere(search: string): Prisma.UserWhereInput[] {
  if (!storable(search)) return [nothing];
  return wordsOf(search).map((word) => ({ searchNames: { contains: literally(word) } }));
}

/** The words that are looked for, up to ten. */
export const wordsOf = (search: string): string[] =>
  search.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 10);
