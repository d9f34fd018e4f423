/**
 * Which accounts a page of a list holds, for who may list everything. Prisma's conditions are planned once for all
 * values; this is SQL whose plan is right for a value that every second account has and for one that none has.
 */
import type { Context } from '../context.ts';
import { type JsonRows, jsonRowsOf } from '../db/json-rows.ts';
import { Prisma, type User, UserStatus } from '../generated/prisma/client.ts';
import type { Bound } from './page.ts';
import { visibility } from './policy.ts';
import { inOrder, selecting } from './selection.ts';
import { type UserFilter, wordsOf } from './user-filters.ts';
import {
  accountsOf,
  countingOf,
  findingOf,
  type Ordered,
  type Sought,
  shownKinds,
  shownStatuses,
} from './user-seek-sql.ts';
import type { UserQuery } from './users.ts';

/** Which accounts a list holds. */
export interface Listed {
  readonly filter: UserFilter;
  readonly withDeleting?: boolean;
}

/** A stretch of a list: in which order, between which places, and how many. */
export interface Stretch extends Listed {
  readonly order: { readonly column: keyof typeof columns; readonly direction: 'asc' | 'desc' };
  readonly bounds?: readonly Bound[];
  readonly skip?: number;
  readonly take: number;
}

const columns = { createdAt: 'created_at', updatedAt: 'updated_at', sortName: 'sort_name' } as const;

/**
 * Whether the accounts of a filter are found, and counted, here. Who may not list everything has few accounts to list, and what
 * is unique finds one: both are for Prisma, which also answers what must not be found.
 */
export function canSeek({ actor }: Pick<Context, 'actor'>, filter: UserFilter): boolean {
  const { username, email, oauthId, relations, oauthProvider, displayName, search } = filter;
  if (!visibility(actor).everything) return false;
  if ([username, email, oauthId, relations].some((value) => value != null)) return false;
  if (oauthProvider != null && !actor.scopes.has('profile')) return false;
  return ![oauthProvider, displayName, search].some((text) => text?.includes('\u0000'));
}

/** Whether a filter says anything. */
export const narrows = (filter: UserFilter): boolean => Object.values(filter).some((value) => value != null);

/** How accounts are to be read: what of them, and on which condition. */
interface Reading {
  readonly query: UserQuery;
  readonly written: JsonRows | null;
  /** What the policy says, for those that are read after they were found: they may have changed since. */
  readonly where: Prisma.UserWhereInput;
  /** So many are shown; one more may be looked for, to know whether there are more. */
  readonly shown: number;
}

/** How accounts are found and read at once, with these columns and relations; null where they are not. */
export const readAtOnce = (query: UserQuery): JsonRows | null => jsonRowsOf('User', query);

/** The accounts of a stretch, in its order; and whether it was as long as asked. */
export async function readStretch(
  context: Pick<Context, 'prisma'>,
  stretch: Stretch,
  { query, written, where, shown }: Reading,
): Promise<{ rows: User[]; isFull: boolean }> {
  const sought = soughtOf(stretch);
  if (isNobody(sought)) return { rows: [], isFull: false };
  const ordered = orderedOf(stretch);
  if (written !== null) {
    const rows = await readWritten(context, written, { accounts: accountsOf(sought, ordered), ordered });
    return { rows: rows.slice(0, shown), isFull: rows.length === stretch.take };
  }
  const found = await context.prisma.$queryRaw<{ id: string }[]>(findingOf(sought, ordered));
  const ids = found.map(({ id }) => id).slice(0, shown);
  const rows = await readInOrder(context, { ids, where }, query);
  return { rows, isFull: found.length === stretch.take };
}

/** How many accounts a list holds. */
export async function countListed({ prisma }: Pick<Context, 'prisma'>, listed: Listed): Promise<number> {
  const sought = soughtOf(listed);
  if (isNobody(sought)) return 0;
  const [{ count }] = await prisma.$queryRaw<[{ count: number }]>(countingOf(sought));
  return count;
}

/** Finds and reads in one statement. */
async function readWritten(
  { prisma }: Pick<Context, 'prisma'>,
  { written, read }: JsonRows,
  { accounts, ordered: { column, direction } }: { accounts: Prisma.Sql; ordered: Ordered },
): Promise<User[]> {
  const [answer] = await prisma.$queryRaw<[{ rows: string }]>`
    SELECT coalesce(json_agg(${written} ORDER BY t0.${column} ${direction}, t0.id ${direction}), '[]')::text AS rows
    FROM (${accounts}) AS t0`;
  return (JSON.parse(answer.rows) as unknown[][]).map(read) as User[];
}

/** The accounts of these ids that fulfill a condition, in the order of the ids. */
async function readInOrder(
  { prisma }: Pick<Context, 'prisma'>,
  { ids, where }: { ids: readonly string[]; where: Prisma.UserWhereInput },
  query: UserQuery,
): Promise<User[]> {
  if (ids.length === 0) return [];
  const rows = await prisma.user.findMany({
    where: { AND: [{ id: { in: [...ids] } }, where] },
    ...selecting(query, { id: true }),
  });
  return inOrder(ids, rows as User[]).filter((row) => row !== null);
}

/** Whether what is asked for leaves nobody. */
const isNobody = ({ ids, kinds, statuses }: Sought): boolean =>
  [ids, kinds, statuses].some((values) => values?.length === 0);

function soughtOf({ filter, withDeleting = false }: Listed): Sought {
  const { ids, isActive, kinds, statuses, organizationId, oauthProvider, displayName, search } = filter;
  const listed = withDeleting ? [...shownStatuses, UserStatus.DELETING] : shownStatuses;
  const isAsked = (status: UserStatus) =>
    (statuses == null || statuses.includes(status)) &&
    (isActive == null || isActive === (status === 'ACTIVE'));
  const anyStatus = statuses == null && isActive == null;
  return {
    ids: ids ?? null,
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
