import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  ask,
  exchange,
  failureOf,
  issuer,
  obtainCode,
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
  other = await registerClient(app, { name: 'Another' });
});
afterAll(() => app.close());

const sessions = () => app.database.prisma.session.count({ where: { clientId: { not: null } } });

describe('a code', () => {
  it('is exchanged for tokens that say what was granted', async () => {
    const answer = await exchange(app, client, await obtainCode(app, client));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('pragma')).toBe('no-cache');
    expect(answer.body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'openid profile offline_access',
    });
    const { access_token: token, refresh_token: refreshToken, id_token: idToken } = answer.body;
    expect(refreshToken).toMatch(/^ug_ref_/);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(decodeJwt(token)).toMatchObject({ iss: issuer, client_id: client.clientId });
    expect(decodeProtectedHeader(idToken)).toMatchObject({ alg: 'ES256', typ: 'JWT' });
  });

  it('makes an ID token for the client, which is no credential', async () => {
    const { access_token: token, id_token: idToken = '' } = await obtainTokens(app, client);
    const claims = decodeJwt(idToken);
    expect(claims).toMatchObject({
      iss: issuer,
      aud: client.clientId,
      nonce: 'the nonce',
      sid: decodeJwt(token).sid,
      sub: decodeJwt(token).sub,
      name: 'Ada Lovelace',
    });
    expect(claims.auth_time).toBeTypeOf('number');
    expect(await whoAmI(app, token)).toBe(200);
    expect(await whoAmI(app, idToken)).toBe(401);
  });

  it('makes none without openid, and tells of nobody without profile', async () => {
    const plain = await obtainTokens(app, client, { changed: { scope: 'profile' } });
    expect(plain).not.toHaveProperty('id_token');
    const bare = await obtainTokens(app, client, { changed: { scope: 'openid', nonce: null } });
    expect(Object.keys(decodeJwt(bare.id_token ?? '')).sort()).toEqual(
      ['aud', 'auth_time', 'exp', 'iat', 'iss', 'sid', 'sub'].sort(),
    );
  });

  it('grants what was asked for, and no more', async () => {
    const tokens = await obtainTokens(app, client, { changed: { scope: 'openid data:read unheard-of' } });
    expect(tokens.scope).toBe('openid data:read');
    const { data } = await app
      .withToken(tokens.access_token)
      .send<{ viewer: { credential: { scopes: string[] } }; me: { email: null } }, object>(
        '{ viewer { credential { scopes } } me { email } }',
      );
    expect(data.viewer.credential.scopes).toEqual(['OPENID', 'DATA_READ']);
    expect(data.me.email).toBeNull();
  });

  it('is good for a minute', async () => {
    const flow = await obtainCode(app, client);
    app.clock.offset += 60_001;
    expect(failureOf(await exchange(app, client, flow))).toBe('400 invalid_grant');
  });

  it('needs no redirect URI at the exchange, but no other one', async () => {
    const { code, verifier } = await obtainCode(app, client);
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const wrong = { ...form, redirect_uri: 'https://app.example/other' };
    expect(failureOf(await ask(app, '/oauth/token', client, wrong))).toBe('400 invalid_grant');
    expect((await ask(app, '/oauth/token', client, form)).status).toBe(200);
  });

  it.each([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['the challenge as the verifier', { code_verifier: 'challenge' }, 'invalid_grant'],
    ['a verifier that is too short', { code_verifier: 'short' }, 'invalid_grant'],
    ['no verifier', { code_verifier: '' }, 'invalid_request'],
    ['no code', { code: '' }, 'invalid_request'],
    ['a code that was never given', { code: `ug_cod_${'A'.repeat(49)}` }, 'invalid_grant'],
    ['another kind of secret', { code: `ug_ref_${'A'.repeat(49)}` }, 'invalid_grant'],
  ])('is not exchanged with %s, and still good', async (_what, changed, error) => {
    const flow = await obtainCode(app, client);
    const before = await sessions();
    expect(failureOf(await exchange(app, client, flow, changed))).toBe(`400 ${error}`);
    expect(await sessions()).toBe(before);
    expect((await exchange(app, client, flow)).status).toBe(200);
  });

  it('is not exchanged by another client, which does not spoil it', async () => {
    const flow = await obtainCode(app, client);
    expect(failureOf(await exchange(app, other, flow))).toBe('400 invalid_grant');
    expect((await exchange(app, client, flow)).status).toBe(200);
  });

  it('that comes again ends the session that it made', async () => {
    const flow = await obtainCode(app, client);
    const { access_token: token, refresh_token: refreshToken } = (await exchange(app, client, flow)).body;
    expect(await whoAmI(app, token)).toBe(200);
    expect(failureOf(await exchange(app, client, flow))).toBe('400 invalid_grant');
    expect(await whoAmI(app, token)).toBe(401);
    expect(failureOf(await refresh(app, client, refreshToken))).toBe('400 invalid_grant');
  });

  it('is exchanged once by many who try at once', async () => {
    const flow = await obtainCode(app, client);
    const before = await sessions();
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(app, client, flow)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessions()).toBe(before + 1);
  });

  it.each([
    ['gets another password', '{ password: "correct horse battery" }', 'grace', 'Grace Hopper'],
    ['is suspended', '{ status: SUSPENDED }', 'amara.berg', 'Amara Berg'],
  ])('is worth nothing once the account %s', async (_what, input, as, displayName) => {
    const flow = await obtainCode(app, client, { as });
    const document = `mutation ($id: ID!) { updateUser(id: $id, input: ${input}) { __typename } }`;
    const data = await (await app.as('admin')).run(document, { id: await app.idOf(displayName) });
    expect(data).toEqual({ updateUser: { __typename: 'UpdateUserSuccess' } });
    expect(failureOf(await exchange(app, client, flow))).toBe('400 invalid_grant');
  });

  it('is worth nothing once the client is revoked, or has lost the scope', async () => {
    const admin = await app.as('admin');
    const doomed = await registerClient(app);
    const flow = await obtainCode(app, doomed);
    const narrow =
      'mutation ($id: ID!) { updateOAuthClient(id: $id, input: { scopes: [OPENID] }) { __typename } }';
    await admin.run(narrow, { id: doomed.id });
    expect(failureOf(await exchange(app, doomed, flow))).toBe('400 invalid_grant');
    await admin.run('mutation ($id: ID!) { revokeOAuthClient(id: $id) { __typename } }', { id: doomed.id });
    expect(failureOf(await exchange(app, doomed, flow))).toBe('401 invalid_client');
  });
});

