import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  authorizationQuery,
  decide,
  issuer,
  locationOf,
  makeProof,
  openProvider,
  type RegisteredClient,
  redirectUri,
  registerClient,
  visit,
} from './provider.ts';

let app: TestApp;
let client: RegisteredClient;
beforeAll(async () => {
  app = await openProvider();
  client = await registerClient(app);
});
afterAll(() => app.close());

const { challenge } = makeProof();
const query = (changed: Record<string, string | null> = {}) => authorizationQuery(client, challenge, changed);
const codes = () => app.database.prisma.authorizationCode.count();
const ask = async (changed: Record<string, string | null>, as = 'ada') =>
  visit(app, await app.as(as), query(changed));

describe('the user is shown, and the browser sent nowhere, for', () => {
  it.each([
    ['no client', { client_id: null }],
    ['a client that is none', { client_id: 'nobody' }],
    ['an unknown client', { client_id: '00000000-0000-7000-8000-000000000000' }],
    ['another redirect URI', { redirect_uri: 'https://evil.example/callback' }],
    ['a redirect URI with more in its path', { redirect_uri: `${redirectUri}/more` }],
    ['a redirect URI with a query', { redirect_uri: `${redirectUri}?next=evil` }],
    ['a redirect URI with a fragment', { redirect_uri: `${redirectUri}#part` }],
    ['a redirect URI in other letters', { redirect_uri: redirectUri.toUpperCase() }],
    ['a redirect URI without TLS', { redirect_uri: redirectUri.replace('https', 'http') }],
    ['a redirect URI that climbs', { redirect_uri: `${redirectUri}/../callback` }],
    ['a redirect URI with a user name', { redirect_uri: 'https://app.example@evil.example/callback' }],
    ['a redirect URI that is a script', { redirect_uri: 'javascript:alert(1)' }],
  ])('%s', async (_what, changed) => {
    const before = await codes();
    for (const answer of [await ask(changed), await decide(app, await app.as('ada'), query(changed))]) {
      expect([400, 401]).toContain(answer.status);
      expect(answer.headers.get('location')).toBeNull();
      expect(answer.headers.get('content-type')).toContain('text/html');
      expect(answer.text).not.toContain('<script>alert');
    }
    expect(await codes()).toBe(before);
  });

  it.each(['client_id', 'redirect_uri'])('a %s that is sent twice', async (name) => {
    const twice = `${query()}&${name}=${encodeURIComponent(redirectUri)}`;
    const answer = await visit(app, await app.as('ada'), twice);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
  });
});

describe('the client is told', () => {
  it.each([
    ['unsupported_response_type', { response_type: 'token' }],
    ['unsupported_response_type', { response_type: 'code id_token' }],
    ['invalid_request', { response_mode: 'fragment' }],
    ['invalid_request', { code_challenge: null }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge_method: null }],
    ['invalid_request', { code_challenge: 'short' }],
    ['invalid_request', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
    ['invalid_request', { request_uri: 'https://evil.example/request' }],
    ['invalid_request', { prompt: 'none login' }],
    ['invalid_request', { max_age: '-1' }],
    ['invalid_request', { nonce: 'x'.repeat(513) }],
    ['invalid_target', { resource: 'https://other.example' }],
    ['invalid_scope', { scope: 'admin' }],
    ['invalid_scope', { scope: 'something else' }],
  ])('%s for %j', async (error, changed) => {
    const location = locationOf(await ask(changed));
    expect(location.origin + location.pathname).toBe(redirectUri);
    const { error_description, ...said } = Object.fromEntries(location.searchParams);
    expect(said).toEqual({ error, state: 'the state', iss: issuer });
    expect(error_description).toBeTruthy();
  });

  it('invalid_request for a parameter that is sent twice', async () => {
    const location = locationOf(await visit(app, await app.as('ada'), `${query()}&scope=openid`));
    expect(location.searchParams.get('error')).toBe('invalid_request');
  });

  it('access_denied by a user who does not allow it, and gets no code', async () => {
    const before = await codes();
    const location = locationOf(await decide(app, await app.as('ada'), query(), 'deny'));
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'the state',
      iss: issuer,
    });
    expect(await codes()).toBe(before);
  });
});

