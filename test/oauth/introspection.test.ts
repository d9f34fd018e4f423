import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  ask,
  createApiToken,
  failureOf,
  issuer,
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
let open: RegisteredClient;
beforeAll(async () => {
  app = await openProvider();
  client = await registerClient(app);
  other = await registerClient(app, { name: 'Resource server' });
  open = await registerClient(app, { isConfidential: false });
});
afterAll(() => app.close());

const introspect = (token: string, as: RegisteredClient | null = client) =>
  ask(app, '/oauth/introspect', as, { token });
const revoke = (token: string, as: RegisteredClient | null = client) =>
  ask(app, '/oauth/revoke', as, { token });
const nothing = '{"active":false}';

describe('introspection', () => {
  it('tells any client with a secret what an access token is good for', async () => {
    const { access_token: token } = await obtainTokens(app, client);
    const { status, headers, body } = await introspect(token, other);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      active: true,
      token_type: 'Bearer',
      scope: 'openid profile offline_access',
      client_id: client.clientId,
      sub: expect.any(String),
      username: 'ada',
      iss: issuer,
      aud: issuer,
      exp: expect.any(Number),
      iat: expect.any(Number),
      jti: expect.any(String),
    });
    expect(body.exp - body.iat).toBe(600);
  });

  it('tells of API tokens, and no more than their scopes let', async () => {
    const token = await createApiToken(app, 'ada', ['DATA_READ']);
    const { body } = await introspect(token);
    expect(body).toMatchObject({ active: true, scope: 'data:read' });
    expect(body).not.toHaveProperty('username');
  });

  it('tells of a refresh token to its client alone, and not once it is used', async () => {
    const { refresh_token: token } = await obtainTokens(app, client);
    expect((await introspect(token)).body).toMatchObject({ active: true, client_id: client.clientId });
    expect((await introspect(token, other)).text).toBe(nothing);
    await refresh(app, client, token);
    expect((await introspect(token)).text).toBe(nothing);
  });

  it('tells nothing of what is no longer good', async () => {
    const { access_token: token } = await obtainTokens(app, client);
    app.clock.offset += 606_000;
    expect((await introspect(token)).text).toBe(nothing);
  });

  it('tells nothing of sessions, ID tokens and what was never issued', async () => {
    const { id_token: idToken = '' } = await obtainTokens(app, client);
    const { token: session } = await app.as('ada');
    const made = [idToken, session ?? '', 'x', 'a.b.c', `ug_tok_${'A'.repeat(49)}`, client.secret ?? ''];
    for (const token of made) expect((await introspect(token)).text).toBe(nothing);
  });

  it('is refused to whoever cannot prove to be a client', async () => {
    const { access_token: token } = await obtainTokens(app, client);
    for (const as of [null, open, { ...client, secret: null }, { ...client, secret: other.secret }])
      expect(failureOf(await introspect(token, as))).toBe('401 invalid_client');
    const bearer = await app.call('POST', '/oauth/introspect', { token, form: { token } });
    expect(failureOf(bearer)).toBe('401 invalid_client');
    expect(failureOf(await ask(app, '/oauth/introspect', client, {}))).toBe('400 invalid_request');
  });
});

describe('revocation', () => {
  it.each(['refresh_token', 'access_token'] as const)(
    'by the %s ends the grant with all its tokens',
    async (kind) => {
      const tokens = await obtainTokens(app, client);
      const { status, text } = await revoke(tokens[kind]);
      expect([status, text]).toEqual([200, '{}']);
      expect(await whoAmI(app, tokens.access_token)).toBe(401);
      expect(failureOf(await refresh(app, client, tokens.refresh_token))).toBe('400 invalid_grant');
      expect((await revoke(tokens[kind])).status).toBe(200);
      const events = await app.database.prisma.auditEvent.count({
        where: {
          action: 'session.revoke',
          subjectId: JSON.parse(atob(tokens.access_token.split('.')[1] ?? '')).sid,
        },
      });
      expect(events).toBe(1);
    },
  );

  it('is refused to another client, and to none', async () => {
    const { access_token: token, refresh_token: refreshToken } = await obtainTokens(app, client);
    expect(failureOf(await revoke(refreshToken, other))).toBe('400 invalid_request');
    expect(failureOf(await revoke(token, open))).toBe('400 invalid_request');
    expect(failureOf(await revoke(refreshToken, null))).toBe('401 invalid_client');
    expect(failureOf(await revoke(refreshToken, { ...client, secret: null }))).toBe('401 invalid_client');
    expect(await whoAmI(app, token)).toBe(200);
  });

  it('is possible for a client that has no secret', async () => {
    const tokens = await obtainTokens(app, open);
    expect((await revoke(tokens.refresh_token, open)).status).toBe(200);
    expect(await whoAmI(app, tokens.access_token)).toBe(401);
  });

  it("answers 200 to what it does not know, and leaves API tokens and the user's own sessions alone", async () => {
    expect((await revoke('never issued')).status).toBe(200);
    const apiToken = await createApiToken(app, 'ada', ['DATA_READ']);
    expect(failureOf(await revoke(apiToken))).toBe('400 unsupported_token_type');
    const session = (await app.as('ada')).token ?? '';
    expect((await revoke(session)).status).toBe(200);
    expect(await whoAmI(app, session)).toBe(200);
    expect(await whoAmI(app, apiToken)).toBe(200);
  });
});
