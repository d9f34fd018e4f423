/** On a server, a change in one process is heard in all; the embedded database has but one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/database.ts';
import { createLog } from '../../src/log.ts';
import { listen } from '../../src/server.ts';
import { type Served, serve } from '../clients/serve.ts';
import { testSecret } from '../setup/app.ts';
import { eventually, type Subscription, subscribe } from './stream.ts';

const query = 'subscription { userChanged { events user { bio } } }';
const bio = `mutation ($bio: String) { updateMe(input: { bio: $bio }) { __typename } }`;

describe.skipIf(inject('postgres') === undefined)('two processes on one server', () => {
  let here: Served;
  let there: { url: string; close(): Promise<void> };
  const open: Subscription[] = [];
  const logged: string[] = [];

  beforeAll(async () => {
    here = await serve();
    there = await serveAgain();
  });
  afterEach(() => {
    for (const stream of open.splice(0)) stream.abort();
  });
  afterAll(async () => {
    await there.close();
    await here.close();
  });

  /** Another one on the same database, with connections of its own. */
  async function serveAgain() {
    const { rows } = await here.app.database.pool.query('SELECT current_database() AS name');
    const url = new URL(inject('postgres')?.url ?? '');
    url.pathname = `/${rows[0].name}`;
    const database = await openDatabase(url.href);
    const log = createLog({
      logLevel: 'info',
      logFormat: 'json',
      stream: { write: (line: string) => void logged.push(line) },
    });
    const config = loadConfig({ USERGRAPH_SECRET: testSecret, DATABASE_URL: url.href });
    const app = createApp({ database, config, log });
    const server = await listen(app, { host: '127.0.0.1', port: 0 });
    return {
      url: server.url,
      async close() {
        app.drain();
        await server.close();
        await app.close();
        await database.close();
      },
    };
  }

  async function follow(url: string) {
    const { token } = await here.app.as('ada');
    const stream = await subscribe(url, { query, token });
    open.push(stream);
    expect(await stream.next()).toMatchObject({ data: { userChanged: { events: [] } } });
    return stream;
  }
  const change = async (text: string) => (await here.app.as('ada')).run(bio, { bio: text });
  const told = (text: string) => ({
    data: { userChanged: { events: ['user.updated'], user: { bio: text } } },
  });
  const listeners = async () => {
    const { rows } = await here.app.database.pool.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    return rows.map(({ pid }) => pid as number);
  };

  it('a change in one is told by both, once each, within a second', async () => {
    const streams = [await follow(here.url), await follow(there.url)];
    await change('Heard everywhere.');
    for (const stream of streams) expect(await stream.next(1_000)).toEqual(told('Heard everywhere.'));
    for (const stream of streams) await stream.silence(200);
    expect((await listeners()).length).toBe(2);
  });

  it('what is committed while no connection listens is told once one does again', async () => {
    const streams = [await follow(here.url), await follow(there.url)];
    const { prisma, pool } = here.app.database;
    const lost = await listeners();
    for (const pid of lost) await pool.query('SELECT pg_terminate_backend($1)', [pid]);
    // By no app at all, so that nobody but the database could tell.
    const ada = await prisma.user.findFirstOrThrow({ where: { username: 'ada' } });
    await prisma.user.update({ where: { id: ada.id }, data: { bio: 'Meanwhile.' } });
    for (const stream of streams) {
      const payload = await stream.next();
      expect(payload).toMatchObject({
        data: { userChanged: { events: ['resync'], user: { bio: 'Meanwhile.' } } },
      });
    }
    expect(logged.join('')).toContain('changes by other processes are not heard at once');
    await eventually(() => logged.join('').includes('changes by other processes are heard again'));
    expect((await listeners()).some((pid) => lost.includes(pid))).toBe(false);
    await change('Back again.');
    for (const stream of streams) expect(await stream.next(1_000)).toEqual(told('Back again.'));
  });

  it('a process that cannot listen tells at least what it does itself', async () => {
    const stream = await follow(here.url);
    const { pool } = here.app.database;
    const [{ rows }] = [await pool.query('SELECT current_database() AS name')];
    await pool.query(`ALTER DATABASE ${rows[0].name} CONNECTION LIMIT 0`);
    for (const pid of await listeners()) await pool.query('SELECT pg_terminate_backend($1)', [pid]);
    await sleep(50);
    await change('In spite of it.');
    await pool.query(`ALTER DATABASE ${rows[0].name} CONNECTION LIMIT -1`);
    const payload = (await stream.next(2_000)) as {
      data: { userChanged: { user: { bio: string } } };
    };
    expect(payload.data.userChanged.user.bio).toBe('In spite of it.');
  });

  it('a change that is rolled back is told by none', async () => {
    const streams = [await follow(here.url), await follow(there.url)];
    const { prisma } = here.app.database;
    const { id: subjectId } = await prisma.user.findFirstOrThrow({ where: { username: 'ada' } });
    const rolledBack = prisma.$transaction(async (tx) => {
      const [id, type] = [crypto.randomUUID(), 'user.updated'];
      await tx.outboxEvent.create({ data: { id, type, subjectId, payload: {}, occurredAt: new Date() } });
      throw new Error('not committed');
    });
    await expect(rolledBack).rejects.toThrow('not committed');
    for (const stream of streams) await stream.silence(400);
  });
});
