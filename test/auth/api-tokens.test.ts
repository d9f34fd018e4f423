/** The life of an API token: how long it lasts, what notes its use, how its secret is replaced, and how it ends. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { createLog } from '../../src/log.ts';
import { ask as askProvider } from '../oauth/provider.ts';
import { ask } from '../policy/ask.ts';
import { createFingerprint, type Fingerprint, readEverything } from '../policy/database-text.ts';
import { ago, ahead, collectRows, deleteAllRows, hour, scopesBut } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { claimsOf, forge, stolenKey, testSecret } from './forge.ts';

const env = { USERGRAPH_SECRET: testSecret, PUBLIC_URL: 'https://users.example' };
const minute = 60_000;
const day = 24 * hour;

let app: TestApp;
let fingerprint: () => Promise<Fingerprint>;
let rows: ReturnType<typeof collectRows>;
let key: Awaited<ReturnType<typeof stolenKey>>;

beforeAll(async () => {
  app = await openTestApp({ env });
  await app.anonymous.run(`mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
    ... on SignInSuccess { accessToken { token } } } }`); // makes the first key
  key = await stolenKey(app.database);
  fingerprint = await createFingerprint(app.database);
});
beforeEach(async () => {
  await deleteAllRows(app.database);
  rows = collectRows();
});
afterEach(() => {
  app.clock.offset = 0;
});
afterAll(() => app.close());

const works = async (secret: string) =>
  (await app.withToken(secret).send('{ viewer { rateLimit { limit } } }')).status === 200;

const rotation = `mutation ($input: RotateApiTokenInput!) { rotateApiToken(input: $input) { __typename
  ... on RotateApiTokenSuccess { secret apiToken { id name prefix scopes allowedNetworks rateLimit expiresAt
    previousSecretExpiresAt isActive } }
  ... on InvalidInputError { problems { path code } } ... on Error { code } } }`;

interface Rotated {
  readonly secret: string;
  readonly code?: string;
  readonly problems?: readonly object[];
  readonly apiToken: Record<string, unknown>;
}

async function rotate(credential: string, id: string, overlapMinutes?: number): Promise<Rotated> {
  const input = { id: encodeId('ApiToken', id), overlapMinutes };
  const data = await app.withToken(credential).run(rotation, { input });
  return (data as { rotateApiToken: Rotated }).rotateApiToken;
}

const refusal = (credential: string, id: string) =>
  ask(app.withToken(credential), 'rotateApiToken(input: $input)', {
    input: { id: encodeId('ApiToken', id) },
  });

/** A person with a session and a token. */
async function person() {
  const id = rows.user();
  const [session, token] = [rows.session(id), rows.apiToken({ userId: id })];
  await rows.write(app.database);
  return { id, session, token };
}

