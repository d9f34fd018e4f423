import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApp } from '../setup/app.ts';
import {
  createApiToken,
  failureOf,
  obtainTokens,
  openProvider,
  refresh,
  registerClient,
  whoAmI,
} from './provider.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openProvider();
});
afterAll(() => app.close());

const facts = 'name clientId isConfidential isTrusted isActive redirectUris scopes revokedAt';
const payload = '__typename ... on Error { code }';
const problems = '... on InvalidInputError { problems { path code message } }';
const register = `mutation ($input: RegisterOAuthClientInput!) { result: registerOAuthClient(input: $input) {
  ${payload} ${problems} ... on RegisterOAuthClientSuccess { secret client { id ${facts} } } } }`;
const update = `mutation ($id: ID!, $input: UpdateOAuthClientInput!) { result: updateOAuthClient(id: $id, input: $input) {
  ${payload} ${problems} ... on UpdateOAuthClientSuccess { client { ${facts} } } } }`;
const rotate = `mutation ($id: ID!) { result: rotateOAuthClientSecret(id: $id) {
  ${payload} ${problems} ... on RotateOAuthClientSecretSuccess { secret } } }`;
const revoke = `mutation ($id: ID!) { result: revokeOAuthClient(id: $id) {
  ${payload} ... on RevokeOAuthClientSuccess { client { ${facts} } } } }`;

const input = {
  name: 'Field notes',
  isConfidential: true,
  redirectUris: ['https://app.example/callback'],
  scopes: ['PROFILE', 'OPENID', 'OPENID'],
};

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
async function asAdmin(document: string, variables: object): Promise<any> {
  const data = await (await app.as('admin')).run(document, variables);
  return (data as { result: unknown }).result;
}

const unknown = 'client_00000000000000000000000000';

