import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { authorizationQuery, decide, locationOf, makeProof, registerClient } from '../oauth/provider.ts';
import { collectRows } from '../policy/rows.ts';
import { recording, type Served, serve } from './serve.ts';
import { createSweatStackClient, logIn, SweatStackError } from './sweatstack.ts';

let server: Served;
let token: string;
const naps: number[] = [];
const sleep = async (seconds: number) => void naps.push(seconds);
const client = () => createSweatStackClient({ baseUrl: server.url, token, sleep });

beforeAll(async () => {
  server = await serve();
  token = (await server.app.as('ada')).token ?? '';
});
afterAll(() => server.close());
afterEach(() => {
  server.direct();
  naps.length = 0;
});

/** Answers so many times with this status; `isDone` says whether the request is carried out all the same. */
function failing(times: number, status: number, { isDone = false, headers = {} } = {}) {
  let left = times;
  const methods: string[] = [];
  server.through(async (request, next) => {
    methods.push(request.method);
    if (left <= 0) return next(request);
    left -= 1;
    if (isDone) await next(request);
    return new Response('lost', { status, headers });
  });
  return methods;
}

describe('a manager works with its users', () => {
  test('creates, lists, reads, renames and deletes one', async () => {
    const ada = client();
    const created = await ada.createUser('Nia', 'New');
    expect(created).toMatchObject({ display_name: 'Nia New', is_managed: true, admin: false });
    const listed = await ada.listUsers();
    expect(listed[0]).toMatchObject({ display_name: 'Ada Lovelace', is_managed: false });
    expect(listed.find(({ id }) => id === created.id)?.scopes).toEqual(['data:read', 'data:write']);
    expect(await ada.getUser(created.id)).toEqual(created);
    const renamed = await ada.updateUser(created.id, { firstName: 'Mia', lastName: 'Newer' });
    expect(renamed.display_name).toBe('Mia Newer');
    await ada.deleteUser(created.id);
    await expect(ada.getUser(created.id)).rejects.toMatchObject({ status: 404 });
    expect((await ada.listUsers()).map(({ id }) => id)).not.toContain(created.id);
  });

  test('a name that is not given goes out as an empty field, and keeps its value', async () => {
    const ada = client();
    const { id } = await ada.createUser('Ona', 'Kept');
    const { requests, middle } = recording();
    server.through(async (request, next) => {
      expect(await request.clone().text()).toBe('first_name=Una&last_name=');
      return middle(request, next);
    });
    expect(await ada.updateUser(id, { firstName: 'Una' })).toMatchObject({
      first_name: 'Una',
      last_name: 'Kept',
    });
    expect(requests[0]?.headers.get('content-type')).toContain('application/x-www-form-urlencoded');
    server.direct();
    await ada.deleteUser(id);
  });

  test('a last name may be null from the start', async () => {
    const ada = client();
    const created = await ada.createUser('Solo', null);
    expect(created).toMatchObject({ first_name: 'Solo', last_name: null, display_name: 'Solo' });
    await ada.deleteUser(created.id);
  });

  test('the list can do without managed and without sharing users, and be searched by name', async () => {
    const names = async (query: Parameters<ReturnType<typeof client>['listUsers']>[0]) =>
      (await client().listUsers(query)).map(({ display_name }) => display_name).sort();
    expect(await names({})).toEqual(['Ada Lovelace', 'Grace Hopper', 'Kit', 'Robin Vega']);
    expect(await names({ include_managed: false })).toEqual(['Ada Lovelace', 'Grace Hopper']);
    expect(await names({ include_shared: false })).toEqual(['Ada Lovelace', 'Kit', 'Robin Vega']);
    expect(await names({ include_managed: false, include_shared: false })).toEqual(['Ada Lovelace']);
    expect(await names({ name: 'VEGA' })).toEqual(['Robin Vega']);
  });

  test('nobody else reads, renames or deletes it: to them it is not there', async () => {
    const created = await client().createUser('Mine', 'Only');
    const grace = createSweatStackClient({
      baseUrl: server.url,
      token: (await server.app.as('grace')).token ?? '',
      sleep,
    });
    for (const attempt of [
      () => grace.getUser(created.id),
      () => grace.updateUser(created.id, { firstName: 'Stolen' }),
      () => grace.deleteUser(created.id),
    ])
      await expect(attempt()).rejects.toMatchObject({ status: 404, detail: expect.any(String) });
    expect(await client().getUser(created.id)).toEqual(created);
    await client().deleteUser(created.id);
  });

  test('a deleted user takes its activities, traces and other records along', async () => {
    const ada = client();
    const { id } = await ada.createUser('Data', 'Owner');
    const rows = collectRows();
    for (const collection of ['activities', 'traces', 'notes']) rows.dataRecord(id, collection, { n: 1 });
    await rows.write(server.app.database);
    const { prisma } = server.app.database;
    const others = await prisma.dataRecord.count({ where: { NOT: { userId: id } } });
    await ada.deleteUser(id);
    await server.app.work();
    expect(await prisma.dataRecord.count({ where: { userId: id } })).toBe(0);
    expect(await prisma.dataRecord.count()).toBe(others);
  });
});