describe('a rotation', () => {
  test('replaces the secret at once, and nothing else of the token', async () => {
    const id = rows.user();
    const bounds = { allowedNetworks: ['192.0.2.0/24'], rateLimit: 7, name: 'CI' };
    const [session, token] = [rows.session(id), rows.apiToken({ userId: id }, ['profile'], bounds)];
    await rows.write(app.database);
    const before = await app.database.prisma.apiToken.findUniqueOrThrow({ where: { id: token.id } });
    const { secret, apiToken } = await rotate(session.secret, token.id);
    expect(secret).toMatch(/^ug_tok_[\w-]{43}[A-Za-z0-9]{6}$/);
    expect(await works(token.secret)).toBe(false);
    expect(await works(secret)).toBe(true);
    expect(apiToken).toEqual({
      id: encodeId('ApiToken', token.id),
      name: 'CI',
      prefix: secret.slice(0, 11),
      scopes: ['PROFILE'],
      allowedNetworks: ['192.0.2.0/24'],
      rateLimit: 7,
      expiresAt: before.expiresAt.toISOString(),
      previousSecretExpiresAt: null,
      isActive: true,
    });
  });

  test('with an overlap lets both secrets work, and the one before no longer than that', async () => {
    const { session, token } = await person();
    const { secret, apiToken } = await rotate(session.secret, token.id, 30);
    const ends = new Date(String(apiToken.previousSecretExpiresAt)).getTime();
    expect(Math.abs(ends - Date.now() - 30 * minute)).toBeLessThan(minute);
    expect([await works(token.secret), await works(secret)]).toEqual([true, true]);
    app.clock.offset = 29 * minute;
    expect([await works(token.secret), await works(secret)]).toEqual([true, true]);
    app.clock.offset = 30 * minute + 1000;
    expect([await works(token.secret), await works(secret)]).toEqual([false, true]);
  });

  test('within the overlap of another one ends the oldest secret', async () => {
    const { session, token } = await person();
    const second = await rotate(session.secret, token.id, 60);
    const third = await rotate(session.secret, token.id, 60);
    const all = [token.secret, second.secret, third.secret];
    expect(await Promise.all(all.map(works))).toEqual([false, true, true]);
  });

  test('of twenty at once leaves exactly one secret that works', async () => {
    const { session, token } = await person();
    const made = await Promise.all(Array.from({ length: 20 }, () => rotate(session.secret, token.id)));
    const working = await Promise.all([token, ...made].map(({ secret }) => works(secret)));
    expect(working.filter(Boolean)).toHaveLength(1);
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(20);
  });

  test('that cannot be tells all problems at once and keeps the secret', async () => {
    const id = rows.user();
    const session = rows.session(id);
    const revoked = rows.apiToken({ userId: id }, undefined, { revokedAt: ago(hour) });
    const expired = rows.apiToken({ userId: id }, undefined, { expiresAt: ago(1) });
    const good = rows.apiToken({ userId: id });
    await rows.write(app.database);
    const before = await fingerprint();
    const at = (field: string, code: string) => ({ path: ['input', field], code });
    const [over, wrong] = [at('id', 'NOT_ALLOWED'), at('overlapMinutes', 'INVALID')];
    expect((await rotate(session.secret, revoked.id, -1)).problems).toEqual([over, wrong]);
    expect((await rotate(session.secret, expired.id)).problems).toEqual([over]);
    expect((await rotate(session.secret, good.id, 1441)).problems).toEqual([wrong]);
    expect(await works(revoked.secret)).toBe(false);
    expect(await works(expired.secret)).toBe(false);
    expect(await fingerprint()).toEqual(before);
    expect(await works(good.secret)).toBe(true);
  });

  test('is recorded without a secret', async () => {
    const { id, session, token } = await person();
    const { secret } = await rotate(session.secret, token.id, 5);
    const [event] = await app.database.prisma.auditEvent.findMany({ where: { action: 'token.rotate' } });
    expect(event).toMatchObject({ subjectId: token.id, actorId: id, credentialKind: 'SESSION' });
    const everything = (await readEverything(app.database)).map(({ text }) => text).join('\n');
    expect(everything).toContain(secret.slice(0, 11));
    expect(everything).not.toContain(secret.slice(12));
    expect(app.logged.join('')).not.toContain(secret.slice(12));
    expect(await app.database.prisma.outboxEvent.count({ where: { type: 'token.rotated' } })).toBe(1);
  });
});

describe('what was opened with a secret that stops', () => {
  /** An exchange of the token (RFC 8693). */
  const exchange = async (secret: string): Promise<string> => {
    const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
    const { body } = await askProvider(app, '/oauth/token', null, {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: secret,
      subject_token_type: accessToken,
    });
    return body.access_token;
  };
  const forged = (token: string, changed: object) =>
    forge(
      { alg: 'ES256', typ: 'at+jwt', kid: key.keyId },
      { ...claimsOf(token), ...changed },
      key.privateKey,
    );

  test('stops, too: access tokens and sessions', async () => {
    const { id, session, token } = await person();
    const child = collectRows();
    const opened = child.session(id, { parentApiTokenId: token.id });
    await child.write(app.database);
    const before = await exchange(token.secret);
    expect([await works(before), await works(opened.secret)]).toEqual([true, true]);
    const { secret } = await rotate(session.secret, token.id);
    expect([await works(before), await works(opened.secret)]).toEqual([false, false]);
    expect(await works(await exchange(secret))).toBe(true);
    expect([await works(secret), await works(session.secret)]).toEqual([true, true]);
  });

  test('stops with the overlap where there is one', async () => {
    const { session, token } = await person();
    const early = await exchange(token.secret);
    const { secret } = await rotate(session.secret, token.id, 5);
    app.clock.offset = 4 * minute;
    const [late, other] = [await exchange(token.secret), await exchange(secret)];
    expect(await Promise.all([early, late, other].map(works))).toEqual([true, true, true]);
    app.clock.offset = 5 * minute + 1000;
    expect(await Promise.all([early, late, other].map(works))).toEqual([false, false, true]);
  });

  test('is not revived by the next rotation: neither access tokens nor sessions', async () => {
    const { id, session, token } = await person();
    const child = collectRows();
    const opened = child.session(id, { parentApiTokenId: token.id });
    await child.write(app.database);
    const { secret } = await rotate(session.secret, token.id, 5);
    app.clock.offset = 4 * minute;
    const late = await exchange(token.secret);
    const lasting = forged(late, { exp: Number(claimsOf(late).iat) + 600 });
    const stolen = [opened.secret, late, lasting];
    expect(await Promise.all(stolen.map(works))).toEqual([true, true, true]);
    app.clock.offset = 5 * minute + 1000;
    expect(await Promise.all(stolen.map(works))).toEqual([false, false, false]);
    const good = await exchange(secret);
    await rotate(session.secret, token.id, 60);
    expect(await Promise.all(stolen.map(works))).toEqual([false, false, false]);
    expect(await Promise.all([secret, good].map(works)), 'of the secret before').toEqual([true, true]);
  });

  test('stops at once with the oldest secret, when a rotation comes within the overlap of another one', async () => {
    const { id, session, token } = await person();
    const child = collectRows();
    const opened = child.session(id, { parentApiTokenId: token.id });
    await child.write(app.database);
    const early = await exchange(token.secret);
    const { secret } = await rotate(session.secret, token.id, 60);
    const [late, good] = [await exchange(token.secret), await exchange(secret)];
    const stolen = [token.secret, opened.secret, early, late];
    expect(await Promise.all(stolen.map(works))).toEqual([true, true, true, true]);
    await rotate(session.secret, token.id, 60);
    expect(await Promise.all(stolen.map(works))).toEqual([false, false, false, false]);
    expect(await Promise.all([secret, good].map(works)), 'of the secret before').toEqual([true, true]);
  });

  test('is for the owner of the token only, and for a secret that is named', async () => {
    const { token } = await person();
    const stranger = collectRows();
    const other = stranger.user();
    await stranger.write(app.database);
    const good = await exchange(token.secret);
    expect(await works(forged(good, {}))).toBe(true);
    for (const changed of [
      { sub: other },
      { sub: randomUUID() },
      { tsh: undefined },
      { tsh: 1 },
      { tsh: '' },
    ])
      expect(await works(forged(good, changed)), JSON.stringify(changed)).toBe(false);
  });
});

