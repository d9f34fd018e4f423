import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectRows } from '../policy/rows.ts';
import { createCoreClient, createGeneratedClient } from './katapult.ts';
import { type Served, serve } from './serve.ts';

let server: Served;
let session: string;
let token: { id: string; secret: string };
let ownerless: string;

beforeAll(async () => {
  server = await serve();
  session = (await server.app.as('ada')).token ?? '';
  const { prisma } = server.app.database;
  const { id: userId } = await prisma.user.findFirstOrThrow({ where: { username: 'ada' } });
  const { id: organizationId } = await prisma.organization.findFirstOrThrow({
    where: { subDomain: 'acme' },
  });
  const rows = collectRows();
  token = rows.apiToken({ userId }, []);
  ownerless = rows.apiToken({ organizationId }).secret;
  await rows.write(server.app.database);
});
afterAll(() => server.close());

test('both clients read the same user, at the path of each', async () => {
  const { current } = await createCoreClient(server.url, token.secret).currentUser();
  expect(current).toEqual({
    user: {
      id: expect.any(String),
      first_name: 'Ada',
      last_name: 'Lovelace',
      avatar_url: 'https://example.com/avatars/ada.png',
    },
    organizations: [
      { id: expect.any(String), name: 'Acme', sub_domain: 'acme' },
      { id: expect.any(String), name: 'Babel', sub_domain: 'babel' },
    ],
    api_token_id: token.id,
  });
  expect(await createGeneratedClient(server.url, token.secret).usersCurrent()).toEqual(current);
});

test('a session is no API token, so its id is not told as one', async () => {
  expect(await createGeneratedClient(server.url, session).usersCurrent()).toMatchObject({
    api_token_id: null,
  });
});

describe('both clients read why not', () => {
  test.each([
    ['without a token', 'none', 400, 'missing_api_token', {}],
    ['with a token that is none', 'wrong', 403, 'invalid_api_token', { details: null }],
    ['with a token without a user', 'ownerless', 404, 'no_user_associated_with_identity', {}],
  ] as const)('%s', async (_, kind, status, code, detail) => {
    const secret = { none: null, wrong: 'nonsense', ownerless }[kind];
    const expected = { name: 'Error', status, code, detail, message: expect.stringMatching(/\S/) };
    await expect(createCoreClient(server.url, secret).currentUser()).rejects.toMatchObject(expected);
    await expect(createGeneratedClient(server.url, secret).usersCurrent()).rejects.toMatchObject(expected);
  });

  test('where there is no route', async () => {
    await expect(createCoreClient(server.url, session).get('/nothing/here')).rejects.toMatchObject({
      status: 404,
      code: 'route_not_found',
    });
  });
});

test('each request counts down what is left, and has an id of its own', async () => {
  const client = createCoreClient(server.url, token.secret);
  await client.currentUser();
  const first = client.meta();
  await client.currentUser();
  const second = client.meta();
  expect(first?.permitted).toBe(1_000_000);
  expect(second?.remaining).toBe((first?.remaining ?? 0) - 1);
  expect(second?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(second?.requestId).not.toBe(first?.requestId);
});

test('a failure carries the limit, too', async () => {
  const client = createCoreClient(server.url, 'nonsense');
  await expect(client.currentUser()).rejects.toThrow();
  expect(client.meta()).toEqual({
    permitted: 1_000_000,
    remaining: expect.any(Number),
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('a client that keeps what it read is told of each change, with the version that it can ask for', async () => {
  const client = createCoreClient(server.url, token.secret);
  const { current } = await client.currentUser();
  expect(await client.currentUser()).toEqual({ current, isKept: false }); // more than the version could have changed
  await server.app.call('PATCH', '/me', {
    token: session,
    json: { avatarUrl: 'https://example.com/new.png' },
  });
  expect(await client.currentUser()).toMatchObject({
    isKept: false,
    current: { user: { avatar_url: 'https://example.com/new.png' } },
  });
});

test('over the limit, both are told how many requests there may be', async () => {
  const limited = await serve({ RATE_LIMIT_PER_MINUTE: '1' });
  try {
    const { token: secret } = await limited.app.as('ada');
    const client = createCoreClient(limited.url, secret);
    await client.currentUser();
    expect(client.meta()).toMatchObject({ permitted: 1, remaining: 0 });
    const refused = { status: 429, code: 'rate_limit_reached', detail: { total_permitted: 1 } };
    await expect(client.currentUser()).rejects.toMatchObject(refused);
    await expect(createGeneratedClient(limited.url, secret).usersCurrent()).rejects.toMatchObject(refused);
  } finally {
    await limited.close();
  }
});
