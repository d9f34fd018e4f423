/**
 * Which accounts a page of a list holds, for who may list everything. Prisma's conditions are planned once for all
 * values; this is SQL whose plan is right for a value that every second account has and for one that none has.
 */
import type { Context } from '../context.ts';
import { Prisma, type User, UserStatus } from '../generated/prisma/client.ts';
import type { Bound } from './page.ts';
import { visibility } from './policy.ts';
import { inOrder } from './selection.ts';
import { type UserFilter, wordsOf } from './user-filters.ts';
import { findingOf, type Ordered, type Sought, shownKinds, shownStatuses } from './user-seek-sql.ts';
import type { UserQuery } from './users.ts';

/** A stretch of a list: which accounts, in which order, between which places, and how many. */
export interface Stretch {
  readonly filter: UserFilter;
  readonly withDeleting?: boolean;
  readonly order: { readonly column: keyof typeof columns; readonly direction: 'asc' | 'desc' };
  readonly bounds?: readonly Bound[];
  readonly skip?: number;
  readonly take: number;
}

const columns = { createdAt: 'created_at', updatedAt: 'updated_at', sortName: 'sort_name' } as const;

/**
 * Whether `seekUsers` finds what is asked. Who may not list everything has few accounts to list, and a filter by what is
 * unique finds few: both are for Prisma, which also answers what must not be found.
 */
export function canSeek({ actor }: Pick<Context, 'actor'>, filter: UserFilter): boolean {
  const { ids, username, email, oauthId, relations, oauthProvider, displayName, search } = filter;
  if (!visibility(actor).everything) return false;
  if ([ids, username, email, oauthId, relations].some((value) => value != null)) return false;
  if (oauthProvider != null && !actor.scopes.has('profile')) return false;
  return ![oauthProvider, displayName, search].some((text) => text?.includes('\u0000'));
}

/** Whether a filter says anything. */
export const narrows = (filter: UserFilter): boolean => Object.values(filter).some((value) => value != null);

/** The ids of the stretch, in its order. The caller reads the accounts, and asks the policy for each of them again. */
export async function seekUsers({ prisma }: Pick<Context, 'prisma'>, stretch: Stretch): Promise<string[]> {
  const sought = soughtOf(stretch);
  if (sought.kinds?.length === 0 || sought.statuses?.length === 0) return [];
  const rows = await prisma.$queryRaw<{ id: string }[]>(findingOf(sought, orderedOf(stretch)));
  return rows.map(({ id }) => id);
}

/**
 * The accounts of these ids that fulfil a condition, in the order of the ids. What may be seen is decided here, once
 * more: an account may have changed since it was found.
 */
export async function readInOrder(
  { prisma }: Pick<Context, 'prisma'>,
  { ids, where }: { ids: readonly string[]; where: Prisma.UserWhereInput },
  query: UserQuery,
): Promise<User[]> {
  if (ids.length === 0) return [];
  const rows = await prisma.user.findMany({ where: { AND: [{ id: { in: [...ids] } }, where] }, ...query });
  return inOrder(ids, rows as User[]).filter((row) => row !== null);
}

function soughtOf({ filter, withDeleting = false }: Stretch): Sought {
  const { isActive, kinds, statuses, organizationId, oauthProvider, displayName, search } = filter;
  const listed = withDeleting ? [...shownStatuses, UserStatus.DELETING] : shownStatuses;
  const isAsked = (status: UserStatus) =>
    (statuses == null || statuses.includes(status)) &&
    (isActive == null || isActive === (status === 'ACTIVE'));
  const anyStatus = statuses == null && isActive == null;
  return {
    kinds: kinds == null ? null : shownKinds.filter((kind) => kinds.includes(kind)),
    statuses: anyStatus ? null : listed.filter(isAsked),
    organizationId: organizationId ?? null,
    oauthProvider: oauthProvider ?? null,
    part: displayName?.toLowerCase() || null,
    words: wordsOf(search ?? ''),
  };
}

function orderedOf({ order, bounds = [], skip = 0, take }: Stretch): Ordered {
  const column = Prisma.raw(columns[order.column]);
  const direction = Prisma.raw(order.direction);
  const place = bounds.map(({ value, tie, than }) => {
    const from =
      value instanceof Date ? Prisma.sql`${value.toISOString()}::timestamptz` : Prisma.sql`${value}::text`;
    return Prisma.sql`(u.${column}, u.id) ${Prisma.raw(than === 'gt' ? '>' : '<')} (${from}, ${tie}::uuid)`;
  });
  return { column, direction, place, skip, take };
}
