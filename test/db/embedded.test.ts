import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { DatabaseStateError } from '../../src/db/errors.ts';
import { databaseGone } from '../../src/db/unavailable.ts';

describe('one session for everybody', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openDatabase('pglite:memory');
    await database.pool.query('CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)');
  });
  afterAll(() => database.close());
  beforeEach(() => database.pool.query('TRUNCATE counters; INSERT INTO counters VALUES (1, 0)'));

  const count = async () => (await database.pool.query<{ n: number }>('SELECT n FROM counters')).rows[0]?.n;

  test('a thousand racing transactions all succeed and lose no update', async () => {
    const increment = () =>
      database.prisma.$transaction(async (tx) => {
        const [row] = await tx.$queryRaw<{ n: number }[]>`SELECT n FROM counters WHERE id = 1`;
        await tx.$executeRaw`UPDATE counters SET n = ${(row?.n ?? 0) + 1} WHERE id = 1`;
      });
    await Promise.all(Array.from({ length: 1_000 }, increment));
    expect(await count()).toBe(1_000);
  });

  test('nobody sees what an open transaction wrote', async () => {
    let during: Promise<number | undefined> | undefined;
    await database.prisma.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE counters SET n = 1`;
      during = count();
      await sleep(20);
      await tx.$executeRaw`UPDATE counters SET n = 2`;
    });
    expect(await during).toBe(2);
  });

  test('a transaction that throws is rolled back', async () => {
    const failing = database.prisma.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE counters SET n = 7`;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await count()).toBe(0);
  });

  test('a failed statement fails its transaction and nothing else', async () => {
    const failing = database.prisma.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE counters SET n = 7`;
      await tx.$executeRaw`INSERT INTO counters VALUES (1, 1)`;
    });
    const reads = Array.from({ length: 5 }, () => count());
    await expect(failing).rejects.toThrow(/duplicate key|Unique constraint/);
    expect(await Promise.all(reads)).toEqual([0, 0, 0, 0, 0]);
  });

  test('a client that goes away in the middle of a transaction has it rolled back', async () => {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query('UPDATE counters SET n = 7');
    client.release(true);
    expect(await count()).toBe(0);
  });

  test('a new connection finds no setting, prepared statement or temporary table of the one before', async () => {
    const client = await database.pool.connect();
    await client.query(`SET search_path TO pg_catalog; CREATE TEMPORARY TABLE mine (id int)`);
    await client.query({ name: 'kept', text: 'SELECT 1', values: [] });
    client.release(true);
    const { rows } = await database.pool.query(
      `SELECT current_setting('search_path') AS path, to_regclass('mine') AS mine,
         (SELECT count(*)::int FROM pg_prepared_statements) AS statements`,
    );
    expect(rows).toEqual([{ path: 'public', mine: null, statements: 0 }]);
  });

  test('a statement that would stop the engine is refused, and the next one works', async () => {
    const copy = database.pool.query('COPY counters FROM STDIN');
    await expect(copy).rejects.toThrow('COPY … FROM STDIN is not supported by the embedded database');
    expect(await count()).toBe(0);
  });

  test('text and results of a megabyte come through whole', async () => {
    const text = 'ü'.repeat(1_000_000);
    const { rows } = await database.pool.query('SELECT $1::text AS text FROM generate_series(1, 3)', [text]);
    expect(rows.map((row) => row.text === text)).toEqual([true, true, true]);
  });

  test('time stays what it was, whatever the zone of this process', async () => {
    const [row] = await database.prisma.$queryRaw<
      { at: Date }[]
    >`SELECT '2026-01-02T03:04:05+09:00'::timestamptz AS at`;
    expect(row?.at.toISOString()).toBe('2026-01-01T18:04:05.000Z');
  });
});

test('an engine that broke is reported as out of reach, is not called again, and can be closed', async () => {
  const database = await openDatabase('pglite:memory');
  const breaking = database.pool.query('/* hidden from the check */ COPY users FROM STDIN');
  await expect(breaking).rejects.toThrow();
  const error = await database.prisma.user.count().catch((caught: unknown) => caught);
  expect(databaseGone(error)).toBe(true);
  await expect(database.pool.query('SELECT 1')).rejects.toThrow(
    'the embedded database stopped and needs a restart',
  );
  await database.close();
});

describe('closing', () => {
  test('waits for running transactions and queries', async () => {
    const database = await openDatabase('pglite:memory');
    const transaction = database.prisma.$transaction(async (tx) => {
      await sleep(100);
      return tx.user.count();
    });
    const queries = Promise.all(Array.from({ length: 20 }, () => database.prisma.user.count()));
    await sleep(20);
    await Promise.all([database.close(), database.close()]);
    expect(await transaction).toBe(0);
    expect(new Set(await queries)).toEqual(new Set([0]));
    const late = await database.prisma.user.count().catch((error: unknown) => error);
    expect(databaseGone(late)).toBe(true);
  });
});

describe('a directory', () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'usergraph-embedded-'));
    directory = path.join(parent, 'deep', 'data');
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const open = (options = {}) => openDatabase(`pglite:${directory}`, options);
  const addTable = (database: Database) => database.pool.query('CREATE TABLE kept AS SELECT 42 AS n');

  test('that is missing is created, migrated, and keeps what is written', async () => {
    const first = await open();
    expect(first.createdEmpty).toBe(true);
    expect(first.description).toBe(`embedded database in ${directory}`);
    await addTable(first);
    await first.close();
    const second = await open();
    expect(second.createdEmpty).toBe(false);
    expect((await second.pool.query('SELECT n FROM kept')).rows).toEqual([{ n: 42 }]);
    await second.close();
    expect(readdirSync(directory)).toEqual(['pgdata']);
  });

  test('that is empty, or has the rest of a creation that was killed, counts as missing', async () => {
    mkdirSync(path.join(directory, 'pgdata.new-4242'), { recursive: true });
    writeFileSync(path.join(directory, 'pgdata.new-4242', 'PG_VERSION'), '18');
    const database = await open();
    expect(database.createdEmpty).toBe(true);
    expect(await database.prisma.user.count()).toBe(0);
    await database.close();
    expect(readdirSync(directory)).toEqual(['pgdata']);
  });

  test('is created without a snapshot too, only slower', { timeout: 60_000 }, async () => {
    const database = await open({ snapshotsDir: path.join(parent, 'none') });
    expect(await database.prisma.user.count()).toBe(0);
    await database.close();
  });

  test('with other files is refused and left as it is', async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, 'thesis.txt'), 'mine');
    await expect(open()).rejects.toThrow(DatabaseStateError);
    await expect(open()).rejects.toThrow(/is not a database: it holds other files \(thesis\.txt\)/);
    expect(readdirSync(directory)).toEqual(['thesis.txt']);
  });

  test('with a database that is damaged is refused, and stays free for a repair', async () => {
    await (await open()).close();
    rmSync(path.join(directory, 'pgdata', 'global'), { recursive: true });
    await expect(open()).rejects.toThrow(/made by PostgreSQL 18, cannot be opened: /);
    expect(readdirSync(directory)).toEqual(['pgdata']);
  });

  test('that is a file is refused with what to do', async () => {
    mkdirSync(path.dirname(directory));
    writeFileSync(directory, '');
    await expect(open()).rejects.toThrow(/cannot be kept in .*\n.*Set DATABASE_URL/);
    expect(existsSync(directory)).toBe(true);
  });
});
