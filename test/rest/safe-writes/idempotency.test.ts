/** `Idempotency-Key`: the same request twice is one change with one answer, whatever breaks in between. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import { openDatabase } from '../../../src/db/database.ts';
import { forgetEnded } from '../../../src/domain/housekeeping.ts';
import { createLog } from '../../../src/log.ts';
import { keepsAnswers } from '../../../src/rest/dialect.ts';
import { dialects } from '../../../src/rest/dialects.ts';
import { type RestCall, testSecret } from '../../setup/app.ts';
import { urlOf } from '../../setup/databases.ts';
import { openWorld, type World } from '../seeds/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterEach(() => {
  world.app.clock.offset = 0;
});
afterAll(() => world.close());

const path = '/api/v1/users/';
const mo = { first_name: 'Mo', last_name: null };
const hour = 60 * 60 * 1000;
const newKey = () => `key-${randomUUID()}`;

const create = (token: string, key: string, init: RestCall = { json: mo }) =>
  world.call('POST', path, { token, ...init, headers: { 'idempotency-key': key, ...init.headers } });

/** What the creations of a manager left behind. */
async function left(managerId: string) {
  const users = await world.prisma.user.findMany({ where: { managerId }, select: { id: true } });
  const ids = users.map(({ id }) => id);
  return {
    users: ids.length,
    audited: await world.prisma.auditEvent.count({ where: { action: 'user.create', actorId: managerId } }),
    events: await world.prisma.outboxEvent.count({ where: { type: 'user.created', subjectId: { in: ids } } }),
    keys: await world.prisma.idempotentAnswer.count({ where: { actorId: managerId } }),
  };
}
const nothing = { users: 0, audited: 0, events: 0, keys: 0 };
const one = { users: 1, audited: 1, events: 1, keys: 1 };

describe('the same request with the same key', () => {
  it('100 at once make one account, one audit row and one event, and get one answer', async () => {
    const { id, token } = await world.person();
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 100 }, () => create(token, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(99);
    expect(await left(id)).toEqual(one);
  });

  it('100 at once with keys of their own make 100 accounts', async () => {
    const { id, token } = await world.person();
    const answers = await Promise.all(Array.from({ length: 100 }, () => create(token, newKey())));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(100);
    expect(answers.some(({ headers }) => headers.has('idempotency-replayed'))).toBe(false);
    expect(await left(id)).toEqual({ users: 100, audited: 100, events: 100, keys: 100 });
  });

  it('has the answer of the first time, though the account changed meanwhile', async () => {
    const { token } = await world.person();
    const key = newKey();
    const first = await create(token, key);
    await world.call('PUT', path + first.body.id, { token, json: { first_name: 'Mia' } });
    const again = await create(token, key);
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([
      200,
      first.text,
      first.headers.get('etag'),
    ]);
    expect(again.headers.get('content-type')).toBe('application/json');
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  });

  it('is one request by whichever credential of the account', async () => {
    const { id, token } = await world.person();
    const { secret } = await world.apiToken({ userId: id });
    const key = newKey();
    expect((await create(secret, key)).text).toBe((await create(token, key)).text);
    expect(await left(id)).toEqual(one);
  });

  it('is the same key with quotation marks, as a string of structured fields', async () => {
    const { id, token } = await world.person();
    await create(token, 'a "b" \\ c');
    expect((await create(token, '"a \\"b\\" \\\\ c"')).headers.get('idempotency-replayed')).toBe('true');
    expect(await left(id)).toEqual(one);
  });

  it('is another change for another account', async () => {
    const [a, b] = [await world.person(), await world.person()];
    const key = newKey();
    const [first, second] = [await create(a.token, key), await create(b.token, key)];
    expect(second.headers.get('idempotency-replayed')).toBeNull();
    expect(second.body.id).not.toBe(first.body.id);
    expect([await left(a.id), await left(b.id)]).toEqual([one, one]);
  });

  it('is another change after 24 hours, and the answer is forgotten then', async () => {
    const { id, token } = await world.person({});
    const expiresAt = new Date(Date.now() + 72 * hour);
    const { secret } = await world.apiToken({ userId: id }, undefined, { expiresAt });
    const [key, other] = [newKey(), newKey()];
    const first = await create(token, key);
    await create(token, other);
    world.app.clock.offset = 24 * hour - 60_000;
    expect((await create(secret, key)).text).toBe(first.text);
    world.app.clock.offset = 24 * hour + 60_000;
    const later = await create(secret, key);
    expect([later.status, later.headers.get('idempotency-replayed')]).toEqual([200, null]);
    expect(later.body.id).not.toBe(first.body.id);
    expect((await left(id)).users).toBe(3);
    const now = () => new Date(Date.now() + world.app.clock.offset);
    await forgetEnded({ prisma: world.prisma, now });
    const kept = await world.prisma.idempotentAnswer.findMany({ where: { actorId: id } });
    expect(kept.map((answer) => answer.key)).toEqual([key]);
  });
});

