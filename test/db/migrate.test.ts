import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { DatabaseStateError } from '../../src/db/errors.ts';
import { assertMigrated, migrate } from '../../src/db/migrate.ts';
import { createPostgresPool } from '../../src/db/postgres.ts';
import { createServerDatabase } from '../setup/databases.ts';
import { type BareDatabase, MigrationsDirectory, openBareDatabase } from '../setup/migrations.ts';
import { script } from '../setup/processes.ts';

let database: BareDatabase;
let directory: MigrationsDirectory;

beforeAll(async () => {
  database = await openBareDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.clear();
  directory = new MigrationsDirectory();
  directory.write({ '1_users': 'CREATE TABLE users (id int)', '2_names': 'ALTER TABLE users ADD name text' });
});
afterEach(() => directory.remove());

const apply = () => migrate(database.pool, directory.path);
const check = () => assertMigrated(database.pool, directory.path);
const tables = async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
};

describe('migrate', () => {
  test('applies pending migrations in order, once, and then the database is accepted', async () => {
    expect(await apply()).toEqual(['1_users', '2_names']);
    expect(await apply()).toEqual([]);
    await check();
    directory.write({ '3_index': 'CREATE INDEX ON users (name)' });
    expect(await apply()).toEqual(['3_index']);
  });

  test('records them as Prisma does', async () => {
    await apply();
    const { rows: columns } = await database.pool.query(
      `SELECT column_name, data_type, character_maximum_length AS length, is_nullable, column_default
       FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`,
    );
    expect(columns.map((column) => Object.values(column))).toEqual([
      ['id', 'character varying', 36, 'NO', null],
      ['checksum', 'character varying', 64, 'NO', null],
      ['finished_at', 'timestamp with time zone', null, 'YES', null],
      ['migration_name', 'character varying', 255, 'NO', null],
      ['logs', 'text', null, 'YES', null],
      ['rolled_back_at', 'timestamp with time zone', null, 'YES', null],
      ['started_at', 'timestamp with time zone', null, 'NO', 'now()'],
      ['applied_steps_count', 'integer', null, 'NO', '0'],
    ]);
    const { rows } = await database.pool.query('SELECT * FROM _prisma_migrations ORDER BY migration_name');
    expect(rows[0]).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      checksum: createHash('sha256').update('CREATE TABLE users (id int)').digest('hex'),
      migration_name: '1_users',
      finished_at: expect.any(Date),
      logs: null,
      rolled_back_at: null,
      applied_steps_count: 1,
    });
    expect(rows[0].finished_at >= rows[0].started_at).toBe(true);
  });

  test('leaves nothing of a migration that fails, and can be retried once it is mended', async () => {
    directory.write({ '3_broken': 'CREATE TABLE half (id int); SELECT 1 / 0;' });
    await expect(apply()).rejects.toThrow(
      /Migration 3_broken failed and left nothing behind: division by zero/,
    );
    expect(await tables()).toEqual(['_prisma_migrations', 'users']);
    await expect(check()).rejects.toThrow(/not up to date \(3_broken\)/);
    directory.write({ '3_broken': 'CREATE TABLE whole (id int)' });
    expect(await apply()).toEqual(['3_broken']);
  });

  test('keeps a migration and its record together or not at all', async () => {
    const unrecordable = `ALTER TABLE _prisma_migrations ADD CHECK (migration_name <> '3_unrecordable')`;
    directory.write({ '3_unrecordable': `CREATE TABLE half (id int); ${unrecordable}` });
    await expect(apply()).rejects.toThrow(/check constraint/);
    expect(await tables()).toEqual(['_prisma_migrations', 'users']);
    directory.write({ '3_unrecordable': 'CREATE TABLE whole (id int)' });
    expect(await apply()).toEqual(['3_unrecordable']);
  });

  test('lets no setting of a migration reach the next one or later queries', async () => {
    directory.write({
      '3_path': `SELECT set_config('search_path', '', false)`,
      '4_age': 'ALTER TABLE users ADD age int',
    });
    expect(await apply()).toEqual(['1_users', '2_names', '3_path', '4_age']);
    expect((await database.pool.query('SELECT name, age FROM users')).rows).toEqual([]);
  });

  test('ignores what Prisma rolled back, and applies it again', async () => {
    await apply();
    await database.pool.query(`ALTER TABLE users DROP name`);
    await database.pool.query(
      `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '2_names'`,
    );
    expect(await apply()).toEqual(['2_names']);
  });
});

