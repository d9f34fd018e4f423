/** The tables of the job library (pg-boss), in a schema of their own beside those of the graph. */
import { createRequire } from 'node:module';
import type pg from 'pg';
import PgBoss from 'pg-boss';
import { DatabaseStateError } from './errors.ts';

export const jobSchema = 'usergraph_jobs';

/** What there is to do in the background, by name. A job names what it is about; the tables say how far that is. */
export const queueNames = ['erasures', 'deliveries'] as const;
export type QueueName = (typeof queueNames)[number];

/** A job whose process is gone is given to another one after this long, in seconds. */
const expireInSeconds = 120;

export const jobLibraryVersion: string = createRequire(import.meta.url)('pg-boss/package.json').version;

type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

/** The library on a pool or a connection of ours; it neither migrates nor works until it is told to. */
export function createBoss(pool: Queryable, options: PgBoss.ConstructorOptions = {}): PgBoss {
  return new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schema: jobSchema,
    migrate: false,
    supervise: false,
    schedule: false,
    ...options,
  });
}

/** Makes the tables and the queues that are not there yet. Processes that do so at once take turns, by a lock of the session. */
export async function installJobTables(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtext('usergraph:jobs'))`);
    if (await hasJobTables(client)) return;
    const boss = createBoss(client, { migrate: true });
    await boss.start();
    for (const name of queueNames)
      await boss.createQueue(name, { name, expireInSeconds, retryBackoff: true });
    await boss.stop({ graceful: false });
  } finally {
    client.release(true); // and the lock with the session
  }
}

/** @throws {DatabaseStateError} unless the tables and the queues of this version are there */
export async function assertJobTables(pool: pg.Pool): Promise<void> {
  if (await hasJobTables(pool)) return;
  throw new DatabaseStateError('The database is not up to date (background jobs). Run `usergraph migrate`.');
}

async function hasJobTables(pool: Queryable): Promise<boolean> {
  const { rows } = await pool.query<{ there: boolean }>(
    `SELECT to_regclass('${jobSchema}.version') IS NOT NULL AS there`,
  );
  if (!rows[0]?.there) return false;
  const { rows: queues } = await pool.query<{ name: string }>(`SELECT name FROM ${jobSchema}.queue`);
  const boss = createBoss(pool);
  const isCurrent = await boss.start().then(
    () => true,
    () => false,
  );
  await boss.stop({ graceful: false });
  return isCurrent && queueNames.every((name) => queues.some((queue) => queue.name === name));
}
