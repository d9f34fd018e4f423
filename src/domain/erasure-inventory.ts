/** What accounts own, kind by kind, and how it is removed: a batch at a time, counted as it goes. */
import type { Transaction } from './transaction.ts';

/** How many of each kind were erased. */
export type Inventory = Readonly<Record<string, number>>;

/** Rows that one transaction removes, so that nobody else waits for long. */
export const batchSize = 1_000;

interface Removal {
  readonly kind: string;
  readonly table: string;
  /** Which rows are those of the accounts `$1`. */
  readonly where: string;
  /** What each is counted as, where it is not the kind. */
  readonly countedAs?: string;
  readonly order?: string;
}

const own = 'user_id = ANY ($1::uuid[])';

/**
 * In this order, since some are found by others. What goes with something else by foreign key is no kind of its own:
 * passwords, login names, refresh tokens.
 */
const removals: readonly Removal[] = [
  { kind: 'dataRecords', table: 'data_records', where: own, countedAs: "'dataRecords.' || collection" },
  {
    kind: 'sessions',
    table: 'sessions',
    where: `${own} OR actor_id = ANY ($1::uuid[])`,
    order: 'created_at DESC, id DESC', // a session goes with the one that it was opened by, and would not be counted
  },
  { kind: 'apiTokens', table: 'api_tokens', where: own },
  { kind: 'codes', table: 'challenges', where: own },
  { kind: 'codes', table: 'authorization_codes', where: own },
  { kind: 'codes', table: 'device_authorizations', where: own },
  { kind: 'exports', table: 'data_exports', where: own },
  { kind: 'consents', table: 'consents', where: own },
  {
    kind: 'shares',
    table: 'shares',
    where: 'grantor_id = ANY ($1::uuid[]) OR grantee_id = ANY ($1::uuid[])',
  },
  {
    kind: 'invitations',
    table: 'invitations',
    where: `used_by_id = ANY ($1::uuid[]) OR email IN (SELECT address FROM emails WHERE ${own} AND verified_at IS NOT NULL)`,
  },
  { kind: 'memberships', table: 'memberships', where: own },
  { kind: 'identities', table: 'oauth_identities', where: own },
  { kind: 'phoneNumbers', table: 'phone_numbers', where: own },
  { kind: 'emails', table: 'emails', where: own },
];

/** Nothing of any kind; data records are counted by their collection. */
export const emptyInventory: Inventory = Object.fromEntries(
  ['users', ...removals.map(({ kind }) => kind)]
    .filter((kind) => kind !== 'dataRecords')
    .map((kind) => [kind, 0]),
);

export function addInventory(before: Inventory, more: Inventory): Inventory {
  const kinds = [...new Set([...Object.keys(before), ...Object.keys(more)])];
  return Object.fromEntries(kinds.map((kind) => [kind, (before[kind] ?? 0) + (more[kind] ?? 0)]));
}

/** Removes up to a batch of what the accounts own. @returns what went; fewer than a batch when nothing is left */
export async function removeBatch(
  tx: Transaction,
  ids: readonly string[],
): Promise<{ readonly removed: Inventory; readonly count: number }> {
  let [removed, count]: [Inventory, number] = [{}, 0];
  for (const removal of removals) {
    const gone = await remove(tx, ids, removal, batchSize - count);
    removed = addInventory(removed, gone);
    count += Object.values(gone).reduce((sum, one) => sum + one, 0);
    if (count >= batchSize) break;
  }
  return { removed, count };
}

async function remove(
  tx: Transaction,
  ids: readonly string[],
  { kind, table, where, countedAs = `'${kind}'`, order }: Removal,
  limit: number,
): Promise<Inventory> {
  const rows = await tx.$queryRawUnsafe<{ kind: string; count: number }[]>(
    `WITH gone AS (
       DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table} WHERE ${where} ${order ? `ORDER BY ${order}` : ''} LIMIT $2))
       RETURNING ${countedAs} AS kind)
     SELECT kind, count(*)::int AS count FROM gone GROUP BY kind`,
    ids,
    limit,
  );
  return Object.fromEntries(rows.map((row) => [row.kind, row.count]));
}

/** Removes the accounts themselves, the managed ones first. @returns those that were still there */
export async function removeAccounts(tx: Transaction, ids: readonly string[]): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const managed of [true, false]) {
    const rows = await tx.$queryRaw<{ id: string }[]>`
      DELETE FROM users WHERE id = ANY (${ids}::uuid[]) AND (manager_id IS NOT NULL) = ${managed} RETURNING id`;
    gone.push(...rows.map(({ id }) => id));
  }
  return gone;
}