describe('another request with the same key is refused, and writes nothing', () => {
  const refusal = {
    detail: [{ loc: ['header', 'idempotency-key'], msg: expect.any(String), type: 'value_error' }],
  };

  it.each<[string, RestCall]>([
    ['another body', { json: { first_name: 'Mia', last_name: null } }],
    [
      'a body that differs in white space alone',
      { body: JSON.stringify(mo, null, 1), headers: { 'content-type': 'application/json' } },
    ],
    ['another order of keys', { json: { last_name: null, first_name: 'Mo' } }],
  ])('%s', async (_, init) => {
    const { id, token } = await world.person();
    const key = newKey();
    await create(token, key);
    const answer = await create(token, key, init);
    expect([answer.status, answer.body]).toEqual([422, refusal]);
    expect(await left(id)).toEqual(one);
    expect((await create(token, key)).headers.get('idempotency-replayed')).toBe('true');
  });

  it('another query, another path', async () => {
    const { id, token } = await world.person();
    const key = newKey();
    await create(token, key);
    const headers = { 'idempotency-key': key };
    for (const other of [`${path}?a=1`, '/v1/users/me/records']) {
      const json = other.startsWith('/v1') ? { collection: 'notes', data: {} } : mo;
      const answer = await world.call('POST', other, { token, json, headers });
      expect(answer.status, answer.text).toBe(422);
    }
    expect(await left(id)).toEqual(one);
    expect(await world.records(id)).toBe(0);
  });

  it('of two at once one wins, and the other is told so', async () => {
    const { id, token } = await world.person();
    const key = newKey();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        create(token, key, { json: { first_name: `M${n}`, last_name: null } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(422)]);
    expect(await left(id)).toEqual(one);
  });
});

