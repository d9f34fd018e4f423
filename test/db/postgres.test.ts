import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { describeUrl } from '../../src/db/postgres.ts';
import { createServerDatabase, runOn } from '../setup/databases.ts';

test.each([
  [
    'postgresql://ada:secret@db.example:5433/graph?sslmode=require&password=other',
    'postgresql://ada@db.example:5433/graph',
  ],
  ['postgres://db.example/graph', 'postgres://db.example/graph'],
  ['postgresql:///graph?host=/run/postgresql', 'postgresql:///run/postgresql/graph'],
  ['postgresql://a:se%cret@[bad', 'postgresql://…'],
])('the description of %s has no password', (url, description) => {
  expect(describeUrl(url)).toBe(description);
});

describe.skipIf(inject('postgres') === undefined)('a session on a server', () => {
  let url: string;
  let database: Database;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ url, remove } = await createServerDatabase());
    await runOn(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET timezone TO 'Asia/Tokyo'`);
    database = await openDatabase(url, { poolSize: 2, statementTimeout: 500 });
  });
  afterAll(async () => {
    await database.close();
    await remove();
  });

  test('is in UTC whatever the zone of the server, because the adapter takes it for granted', async () => {
    const [row] = await database.prisma.$queryRaw<{ at: Date; zone: string }[]>`
      SELECT '2026-01-02T03:04:05+09:00'::timestamptz AS at, current_setting('TimeZone') AS zone`;
    expect(row).toEqual({ at: new Date('2026-01-01T18:04:05Z'), zone: 'UTC' });
  });

  test('has a name and ends a statement that takes too long', async () => {
    const { rows } = await database.pool.query(`SELECT current_setting('application_name') AS name`);
    expect(rows).toEqual([{ name: 'usergraph' }]);
    await expect(database.pool.query('SELECT pg_sleep(5)')).rejects.toThrow('statement timeout');
  });

  test('runs plans, and does not compile them first, which takes longer than they do', async () => {
    const { rows } = await database.pool.query(`SELECT current_setting('jit') AS jit`);
    expect(rows).toEqual([{ jit: 'off' }]);
  });

  test('that is lost while idle neither ends the process nor fails the next query', async () => {
    const other = await openDatabase(url, { poolSize: 1 }); // without Prisma, whose adapter listens too once it is used
    const pid = async () => (await other.pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const before = await pid();
    await runOn(url, `SELECT pg_terminate_backend(${before})`);
    await sleep(200);
    expect(await pid()).not.toBe(before);
    await other.close();
  });

  test('prepares each statement once, and none when names are turned off', async () => {
    const preparedBy = async (options: { namedStatements?: boolean }) => {
      const other = await openDatabase(url, { poolSize: 1, ...options });
      for (let n = 0; n < 3; n++) await other.prisma.$queryRaw`SELECT ${n}::int AS n`;
      const { rows } = await other.pool.query('SELECT count(*)::int AS count FROM pg_prepared_statements');
      await other.close();
      return rows[0].count;
    };
    expect(await preparedBy({})).toBe(1);
    expect(await preparedBy({ namedStatements: false })).toBe(0);
  });

  test('gets no more than 500 names, so that texts of every length cannot fill the memory of the server', async () => {
    const other = await openDatabase(url, { poolSize: 1 });
    for (let n = 0; n < 520; n++) await other.prisma.$queryRawUnsafe(`SELECT ${n}`);
    const { rows } = await other.pool.query('SELECT count(*)::int AS count FROM pg_prepared_statements');
    expect(rows).toEqual([{ count: 500 }]);
    await other.close();
  });
});