describe('a client that logged in', () => {
  const minute = 60_000;
  const now = () => Date.now() + server.app.clock.offset;
  afterEach(() => {
    server.app.clock.offset = 0;
  });

  /** In the browser of ada, who allows it. */
  async function loggedIn(scope = 'data:read data:write profile offline_access') {
    const registered = await registerClient(server.app, { isConfidential: false });
    const { verifier, challenge } = makeProof();
    const query = authorizationQuery(registered, challenge, { scope, response_type: null });
    const answer = await decide(server.app, await server.app.as('ada'), query);
    const code = locationOf(answer).searchParams.get('code') ?? '';
    const options = { baseUrl: server.url, clientId: registered.clientId, sleep, now };
    return logIn(options, { code, verifier });
  }

  test('tells whose it is, lists, and goes on after its token is over', async () => {
    const ada = await loggedIn();
    expect(await ada.userInfo()).toMatchObject({ given_name: 'Ada', email: 'ada@example.com' });
    for (let round = 0; round < 3; round += 1) {
      server.app.clock.offset += 11 * minute;
      expect((await ada.listUsers()).map(({ display_name }) => display_name)).toContain('Robin Vega');
    }
  });

  test('acts for a managed user, refreshes that too, and comes back', async () => {
    const ada = await loggedIn();
    const [, kit] = await ada.listUsers({ include_shared: false });
    const acting = await ada.delegatedClient(kit?.id ?? '');
    expect(await acting.userInfo()).toMatchObject({ sub: kit?.id, name: kit?.display_name });
    server.app.clock.offset += 11 * minute;
    expect((await acting.userInfo()).sub).toBe(kit?.id);
    expect((await acting.listUsers())[0]?.display_name, 'as the principal').toBe('Ada Lovelace');
    const back = await acting.principalClient();
    server.app.clock.offset += 11 * minute;
    expect(await back.userInfo()).toMatchObject({ given_name: 'Ada' });
    await expect(acting.getUser(kit?.id ?? '')).rejects.toMatchObject({ status: 403 });
  });

  test('acts for who shares, and no longer than that lasts', async () => {
    const ada = await loggedIn();
    const grace = (await ada.listUsers({ name: 'grace' }))[0]?.id ?? '';
    const acting = await ada.delegatedClient(grace);
    expect(await acting.userInfo()).toMatchObject({ sub: grace, given_name: 'Grace' });
    const sharer = await server.app.as('grace');
    const id = await server.app.idOf('Ada Lovelace');
    await sharer.run('mutation ($id: ID!) { revokeAccess(input: { granteeId: $id }) { __typename } }', {
      id,
    });
    await expect(acting.userInfo()).rejects.toMatchObject({ status: 401 });
    await expect(ada.delegatedClient(grace)).rejects.toMatchObject({ status: 403 }); // of the same organization
    await sharer.run(
      `mutation ($id: ID!) { shareAccess(input: { granteeId: $id, scopes: [DATA_READ, PROFILE] }) { __typename } }`,
      { id },
    );
  });

  test('two that refresh at once both go on', async () => {
    const ada = await loggedIn();
    server.app.clock.offset += 11 * minute;
    const infos = await Promise.all([ada.userInfo(), ada.userInfo(), ada.userInfo()]);
    for (const info of infos) expect(info.given_name).toBe('Ada');
    server.app.clock.offset += 11 * minute;
    expect((await ada.userInfo()).given_name).toBe('Ada');
  });
});

