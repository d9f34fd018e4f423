/** What collections of data records accounts have. */
import { setImmediate as afterAllAsked } from 'node:timers/promises';
import type { Context } from '../context.ts';

export interface DataCollection {
  readonly name: string;
  readonly count: number;
  /** The latest moment that a record of it is about. */
  readonly latest: Date;
}

type Found = ReadonlyMap<string, readonly DataCollection[]>;

const asked = new WeakMap<Context, { readonly ids: Set<string>; readonly found: Promise<Found> }>();

/**
 * The collections of an account, by name, up to 100. Those of all accounts that one request asks for at once are read
 * with one query. Whether the actor may know them is for the caller to say.
 */
export async function collectionsOf(context: Context, userId: string): Promise<readonly DataCollection[]> {
  const ids = asked.get(context)?.ids ?? new Set<string>();
  const found = asked.get(context)?.found ?? readSoon(context, ids);
  asked.set(context, { ids, found });
  ids.add(userId);
  return (await found).get(userId) ?? [];
}

async function readSoon(context: Context, ids: ReadonlySet<string>): Promise<Found> {
  await afterAllAsked();
  asked.delete(context);
  const rows = await context.prisma.$queryRaw<(DataCollection & { userId: string })[]>`
    SELECT u.id AS "userId", c.name, c.count, c.latest
    FROM unnest(${[...ids]}::uuid[]) AS u (id)
    CROSS JOIN LATERAL (
      SELECT collection AS name, count(*)::int AS count, max(occurred_at) AS latest
      FROM data_records WHERE user_id = u.id GROUP BY collection ORDER BY collection LIMIT 100
    ) c`;
  const found = new Map<string, DataCollection[]>();
  for (const { userId, ...collection } of rows) found.set(userId, [...(found.get(userId) ?? []), collection]);
  return found;
}
