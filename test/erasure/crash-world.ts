/** An account with much data, a server that erases it, and what must be true however often the server was killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { collectRows } from '../policy/rows.ts';

/** So many that the erasure is still under way when it is looked at, on a fast machine, too. */
export const recordCount = 60_000;

/** Writes the account into a database that nobody has open. */
export async function seedAccount(url: string): Promise<{ userId: string; token: string }> {
  const database = await openDatabase(url);
  const rows = collectRows();
  const userId = rows.user({ username: 'leaving' });
  rows.user({ kind: 'MANAGED', managerId: userId, firstName: 'Leaving, too' });
  rows.email(userId, 'leaving@example.com');
  const { secret } = rows.session(userId);
  await rows.write(database);
  await database.prisma.$executeRaw`
    INSERT INTO data_records (id, user_id, collection, occurred_at, data)
    SELECT gen_random_uuid(), ${userId}::uuid, CASE WHEN n % 3 = 0 THEN 'traces' ELSE 'activities' END, now(),
      jsonb_build_object('n', n, 'note', 'leaving-note')
    FROM generate_series(1, ${recordCount}) AS n`;
  await database.close();
  return { userId, token: secret };
}

export interface Followed {
  readonly status: string;
  readonly startedAt: string | null;
  readonly erasedAt: string | null;
  readonly inventory: Record<string, number>;
  readonly receipt: string | null;
}

/** Deletes the account at a server. @returns the path at which the erasure is followed */
export async function deleteAt(server: string, token: string): Promise<string> {
  const response = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: 'mutation { deleteMe { ... on DeleteMeSuccess { erasure { uuid } } } }' }),
  });
  const { data } = (await response.json()) as { data: { deleteMe: { erasure: { uuid: string } } } };
  return `/v1/erasures/${data.deleteMe.erasure.uuid}`;
}

/** Follows the erasure at a server until it is as far as that. */
export async function until(
  server: string,
  path: string,
  isThere: (erasure: Followed) => boolean,
): Promise<Followed> {
  for (;;) {
    const response = await fetch(server + path);
    const erasure = (await response.json()) as Followed;
    if (response.status === 200 && isThere(erasure)) return erasure;
    await sleep(5);
  }
}

const recordsOf = ({ inventory }: Followed) =>
  (inventory['dataRecords.activities'] ?? 0) + (inventory['dataRecords.traces'] ?? 0);

export const hasErased = (records: number) => (erasure: Followed) => recordsOf(erasure) >= records;
export const isComplete = ({ status }: Followed) => status === 'COMPLETED';

/** That the account is half gone: something is left of it, and something is not. */
export async function expectHalfway(url: string, userId: string): Promise<void> {
  const database = await openDatabase(url);
  const left = await database.prisma.dataRecord.count({ where: { userId } });
  const erasure = await database.prisma.erasure.findFirstOrThrow();
  await database.close();
  expect(erasure.erasedAt).toBeNull();
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(recordCount);
  const inventory = erasure.inventory as Record<string, number>;
  expect(left + recordsOf({ ...erasure, inventory } as never)).toBe(recordCount);
}

/** That everything is gone, was counted once, and was told once. */
export async function expectErasedOnce(url: string, userId: string): Promise<void> {
  const { prisma, close } = await openDatabase(url);
  const erasures = await prisma.erasure.findMany();
  const events = await prisma.outboxEvent.findMany({ orderBy: { sequence: 'asc' } });
  const trail = await prisma.auditEvent.findMany({ orderBy: { sequence: 'asc' } });
  const left = [await prisma.user.count(), await prisma.dataRecord.count(), await prisma.email.count()];
  await close();
  expect(left).toEqual([0, 0, 0]);
  expect(erasures).toHaveLength(1);
  expect(erasures[0]).toMatchObject({
    status: 'COMPLETED',
    inventory: {
      users: 2,
      emails: 1,
      sessions: 1,
      'dataRecords.activities': (recordCount * 2) / 3,
      'dataRecords.traces': recordCount / 3,
    },
  });
  expect(erasures[0]?.receipt?.split('.')).toHaveLength(3);
  const about = (id: string) => events.filter(({ subjectId }) => subjectId === id).map(({ type }) => type);
  expect(about(userId)).toEqual(['user.deleting', 'erasure.requested', 'user.deleted', 'erasure.completed']);
  expect(events.filter(({ type }) => type === 'user.deleted')).toHaveLength(2);
  expect(trail.map(({ action }) => action).sort()).toEqual(
    [
      'erasure.begin',
      'erasure.complete',
      ...Array(2).fill('user.delete'),
      ...Array(2).fill('user.erase'),
    ].sort(),
  );
  expect(trail.map(({ sequence }) => Number(sequence))).toEqual(trail.map((_, index) => index + 1));
}