describe('the way to the server', () => {
  test('the list is asked for with the token of the principal, at a path that needs no redirect', async () => {
    const { requests, middle } = recording();
    server.through(middle);
    await client().listUsers();
    expect(requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      'GET /api/v1/oauth/principal-token',
      'GET /api/v1/users/',
    ]);
  });

  test('a redirect is a failure to the client', async () => {
    const response = await fetch(`${server.url}/api/v1/users`, {
      redirect: 'manual',
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(307);
    expect(response.headers.get('location')).toBe('./users/');
    server.through(async () => new Response(null, { status: 307, headers: { location: '/api/v1/users/' } }));
    await expect(client().getUser('x')).rejects.toMatchObject({ status: 307 });
  });

  test('a web session has the token in a cookie, for reading and for writing', async () => {
    const web = createSweatStackClient({ baseUrl: server.url, token, isWebSession: true, sleep });
    const { id } = await web.createUser('Web', null);
    expect((await web.updateUser(id, { lastName: 'Session' })).display_name).toBe('Web Session');
    expect((await web.listUsers()).map((user) => user.id)).toContain(id);
    await web.deleteUser(id);
  });

  test('a failure has a detail and the id of the request', async () => {
    const nobody = createSweatStackClient({ baseUrl: server.url, token: 'no-token', sleep });
    const failure = await nobody.listUsers().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SweatStackError);
    expect(failure).toMatchObject({
      status: 401,
      detail: expect.any(String),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});

describe('retries', () => {
  test.each([
    ['408', 408],
    ['429', 429],
    ['500', 500],
    ['503', 503],
  ])('a read is tried again twice after %s', async (_, status) => {
    const methods = failing(2, status);
    expect(await client().principalToken()).toMatchObject({ access_token: expect.stringMatching(/^ey/) });
    expect(methods).toEqual(['GET', 'GET', 'GET']);
    expect(naps).toHaveLength(2);
  });

  test('a third failure is one for the caller', async () => {
    failing(3, 503);
    await expect(client().principalToken()).rejects.toMatchObject({ status: 503 });
  });

  test('an update may be carried out twice', async () => {
    const { id } = await client().createUser('Twice', null);
    failing(1, 502, { isDone: true });
    expect(await client().updateUser(id, { lastName: 'Done' })).toMatchObject({ last_name: 'Done' });
    server.direct();
    await client().deleteUser(id);
  });

  test('a creation is never tried again: it might make two', async () => {
    const methods = failing(1, 503);
    await expect(client().createUser('Once', null)).rejects.toMatchObject({ status: 503 });
    expect(methods).toEqual(['POST']);
    server.direct();
    expect(await client().listUsers({ name: 'Once' })).toEqual([]);
  });

  test('a deletion whose answer was lost is one that went well', async () => {
    const { id } = await client().createUser('Lost', null);
    const methods = failing(1, 504, { isDone: true });
    await client().deleteUser(id);
    expect(methods).toEqual(['DELETE', 'DELETE']);
    await expect(client().deleteUser(id)).rejects.toMatchObject({ status: 404 });
  });
});

test('over the limit, the server says in whole seconds when to come back', async () => {
  const limited = await serve({ RATE_LIMIT_PER_MINUTE: '2' });
  try {
    const { token: secret } = await limited.app.as('ada');
    const ada = createSweatStackClient({ baseUrl: limited.url, token: secret ?? '', sleep });
    await ada.listUsers(); // two requests
    await expect(ada.listUsers()).rejects.toMatchObject({ status: 429, detail: expect.any(String) });
    expect(naps).toHaveLength(2);
    for (const seconds of naps) expect(seconds).toBeGreaterThanOrEqual(1);
    await expect(ada.createUser('No', null)).rejects.toMatchObject({ status: 429 });
    expect(naps).toHaveLength(2);
  } finally {
    await limited.close();
  }
});