describe('the token endpoint', () => {
  it.each([
    ['an unknown grant', { grant_type: 'password', username: 'ada' }, '400 unsupported_grant_type'],
    ['a grant of credentials alone', { grant_type: 'client_credentials' }, '400 unsupported_grant_type'],
    ['no grant', {}, '400 invalid_request'],
  ])('refuses %s', async (_what, form, failure) => {
    expect(failureOf(await ask(app, '/oauth/token', client, form))).toBe(failure);
  });

  it.each([
    ['no client', {}],
    ['an unknown client', { client_id: '00000000-0000-7000-8000-000000000000' }],
    ['a client without its secret', { client_id: 'CLIENT' }],
    ['a wrong secret', { client_id: 'CLIENT', client_secret: 'wrong' }],
    ["another client's secret", { client_id: 'CLIENT', client_secret: 'OTHER' }],
  ])('refuses %s, with a challenge', async (_what, form) => {
    const { code, verifier } = await obtainCode(app, client);
    const filled = Object.entries({
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      ...form,
    });
    const words: Record<string, string> = { CLIENT: client.clientId, OTHER: other.secret ?? '' };
    const named = Object.fromEntries(filled.map(([name, value]) => [name, words[value] ?? value]));
    const answer = await ask(app, '/oauth/token', null, named);
    expect(failureOf(answer)).toBe('401 invalid_client');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="usergraph"/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.text).not.toContain(code);
  });

  it('takes an empty secret for none, and no secret from a client that has none', async () => {
    const open = await registerClient(app, { isConfidential: false });
    const flow = await obtainCode(app, open);
    expect(failureOf(await exchange(app, open, flow, { client_secret: 'anything' }))).toBe(
      '401 invalid_client',
    );
    expect((await exchange(app, open, flow, { client_secret: '' })).status).toBe(200);
  });

  it('takes a secret in the header or in the form, not in both, and never from the URL', async () => {
    const { code, verifier } = await obtainCode(app, client);
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const pair = `${client.clientId}:${client.secret}`;
    const headers = { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    const inUrl = new URLSearchParams({ client_id: client.clientId, client_secret: client.secret ?? '' });
    const both = { ...form, client_secret: client.secret ?? '' };
    expect(failureOf(await app.call('POST', '/oauth/token', { headers, form: both }))).toBe(
      '400 invalid_request',
    );
    const otherName = { ...form, client_id: other.clientId };
    expect(failureOf(await app.call('POST', '/oauth/token', { headers, form: otherName }))).toBe(
      '400 invalid_request',
    );
    expect(failureOf(await app.call('POST', `/oauth/token?${inUrl}`, { form }))).toBe('401 invalid_client');
    for (const authorization of ['Basic !', 'Basic bm9jb2xvbg==', 'Bearer token'])
      expect(failureOf(await app.call('POST', '/oauth/token', { headers: { authorization }, form }))).toBe(
        '401 invalid_client',
      );
    expect((await app.call('POST', '/oauth/token', { headers, form })).status).toBe(200);
  });

  it('refuses JSON, other methods, what is sent twice, and what is too large', async () => {
    const token = (init: Parameters<TestApp['call']>[2]) => app.call('POST', '/oauth/token', init);
    expect(failureOf(await token({ json: { grant_type: 'refresh_token' } }))).toBe('400 invalid_request');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'grant_type=refresh_token&grant_type=refresh_token';
    expect(failureOf(await token({ headers, body }))).toBe('400 invalid_request');
    const get = await app.call('GET', '/oauth/token');
    expect(failureOf(get)).toBe('405 invalid_request');
    expect(get.headers.get('allow')).toBe('POST, OPTIONS');
    expect((await token({ form: { grant_type: 'x'.repeat(2_000_000) } })).status).toBe(413);
  });

  it('can be asked by a page of another origin', async () => {
    const origin = { origin: 'https://app.example' };
    const preflight = await app.call('OPTIONS', '/oauth/token', { headers: origin });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  });
});
