import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scopes } from '../../src/domain/policy.ts';
import type { TestApp } from '../setup/app.ts';
import {
  createApiToken,
  failureOf,
  issuer,
  obtainTokens,
  openProvider,
  type RegisteredClient,
  registerClient,
} from './provider.ts';

let app: TestApp;
let client: RegisteredClient;
beforeAll(async () => {
  app = await openProvider();
  client = await registerClient(app);
});
afterAll(() => app.close());

const get = (path: string) => app.call('GET', path);

describe('the metadata', () => {
  it('is the same for OAuth2 and for OpenID Connect, and may be kept for a while', async () => {
    const oauth = await get('/.well-known/oauth-authorization-server');
    const openid = await get('/.well-known/openid-configuration');
    expect(oauth.body).toEqual(openid.body);
    expect(oauth.body.issuer).toBe(issuer);
    expect(oauth.headers.get('cache-control')).toBe('public, max-age=300');
    expect(oauth.body.scopes_supported).toEqual([...scopes]);
    expect(oauth.body.code_challenge_methods_supported).toEqual(['S256']);
  });

  it('names no endpoint that is not there', async () => {
    const { body } = await get('/.well-known/openid-configuration');
    const urls = Object.entries(body as Record<string, string>).filter(([name]) =>
      /_endpoint$|_uri$/.test(name),
    );
    expect(urls).toHaveLength(7);
    for (const [name, url] of urls) {
      expect(url.startsWith(issuer), name).toBe(true);
      const { status } = await app.call('GET', url.slice(issuer.length));
      expect(status, name).not.toBe(404);
    }
  });

  it('is read only', async () => {
    const answer = await app.call('POST', '/.well-known/jwks.json', { form: {} });
    expect(failureOf(answer)).toBe('405 invalid_request');
    const head = await app.fetch('/.well-known/jwks.json', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});

describe('the keys', () => {
  it('verify tokens anywhere, and have no private half', async () => {
    const { body } = await get('/.well-known/jwks.json');
    for (const key of body.keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      expect(key).toMatchObject({ alg: 'ES256', use: 'sig' });
    }
    const { access_token: token, id_token: idToken = '' } = await obtainTokens(app, client);
    const keys = createLocalJWKSet(body);
    const options = { issuer, algorithms: ['ES256'] };
    await jwtVerify(token, keys, { ...options, typ: 'at+jwt', audience: issuer });
    await jwtVerify(idToken, keys, { ...options, typ: 'JWT', audience: client.clientId });
  });
});

describe('who the user is', () => {
  const userInfo = (token: string, method = 'GET') => app.call(method, '/oauth/userinfo', { token });

  it.each(['GET', 'POST'])('is told by %s as far as the scopes go', async (method) => {
    const { access_token: wide } = await obtainTokens(app, client);
    const { access_token: narrow } = await obtainTokens(app, client, { changed: { scope: 'openid' } });
    const answer = await userInfo(wide, method);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      sub: expect.any(String),
      name: 'Ada Lovelace',
      preferred_username: 'ada',
      email: 'ada@example.com',
      email_verified: true,
      updated_at: expect.any(Number),
    });
    expect((await userInfo(narrow, method)).body).toEqual({ sub: answer.body.sub });
  });

  it('is told to a token with the scope openid alone', async () => {
    const { access_token: token } = await obtainTokens(app, client, { changed: { scope: 'profile' } });
    const answer = await userInfo(token);
    expect(failureOf(answer)).toBe('403 insufficient_scope');
    expect(answer.headers.get('www-authenticate')).toMatch(/error="insufficient_scope", scope="openid"/);
    const apiToken = await createApiToken(app, 'ada', ['OPENID']);
    expect((await userInfo(apiToken)).status).toBe(200);
  });

  it.each([
    ['nobody', undefined, 'Bearer realm="usergraph"'],
    ['a bad token', 'Bearer nothing', /error="invalid_token"/],
    ['a header that is none', 'Basic YTpi', /^Bearer /],
  ])('is not told to %s', async (_who, authorization, challenge) => {
    const answer = await app.call('GET', '/oauth/userinfo', {
      headers: authorization ? { authorization } : {},
    });
    expect([400, 401]).toContain(answer.status);
    const header = answer.headers.get('www-authenticate') ?? '';
    if (typeof challenge === 'string') expect(header).toBe(challenge);
    else expect(header).toMatch(challenge);
    expect(answer.body.error).toBeTruthy();
  });

  it('is not told to a browser by its cookies', async () => {
    const { token } = await app.as('ada');
    const headers = { cookie: `usergraph_session=${token}; token=${token}` };
    expect((await app.call('GET', '/oauth/userinfo', { headers })).status).toBe(401);
  });
});