describe('the secret before, within its overlap', () => {
  test('takes over nothing: it rotates no token, and what it makes ends with it', async () => {
    const { session, token } = await person();
    await rotate(session.secret, token.id, 30);
    expect(await refusal(token.secret, token.id)).toBe('FORBIDDEN');
    const make =
      'mutation { createApiToken(input: { name: "x", scopes: [] }) { ... on CreateApiTokenSuccess { secret } } }';
    const { createApiToken } = (await app.withToken(token.secret).run(make)) as {
      createApiToken: { secret: string };
    };
    expect(await works(createApiToken.secret)).toBe(true);
    app.clock.offset = 30 * minute + 1000;
    expect(await works(createApiToken.secret)).toBe(false);
  });
});

describe('a token is rotated by those who could make it, and by nobody else', () => {
  test('its owner, and the token itself', async () => {
    const { session, token } = await person();
    const { secret } = await rotate(session.secret, token.id);
    const again = await rotate(secret, token.id);
    expect(await works(again.secret)).toBe(true);
    expect(await works(secret)).toBe(false);
  });

  test('those who run its organization', async () => {
    const [owner, admin, member] = [rows.user(), rows.user(), rows.user()];
    const acme = rows.organization('Acme', [
      [owner, 'OWNER'],
      [admin, 'ADMIN'],
      [member, 'MEMBER'],
    ]);
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId: acme });
    const tokens = [rows.apiToken({ organizationId: acme }), rows.apiToken({ userId: robot })];
    const sessions = [owner, admin, member].map((id) => rows.session(id).secret);
    await rows.write(app.database);
    for (const { id } of tokens) {
      const outcomes = await Promise.all(sessions.map((secret) => refusal(secret, id)));
      expect(outcomes).toEqual(['ok', 'ok', 'NOT_FOUND']);
    }
  });

  test('neither a superuser nor a manager has the secret of somebody else’s, nor a stranger', async () => {
    const [ada, manager, root] = [rows.user(), rows.user(), rows.user({ isSuperuser: true })];
    const kid = rows.user({ kind: 'MANAGED', managerId: manager });
    const [own, managed] = [rows.apiToken({ userId: ada }), rows.apiToken({ userId: kid })];
    const [superuser, managing] = [rows.session(root).secret, rows.session(manager).secret];
    await rows.write(app.database);
    const before = await fingerprint();
    expect(await refusal(superuser, own.id)).toBe('FORBIDDEN');
    expect(await refusal(managing, managed.id)).toBe('FORBIDDEN');
    expect(await refusal(managing, own.id)).toBe('NOT_FOUND');
    expect(await refusal(superuser, randomUUID())).toBe('NOT_FOUND');
    expect((await app.anonymous.send(rotation, { input: { id: encodeId('ApiToken', own.id) } })).status).toBe(
      401,
    );
    expect(await fingerprint()).toEqual(before);
  });

  test('no credential gets by a rotation what it lacks: scopes, networks, requests, time', async () => {
    const ada = rows.user();
    const wide = rows.apiToken({ userId: ada }, undefined, { expiresAt: ahead(48 * hour) });
    const narrow = (columns: object, scopes = scopesBut()) =>
      rows.apiToken({ userId: ada }, scopes, { expiresAt: ahead(72 * hour), ...columns }).secret;
    const cases: [string, string][] = [
      [narrow({}), 'ok'],
      [narrow({}, scopesBut('admin')), 'INSUFFICIENT_SCOPE'],
      [narrow({}, scopesBut('tokens:write')), 'INSUFFICIENT_SCOPE'],
      [narrow({ allowedNetworks: ['192.0.2.0/24'] }), 'FORBIDDEN'],
      [narrow({ rateLimit: 10 }), 'FORBIDDEN'],
      [narrow({ expiresAt: ahead(hour) }), 'FORBIDDEN'],
    ];
    await rows.write(app.database);
    for (const [secret, expected] of cases) expect(await refusal(secret, wide.id)).toBe(expected);
  });
});

