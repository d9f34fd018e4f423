/** How SweatStack's clients get tokens, and what those are good for: a test for each fact. */
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Scope } from '../../../src/domain/policy.ts';
import { authorizationQuery, decide, locationOf, makeProof, registerClient } from '../../oauth/provider.ts';
import type { RestCall } from '../../setup/app.ts';
import { openTestApp } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterEach(() => {
  world.app.clock.offset = 0;
});
afterAll(() => world.close());

const nobody = '8e0a5b1e-0000-4000-8000-000000000000';
const users = '/api/v1/users/';
const oauth = '/api/v1/oauth';
const minutes = (n: number) => n * 60_000;

const ask = (method: string, path: string, init: RestCall = {}) =>
  world.call(method, path, { token: world.tokens.ada, ...init });
const exchange = (form: Record<string, string>) => world.call('POST', `${oauth}/token`, { form });
const principal = async (token: string) =>
  (await world.call('GET', `${oauth}/principal-token`, { token })).body;
const delegated = (sub: string, token = world.tokens.ada) =>
  world.call('POST', `${oauth}/delegated-token`, { token, json: { sub } });
const whoIs = async (token: string) => (await world.call('GET', `${oauth}/userinfo`, { token })).body.sub;

/** What the SDK does: no response type, and a port of its own on this machine. */
async function logIn(scope = 'data:read profile', as = 'ada') {
  const redirectUri = 'http://localhost:41234';
  const client = await registerClient(world.app, {
    redirectUris: ['http://localhost:8080'],
    isConfidential: false,
  });
  const { verifier, challenge } = makeProof();
  const query = authorizationQuery(client, challenge, {
    scope,
    redirect_uri: redirectUri,
    response_type: null,
    nonce: null,
    prompt: null,
  });
  const person = await world.app.as(as);
  const code = locationOf(await decide(world.app, person, query)).searchParams.get('code') ?? '';
  const form = {
    grant_type: 'authorization_code',
    client_id: client.clientId,
    code,
    code_verifier: verifier,
    client_secret: '',
  };
  return { client, form, query, answer: await exchange(form) };
}

describe('GET /oauth/authorize', () => {
  test('GET /oauth/authorize: does without a response_type, which is code then', async () => {
    const { answer } = await logIn();
    expect(answer.status).toBe(200);
  });

  test('GET /oauth/authorize: scopes are separated by spaces', async () => {
    const { answer } = await logIn('data:read data:write profile offline_access');
    expect(answer.body.scope.split(' ').sort()).toEqual([
      'data:read',
      'data:write',
      'offline_access',
      'profile',
    ]);
  });

  test('GET /oauth/authorize: takes no code_challenge_method but S256', async () => {
    const { client } = await logIn();
    const query = authorizationQuery(client, 'x'.repeat(43), {
      redirect_uri: 'http://localhost:41234',
      code_challenge_method: 'plain',
    });
    const location = locationOf(await decide(world.app, await world.app.as('ada'), query));
    expect(location.searchParams.get('error')).toBe('invalid_request');
    expect(location.searchParams.get('code')).toBeNull();
  });

  test('GET /oauth/authorize: a mounted client is led to the page of the server, with its query', async () => {
    const app = await openTestApp({ env: { REST_MOUNTS: 'sweatstack=/vendors/sweatstack' } });
    const answer = await app.call('GET', '/vendors/sweatstack/oauth/authorize?client_id=x&state=a%20b');
    expect(answer.status).toBe(307);
    const location = new URL(
      answer.headers.get('location') ?? '',
      'https://example.com/base/vendors/sweatstack/oauth/authorize',
    );
    expect(location.href).toBe('https://example.com/base/oauth/authorize?client_id=x&state=a%20b');
    await app.close();
  });
});