describe('a failure is not kept', () => {
  it('of an input that has problems, with which the key may be used again', async () => {
    const { id, token } = await world.person();
    const key = newKey();
    expect((await create(token, key, { json: { first_name: 7 } })).status).toBe(422);
    expect(
      (await create(token, key, { json: { first_name: 'x'.repeat(10_000), last_name: null } })).status,
    ).toBe(422);
    expect(await left(id)).toEqual(nothing);
    expect((await create(token, key)).status).toBe(200);
  });

  it('of who may not, who does not get the answer of one who may', async () => {
    const { id, token } = await world.person();
    const { secret } = await world.apiToken({ userId: id }, ['profile', 'data:read']);
    const key = newKey();
    expect((await create(secret, key)).status).toBe(403);
    expect(await left(id)).toEqual(nothing);
    const { body } = await create(token, key);
    const refused = await create(secret, key);
    expect(refused.status).toBe(403);
    expect(refused.text).not.toContain(body.id);
    expect((await create('nonsense', key)).status).toBe(401);
  });

  it('of one who acts for another, who does not get what that one made either', async () => {
    const { id, token } = await world.person();
    const managed = await world.managed(id);
    const json = { sub: managed };
    const delegated = await world.call('POST', '/api/v1/oauth/delegated-token', { token, json });
    const key = newKey();
    const { body } = await create(token, key);
    const answer = await create(delegated.body.access_token, key);
    expect(answer.status).toBe(422); // the key is the same person's, the request is another
    expect(answer.text).not.toContain(body.id);
    expect((await create(delegated.body.access_token, newKey())).status).toBe(403);
  });

  /** Makes the database refuse to insert into a table, or to commit what was inserted, until it is undone. */
  async function refuseInsertsInto(table: string, when: string): Promise<() => Promise<void>> {
    const { pool } = world.app.database;
    const trigger =
      when === 'at the commit'
        ? `CONSTRAINT TRIGGER refuse_insert AFTER INSERT ON ${table} DEFERRABLE INITIALLY DEFERRED`
        : `TRIGGER refuse_insert BEFORE INSERT ON ${table}`;
    await pool.query(`
      CREATE FUNCTION refuse_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
      CREATE ${trigger} FOR EACH ROW EXECUTE FUNCTION refuse_insert()`);
    return async () => {
      await pool.query(`DROP TRIGGER refuse_insert ON ${table}; DROP FUNCTION refuse_insert()`);
    };
  }

  it.each([
    ['idempotent_answers', 'at once'],
    ['outbox_events', 'at once'],
    ['idempotent_answers', 'at the commit'],
    ['users', 'at the commit'],
  ])(
    'of a transaction that breaks at %s, %s: there is neither an answer nor what it tells of',
    async (table, when) => {
      const { id, token } = await world.person();
      const key = newKey();
      const undo = await refuseInsertsInto(table, when);
      try {
        expect((await create(token, key)).status).toBe(500);
      } finally {
        await undo();
      }
      expect(await left(id)).toEqual(nothing);
      expect((await create(token, key)).headers.get('idempotency-replayed')).toBeNull();
      expect(await left(id)).toEqual(one);
    },
  );
});

describe('a key', () => {
  it.each([
    '',
    ' ',
    '"',
    '""',
    '"a',
    '"a" b',
    '"a\\b"',
    'a'.repeat(256),
    `"${'a'.repeat(256)}"`,
    'é',
    'a\tb',
  ])('that cannot be one is refused, and nothing is written: %j', async (key) => {
    const { id, token } = await world.person();
    const answer = await create(token, key);
    expect([answer.status, answer.body]).toEqual([400, { detail: expect.any(String) }]);
    expect(await left(id)).toEqual(nothing);
  });

  it.each([
    'a',
    'a'.repeat(255),
    `"${'a'.repeat(255)}"`,
    '01900000-0000-7000-8000-000000000000',
    "!#$%&'(); ,~",
  ])('is good: %j', async (key) => {
    const { id, token } = await world.person();
    await create(token, key);
    expect((await create(token, key)).headers.get('idempotency-replayed')).toBe('true');
    expect(await left(id)).toEqual(one);
  });

  it('makes nothing of a request without one, twice', async () => {
    const { id, token } = await world.person();
    for (let n = 0; n < 2; n += 1) await world.call('POST', path, { token, json: mo });
    expect(await left(id)).toEqual({ users: 2, audited: 2, events: 2, keys: 0 });
  });

  it('is passed over where the method does the same twice anyway', async () => {
    const { id, token } = await world.person();
    const headers = { 'idempotency-key': 'x' };
    for (const company of ['A', 'B'])
      expect(
        (await world.call('PATCH', '/users/me', { token, headers, json: { company } })).body.company,
      ).toBe(company);
    expect((await left(id)).keys).toBe(0);
  });

  it('is refused where the answer is a secret', async () => {
    const { id, token } = await world.person();
    const sub = await world.managed(id);
    const headers = { 'idempotency-key': 'x' };
    const json = { sub };
    const delegated = await world.call('POST', '/api/v1/oauth/delegated-token', { token, headers, json });
    expect(delegated.status).toBe(400);
    const form = { grant_type: 'refresh_token', refresh_token: 'x' };
    expect((await world.call('POST', '/api/v1/oauth/token', { headers, form })).status).toBe(400);
    const login = { username: 'ada', password: 'usergraph-demo' };
    expect((await world.call('POST', '/auth/login', { headers, form: login })).status).toBe(400);
    expect(await world.prisma.idempotentAnswer.count({ where: { actorId: id } })).toBe(0);
  });
});