describe('a superuser', () => {
  it('registers a client, and sees its secret this once', async () => {
    const { secret, client } = await asAdmin(register, { input });
    expect(secret).toMatch(/^ug_cli_/);
    expect(client).toMatchObject({
      name: 'Field notes',
      isConfidential: true,
      isTrusted: false,
      isActive: true,
      redirectUris: input.redirectUris,
      scopes: ['OPENID', 'PROFILE'],
    });
    const { oAuthClient, auditEvent, outboxEvent } = app.database.prisma;
    const rows = [
      ...(await oAuthClient.findMany()),
      ...(await auditEvent.findMany()),
      ...(await outboxEvent.findMany()),
    ];
    expect(inspect(rows, { depth: 9 })).not.toContain(secret);
    expect(app.logged.join('')).not.toContain(secret);
  });

  it('registers one without a secret', async () => {
    const { secret, client } = await asAdmin(register, { input: { ...input, isConfidential: false } });
    expect([secret, client.isConfidential]).toEqual([null, false]);
    expect(await asAdmin(rotate, { id: client.id })).toMatchObject({
      code: 'INVALID_INPUT',
      problems: [{ path: ['id'], code: 'NOT_ALLOWED' }],
    });
  });

  it('is told all that is wrong at once', async () => {
    const bad = { name: '', isConfidential: true, scopes: [], redirectUris: ['http://app.example/'] };
    const { code, problems } = await asAdmin(register, { input: bad });
    expect(code).toBe('INVALID_INPUT');
    expect(problems.map(({ path }: { path: string[] }) => path.join('.'))).toEqual([
      'input.name',
      'input.redirectUris.0',
      'input.scopes',
    ]);
  });

  it.each([
    'http://app.example/callback',
    'https://app.example/callback#part',
    'https://ada@app.example/callback',
    'https://app.example/*',
    'https://app.example/call back',
    'https://app.example\\@evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'myapp:/callback',
    'app.example/callback',
    '/callback',
    '',
  ])('cannot register the redirect URI %j', async (uri) => {
    const { code } = await asAdmin(register, { input: { ...input, redirectUris: [uri] } });
    expect(code).toBe('INVALID_INPUT');
  });

  it.each([
    'https://app.example',
    'http://127.0.0.1/callback',
    'http://[::1]/',
    'http://localhost:3000/',
    'com.example.app:/callback',
  ])('can register the redirect URI %s', async (uri) => {
    const { client } = await asAdmin(register, { input: { ...input, redirectUris: [uri, uri] } });
    expect(client.redirectUris).toEqual([uri]);
  });

  it('changes a client: absent keeps, null is refused', async () => {
    const { id } = await registerClient(app);
    const { client } = await asAdmin(update, { id, input: { name: 'Renamed', isTrusted: true } });
    expect(client).toMatchObject({ name: 'Renamed', isTrusted: true, redirectUris: input.redirectUris });
    const refused = await asAdmin(update, { id, input: { name: null, scopes: null, redirectUris: null } });
    expect(refused.problems).toHaveLength(3);
    expect(await asAdmin(update, { id: unknown, input: {} })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('takes a scope away, and with it the sessions that have it', async () => {
    const registered = await registerClient(app);
    const wide = await obtainTokens(app, registered, { changed: { scope: 'openid data:read' } });
    const narrow = await obtainTokens(app, registered, { changed: { scope: 'openid' } });
    await asAdmin(update, { id: registered.id, input: { scopes: ['OPENID'] } });
    expect(await whoAmI(app, wide.access_token)).toBe(401);
    expect(await whoAmI(app, narrow.access_token)).toBe(200);
  });

  it('gives a client another secret, and the old one stops working', async () => {
    const registered = await registerClient(app);
    const tokens = await obtainTokens(app, registered);
    const { secret } = await asAdmin(rotate, { id: registered.id });
    expect(failureOf(await refresh(app, registered, tokens.refresh_token))).toBe('401 invalid_client');
    expect((await refresh(app, { ...registered, secret }, tokens.refresh_token)).status).toBe(200);
  });

  it('revokes a client, and all that it was granted', async () => {
    const registered = await registerClient(app);
    const tokens = await obtainTokens(app, registered);
    const { client } = await asAdmin(revoke, { id: registered.id });
    expect(client.isActive).toBe(false);
    expect(await whoAmI(app, tokens.access_token)).toBe(401);
    expect(failureOf(await refresh(app, registered, tokens.refresh_token))).toBe('401 invalid_client');
    expect((await asAdmin(revoke, { id: registered.id })).client.revokedAt).toBe(client.revokedAt);
    expect(await asAdmin(update, { id: registered.id, input: { name: 'X' } })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await asAdmin(revoke, { id: unknown })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lists the clients, the newest first', async () => {
    const newest = await registerClient(app, { name: 'Newest' });
    const document =
      '{ result: oauthClients(first: 1) { totalCount nodes { name clientId } pageInfo { hasNextPage } } }';
    const page = await asAdmin(document, {});
    expect(page.nodes).toEqual([{ name: 'Newest', clientId: newest.clientId }]);
    expect(page.pageInfo.hasNextPage).toBe(true);
    expect(page.totalCount).toBe(await app.database.prisma.oAuthClient.count());
  });
});

describe('nobody else', () => {
  it('manages clients: a person, an organization, a superuser without the scope', async () => {
    const { id } = await registerClient(app);
    const before = JSON.stringify(await app.database.prisma.oAuthClient.findMany());
    const weak = app.withToken(await createApiToken(app, 'admin', ['PROFILE', 'USERS_WRITE']));
    const calls = [
      [register, { input }],
      [update, { id, input: { name: 'X' } }],
      [rotate, { id }],
      [revoke, { id }],
      ['{ oauthClients { nodes { name } } }', {}],
    ] as const;
    for (const [document, variables] of calls) {
      const codes = [];
      for (const client of [app.anonymous, await app.as('ada'), weak])
        codes.push((await client.send(document, variables)).errors[0]?.extensions.code);
      expect(codes).toEqual(['UNAUTHENTICATED', 'FORBIDDEN', 'INSUFFICIENT_SCOPE']);
    }
    expect(JSON.stringify(await app.database.prisma.oAuthClient.findMany())).toBe(before);
  });
});
