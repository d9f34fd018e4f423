import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { DatabaseStateError } from './errors.ts';
import { assertJobTables, installJobTables } from './job-tables.ts';
import { explainUnusable } from './unavailable.ts';

export interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

interface AppliedMigration {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const PRISMA_LOCK = 72707369; // the advisory lock that Prisma takes, so that its CLI and we wait for each other

/**
 * Applies the pending migrations and answers their names. Each one and its record are one transaction, so a failure or
 * a kill leaves nothing of it behind, and of several processes at once exactly one applies it. The records are those
 * of `prisma migrate deploy`, so that both can be used on one database.
 */
export async function migrate(pool: pg.Pool, directory = MIGRATIONS): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const applied: string[] = [];
  for (;;) {
    const name = await withClient(pool, (client) => applyNext(client, migrations));
    if (name === undefined) break;
    applied.push(name);
  }
  await installJobTables(pool);
  return applied;
}

/** Throws DatabaseStateError, with what to do, unless exactly the known migrations are applied. */
export async function assertMigrated(pool: pg.Pool, directory = MIGRATIONS): Promise<void> {
  const migrations = await readMigrations(directory);
  const pending = await withClient(pool, async (client) =>
    findPending(migrations, await readApplied(client)),
  );
  if (pending.length === 0) return assertJobTables(pool);
  const names = pending.map(({ name }) => name).join(', ');
  throw new DatabaseStateError(`The database is not up to date (${names}). Run \`usergraph migrate\`.`);
}

/** The migrations of this version, in the order they are applied. */
export async function readMigrations(directory = MIGRATIONS): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function withClient<T>(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  try {
    const client = await pool.connect();
    try {
      return await run(client);
    } finally {
      client.release(true); // a migration may leave settings behind, which nothing else may see
    }
  } catch (error) {
    throw explainUnusable(error) ?? error;
  }
}

async function applyNext(client: pg.ClientBase, migrations: Migration[]): Promise<string | undefined> {
  await client.query('BEGIN');
  try {
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query(`SELECT pg_advisory_xact_lock(${PRISMA_LOCK})`);
    const [next] = findPending(migrations, await readApplied(client));
    if (next) await apply(client, next);
    await client.query('COMMIT');
    return next?.name;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // without a connection there is nothing left to roll back
    throw error;
  }
}

async function apply(client: pg.ClientBase, { name, sql, checksum }: Migration): Promise<void> {
  const table = await createTable(client); // by its full name, as the migration may change the search path
  try {
    await client.query(sql);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DatabaseStateError(`Migration ${name} failed and left nothing behind: ${reason}`, { cause });
  }
  await client.query(
    `INSERT INTO ${table} (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, clock_timestamp(), 1)`,
    [randomUUID(), checksum, name],
  );
}

async function createTable(client: pg.ClientBase): Promise<string> {
  await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
  )`);
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I._prisma_migrations', current_schema()) AS name`,
  );
  const [row] = rows;
  if (!row) throw new Error('PostgreSQL did not name its schema');
  return row.name;
}

/** What was applied before; throws when the tables in the database are not ours. */
async function readApplied(client: pg.ClientBase): Promise<AppliedMigration[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class c
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT EXISTS (
       SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
     )`,
  );
  if (tables.length === 0) return [];
  if (!tables.some(({ name }) => name === '_prisma_migrations')) {
    throw new DatabaseStateError(
      `The database holds tables of another program (${tables.slice(0, 3).map(({ name }) => name)}, …). ` +
        'Give Usergraph a database of its own.',
    );
  }
  const { rows } = await client.query<AppliedMigration>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  return rows;
}

function findPending(migrations: Migration[], applied: AppliedMigration[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { migration_name: name, checksum, finished_at } of applied) {
    const migration = known.get(name);
    if (!migration) {
      throw new DatabaseStateError(
        `The database is newer than this version of Usergraph: it has the migration ${name}, which this version does ` +
          'not know. Run the version that made it, or a later one.',
      );
    }
    if (finished_at === null) {
      throw new DatabaseStateError(
        `The migration ${name} was begun by Prisma and did not finish. Repair the database, then tell Prisma with ` +
          `\`prisma migrate resolve --rolled-back ${name}\` (or \`--applied\`).`,
      );
    }
    if (migration.checksum !== checksum) {
      throw new DatabaseStateError(
        `The migration ${name} was changed after it was applied to this database. Restore the file as it was; ` +
          'a change of the schema is a new migration.',
      );
    }
  }
  const names = new Set(applied.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !names.has(name));
}