describe('an API token', () => {
  const create = async (secret: string, input: object = {}) => {
    const data = (await app.withToken(secret).run(
      `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) {
        ... on CreateApiTokenSuccess { secret apiToken { expiresAt } } } }`,
      { input: { name: 'x', scopes: [], ...input } },
    )) as { createApiToken: { secret: string; apiToken: { expiresAt: string } } };
    return data.createApiToken;
  };

  test('lasts a year where its maker does not say', async () => {
    const { session } = await person();
    const { apiToken } = await create(session.secret);
    expect(Math.abs(Date.parse(apiToken.expiresAt) - Date.now() - 365 * day)).toBeLessThan(minute);
  });

  test('works neither with another checksum nor in other letters', async () => {
    const { token } = await person();
    const last = token.secret.slice(-1);
    for (const secret of [
      token.secret.slice(0, -1) + (last === 'A' ? 'B' : 'A'),
      token.secret.toLowerCase(),
      `${token.secret}A`,
      token.secret.slice(0, -6),
    ])
      expect(await works(secret)).toBe(false);
    expect(await works(token.secret)).toBe(true);
  });

  test('notes its use once a minute, however many requests come at once', async () => {
    const { token } = await person();
    await app.database.pool.query(`
      CREATE TABLE IF NOT EXISTS noted_uses (at timestamptz);
      CREATE OR REPLACE FUNCTION note_use() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO noted_uses VALUES (NEW.last_used_at); RETURN NEW; END';
      CREATE OR REPLACE TRIGGER note_use AFTER UPDATE OF last_used_at ON api_tokens
        FOR EACH ROW EXECUTE FUNCTION note_use()`);
    const count = async () =>
      Number((await app.database.pool.query('SELECT count(*) FROM noted_uses')).rows[0].count);
    const useOften = () => Promise.all(Array.from({ length: 50 }, () => works(token.secret)));
    expect(new Set(await useOften())).toEqual(new Set([true]));
    expect(await count()).toBe(1);
    app.clock.offset = 30_000;
    await useOften();
    expect(await count()).toBe(1);
    app.clock.offset = 61_000;
    await useOften();
    expect(await count()).toBe(2);
    await app.database.pool.query('DROP TRIGGER note_use ON api_tokens; DROP TABLE noted_uses');
  });

  test('that one process revokes or rotates stops at once in another one, and so does a session', async () => {
    const { session, token } = await person();
    const log = createLog({ logLevel: 'silent', logFormat: 'json' });
    const other = createApp({ database: app.database, config: loadConfig(env), log });
    const worksThere = async (secret: string) => {
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ query: '{ me { id } }' });
      const request = new Request('https://users.example/graphql', { method: 'POST', headers, body });
      return (await other.fetch(request)).status === 200;
    };
    const second = collectRows();
    const [revoked, ended] = [
      second.apiToken({ userId: (await app.database.prisma.user.findFirstOrThrow()).id }),
      second.session((await app.database.prisma.user.findFirstOrThrow()).id),
    ];
    await second.write(app.database);
    const all = [token.secret, revoked.secret, ended.secret, session.secret];
    expect(await Promise.all(all.map(worksThere))).toEqual([true, true, true, true]);
    const here = app.withToken(session.secret);
    const { secret } = await rotate(session.secret, token.id);
    expect(await worksThere(token.secret)).toBe(false);
    expect(await worksThere(secret)).toBe(true);
    expect(await ask(here, 'revokeApiToken(id: $id)', { id: encodeId('ApiToken', revoked.id) })).toBe('ok');
    expect(await worksThere(revoked.secret)).toBe(false);
    expect(await ask(here, 'revokeSession(id: $id)', { id: encodeId('Session', ended.id) })).toBe('ok');
    expect(await worksThere(ended.secret)).toBe(false);
    expect(await worksThere(session.secret)).toBe(true);
    await other.close();
  });
});
