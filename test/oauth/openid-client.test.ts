/** A client library that knows nothing of this server but its address. */
import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  decide,
  issuer,
  locationOf,
  openProvider,
  type RegisteredClient,
  redirectUri,
  registerClient,
  whoAmI,
} from './provider.ts';

let app: TestApp;
let client: RegisteredClient;
beforeAll(async () => {
  app = await openProvider();
  client = await registerClient(app);
});
afterAll(() => app.close());

const throughTheApp: oidc.CustomFetch = (address, { method, headers, body }) => {
  const { origin, pathname, search } = new URL(address);
  expect(origin).toBe(issuer);
  return app.fetch(pathname + search, { method, headers, body: (body ?? null) as BodyInit | null });
};

function discover(
  { clientId, secret }: RegisteredClient,
  {
    authentication,
    algorithm = 'oidc',
  }: { authentication?: oidc.ClientAuth; algorithm?: 'oidc' | 'oauth2' } = {},
) {
  return oidc.discovery(
    new URL(issuer),
    clientId,
    secret ?? undefined,
    authentication ?? (secret === null ? oidc.None() : undefined),
    { [oidc.customFetch]: throughTheApp, algorithm },
  );
}

/** Goes through the browser's part as Ada, and comes back with tokens. */
async function signIn(config: oidc.Configuration, scope = 'openid profile offline_access') {
  const [pkceCodeVerifier, expectedState, expectedNonce] = [
    oidc.randomPKCECodeVerifier(),
    oidc.randomState(),
    oidc.randomNonce(),
  ];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    max_age: '3600',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const back = locationOf(await decide(app, await app.as('ada'), url.search.slice(1)));
  return oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
    maxAge: 3600,
    idTokenExpected: true,
  });
}

describe('a client library', () => {
  it.each(['oidc', 'oauth2'] as const)('finds everything by discovery (%s)', async (algorithm) => {
    const server = (await discover(client, { algorithm })).serverMetadata();
    expect(server.issuer).toBe(issuer);
    expect(server.supportsPKCE()).toBe(true);
    expect(server.token_endpoint).toBe(`${issuer}/oauth/token`);
  });

  it.each([
    ['client_secret_basic', () => oidc.ClientSecretBasic(client.secret ?? '')],
    ['client_secret_post', () => oidc.ClientSecretPost(client.secret ?? '')],
  ])('gets tokens for a code, and refreshes them, by %s', async (_name, authentication) => {
    const config = await discover(client, { authentication: authentication() });
    oidc.enableNonRepudiationChecks(config); // checks the signature of the ID token by the JWKS
    const tokens = await signIn(config);
    expect(tokens.claims()).toMatchObject({
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      email_verified: true,
    });
    expect(await whoAmI(app, tokens.access_token)).toBe(200);
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.claims()?.sub).toBe(tokens.claims()?.sub);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect(await whoAmI(app, refreshed.access_token)).toBe(200);
  });

  it('gets tokens without a secret, as an app does that can keep none', async () => {
    const config = await discover(await registerClient(app, { isConfidential: false }));
    const tokens = await signIn(config);
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(await whoAmI(app, refreshed.access_token)).toBe(200);
  });

  it('asks who the user is', async () => {
    const config = await discover(client);
    const tokens = await signIn(config);
    const sub = tokens.claims()?.sub ?? '';
    const user = await oidc.fetchUserInfo(config, tokens.access_token, sub);
    expect(user).toMatchObject({ sub, name: 'Ada Lovelace', preferred_username: 'ada' });
  });

  it('asks what a token is good for, and gives it back', async () => {
    const config = await discover(client);
    const { access_token: token, refresh_token: refreshToken = '' } = await signIn(config);
    expect(await oidc.tokenIntrospection(config, token)).toMatchObject({
      active: true,
      client_id: client.clientId,
      scope: 'openid profile offline_access',
    });
    await oidc.tokenRevocation(config, refreshToken);
    expect(await oidc.tokenIntrospection(config, token)).toEqual({ active: false });
    expect(await whoAmI(app, token)).toBe(401);
  });

  it('signs a device in', async () => {
    const config = await discover(client);
    const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
    const page = await app.call('POST', '/device', {
      headers: { cookie: `usergraph_session=${(await app.as('ada')).token}` },
      form: { user_code: device.user_code, decision: 'allow' },
    });
    expect(page.status).toBeLessThan(400);
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 0.05 });
    expect(tokens.claims()).toMatchObject({ name: 'Ada Lovelace' });
    expect(await whoAmI(app, tokens.access_token)).toBe(200);
  });
});
