import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { databaseGone } from '../../src/db/unavailable.ts';
import { createPostgresServer, type PostgresServer } from '../setup/postgres-server.ts';

test('errors that say nothing about the reach of the database are not taken for it', () => {
  const bug = new TypeError('x is not a function');
  const duplicate = Object.assign(new Error('duplicate key'), { code: '23505', severity: 'ERROR' });
  const canceled = Object.assign(new Error('canceling statement due to statement timeout'), {
    code: '57014',
  });
  const conflict = Object.assign(new Error('write conflict'), { code: 'P2034' });
  for (const error of [bug, duplicate, canceled, conflict, undefined, null, 'ECONNREFUSED', {}]) {
    expect(databaseGone(error)).toBe(false);
  }
});

/** These stop and kill their server, so they start one of their own. */
describe.skipIf(inject('postgres') === undefined)('a server that goes away', () => {
  let server: PostgresServer;
  let database: Database;

  beforeAll(async () => {
    const created = await createPostgresServer();
    if (!created)
      throw new Error('install PostgreSQL: these tests cannot stop the server of TEST_DATABASE_URL');
    server = created;
    database = await openDatabase(server.url, {
      poolSize: 3,
      connectionTimeout: 1_000,
      statementTimeout: 3_000,
    });
    await migrate(database.pool);
  });
  afterAll(async () => {
    await database.close();
    await server.remove();
  });

  /** Every way to use a database, each for so many seconds. */
  const uses = (on: Database, seconds = 0): Record<string, () => Promise<unknown>> => ({
    model: () => on.prisma.user.count(),
    raw: () => on.prisma.$queryRaw`SELECT pg_sleep(${seconds}::float)::text`,
    batch: () => on.prisma.$transaction([on.prisma.user.count(), on.prisma.user.count()]),
    transaction: () => on.prisma.$transaction((tx) => tx.$queryRaw`SELECT pg_sleep(${seconds}::float)::text`),
    pool: () => on.pool.query('SELECT pg_sleep($1)', [seconds]),
  });
  const failuresOf = (running: Record<string, () => Promise<unknown>>) =>
    Promise.all(
      Object.entries(running).map(async ([name, run]) => {
        const error = await run().then(
          () => 'no error',
          (caught: unknown) => caught,
        );
        return [name, databaseGone(error) ? 'gone' : error];
      }),
    ).then((entries) => Object.fromEntries(entries));
  const allGone = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, 'gone']));
  const expectGone = async (running: Record<string, () => Promise<unknown>>) =>
    expect(await failuresOf(running)).toEqual(allGone(running));
  const expectBack = async () => {
    for (const run of Object.values(uses(database))) await run();
  };

  test.each(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    'stopped by %s: what runs and what follows fails as unreachable, and works again once it is back',
    async (signal) => {
      await expectBack();
      const { raw, transaction, pool } = uses(database, 2);
      const running = expectGone({ raw, transaction, pool } as Record<string, () => Promise<unknown>>);
      await sleep(300);
      await server.stop(signal);
      await running;
      await expectGone(uses(database));
      await server.start();
      await expectBack();
    },
  );

  test('a session ended by the administrator, also between the statements of a transaction', async () => {
    const end = async (pid: number) => {
      await database.pool.query('SELECT pg_terminate_backend($1)', [pid]);
      await sleep(100);
    };
    const betweenStatements = () =>
      database.prisma.$transaction(async (tx) => {
        const [row] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await end(row?.pid ?? 0);
        await tx.user.count();
      });
    const beforeCommit = () =>
      database.prisma.$transaction(async (tx) => {
        const [row] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await end(row?.pid ?? 0);
      });
    await expectGone({ betweenStatements, beforeCommit });
    await expectBack();
  });

  test('a pool without a free connection', async () => {
    const clients = await Promise.all([1, 2, 3].map(() => database.pool.connect()));
    const impatient = () => database.prisma.$transaction((tx) => tx.user.count(), { maxWait: 100 });
    await expectGone({ ...uses(database), impatient });
    for (const client of clients) client.release();
    await expectBack();
  });

  test('a server that has no free connection', async () => {
    const limit = async (connections: number) => {
      await database.pool.query(`ALTER ROLE limited CONNECTION LIMIT ${connections}`);
    };
    await database.pool.query(`CREATE ROLE limited LOGIN CONNECTION LIMIT 0`);
    const other = await openDatabase(server.url.replace('postgres@', 'limited@'));
    await expectGone({
      pool: () => other.pool.query('SELECT 1'),
      raw: () => other.prisma.$queryRaw`SELECT 1`,
    });
    await limit(5);
    await other.pool.query('SELECT 1');
    await other.close();
  });

  test('a server that is frozen, so that its sockets stay silent', { timeout: 40_000 }, async () => {
    await expectBack();
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' });
    const pids = [...children.trim().split(/\s+/).map(Number), server.pid ?? 0];
    const fresh = await openDatabase(server.url, { connectionTimeout: 500 });
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      const { model, transaction, pool } = uses(database) as Record<string, () => Promise<unknown>>;
      await expectGone({ model, transaction, pool, fresh: () => fresh.prisma.user.count() } as never);
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await fresh.close();
    await expectBack();
  });

  test.each([
    ['a closed port', 'postgresql://nobody@localhost:1/none'],
    ['an unknown host', 'postgresql://nobody@no-such-host.invalid/none'],
    ['a missing socket', 'postgresql:///none?host=/no/such/directory'],
  ])('%s', async (_, url) => {
    const other = await openDatabase(url, { connectionTimeout: 2_000 });
    await expectGone(uses(other));
    await other.close();
  });

  test('a missing database and a wrong user are mistakes, not absences', async () => {
    for (const url of [
      server.url.replace(/postgres$/, 'missing'),
      server.url.replace('postgres@', 'stranger@'),
    ]) {
      const other = await openDatabase(url);
      expect(databaseGone(await other.prisma.user.count().catch((error: unknown) => error))).toBe(false);
      await other.close();
    }
  });
});
