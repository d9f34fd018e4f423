/** What is kept costs no statement; what is made of anything that no change tells is made anew each time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countStatements } from '../graphql/statement-counter.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { ask, keep, surfaces, untilKept } from './kept.ts';
import { openPerson } from './world.ts';

let app: TestApp;
let counter: ReturnType<typeof countStatements>;
beforeAll(async () => {
  app = await openTestApp();
  counter = countStatements(app.database);
});
afterAll(() => app.close());

const costOf = async (work: () => Promise<unknown>) => (await counter.during(work)).all;
const sql = (text: string, ...values: unknown[]) => app.database.pool.query(text, values);

describe('what is kept', () => {
  it.each(surfaces)('costs no statement, not even to authenticate: %s', async (surface) => {
    const { session, token } = await openPerson(app);
    for (const { secret } of [session, token]) {
      await untilKept(app, counter, secret);
      await keep(app, secret);
      for (let round = 0; round < 3; round += 1)
        expect(await costOf(() => ask(app, surface, secret))).toEqual([]);
    }
  });

  it('is read again after a change, once', async () => {
    const { session, uuid } = await openPerson(app);
    await untilKept(app, counter, session.secret);
    await keep(app, session.secret);
    await sql(`UPDATE users SET bio = 'another' WHERE id = $1`, uuid);
    for (const surface of surfaces) {
      expect((await costOf(() => ask(app, surface, session.secret))).length).toBeGreaterThan(0);
      await untilKept(app, counter, session.secret); // a server tells its own changes once more, to all that listen
      expect(await costOf(() => ask(app, surface, session.secret))).toEqual([]);
    }
  });

  it('stays, whatever happens to others', async () => {
    const [one, other] = [await openPerson(app), await openPerson(app)];
    await untilKept(app, counter, one.session.secret);
    await keep(app, one.session.secret);
    await sql(`UPDATE users SET bio = 'another' WHERE id = $1`, other.uuid);
    await sql('DELETE FROM emails WHERE user_id = $1', other.uuid);
    for (const surface of surfaces)
      expect(await costOf(() => ask(app, surface, one.session.secret)), surface).toEqual([]);
  });

  it('stays, whatever goes wrong for others that ask the same', async () => {
    const [one, other] = [await openPerson(app), await openPerson(app)];
    const query = 'query ($all: Boolean!) { me { displayName timeZone @include(if: $all) } }';
    const post = (token: string | null, all: unknown = true) =>
      app.call('POST', '/graphql', { token, json: { query, variables: { all } } });
    await untilKept(app, counter, one.session.secret);
    for (let round = 0; round < 3; round += 1) await post(one.session.secret);
    for (let round = 0; round < 3; round += 1)
      expect((await post(null, 'no boolean')).text).toContain('BAD_USER_INPUT');
    await post(other.session.secret);
    await post(other.session.secret);
    expect(await costOf(() => post(one.session.secret))).toEqual([]);
    expect(await costOf(() => post(other.session.secret))).toEqual([]);
  });

  it('is not there where READ_CACHE_MIB is 0', async () => {
    const without = await openTestApp({ env: { READ_CACHE_MIB: '0' } });
    try {
      const own = countStatements(without.database);
      const { session } = await openPerson(without);
      await keep(without, session.secret);
      for (const surface of surfaces) {
        const { all } = await own.during(() => ask(without, surface, session.secret));
        expect(all.length, surface).toBeGreaterThanOrEqual(2);
      }
    } finally {
      await without.close();
    }
  });
});

describe('made anew each time', () => {
  const post = async (token: string, query: string) =>
    JSON.parse((await app.call('POST', '/graphql', { token, json: { query } })).text);

  it('where the caller stands within its rate limit, beside what is kept', async () => {
    const { session } = await openPerson(app);
    const query = '{ viewer { rateLimit { remaining } user { displayName } } }';
    const remaining = async () => (await post(session.secret, query)).data.viewer.rateLimit.remaining;
    await untilKept(app, counter, session.secret);
    await remaining();
    await remaining();
    let last: number = await remaining();
    const statements = await costOf(async () => {
      for (let round = 0; round < 5; round += 1) {
        const now: number = await remaining();
        expect(now).toBe(last - 1);
        last = now;
      }
    });
    expect(statements, 'what is kept is still taken').toEqual([]);
  });

  it('the rate limit that headers tell', async () => {
    const { session } = await openPerson(app);
    await keep(app, session.secret);
    const remaining = async () => {
      const { headers } = await app.call('GET', '/me', { token: session.secret });
      return Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    };
    const first = await remaining();
    expect(await remaining()).toBe(first - 1);
    const ids = new Set<string | null>();
    for (let round = 0; round < 3; round += 1)
      ids.add((await app.call('GET', '/me', { token: session.secret })).headers.get('x-request-id'));
    expect(ids.size).toBe(3);
  });

  it('how many sessions are open now, by the clock', async () => {
    const { session, uuid } = await openPerson(app);
    const count = async () =>
      (await post(session.secret, '{ me { activeSessionCount } }')).data.me.activeSessionCount;
    const shown = async () => (await app.call('GET', '/me', { token: session.secret })).body.activeSessions;
    await sql(
      `UPDATE sessions SET expires_at = $1 WHERE user_id = $2 AND id <> $3`,
      new Date(Date.now() + 120_000),
      uuid,
      session.id,
    );
    for (let round = 0; round < 3; round += 1) expect([await count(), await shown()]).toEqual([2, 2]);
    app.clock.offset = 180_000;
    expect([await count(), await shown()]).toEqual([1, 1]);
    app.clock.offset = 0;
  });

  it('what lists show of others', async () => {
    const { session, friend, organization } = await openPerson(app);
    const query = `{ me { displayName } node(id: "${organization.id}") { ... on Organization {
      members { edges { node { displayName } } } } } }`;
    for (let round = 0; round < 3; round += 1) await post(session.secret, query);
    await sql(`UPDATE users SET name = 'Other Name' WHERE id = $1`, friend.uuid);
    expect(JSON.stringify(await post(session.secret, query))).toContain('Other Name');
  });

  it('when sessions were last used', async () => {
    const { session, elsewhere } = await openPerson(app);
    const query = '{ me { sessions { id lastUsedAt } } }';
    for (let round = 0; round < 3; round += 1) await post(session.secret, query);
    const before = JSON.stringify(await post(session.secret, query));
    app.clock.offset = 120_000;
    await elsewhere.run('{ me { id } }');
    expect(JSON.stringify(await post(session.secret, query))).not.toBe(before);
    app.clock.offset = 0;
  });

  it('an answer with errors in it, even where no change tells that it would be another', async () => {
    const { session, label } = await openPerson(app);
    const query = '{ me { displayName emails { address verifiedAt createdAt } } }';
    await sql('ALTER TABLE emails RENAME TO emails_gone');
    try {
      for (let round = 0; round < 3; round += 1)
        expect((await post(session.secret, query)).errors?.length).toBe(1);
      const { status } = await app.call('GET', '/me', { token: session.secret });
      expect(status).toBeGreaterThanOrEqual(500);
    } finally {
      await sql('ALTER TABLE emails_gone RENAME TO emails');
    }
    const { errors, data } = await post(session.secret, query);
    expect(errors).toBeUndefined();
    expect(data.me.emails[0].address).toBe(`${label}@example.com`);
    expect((await app.call('GET', '/me', { token: session.secret })).status).toBe(200);
  });
});