describe('POST /api/v1/oauth/token', () => {
  test('POST /oauth/token: has five keys, the type being exactly Bearer', async () => {
    const { answer } = await logIn();
    expect(Object.keys(answer.body)).toEqual([
      'access_token',
      'token_type',
      'expires_in',
      'refresh_token',
      'scope',
    ]);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'profile data:read' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('POST /oauth/token: the JWT has sub, the id of the user, and exp, when it is over', async () => {
    const { answer } = await logIn();
    const { sub, exp = 0 } = decodeJwt(answer.body.access_token);
    expect(sub).toBe(world.ids.ada);
    expect(Math.abs(exp - Date.now() / 1000 - 600)).toBeLessThan(30);
    expect((await world.call('GET', users, { token: answer.body.access_token })).status).toBe(200);
    world.app.clock.offset = minutes(11);
    expect((await world.call('GET', users, { token: answer.body.access_token })).status).toBe(401);
  });

  test('POST /oauth/token: refreshes, with an empty client_secret', async () => {
    const { client, answer } = await logIn();
    world.app.clock.offset = minutes(11);
    const next = await exchange({
      grant_type: 'refresh_token',
      refresh_token: answer.body.refresh_token,
      client_id: client.clientId,
      client_secret: '',
    });
    expect(next.status).toBe(200);
    expect(next.body.refresh_token).not.toBe(answer.body.refresh_token);
    expect(await whoIs(next.body.access_token)).toBe(world.ids.ada);
  });

  test('POST /oauth/token: a confidential client must prove itself by its client_secret', async () => {
    const client = await registerClient(world.app);
    const { verifier, challenge } = makeProof();
    const query = authorizationQuery(client, challenge, { response_type: null });
    const person = await world.app.as('ada');
    const code = locationOf(await decide(world.app, person, query)).searchParams.get('code') ?? '';
    const form = {
      grant_type: 'authorization_code',
      client_id: client.clientId,
      code,
      code_verifier: verifier,
    };
    const refused = await exchange(form);
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
    expect((await exchange({ ...form, client_secret: client.secret ?? '' })).status).toBe(200);
  });

  test('POST /oauth/token: a code is good once, for who can prove to have asked for it', async () => {
    const { form, answer } = await logIn();
    const wrong = await logIn();
    const unproved = await exchange({ ...wrong.form, code_verifier: 'x'.repeat(43) });
    expect([unproved.status, unproved.body.error]).toEqual([400, 'invalid_grant']);
    const again = await exchange(form);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    expect(await whoIs(answer.body.access_token), 'it was copied, so its session is over').toBeUndefined();
  });

  test.each([
    ['POST /oauth/token: an unknown client is invalid_client', 401, 'invalid_client', { client_id: nobody }],
    ['POST /oauth/token: no client at all is invalid_client', 401, 'invalid_client', { client_id: '' }],
    [
      'POST /oauth/token: an unknown grant is unsupported_grant_type',
      400,
      'unsupported_grant_type',
      { grant_type: 'password' },
    ],
    ['POST /oauth/token: no grant is invalid_request', 400, 'invalid_request', { grant_type: '' }],
    ['POST /oauth/token: no code is invalid_request', 400, 'invalid_request', { code: '' }],
  ])('%s', async (_, status, error, changed) => {
    const { form } = await logIn();
    const answer = await exchange({ ...form, code: 'x', ...changed });
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error, error_description: expect.any(String) });
  });

  test('POST /oauth/token: takes a form, not JSON', async () => {
    const json = { grant_type: 'refresh_token' };
    expect((await world.call('POST', `${oauth}/token`, { json })).status).toBe(422);
  });

  test('POST /oauth/token: refreshes a session of no client, whatever the client calls itself', async () => {
    const { refresh_token } = await principal(world.tokens.ada);
    const form = { grant_type: 'refresh_token', refresh_token, client_id: '5382f68b0d254378' };
    const { status, body } = await exchange(form);
    expect([status, await whoIs(body.access_token)]).toEqual([200, world.ids.ada]);
    const { answer } = await logIn();
    const foreign = await exchange({ ...form, refresh_token: answer.body.refresh_token });
    expect([foreign.status, foreign.body.error], 'of a client').toEqual([400, 'invalid_grant']);
  });
});

describe('GET /api/v1/oauth/principal-token', () => {
  test('GET /oauth/principal-token: has an access and a refresh token, both strings', async () => {
    const body = await principal(world.tokens.ada);
    expect(Object.keys(body)).toEqual(['access_token', 'refresh_token']);
    expect(decodeJwt(body.access_token)).toMatchObject({ sub: world.ids.ada, exp: expect.any(Number) });
    const listing = await world.call('GET', users, { token: body.access_token });
    expect(listing.body[0].id).toBe(world.ids.ada);
  });

  test('GET /oauth/principal-token: the refresh token is good, and the same one until it is used', async () => {
    const one = await principal(world.tokens.grace);
    const count = () => world.prisma.refreshToken.count({ where: { session: { userId: world.ids.grace } } });
    const before = await count();
    expect((await principal(world.tokens.grace)).refresh_token).toBe(one.refresh_token);
    expect(await count()).toBe(before);
    const next = await exchange({ grant_type: 'refresh_token', refresh_token: one.refresh_token });
    expect(await whoIs(next.body.access_token)).toBe(world.ids.grace);
    expect((await principal(world.tokens.grace)).refresh_token).toBe(next.body.refresh_token);
  });

  test('GET /oauth/principal-token: is 401 without a credential', async () => {
    expect((await world.call('GET', `${oauth}/principal-token`)).status).toBe(401);
  });

  test('GET /oauth/principal-token: gives no scope that the request came without, nor what would give one', async () => {
    const { body } = await delegated(world.ids.kit);
    const tokens = await principal(body.access_token);
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      sub: world.ids.ada,
      scope: 'profile data:read data:write',
    });
    expect(tokens.refresh_token, 'that of a session that may do everything').toBe('');
  });

  test('GET /oauth/principal-token: with a delegated token of a client, both are of who acts', async () => {
    const { client, answer } = await logIn('data:read profile offline_access');
    const acting = await delegated(world.ids.grace, answer.body.access_token);
    const tokens = await principal(acting.body.access_token);
    expect(await whoIs(tokens.access_token)).toBe(world.ids.ada);
    const refreshed = await exchange({
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      client_id: client.clientId,
    });
    expect(await whoIs(refreshed.body.access_token)).toBe(world.ids.ada);
  });

  test('GET /oauth/principal-token: an API token gets a JWT, and that JWT itself', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada }, ['profile', 'data:read']);
    const tokens = await principal(secret);
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: world.ids.ada, scope: 'profile data:read' });
    expect(tokens.refresh_token).toBe('');
    expect(await principal(tokens.access_token)).toEqual(tokens);
  });
});

