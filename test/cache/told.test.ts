/**
 * All that a kept answer rests on is told when it changes: each table that is read for one has triggers for whatever can be
 * done to its rows, and they name the account that keeps it, or the row itself. And what is kept is bounded, by what it takes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Changes } from '../../src/db/changes.ts';
import { createReadCache } from '../../src/read-cache.ts';
import { countStatements } from '../graphql/statement-counter.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { eventually } from '../subscriptions/stream.ts';
import { ask, surfaces } from './kept.ts';
import { openPerson, type Person } from './world.ts';

let app: TestApp;
let read: ReadonlySet<string>;
let person: Person;
const told: (readonly string[] | '*')[] = [];

beforeAll(async () => {
  app = await openTestApp();
  const counter = countStatements(app.database);
  person = await openPerson(app);
  const statements: string[] = [];
  for (const secret of [person.session.secret, person.token.secret])
    for (const surface of surfaces)
      statements.push(...(await counter.during(() => ask(app, surface, secret))).all);
  const selects = statements.filter((text) => text.startsWith('SELECT'));
  read = new Set(
    selects.flatMap((text) => [...text.matchAll(/"public"\."(\w+)"/g)].map(([, name]) => name ?? '')),
  );
  app.database.onOwnChange((ids) => void told.push(ids));
});
afterAll(() => app.close());

const sql = async (text: string, ...values: unknown[]) => (await app.database.pool.query(text, values)).rows;

/** The tables that kept reads name, and which of their columns hold the ids that what is kept rests on. */
const kept: Readonly<Record<string, readonly string[]>> = {
  users: ['id'],
  passwords: ['user_id'],
  emails: ['user_id'],
  phone_numbers: ['user_id'],
  oauth_identities: ['user_id'],
  organizations: ['id'],
  memberships: ['user_id'],
  shares: ['grantor_id', 'grantee_id'],
  sessions: ['id', 'user_id'],
  api_tokens: ['id', 'user_id'],
  oauth_clients: ['id'],
};
/** A row of these comes to be without anything kept resting on it: what names it comes later, and tells. */
const insertedUntold = ['users', 'organizations', 'oauth_clients'];