describe('what is kept', () => {
  it('has no secret of who asked', async () => {
    const { id, token } = await world.person();
    await create(token, newKey());
    const [kept] = await world.prisma.idempotentAnswer.findMany({ where: { actorId: id } });
    const text = JSON.stringify(kept);
    expect(text).toContain('first_name'); // the answer is there
    expect(text).not.toContain(token);
    expect(text).not.toContain(createHash('sha256').update(token).digest('hex'));
    expect(Object.keys(kept?.headers as object).sort()).toEqual([':about', 'etag']);
  });

  it('is never an answer with a secret, in any dialect', () => {
    for (const dialect of dialects)
      for (const route of dialect.routes.filter(keepsAnswers))
        expect(fieldsOf(route.success.body), `${route.method} ${route.path}`).not.toMatch(
          /token|secret|password|code/i,
        );
  });

  it('is what a page of another origin may send and read', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const preflight = await world.call('OPTIONS', path, { headers });
    for (const name of ['If-Match', 'If-None-Match', 'Idempotency-Key'])
      expect(preflight.headers.get('access-control-allow-headers')).toContain(name);
    for (const name of ['ETag', 'Location', 'Idempotency-Replayed'])
      expect(preflight.headers.get('access-control-expose-headers')).toContain(name);
  });
});

/** The names of all fields of a schema. */
function fieldsOf(schema: unknown): string {
  const { shape = {}, element } = (schema ?? {}) as { shape?: Record<string, unknown>; element?: unknown };
  const inner = [...Object.values(shape), ...(element ? [element] : [])];
  return [...Object.keys(shape), ...inner.map(fieldsOf)].join(' ');
}

it('every POST that needs a caller keeps its answers, but those with secrets', async () => {
  const kept = dialects.flatMap((dialect) => dialect.routes.filter(keepsAnswers).map(({ path }) => path));
  expect(kept).toEqual(
    expect.arrayContaining([path, '/v1/users/{user_id}/records', '/v1/users/{user_id}/records/import']),
  );
});

describe('data records', () => {
  it('are created and imported once', async () => {
    const { id, token } = await world.person();
    const headers = { 'idempotency-key': newKey() };
    const json = { collection: 'notes', data: { text: 'once' } };
    const created = () => world.call('POST', '/v1/users/me/records', { token, headers, json });
    const [first, again] = [await created(), await created()];
    expect([first.status, again.status, again.text]).toEqual([201, 201, first.text]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await world.records(id)).toBe(1);
    const body = '{"collection":"notes","data":{}}\n{"collection":"notes","data":{}}\n';
    const ndjson = { 'idempotency-key': newKey(), 'content-type': 'application/x-ndjson' };
    const imported = () =>
      world.call('POST', '/v1/users/me/records/import', { token, headers: ndjson, body });
    const answers = await Promise.all(Array.from({ length: 20 }, imported));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(await world.records(id)).toBe(3);
  });
});

