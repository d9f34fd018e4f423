import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  failureOf,
  obtainTokens,
  openProvider,
  type RegisteredClient,
  refresh,
  registerClient,
  whoAmI,
} from './provider.ts';

let app: TestApp;
let client: RegisteredClient;
let other: RegisteredClient;
beforeAll(async () => {
  app = await openProvider();
  client = await registerClient(app);
  other = await registerClient(app, { isConfidential: false });
});
afterAll(() => app.close());

const day = 24 * 60 * 60 * 1000;

describe('a refresh token of a client', () => {
  it('is taken for the next one, with a new access token and a new ID token of the same person', async () => {
    const tokens = await obtainTokens(app, client);
    const { status, body } = await refresh(app, client, tokens.refresh_token);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: tokens.scope });
    expect(body.refresh_token).not.toBe(tokens.refresh_token);
    const [before, after] = [tokens.id_token ?? '', body.id_token].map((token) => decodeJwt(token));
    expect([after?.sub, after?.aud, after?.sid]).toEqual([before?.sub, before?.aud, before?.sid]);
    expect(after?.nonce).toBeUndefined();
    expect(await whoAmI(app, body.access_token)).toBe(200);
  });

  it('narrows the access token for once, and never widens it', async () => {
    const { refresh_token: first } = await obtainTokens(app, client, {
      changed: { scope: 'openid profile' },
    });
    expect(failureOf(await refresh(app, client, first, { scope: 'openid data:write' }))).toBe(
      '400 invalid_scope',
    );
    const narrow = await refresh(app, client, first, { scope: 'openid' });
    expect(narrow.body.scope).toBe('openid');
    expect(decodeJwt(narrow.body.access_token).scope).toBe('openid');
    expect((await refresh(app, client, narrow.body.refresh_token)).body.scope).toBe('openid profile');
  });

  it('ends the grant when it comes again after the grace', async () => {
    const { refresh_token: first } = await obtainTokens(app, client);
    const { access_token: token, refresh_token: second } = (await refresh(app, client, first)).body;
    app.clock.offset += 31_000;
    expect(failureOf(await refresh(app, client, first))).toBe('400 invalid_grant');
    expect(failureOf(await refresh(app, client, second))).toBe('400 invalid_grant');
    expect(await whoAmI(app, token)).toBe(401);
  });

  it('is refused to another client, to one without its secret, and is still good', async () => {
    const { refresh_token: token } = await obtainTokens(app, client);
    expect(failureOf(await refresh(app, other, token))).toBe('400 invalid_grant');
    expect(failureOf(await refresh(app, { ...client, secret: null }, token))).toBe('401 invalid_client');
    expect((await refresh(app, client, token)).status).toBe(200);
  });

  it("is refused where it is of the user's own session", async () => {
    const document = `mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
      ... on SignInSuccess { refreshToken } } }`;
    const { signIn } = (await app.anonymous.run(document)) as { signIn: { refreshToken: string } };
    expect(failureOf(await refresh(app, client, signIn.refreshToken))).toBe('400 invalid_grant');
    const own =
      'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }';
    expect(await app.anonymous.run(own, { token: signIn.refreshToken })).toEqual({
      refreshSession: { __typename: 'RefreshSessionSuccess' },
    });
  });

  it("is no refresh token of the user's own", async () => {
    const { refresh_token: token } = await obtainTokens(app, client);
    const own =
      'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }';
    expect(await app.anonymous.run(own, { token })).toEqual({
      refreshSession: { __typename: 'InvalidRefreshTokenError' },
    });
  });

  it('lasts a day without offline_access, and as long as a sign-in with it', async () => {
    const short = await obtainTokens(app, client, { changed: { scope: 'openid' } });
    const long = await obtainTokens(app, client);
    app.clock.offset += day + 1;
    expect(failureOf(await refresh(app, client, short.refresh_token))).toBe('400 invalid_grant');
    expect((await refresh(app, client, long.refresh_token)).status).toBe(200);
  });

  it('cannot be used as a bearer token', async () => {
    const { refresh_token: token } = await obtainTokens(app, client);
    expect(await whoAmI(app, token)).toBe(401);
  });
});