describe('POST /api/v1/oauth/delegated-token', () => {
  test('POST /oauth/delegated-token: acts for a managed user', async () => {
    const { status, body } = await delegated(world.ids.kit);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope']);
    expect(decodeJwt(body.access_token)).toMatchObject({ sub: world.ids.kit, act: { sub: world.ids.ada } });
    expect(await whoIs(body.access_token)).toBe(world.ids.kit);
  });

  test('POST /oauth/delegated-token: acts for a user who shares, with the scopes that it granted', async () => {
    const { body } = await delegated(world.ids.grace);
    expect(body.scope).toBe('profile data:read');
    expect(await whoIs(body.access_token)).toBe(world.ids.grace);
  });

  test('POST /oauth/delegated-token: of a client never has a scope that the client was not given', async () => {
    const { answer } = await logIn('data:read');
    const { body } = await delegated(world.ids.kit, answer.body.access_token);
    expect(body.scope).toBe('data:read');
  });

  test('POST /oauth/delegated-token: is 404 for a user that shares nothing, and for one that is not there', async () => {
    for (const sub of [world.ids.stranger, nobody, 'no-id']) {
      const answer = await delegated(sub);
      expect([answer.status, answer.body]).toEqual([404, { detail: expect.any(String) }]);
    }
    const managed = await world.managed(world.ids.stranger);
    expect((await delegated(managed)).status).toBe(404);
  });

  test('POST /oauth/delegated-token: needs a sub', async () => {
    const answer = await ask('POST', `${oauth}/delegated-token`, { json: {} });
    expect([answer.status, answer.body.detail[0].loc]).toEqual([422, ['body', 'sub']]);
  });

  test('POST /oauth/delegated-token: the token is refreshed by the client that it was given to', async () => {
    const { client, answer } = await logIn();
    const { body } = await delegated(world.ids.kit, answer.body.access_token);
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token };
    expect((await exchange(form)).status).toBe(400);
    const next = await exchange({ ...form, client_id: client.clientId, client_secret: '' });
    expect(await whoIs(next.body.access_token)).toBe(world.ids.kit);
    expect(decodeJwt(next.body.access_token).act).toEqual({ sub: world.ids.ada });
  });

  test('POST /oauth/delegated-token: who acts for a user cannot call the endpoints of users: 403', async () => {
    const before = await world.row(world.ids.kit);
    const { body } = await delegated(world.ids.kit);
    const token = body.access_token;
    const own = users + world.ids.kit;
    const answers = [
      await world.call('GET', users, { token }),
      await world.call('POST', users, { token, json: { first_name: 'A', last_name: null } }),
      await world.call('GET', own, { token }),
      await world.call('PUT', own, { token, form: { first_name: 'Stolen' } }),
      await world.call('DELETE', own, { token }),
    ];
    for (const answer of answers)
      expect([answer.status, answer.body]).toEqual([403, { detail: expect.any(String) }]);
    expect(await world.row(world.ids.kit)).toEqual(before);
  });

  test('POST /oauth/delegated-token: who acts for a user cannot act for a third', async () => {
    const { body } = await delegated(world.ids.kit);
    expect((await delegated(world.ids.robin, body.access_token)).status).toBe(404);
  });
});

describe('GET /api/v1/oauth/userinfo', () => {
  test('GET /oauth/userinfo: has six keys, in this order', async () => {
    const { body } = await ask('GET', `${oauth}/userinfo`);
    expect(Object.entries(body)).toEqual([
      ['sub', world.ids.ada],
      ['given_name', 'Ada'],
      ['family_name', 'Lovelace'],
      ['email', 'ada@example.com'],
      ['registered_at', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/)],
      ['name', 'Ada Lovelace'],
    ]);
  });

  test('GET /oauth/userinfo: tells no address without the scope profile', async () => {
    for (const [scopes, email] of [
      [['data:read'], null],
      [['profile'], 'ada@example.com'],
    ] as [Scope[], string | null][]) {
      const { secret } = await world.apiToken({ userId: world.ids.ada }, scopes);
      const { status, body } = await world.call('GET', `${oauth}/userinfo`, { token: secret });
      expect([status, body.email]).toEqual([200, email]);
    }
  });

  test('GET /oauth/userinfo: needs a user: not the token of an organization', async () => {
    expect((await world.call('GET', `${oauth}/userinfo`, { token: world.tokens.acme })).status).toBe(403);
    expect((await world.call('GET', `${oauth}/userinfo`)).status).toBe(401);
  });
});
