/** Katapult's eight failures, each as a client meets it, and in the order in which the checks are made. */
import { type KeyObject, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/policy.ts';
import { ecKeys, forge, type Json, now } from '../auth/forge.ts';
import { ask as mutate } from '../policy/ask.ts';
import { collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

const issuer = 'https://users.example';
const minuteLimit = 3;

let app: TestApp;
let key: { keyId: string; privateKey: KeyObject };
/** The accounts and the secrets of the world below, which each test has for itself: limits are counted by account. */
let acme: string;
let owner: string;
let database: TestApp['database'];

beforeAll(async () => {
  app = await openTestApp({ env: { PUBLIC_URL: issuer, RATE_LIMIT_PER_MINUTE: String(minuteLimit) } });
  database = app.database;
  const rows = collectRows();
  const ada = rows.user({ name: 'Ada' });
  acme = rows.organization('Orders', [[ada, 'OWNER']]);
  owner = rows.session(ada).secret;
  await rows.write(database);
  key = await registerKey();
});
afterAll(() => app.close());

async function registerKey() {
  const { publicKey, privateKey } = ecKeys();
  const publicJwk = publicKey.export({ format: 'jwk' }) as JWK;
  const document = `mutation ($input: RegisterSigningKeyInput!) { registerSigningKey(input: $input) {
    __typename ... on Error { message } } }`;

  await app.withToken(owner).run(document, {
    input: { organizationId: encodeId('Organization', acme), name: 'Reports', publicJwk: publicJwk as Json },
  });
  return { keyId: await calculateJwkThumbprint(publicJwk), privateKey };
}

/** A program of the organization, with a token that is bound to networks. */
async function program(scopes?: readonly Scope[], allowedNetworks: string[] = []) {
  const rows = collectRows();
  const id = rows.user({ kind: 'SERVICE_ACCOUNT', firstName: 'Robot', organizationId: acme });
  const token = rows.apiToken({ userId: id }, scopes, { allowedNetworks }).secret;
  await rows.write(database);
  return { id, token };
}

/** The organization's own token. */
async function ownToken(allowedNetworks: string[] = []) {
  const rows = collectRows();
  const organizationId = rows.organization(`own-${randomUUID().slice(0, 8)}`);
  const { secret } = rows.apiToken({ organizationId }, undefined, { allowedNetworks });
  await rows.write(database);
  return secret;
}

const capability = (claims: object = {}, signedBy = key) =>
  forge(
    { alg: 'ES256', typ: 'capability+jwt', kid: signedBy.keyId },
    { iss: acme, aud: issuer, iat: now(), exp: now(600_000), scope: 'profile', ...claims },
    signedBy.privateKey,
  );

let address = 0;
/** From an address that nobody used yet, unless one is given: failures of nobody are counted by it. */
async function current(
  token: string | null,
  {
    from,
    method = 'GET',
    at = '/core/v1/users/current',
  }: { from?: string; method?: string; at?: string } = {},
) {
  address += 1;
  const response = await app.handle(
    new Request(`https://users.example${at}`, {
      method,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    }),
    { remoteAddress: from ?? `198.51.100.${address}` },
  );
  const body = (await response.json()) as { code?: string; detail?: unknown };
  const { status } = response;
  return { status, body, headers: response.headers, failure: [status, body.code, body.detail] };
}

describe('each of the eight failures is met', () => {
  test('missing_api_token: without a token', async () => {
    expect((await current(null)).failure).toEqual([400, 'missing_api_token', {}]);
  });

  test('invalid_api_token: with one that was never issued, is over, or is of a suspended account', async () => {
    const rows = collectRows();
    const user = rows.user();
    const suspended = rows.user({ status: 'SUSPENDED' });
    const over = rows.apiToken({ userId: user }, undefined, { expiresAt: new Date(0) }).secret;
    const stopped = rows.apiToken({ userId: suspended }).secret;
    await rows.write(database);
    for (const token of ['nonsense', over, stopped])
      expect((await current(token)).failure).toEqual([403, 'invalid_api_token', { details: null }]);
  });

  test('unauthorized_network_for_api_token: with a good one, from elsewhere', async () => {
    const { token } = await program(undefined, ['203.0.113.0/24']);
    expect((await current(token, { from: '192.0.2.9' })).failure).toEqual([
      403,
      'unauthorized_network_for_api_token',
      { ip_address: '192.0.2.9' },
    ]);
    expect((await current(token, { from: '203.0.113.9' })).status).toBe(200);
  });

  test('invalid_capabilities_token: with one that is over, of another key, of another organization, or meant for another server', async () => {
    const { id } = await program();
    const stranger = { keyId: key.keyId, privateKey: ecKeys().privateKey };
    for (const token of [
      capability({ sub: id, iat: now(-7_200_000), exp: now(-3_600_000) }),
      capability({ sub: id }, stranger),
      capability({ sub: id }, { ...stranger, keyId: 'unknown' }),
      capability({ sub: id, iss: randomUUID() }),
      capability({ sub: id, aud: 'https://elsewhere.example' }),
      capability({ sub: id, exp: now(7_200_000) }),
      capability({ sub: id, scope: 'profile admin' }),
    ])
      expect((await current(token)).failure).toEqual([403, 'invalid_capabilities_token', {}]);
    expect((await current(capability({ sub: id }))).status).toBe(200);
  });

  test('scope_not_granted: with a capabilities token without the scope profile', async () => {
    const { id } = await program();
    expect((await current(capability({ sub: id, scope: 'data:read' }))).failure).toEqual([
      403,
      'scope_not_granted',
      { scopes: ['profile'] },
    ]);
  });

  test('no scope is needed of any other kind of token', async () => {
    const { token } = await program([]);
    expect((await current(token)).status).toBe(200);
  });

  test('no_user_associated_with_identity: with a token of the organization itself', async () => {
    for (const token of [await ownToken(), capability()])
      expect((await current(token)).failure).toEqual([404, 'no_user_associated_with_identity', {}]);
  });

  test('rate_limit_reached: over the limit of a minute', async () => {
    const { token } = await program();
    const codes = [];
    for (let n = 0; n <= minuteLimit; n += 1) codes.push((await current(token)).failure);
    expect(codes.at(-2)?.[0]).toBe(200);
    expect(codes.at(-1)).toEqual([429, 'rate_limit_reached', { total_permitted: minuteLimit }]);
  });

  test('service_unavailable: when the database is gone', async () => {
    const gone = await openTestApp({ env: { PUBLIC_URL: issuer } });
    await gone.database.close();
    const rows = collectRows();
    const { secret } = rows.apiToken({ userId: rows.user() });
    const { status, body, headers } = await gone.call('GET', '/core/v1/users/current', { token: secret });
    expect([status, body.code, body.detail]).toEqual([503, 'service_unavailable', {}]);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    await gone.close().catch(() => undefined);
  });
});

describe('the checks are made in the order: credential, network, rate limit, scope, action', () => {
  /** Uses up the limit of whoever comes with it. */
  async function exhaust(token: string | null, from?: string) {
    for (let n = 0; n < minuteLimit; n += 1) await current(token, from === undefined ? {} : { from });
  }

  test('the credential before the network: a token that is over is not told that it is elsewhere', async () => {
    const rows = collectRows();
    const columns = { allowedNetworks: ['203.0.113.0/24'], expiresAt: new Date(0) };
    const { secret } = rows.apiToken({ userId: rows.user() }, undefined, columns);
    await rows.write(database);
    expect((await current(secret)).failure[1]).toBe('invalid_api_token');
  });

  test('the network before the rate limit: who is elsewhere does not learn of the limit, nor use it up', async () => {
    const { token } = await program(undefined, ['203.0.113.0/24']);
    for (let n = 0; n <= minuteLimit; n += 1)
      expect((await current(token)).failure[1]).toBe('unauthorized_network_for_api_token');
    expect((await current(token, { from: '203.0.113.9' })).status).toBe(200);
    await exhaust(token, '203.0.113.9');
    expect((await current(token, { from: '203.0.113.9' })).failure[1]).toBe('rate_limit_reached');
    expect((await current(token)).failure[1]).toBe('unauthorized_network_for_api_token');
  });

  test('the rate limit before the scope', async () => {
    const { id } = await program();
    const token = capability({ sub: id, scope: 'data:read' });
    await exhaust(token);
    expect((await current(token)).failure[1]).toBe('rate_limit_reached');
  });

  test('the rate limit before the action', async () => {
    const token = await ownToken();
    await exhaust(token);
    expect((await current(token)).failure[1]).toBe('rate_limit_reached');
  });

  test('the scope before the action: a capability without either is told the scope', async () => {
    expect((await current(capability({ scope: 'data:read' }))).failure[1]).toBe('scope_not_granted');
  });

  test('whoever tries tokens from one address is stopped by the limit of the address', async () => {
    const from = '198.51.99.7';
    const codes = [];
    for (let n = 0; n <= minuteLimit; n += 1) codes.push((await current('nonsense', { from })).body.code);
    expect(codes.at(-1)).toBe('rate_limit_reached');
    expect((await current(capability({}, { ...key, keyId: 'x' }), { from })).body.code).toBe(
      'rate_limit_reached',
    );
  });
});

test('a key that is retired makes its tokens invalid at once', async () => {
  const second = await registerKey();
  const { id } = await program();
  const token = capability({ sub: id }, second);
  expect((await current(token)).status).toBe(200);
  const { id: keyRow } = await database.prisma.signingKey.findUniqueOrThrow({
    where: { keyId: second.keyId },
  });

  await mutate(app.withToken(await anotherOwner()), 'retireSigningKey(id: $id)', {
    id: encodeId('SigningKey', keyRow),
  });
  expect((await current(token)).failure[1]).toBe('invalid_capabilities_token');
});

/** One who is not over the limit. */
async function anotherOwner() {
  const rows = collectRows();
  const userId = rows.user();
  const { secret } = rows.session(userId);
  await rows.write(database);
  await database.prisma.membership.create({ data: { organizationId: acme, userId, role: 'OWNER' } });
  return secret;
}