describe('a kept answer is not given to who lost sight of what it tells of', () => {
  const note = { collection: 'notes', data: { text: 'a private document' } };
  const line = '{"collection":"private","data":{}}\n';
  const post = (token: string, userId: string, key: string) => ({
    document: () =>
      world.call('POST', `/v1/users/${userId}/records`, {
        token,
        json: note,
        headers: { 'idempotency-key': `${key}-one` },
      }),
    lines: () =>
      world.call('POST', `/v1/users/${userId}/records/import`, {
        token,
        body: line,
        headers: { 'idempotency-key': `${key}-many`, 'content-type': 'application/x-ndjson' },
      }),
  });

  it.each<[string, number, (where: { grantorId: string; granteeId: string }) => Promise<unknown>]>([
    ['ended', 404, (where) => world.prisma.share.deleteMany({ where })],
    [
      'was narrowed',
      403,
      (where) => world.prisma.share.updateMany({ where, data: { scopes: ['data:read'] } }),
    ],
    [
      'is over',
      404,
      (where) => world.prisma.share.updateMany({ where, data: { expiresAt: new Date(Date.now() - 1000) } }),
    ],
    [
      'is of an account that was suspended',
      403,
      ({ grantorId: id }) => world.prisma.user.update({ where: { id }, data: { status: 'SUSPENDED' } }),
    ],
  ])('after a share %s', async (_, status, withdraw) => {
    const [grantor, grantee] = [await world.person(), await world.person()];
    await world.share(grantor.id, grantee.id, ['data:read', 'data:write']);
    const { document, lines } = post(grantee.token, grantor.id, newKey());
    for (const send of [document, lines])
      expect([(await send()).status, (await send()).headers.get('idempotency-replayed')]).toEqual([
        201,
        'true',
      ]);
    await withdraw({ grantorId: grantor.id, granteeId: grantee.id });
    for (const send of [document, lines]) {
      const answer = await send();
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([status, null]);
      expect(answer.text).not.toContain('private');
    }
    expect(await world.records(grantor.id)).toBe(2);
  });

  it('after a user was deleted, also when it is erased: and it is not made a second time', async () => {
    const { id, token } = await world.person();
    const key = newKey();
    const { body } = await create(token, key);
    expect((await world.call('DELETE', path + body.id, { token })).status).toBe(200);
    for (const isErased of [false, true]) {
      if (isErased) await world.app.work();
      const answer = await create(token, key);
      expect([answer.status, answer.headers.get('etag')], answer.text).toEqual([404, null]);
      const kept = await world.prisma.idempotentAnswer.findMany({ where: { actorId: id } });
      expect(kept).toMatchObject([{ key, body: '', headers: {} }]);
      expect(kept[0]?.requestHash).toHaveLength(0);
    }
    expect(await world.prisma.user.count({ where: { managerId: id, status: { not: 'DELETING' } } })).toBe(0);
  });

  it('after a user went to another manager, who has it in sight now', async () => {
    const [before, after] = [await world.person(), await world.person()];
    const key = newKey();
    const { body } = await create(before.token, key);
    await world.prisma.user.update({ where: { id: body.id }, data: { managerId: after.id } });
    const answer = await create(before.token, key);
    expect([answer.status, answer.text.includes('Mo')]).toEqual([404, false]);
    expect((await left(before.id)).users).toBe(0);
  });
});

describe.runIf(inject('postgres'))('across processes', () => {
  it('one of many at two of them at once makes the account, for each key', async () => {
    const [{ name = '' } = {}] = await world.prisma.$queryRaw<
      { name: string }[]
    >`SELECT current_database()::text AS name`;
    const database = await openDatabase(urlOf(inject('postgres')?.url ?? '', name));
    const config = loadConfig({ USERGRAPH_SECRET: testSecret, RATE_LIMIT_PER_MINUTE: '1000000' });
    const log = createLog({ logLevel: 'silent', logFormat: 'json' });
    const other = createApp({ database, config, log });
    const { id, token } = await world.person();
    const post = async (key: string, isOther: boolean) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'idempotency-key': key,
        'content-type': 'application/json',
      };
      const init = { method: 'POST', headers, body: JSON.stringify(mo) };
      const response = await (isOther
        ? other.fetch(new Request(`http://usergraph.test${path}`, init))
        : world.app.fetch(path, init));
      return `${response.status} ${await response.text()}`;
    };
    try {
      await Promise.all(Array.from({ length: 10 }, () => post(newKey(), true))); // both are as quick then
      const keys = Array.from({ length: 20 }, newKey);
      const answers = await Promise.all(
        keys.map(async (key) => Promise.all(Array.from({ length: 6 }, (_, n) => post(key, n % 2 === 0)))),
      );
      for (const [index, same] of answers.entries()) {
        expect(new Set(same).size, keys[index]).toBe(1);
        expect(same[0]).toMatch(/^200 /);
      }
      expect(await left(id)).toEqual({ users: 30, audited: 30, events: 30, keys: 30 });
    } finally {
      await other.close();
      await database.close();
    }
  });
});
