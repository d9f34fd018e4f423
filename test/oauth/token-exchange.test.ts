import { decodeJwt } from 'jose';
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
  registerClient,
  whoAmI,
} from './provider.ts';

let app: TestApp;
let client: RegisteredClient;
let apiToken: string;
beforeAll(async () => {
  app = await openProvider();
  client = await registerClient(app);
  apiToken = await createApiToken(app, 'ada', ['PROFILE', 'DATA_READ', 'TOKENS_WRITE']);
});
afterAll(() => app.close());

const accessToken = 'urn:ietf:params:oauth:token-type:access_token';

const exchange = (changed: Record<string, string> = {}, as: RegisteredClient | null = null) =>
  ask(app, '/oauth/token', as, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: apiToken,
    subject_token_type: accessToken,
    ...changed,
  });

describe('an API token is exchanged', () => {
  it('for an access token of ten minutes that acts as it does', async () => {
    const { status, body, headers } = await exchange();
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessToken,
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'profile data:read tokens:write',
    });
    const document = '{ viewer { user { displayName } credential { kind scopes } } }';
    const { viewer } = (await app.withToken(body.access_token).run(document)) as { viewer: unknown };
    expect(viewer).toEqual({
      user: { displayName: 'Ada Lovelace' },
      credential: { kind: 'API_TOKEN', scopes: ['PROFILE', 'DATA_READ', 'TOKENS_WRITE'] },
    });
  });

  it('for fewer scopes, and for none that it lacks', async () => {
    const narrow = await exchange({ scope: 'data:read' });
    expect(decodeJwt(narrow.body.access_token).scope).toBe('data:read');
    expect((await app.withToken(narrow.body.access_token).run('{ me { email } }')) as object).toEqual({
      me: { email: null },
    });
    expect(failureOf(await exchange({ scope: 'data:read data:write' }))).toBe('400 invalid_scope');
  });

  it('by a client, whose name the access token bears', async () => {
    expect(decodeJwt((await exchange({}, client)).body.access_token).client_id).toBe(client.clientId);
    expect(failureOf(await exchange({}, { ...client, secret: 'wrong' }))).toBe('401 invalid_client');
  });

  it('and takes the access token with it when it is revoked', async () => {
    const secret = await createApiToken(app, 'ada', ['DATA_READ']);
    const { access_token: token } = (await exchange({ subject_token: secret })).body;
    expect(await whoAmI(app, token)).toBe(200);
    await app.database.prisma.apiToken.updateMany({
      where: { prefix: secret.slice(0, 11) },
      data: { revokedAt: new Date() },
    });
    expect(await whoAmI(app, token)).toBe(401);
    expect(failureOf(await exchange({ subject_token: secret }))).toBe('400 invalid_request');
  });
});

describe('nothing is exchanged for', () => {
  it('an access token, which would live for ever by it', async () => {
    const exchanged = (await exchange()).body.access_token;
    const { access_token: ofClient, refresh_token: refreshToken } = await obtainTokens(app, client);
    const { token: session = '' } = await app.as('ada');
    for (const subject_token of [exchanged, ofClient, refreshToken, session ?? ''])
      expect(failureOf(await exchange({ subject_token }))).toBe('400 invalid_request');
  });

  it.each([
    [
      'another type of token',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
      'invalid_request',
    ],
    ['no type of token', { subject_token_type: '' }, 'invalid_request'],
    [
      'another type wanted',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    ['somebody who acts', { actor_token: 'x', actor_token_type: accessToken }, 'invalid_request'],
    ['another audience', { audience: 'https://other.example' }, 'invalid_target'],
    ['another resource', { resource: 'https://other.example' }, 'invalid_target'],
    ['no token', { subject_token: '' }, 'invalid_request'],
  ])('%s', async (_what, changed, error) => {
    expect(failureOf(await exchange(changed))).toBe(`400 ${error}`);
  });

  it('a token that may not be used from there, and the answer does not repeat it', async () => {
    const document = `mutation { createApiToken(input: { name: "Bound", scopes: [DATA_READ], allowedNetworks: ["198.51.100.0/24"] }) {
      ... on CreateApiTokenSuccess { secret } } }`;
    const data = await (await app.as('ada')).run(document);
    const { secret } = (data as { createApiToken: { secret: string } }).createApiToken;
    const answer = await exchange({ subject_token: secret });
    expect(failureOf(answer)).toBe('400 invalid_request');
    expect(answer.text).not.toContain(secret);
  });

  it('and this server itself is a good audience', async () => {
    expect((await exchange({ audience: issuer, resource: `${issuer}/` })).status).toBe(200);
  });
});
