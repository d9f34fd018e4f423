/** Data records: JSON documents in named collections of an account. Here they are read. */
import type { Context } from '../context.ts';
import { InvalidArgumentError, NotFoundError } from '../errors.ts';
import type { DataRecord, Prisma } from '../generated/prisma/client.ts';
import { accountSelect, enforce, visibleWhere } from './accounts.ts';
import { requireCaller } from './caller.ts';
import { isCollection } from './data-record-input.ts';
import { isInCalendar, type LazyConnection, once, type PageArgs, pageQuery, toPage } from './page.ts';
import { type Account, type AccountAction, type Actor, decide } from './policy.ts';
import { inOrder, selecting } from './selection.ts';

export interface DataRecordQuery {
  readonly select?: Prisma.DataRecordSelect;
  readonly include?: Prisma.DataRecordInclude;
}

/** Which records of an account: those for which every given condition holds. */
export interface DataRecordFilter {
  readonly collections?: readonly string[] | null | undefined;
  /** Records about this moment or a later one. */
  readonly from?: Date | null | undefined;
  /** Records about a moment before this one. */
  readonly until?: Date | null | undefined;
}

/** The latest first, as far as what they are about goes. */
export const recordOrder = { column: 'occurredAt', kind: 'time', tie: 'id', direction: 'desc' } as const;

const mostCollections = 100;

/** @throws {InvalidArgumentError} for a filter that no record could be compared with */
export function recordsWhere({ collections, from, until }: DataRecordFilter): Prisma.DataRecordWhereInput {
  if (collections != null && collections.length > mostCollections)
    throw new InvalidArgumentError(`collections may name up to ${mostCollections} collections.`, [
      'filter',
      'collections',
    ]);
  return {
    ...(collections != null && { collection: { in: [...new Set(collections)].filter(isCollection) } }),
    occurredAt: {
      ...(from != null && { gte: requireInCalendar(from, 'from') }),
      ...(until != null && { lt: requireInCalendar(until, 'until') }),
    },
  };
}

function requireInCalendar(moment: Date, field: string): Date {
  if (isInCalendar(moment)) return moment;
  throw new InvalidArgumentError(`${field} must be in the years 1 to 9999.`, ['filter', field]);
}

/** Lists the records of an account that the actor sees. Rows and count are read only when asked for. */
export async function listDataRecords(
  context: Context,
  { userId, path, filter, ...args }: PageArgs & RecordsOf & { readonly filter: DataRecordFilter },
  query: DataRecordQuery,
): Promise<LazyConnection<DataRecord>> {
  await requireAccount(context, 'readData', { userId, path });
  const where = { AND: [{ userId }, recordsWhere(filter)] };
  const keyset = pageQuery(args, recordOrder);
  return {
    page: once(async () => {
      const rows = await context.prisma.dataRecord.findMany({
        where: { AND: [where, ...keyset.where.AND] },
        orderBy: keyset.orderBy,
        take: keyset.take,
        ...selecting(query, { id: true, occurredAt: true }),
      });
      return toPage(rows as DataRecord[], args, recordOrder);
    }),
    totalCount: once(() => context.prisma.dataRecord.count({ where })),
  };
}

/** The account whose records a call is about, and the argument that names it. */
export interface RecordsOf {
  readonly userId: string;
  readonly path: readonly string[];
}

/** An account whose records the actor may work with in this way. @throws {NotFoundError} for one that it cannot see */
export async function requireAccount(
  context: Context,
  action: AccountAction,
  { userId, path }: RecordsOf,
): Promise<void> {
  requireCaller(context);
  const account = await context.prisma.user.findFirst({
    where: { AND: [{ id: userId }, visibleWhere(context)] },
    select: accountSelect,
  });
  if (account === null) throw new NotFoundError(path);
  enforce(decide(context.actor, action, account));
}

/** Says why a record cannot be worked with. For those who may do nothing with the data of its account, there is no such record. */
export function enforceOnRecord(actor: Actor, action: 'readData' | 'writeData', account: Account): void {
  const decisions = [decide(actor, 'readData', account), decide(actor, 'writeData', account)];
  const isKnown = decisions.some((one) => one.allowed || one.scope !== undefined);
  if (!isKnown) throw new NotFoundError(['id']);
  enforce(decide(actor, action, account));
}

/** A record that exists for the actor; of one account, where that is named. @throws {NotFoundError} */
export async function requireDataRecord(
  context: Context,
  { id, userId }: { readonly id: string; readonly userId?: string },
  query: DataRecordQuery,
): Promise<DataRecord> {
  requireCaller(context);
  const found = await context.prisma.dataRecord.findFirst({
    where: { id, ...(userId !== undefined && { userId }), user: visibleWhere(context) },
    select: { user: { select: accountSelect } },
  });
  if (found === null) throw new NotFoundError(['id']);
  enforceOnRecord(context.actor, 'readData', found.user);
  const row = await context.prisma.dataRecord.findUnique({ where: { id }, ...query });
  if (row === null) throw new NotFoundError(['id']); // deleted meanwhile
  return row as DataRecord;
}

/** The same; null where there is none. */
export function findDataRecord(
  context: Context,
  id: string,
  query: DataRecordQuery,
): Promise<DataRecord | null> {
  return requireDataRecord(context, { id }, query).catch((error: unknown) => {
    if (error instanceof NotFoundError) return null;
    throw error;
  });
}

/** Records by id, in the order asked; null for each that the actor may not read. */
export async function findDataRecords(context: Context, ids: readonly string[], query: DataRecordQuery) {
  requireCaller(context);
  const seen = await context.prisma.dataRecord.findMany({
    where: { id: { in: [...ids] }, user: visibleWhere(context) },
    select: { id: true, user: { select: accountSelect } },
  });
  const readable = seen.filter(({ user }) => decide(context.actor, 'readData', user).allowed);
  const rows = (await context.prisma.dataRecord.findMany({
    where: { id: { in: readable.map(({ id }) => id) } },
    ...selecting(query, { id: true }),
  })) as DataRecord[];
  return inOrder(ids, rows);
}