describe('a database that does not fit is refused with what to do, and nothing is changed in it', () => {
  const refused = async (message: RegExp) => {
    const before = await tables();
    directory.write({ '4_next': 'CREATE TABLE next (id int)' });
    await expect(check()).rejects.toThrow(DatabaseStateError);
    await expect(check()).rejects.toThrow(message);
    await expect(apply()).rejects.toThrow(message);
    expect(await tables()).toEqual(before);
  };

  test('one that is not migrated at all', async () => {
    await expect(check()).rejects.toThrow('not up to date (1_users, 2_names). Run `usergraph migrate`.');
    expect(await tables()).toEqual([]);
  });

  test('one of a newer version', async () => {
    await apply();
    directory.delete('2_names');
    await refused(/newer than this version of Usergraph: it has the migration 2_names/);
  });

  test('one whose migration was altered since', async () => {
    await apply();
    directory.write({ '1_users': 'CREATE TABLE users (id bigint)' });
    await refused(/1_users was changed after it was applied/);
  });

  test('one where Prisma began a migration and failed', async () => {
    await apply();
    await database.pool.query(
      `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_names'`,
    );
    await refused(/2_names was begun by Prisma and did not finish.*prisma migrate resolve/);
  });

  test('one of another program', async () => {
    await database.pool.query('CREATE TABLE orders (id int)');
    await refused(/holds tables of another program \(orders/);
  });
});

describe.skipIf(inject('postgres') === undefined)('on a server', () => {
  const slow = {
    '1_users': 'CREATE TABLE users (id int); SELECT pg_sleep(0.3)',
    '2_names': 'SELECT pg_sleep(0.3)',
  };
  const process = (url: string) =>
    script(new URL('migrate-process.ts', import.meta.url), [url, directory.path]);

  test('processes that migrate at once apply each migration exactly once', async () => {
    const { url, remove } = await createServerDatabase();
    directory.write(slow);
    const processes = Array.from({ length: 4 }, () => process(url));
    const codes = await Promise.all(processes.map(({ exited }) => exited()));
    expect(codes).toEqual([0, 0, 0, 0]);
    const applied = processes.flatMap(({ stdout }) => JSON.parse(stdout.split('applied ')[1] ?? ''));
    expect(applied.sort()).toEqual(['1_users', '2_names']);
    await remove();
  });

  test('a process killed in the middle of a migration leaves nothing of it, and the next one applies it', async () => {
    const { url, remove } = await createServerDatabase();
    directory.write({ '2_names': 'CREATE TABLE half (id int); SELECT pg_sleep(1)' });
    const killed = process(url);
    await killed.printed(/started/);
    const pool = createPostgresPool(url);
    const running = `SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE half%' AND state = 'active'`;
    while ((await pool.query(running)).rowCount === 0) await sleep(10);
    await killed.kill('SIGKILL');
    await expect(assertMigrated(pool, directory.path)).rejects.toThrow(/not up to date \(2_names\)/);
    expect(await migrate(pool, directory.path)).toEqual(['2_names']);
    await pool.end();
    await remove();
  });

  test('a missing database, a wrong user and a server that is down are told apart', async () => {
    const server = inject('postgres');
    const refusal = async (change: (url: URL) => void) => {
      const url = new URL(server?.url ?? '');
      change(url);
      const pool = createPostgresPool(url.href, { connectionTimeout: 2_000 });
      const error = await assertMigrated(pool, directory.path).catch((caught: unknown) => caught);
      await pool.end();
      expect(error).toBeInstanceOf(DatabaseStateError);
      return String(error);
    };
    expect(await refusal((url) => (url.pathname = '/no_such'))).toMatch(
      /"no_such" does not exist.*\nCreate it first/,
    );
    expect(await refusal((url) => (url.username = 'no_such'))).toMatch(/no_such.*\nCheck the user/);
    expect(await refusal((url) => (url.port = '1'))).toMatch(/ECONNREFUSED.*\nIs it running/);
  });
});
