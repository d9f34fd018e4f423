/**
 * Several servers on one database: what one changes, or anybody at all, is known to all others within a second; and a server
 * that does not hear of changes keeps nothing, so that it is right at once. The embedded database has but one server.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/database.ts';
import { createLog } from '../../src/log.ts';
import { countStatements } from '../graphql/statement-counter.ts';
import { openTestApp, type TestApp, testSecret } from '../setup/app.ts';
import { runOn, urlOf } from '../setup/databases.ts';
import { eventually } from '../subscriptions/stream.ts';
import { type Asked, ask, keep, type Surface, surfaces, untilKept } from './kept.ts';
import { openProxy, type Passage } from './proxy.ts';
import { change, openPerson, type Person } from './world.ts';

type There = Awaited<ReturnType<typeof openThere>>;

/** Another server on the database of `here`, which it reaches through a proxy. */
async function openThere(proxy: Passage) {
  const database = await openDatabase(proxy.url);
  const counter = countStatements(database);
  const config = loadConfig({
    USERGRAPH_SECRET: testSecret,
    DATABASE_URL: proxy.url,
    RATE_LIMIT_PER_MINUTE: '1000000',
  });
  const app = createApp({ database, config, log: createLog({ logLevel: 'silent', logFormat: 'json' }) });
  const call: TestApp['call'] = async (method, path, { token, json, headers } = {}) => {
    const request = new Request(`http://usergraph.test${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? null : JSON.stringify(json),
    });
    const response = await app.fetch(request, { remoteAddress: '192.0.2.200' });
    return { status: response.status, headers: response.headers, text: await response.text(), body: null };
  };
  return {
    call,
    counter,
    async close() {
      await app.close();
      await database.close();
    },
  };
}

describe.skipIf(inject('postgres') === undefined)('two servers on one database', () => {
  let here: TestApp;
  let there: There;
  let proxy: Passage;
  let url: string;

  beforeAll(async () => {
    here = await openTestApp();
    const { rows } = await here.database.pool.query('SELECT current_database() AS name');
    url = urlOf(inject('postgres')?.url ?? '', rows[0].name);
    proxy = await openProxy(new URL(url));
    there = await openThere(proxy);
  });
  afterEach(() => proxy.recover());
  afterAll(async () => {
    await there.close();
    await proxy.close();
    await here.close();
  });

  /** A person whose answers the other server keeps. */
  async function known(): Promise<Person> {
    const person = await openPerson(here);
    await untilKept(there, there.counter, person.session.secret);
    await keep(there, person.session.secret);
    await untilKept(there, there.counter, person.session.secret);
    return person;
  }

  /** Asks the other server all the time, and gives the milliseconds until all surfaces answer as wanted, for good. */
  async function delayOf(token: string, isWanted: (asked: Asked, surface: Surface) => boolean) {
    const start = performance.now();
    let late = 0;
    for (;;) {
      for (const surface of surfaces) {
        const began = performance.now() - start;
        if (!isWanted(await ask(there, surface, token), surface)) late = began;
      }
      const now = performance.now() - start;
      if (now > late + 1_200) return late;
      if (now > 20_000) throw new Error('it is never as wanted');
      await sleep(5);
    }
  }
  const isRefused = ({ status }: Asked) => [401, 403].includes(status);
  const isNamed = (name: string) => (asked: Asked) => asked.status === 200 && asked.text.includes(name);
  const rename = (uuid: string, name: string) =>
    `UPDATE users SET name = '${name}', first_name = '${name}' WHERE id = '${uuid}'`;
  const costs = async ({ session }: Person) =>
    (await there.counter.during(() => ask(there, 'me', session.secret))).all.length;

  /** In which a change may be unheard, in milliseconds. */
  const allowed = 1_000;

  it.each<[string, (person: Person) => Promise<unknown>]>([
    [
      'revoked by the other server',
      ({ elsewhere, sessionId }) => change(elsewhere, `revokeSession(id: "${sessionId}")`),
    ],
    [
      'of an account that the other server suspends',
      async ({ id }) =>
        change(await here.as('admin'), `updateUser(id: "${id}", input: { status: SUSPENDED })`),
    ],
    [
      'of an account that is deleted by plain SQL',
      ({ uuid }) => runOn(url, `DELETE FROM users WHERE id = '${uuid}'`),
    ],
    [
      'revoked by plain SQL',
      ({ session }) => runOn(url, `UPDATE sessions SET revoked_at = now() WHERE id = '${session.id}'`),
    ],
  ])('a credential is refused within a second: %s', async (_what, end) => {
    const person = await known();
    expect(await costs(person), 'kept').toBe(0);
    await end(person);
    expect(await delayOf(person.session.secret, isRefused)).toBeLessThan(allowed);
  });

  it.each<[string, (person: Person) => Promise<unknown>]>([
    [
      'by the other server',
      ({ elsewhere }) => change(elsewhere, 'updateMe(input: { name: "Anders", firstName: "Anders" })'),
    ],
    ['by plain SQL', ({ uuid }) => runOn(url, rename(uuid, 'Anders'))],
    [
      'with thousands of others, by plain SQL',
      async () => {
        await runOn(
          url,
          `INSERT INTO users (id, username) SELECT gen_random_uuid(), 'many' || n || random() FROM generate_series(1, 2000) AS n`,
        );
        await runOn(url, `UPDATE users SET name = 'Anders', first_name = 'Anders'`);
      },
    ],
    [
      'in a transaction that takes a while',
      async ({ uuid }) => runOn(url, `BEGIN; ${rename(uuid, 'Anders')}; SELECT pg_sleep(1.5); COMMIT`),
    ],
  ])('a change is shown within a second: %s', async (_what, apply) => {
    const person = await known();
    expect(await costs(person), 'kept').toBe(0);
    await apply(person);
    expect(await delayOf(person.session.secret, isNamed('Anders'))).toBeLessThan(allowed);
    await untilKept(there, there.counter, person.session.secret);
  });

  it('a change is heard also by a server that nobody asks anything meanwhile', async () => {
    const person = await known();
    await sleep(2_000);
    await runOn(url, rename(person.uuid, 'Meanwhile'));
    for (const surface of surfaces)
      expect((await ask(there, surface, person.session.secret)).text, surface).toContain('Meanwhile');
  });

  it('a connection that listens and falls silent makes nothing stale for longer than a second', async () => {
    const [person, ended] = [await known(), await known()];
    for (const { session } of [person, ended]) await keep(there, session.secret);
    proxy.silence();
    await runOn(url, rename(person.uuid, 'Silently'));
    await runOn(url, `UPDATE sessions SET revoked_at = now() WHERE id = '${ended.session.id}'`);
    const delays = await Promise.all([
      delayOf(person.session.secret, isNamed('Silently')),
      delayOf(ended.session.secret, isRefused),
    ]);
    for (const delay of delays) expect(delay).toBeLessThan(allowed);
    expect(await costs(person), 'nothing is taken from what is kept').toBeGreaterThan(0);
    await runOn(url, rename(person.uuid, 'At Once'));
    for (const surface of surfaces)
      expect((await ask(there, surface, person.session.secret)).text, surface).toContain('At Once');
    proxy.recover();
    await eventually(async () => (await costs(person)) === 0, 25_000);
    await runOn(url, rename(person.uuid, 'Heard Again'));
    expect(await delayOf(person.session.secret, isNamed('Heard Again'))).toBeLessThan(allowed);
  });

  it('a connection that listens and is cut makes nothing stale, and is opened again', async () => {
    const person = await known();
    for (let round = 0; round < 3; round += 1) {
      const name = `Cut ${round}`;
      await runOn(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%';
         ${rename(person.uuid, name)}`,
      );
      expect(await delayOf(person.session.secret, isNamed(name))).toBeLessThan(allowed);
      await eventually(async () => (await costs(person)) === 0, 10_000);
      expect((await ask(there, 'me', person.session.secret)).text).toContain(name);
    }
  });

  it('a server that never hears anything is right at once', async () => {
    const deaf = await openProxy(new URL(url));
    deaf.silence();
    const server = await openThere(deaf);
    try {
      const person = await openPerson(here);
      for (let round = 0; round < 10; round += 1) {
        await here.database.pool.query(rename(person.uuid, `Round ${round}`));
        for (const surface of surfaces)
          for (const { text } of [
            await ask(server, surface, person.session.secret),
            await ask(server, surface, person.session.secret),
          ])
            expect(text, surface).toContain(`Round ${round}`);
      }
    } finally {
      const began = performance.now();
      await server.close();
      expect(performance.now() - began, 'nothing waits for a dead connection').toBeLessThan(5_000);
      await deaf.close();
    }
  });

  it('a change of its own counts at once, whatever is heard', async () => {
    const person = await known();
    const post = async (query: string) =>
      (await there.call('POST', '/graphql', { token: person.session.secret, json: { query } })).text;
    for (const isSilent of [false, true]) {
      if (isSilent) proxy.silence();
      for (let round = 0; round < 10; round += 1) {
        const name = `Own ${isSilent} ${round}`;
        await keep(there, person.session.secret);
        await post(`mutation { updateMe(input: { name: "${name}", firstName: "${name}" }) { __typename } }`);
        for (const surface of surfaces)
          expect((await ask(there, surface, person.session.secret)).text, surface).toContain(name);
      }
    }
  });
});

describe.skipIf(inject('postgres') === undefined)('a database that is set up to send few messages', () => {
  it('still tells a server what it changes itself', async () => {
    const here = await openTestApp();
    const { rows } = await here.database.pool.query('SELECT current_database() AS name');
    const url = urlOf(inject('postgres')?.url ?? '', rows[0].name);
    await runOn(url, `ALTER DATABASE ${rows[0].name} SET client_min_messages = 'error'`);
    const proxy = await openProxy(new URL(url));
    const there = await openThere(proxy);
    try {
      const { session } = await openPerson(here);
      await untilKept(there, there.counter, session.secret);
      for (let round = 0; round < 20; round += 1) {
        const name = `Quiet ${round}`;
        await keep(there, session.secret);
        const query = `mutation { updateMe(input: { name: "${name}", firstName: "${name}" }) { __typename } }`;
        await there.call('POST', '/graphql', { token: session.secret, json: { query } });
        const answers = await Promise.all(surfaces.map((surface) => ask(there, surface, session.secret)));
        for (const { text } of answers) expect(text).toContain(name);
      }
    } finally {
      await there.close();
      await proxy.close();
      await here.close();
    }
  });
});