describe('the database', () => {
  it('is asked for no other tables than those that tell', () => {
    expect([...read].sort()).toEqual(Object.keys(kept).sort());
  });

  it.each(Object.entries(kept))('tells whatever happens to rows of %s', async (table, columns) => {
    const triggers = await sql(
      `SELECT event_manipulation AS event, action_statement AS action, action_orientation AS level
       FROM information_schema.triggers WHERE event_object_table = $1 AND action_statement LIKE '%tell\\_%'
         AND trigger_name LIKE '%\\_tell\\_%' AND event_object_schema = 'public'`,
      table,
    );
    const wanted = ['DELETE', 'UPDATE', ...(insertedUntold.includes(table) ? [] : ['INSERT'])];
    expect(triggers.map(({ event }) => event).sort()).toEqual(wanted.sort());
    for (const { action, level } of triggers) {
      expect(level).toBe('STATEMENT');
      for (const column of columns) expect(action).toContain(`'${column}'`);
    }
    const disabled = await sql(
      `SELECT tgname FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname LIKE '%tell%' AND tgenabled <> 'O'`,
      table,
    );
    expect(disabled).toEqual([]);
  });

  it('tells each column that is changed, but when a credential was used', async () => {
    const untold: string[] = [];
    for (const table of Object.keys(kept)) {
      const columns = await sql(
        `SELECT column_name AS name, data_type AS type, udt_name AS udt FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`,
        table,
      );
      for (const { name, type, udt } of columns) {
        const other = changedValue(name, type, udt);
        if (other === null) continue;
        const client = await app.database.pool.connect();
        told.length = 0;
        try {
          await client.query('BEGIN; SET LOCAL session_replication_role = origin');
          const { rowCount } = await client.query(`UPDATE "${table}" SET "${name}" = ${other}`);
          if (rowCount === 0) continue;
        } catch (error) {
          // A constraint that would not have it: another column of the same row shows as much.
          if (!/violates|check|must/.test(String(error))) throw error;
          continue;
        } finally {
          await client.query('ROLLBACK');
          client.release();
        }
        if (told.length === 0) untold.push(`${table}.${name}`);
      }
    }
    expect(untold).toEqual(['sessions.last_used_at', 'api_tokens.last_used_at']);
  });

  it.each(Object.keys(kept))('tells that %s was emptied, whatever it held', async (table) => {
    const client = await app.database.pool.connect();
    told.length = 0;
    try {
      await client.query(`BEGIN; TRUNCATE "${table}" CASCADE`);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    expect(told).toEqual(['*']);
  });

  it('tells also where no search path leads to the product, as in a dump', async () => {
    const client = await app.database.pool.connect();
    told.length = 0;
    try {
      await client.query(`BEGIN; SET LOCAL search_path = ''`);
      await client.query(`UPDATE public.users SET company = 'Elsewhere' WHERE id = $1`, [person.uuid]);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    expect(told).toEqual([[person.uuid]]);
  });

  it('tells a row that moves to another account to both', async () => {
    told.length = 0;
    await sql('UPDATE phone_numbers SET user_id = $1 WHERE id = $2', person.friend.uuid, person.phone.uuid);
    expect(new Set(told.flat())).toEqual(new Set([person.uuid, person.friend.uuid]));
  });

  it('tells what goes with what is deleted', async () => {
    const gone = await openPerson(app);
    told.length = 0;
    await sql('DELETE FROM organizations WHERE id = $1', gone.organization.uuid);
    expect(told.flat()).toEqual(
      expect.arrayContaining([gone.uuid, gone.friend.uuid, gone.organization.uuid]),
    );
    told.length = 0;
    await sql('DELETE FROM users WHERE id = $1', gone.uuid);
    expect(told.flat()).toEqual(expect.arrayContaining([gone.uuid, gone.session.id, gone.token.id]));
  });

  it('tells nothing where nothing changes', async () => {
    told.length = 0;
    await sql('UPDATE users SET bio = bio');
    await sql('UPDATE sessions SET last_used_at = now()');
    await sql(`UPDATE users SET bio = 'x' WHERE false`);
    expect(told).toEqual([]);
  });

  it('tells all, where too much changes to name it', async () => {
    told.length = 0;
    await sql(`UPDATE users SET bio = 'all of them'`);
    expect(told.flat()).toContain('*');
  });
});

/** Another value for a column, as an expression; null where it would say nothing of the row. */
function changedValue(name: string, type: string, udt: string): string | null {
  if (udt === '_text') return `array_append("${name}", 'changed')`;
  if (type === 'boolean') return `NOT "${name}"`;
  if (type.startsWith('timestamp')) return `COALESCE("${name}", now()) + interval '1 hour'`;
  if (type === 'integer') return `COALESCE("${name}", 0) + 1`;
  if (type === 'jsonb') return `'{"changed": true}'`;
  if (type === 'bytea') return `decode(md5(random()::text), 'hex')`;
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type === 'USER-DEFINED' && udt !== 'citext')
    return `(SELECT value FROM unnest(enum_range(NULL::${udt})) AS value WHERE value IS DISTINCT FROM "${name}" LIMIT 1)`;
  return `'changed' || md5(random()::text)`;
}

describe('what a selection of accounts may hold, and still be kept', () => {
  it('holds nothing that is not told: what is made of more costs statements each time', async () => {
    const counter = countStatements(app.database);
    const own = await openPerson(app);
    const secret = own.session.secret;
    const fields = {
      managedUsers: 'managedUsers { nodes { displayName } }',
      apiTokens: 'apiTokens { nodes { name } }',
      sessions: 'sessions { id }',
      activeSessionCount: 'activeSessionCount',
      sharesGiven: 'sharesGiven { totalCount }',
      sharesReceived: 'sharesReceived { totalCount }',
      manager: 'manager { displayName }',
    };
    for (const field of Object.values(fields)) {
      const call = () =>
        app.call('POST', '/graphql', { token: secret, json: { query: `{ me { id ${field} } }` } });
      for (let round = 0; round < 3; round += 1) await call();
      const { all } = await counter.during(call);
      expect(all.length, field).toBeGreaterThan(0);
    }
  });
});

describe('what is kept', () => {
  const changes: Changes = { isCurrent: () => true, listen: () => {} };
  const now = () => new Date();
  const create = (maxBytes: number) => createReadCache(changes, { maxBytes, now });

  it('is bounded by what it takes: many keys, large values, long keys, and many grounds alike', async () => {
    const maxBytes = 1_000_000;
    const cache = create(maxBytes);
    const ids = Array.from({ length: 400 }, () => crypto.randomUUID());
    for (let n = 0; n < 3_000; n += 1) {
      const load = async () => ({ text: 'x'.repeat(n % 1_000) });
      await cache.find(`${'k'.repeat(n % 500)}${n}`, load, () => ({ ids: n % 2 ? ids : [`${n}`] }));
      expect(cache.size).toBeLessThanOrEqual(maxBytes);
    }
  });

  it('counts each id that a value rests on', async () => {
    const sizeWith = async (count: number) => {
      const cache = create(10_000_000);
      const ids = Array.from({ length: count }, () => crypto.randomUUID());
      await cache.find(
        'key',
        async () => ({}),
        () => ({ ids }),
      );
      return cache.size;
    };
    expect((await sizeWith(1_000)) - (await sizeWith(0))).toBeGreaterThan(100_000);
  });

  it('is never one thing alone that takes the place of all others', async () => {
    const cache = create(100_000);
    await cache.find(
      'large',
      async () => 'x'.repeat(60_000),
      () => ({ ids: [] }),
    );
    expect(cache.size).toBe(0);
  });
});

describe('what changes while it is read', () => {
  it.each<[string, readonly string[] | '*', boolean]>([
    ['itself', ['account'], false],
    ['anything at all', '*', false],
    ['something else', ['another'], true],
  ])('%s', async (_what, changed, isKept) => {
    const listeners: ((ids: readonly string[] | '*') => void)[] = [];
    const changes: Changes = { isCurrent: () => true, listen: (listener) => void listeners.push(listener) };
    const cache = createReadCache(changes, { maxBytes: 1_000_000, now: () => new Date() });
    const grounds = () => ({ ids: ['account'] });
    const load = async () => {
      for (const tell of listeners) tell(changed);
      return 'old';
    };
    const first = await cache.find('key', load, grounds);
    expect(first).toMatchObject({ value: 'old', grounds: isKept ? { ids: ['account'] } : null });
    const next = await cache.find('key', async () => 'new', grounds);
    expect(next.value).toBe(isKept ? 'old' : 'new');
  });
});

describe('whoever asks for many different things', () => {
  it('drives out what others keep at most as far as the bound', async () => {
    const small = await openTestApp({ env: { READ_CACHE_MIB: '1' } });
    try {
      const counter = countStatements(small.database);
      const [one, other] = [await openPerson(small), await openPerson(small)];
      const asked = (token: string, n: number) =>
        small.call('GET', `/me?n=${n}&${'x'.repeat(2_000)}`, { token });
      for (let n = 0; n < 300; n += 1) expect((await asked(one.session.secret, n)).status).toBe(200);
      await eventually(async () => {
        await asked(other.session.secret, 0);
        return (await counter.during(() => asked(other.session.secret, 0))).all.length === 0;
      });
    } finally {
      await small.close();
    }
  });
});