describe('a grant', () => {
  it('sends a code with the state and the issuer, and keeps only a hash of it', async () => {
    const location = locationOf(await decide(app, await app.as('ada'), query()));
    const { code = '', ...said } = Object.fromEntries(location.searchParams);
    expect(said).toEqual({ state: 'the state', iss: issuer });
    expect(code).toMatch(/^ug_cod_/);
    expect(JSON.stringify(await app.database.prisma.authorizationCode.findMany())).not.toContain(code);
    expect(app.logged.join('')).not.toContain(code);
  });

  it('needs no response_type, and no redirect URI where the client has one', async () => {
    const bare = query({ response_type: null, redirect_uri: null, state: null, nonce: null });
    const location = locationOf(await decide(app, await app.as('ada'), bare));
    expect([...location.searchParams.keys()]).toEqual(['code', 'iss']);
  });

  it('keeps the query that the redirect URI has', async () => {
    const uri = 'https://app.example/callback?tenant=7';
    client = await registerClient(app, { redirectUris: [redirectUri, uri] });
    const location = locationOf(await decide(app, await app.as('ada'), query({ redirect_uri: uri })));
    expect(location.searchParams.get('tenant')).toBe('7');
    expect(location.searchParams.has('code')).toBe(true);
  });

  it.each([
    ['http://127.0.0.1/callback', 'http://127.0.0.1:51004/callback', 303],
    ['http://localhost:3000/callback', 'http://localhost:4000/callback', 303],
    ['http://[::1]/callback', 'http://[::1]:51004/callback', 303],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:51004/other', 400],
    ['http://127.0.0.1/callback', 'http://localhost:51004/callback', 400],
    ['http://127.0.0.1/callback', 'http://127.0.0.1.evil.example:80/callback', 400],
    ['https://app.example/callback', 'https://app.example:8443/callback', 400],
    ['com.example.app:/callback', 'com.example.app:/callback', 303],
    ['com.example.app:/callback', 'com.example.app:/other', 400],
  ])('for %s goes to %s: %i', async (registered, requested, status) => {
    const native = await registerClient(app, { redirectUris: [registered], isConfidential: false });
    const asked = authorizationQuery(native, challenge, { redirect_uri: requested });
    const answer = await decide(app, await app.as('ada'), asked);
    expect(answer.status).toBe(status);
    if (status === 303) expect(locationOf(answer).href).toContain(`${requested}?code=`);
  });

  it('is refused to a client that acts for the user, and to an API token', async () => {
    const { token } = await app.as('ada');
    const before = await codes();
    for (const headers of [{ authorization: `Bearer ${token}` }, { cookie: 'token=nothing' }]) {
      const answer = await app.call('POST', '/oauth/authorize', {
        headers: headers as Record<string, string>,
        form: { request: query(), decision: 'allow' },
      });
      expect(locationOf(answer).pathname).toBe('/sign-in');
    }
    expect(await codes()).toBe(before);
  });
});

describe('the user', () => {
  it('who is not signed in does that first, and comes back to the same request', async () => {
    const location = locationOf(await visit(app, app.anonymous, query()));
    expect(location.pathname).toBe('/sign-in');
    expect(location.searchParams.get('return_to')).toBe(`/oauth/authorize?${query()}`);
  });

  it('is asked once by a client, until it wants more', async () => {
    client = await registerClient(app);
    const ada = await app.as('ada');
    expect((await ask({ scope: 'openid' })).text).toContain('Field notes');
    await decide(app, ada, query({ scope: 'openid' }));
    expect(locationOf(await ask({ scope: 'openid' })).searchParams.has('code')).toBe(true);
    expect((await ask({ scope: 'openid data:read' })).status).toBe(200);
    expect((await ask({ scope: 'openid', prompt: 'consent' })).status).toBe(200);
    expect((await ask({ scope: 'openid' }, 'grace')).status).toBe(200);
  });

  it('is asked each time by a program that another one could pose as', async () => {
    const uri = 'http://127.0.0.1/callback';
    client = await registerClient(app, { redirectUris: [uri], isConfidential: false });
    await decide(app, await app.as('ada'), query({ redirect_uri: uri }));
    expect((await ask({ redirect_uri: uri })).status).toBe(200);
  });

  it('is not asked by a client of the operator', async () => {
    client = await registerClient(app, { isTrusted: true });
    expect(locationOf(await ask({})).searchParams.has('code')).toBe(true);
    expect(await app.database.prisma.consent.count({ where: { clientId: client.clientId } })).toBe(0);
  });

  it('is asked nothing where the client wants silence', async () => {
    client = await registerClient(app);
    const errorOf = async (as: string | null) =>
      locationOf(await visit(app, as ? await app.as(as) : app.anonymous, query({ prompt: 'none' })));
    expect((await errorOf(null)).searchParams.get('error')).toBe('login_required');
    expect((await errorOf('ada')).searchParams.get('error')).toBe('consent_required');
    await decide(app, await app.as('ada'), query());
    expect((await errorOf('ada')).searchParams.has('code')).toBe(true);
  });

  it.each([{ prompt: 'login' }, { prompt: 'select_account' }, { max_age: '0' }])(
    'signs in anew where the client wants that (%j), once',
    async (changed) => {
      const location = locationOf(await ask(changed));
      expect(location.pathname).toBe('/sign-in');
      expect(location.searchParams.get('return_to')).toBe(`/oauth/authorize?${query()}`);
      expect(locationOf(await ask({ ...changed, scope: 'nothing' })).searchParams.get('error')).toBe(
        'invalid_scope',
      );
    },
  );

  it('signs in anew when that was too long ago for the client', async () => {
    expect(locationOf(await ask({ max_age: '60' })).searchParams.has('code')).toBe(true);
    app.clock.offset += 61_000;
    expect(locationOf(await ask({ max_age: '60' })).pathname).toBe('/sign-in');
  });
});
