import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectRows } from '../policy/rows.ts';
import { type Served, serve } from './serve.ts';
import { createZenMLClient } from './zenml.ts';

const password = 'usergraph-demo';

describe.each([
  ['at the root of the origin', '', {}],
  ['under a prefix', '/zenml', { REST_MOUNTS: 'zenml=/zenml' }],
  ['under a prefix, as a self-hosted server', '/zenml/api/v1', { REST_MOUNTS: 'zenml=/zenml' }],
])('%s', (_, prefix, env) => {
  let server: Served;
  beforeAll(async () => {
    server = await serve(env);
  });
  afterAll(() => server.close());
  const client = (token: string | null = null) => createZenMLClient(server.url + prefix, token);

  test('signs in by password, and reads and changes itself', async () => {
    const { token, client: ada } = await client().login({ username: 'ada', password });
    expect(token).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 3600,
      device_id: null,
      device_metadata: null,
    });
    expect(await ada.me()).toMatchObject({ username: 'ada', password: null, password_expired: false });
    expect(await ada.updateMe({ job_title: 'Countess', company: null })).toMatchObject({
      job_title: 'Countess',
      company: null,
      name: 'Ada Lovelace',
    });
    expect(await ada.me()).toMatchObject({ job_title: 'Countess', company: null });
  });

  test('exchanges an API token that is sent as the password alone', async () => {
    const rows = collectRows();
    const { id } = await server.app.database.prisma.user.findFirstOrThrow({ where: { username: 'ci' } });
    const key = rows.apiToken({ userId: id });
    await rows.write(server.app.database);
    const { token, client: ci } = await client().login({ password: key.secret });
    expect(token.expires_in).toBeGreaterThan(0);
    expect(token.expires_in).toBeLessThanOrEqual(3600);
    expect(await ci.me()).toMatchObject({ username: 'ci', is_service_account: true });
    expect(await client(key.secret).me()).toEqual(await ci.me()); // and the key is a bearer token by itself
  });

  test('logs in on a device, once its user says so in a browser', async () => {
    const person = await server.app.as('grace');
    const waits: number[] = [];
    let shown = '';
    const sleep = async (seconds: number) => {
      waits.push(seconds);
      server.app.clock.offset += seconds * 1000;
      if (waits.length < 3) return;
      await server.app.call('POST', '/device', {
        headers: { cookie: `usergraph_session=${person.token}` },
        form: { user_code: shown, decision: 'allow' },
      });
    };
    const show = async (code: string) => {
      shown = code;
    };
    const device = await client().loginOnDevice(show, sleep);
    expect(await device.me()).toMatchObject({ username: 'grace' });
    expect(waits).toEqual([5, 5, 5]);
    server.app.clock.offset = 0;
  });

  test('a superuser reads all pages until a short one, and meets everybody once', async () => {
    const { client: admin } = await client().login({ username: 'admin', password });
    const everybody = await admin.listAll({}, 60);
    expect(everybody.pages).toBe(Math.floor(everybody.users.length / 60) + 1);
    expect(everybody.users.length).toBeGreaterThan(200);
    expect(new Set(everybody.users.map(({ id }) => id)).size).toBe(everybody.users.length);
    expect((await admin.list()).length).toBe(100);
    const [linus] = await admin.list({ oauth_provider: 'github', oauth_id: '1024025' });
    expect(linus).toMatchObject({ email: 'linus@example.com', username: 'linus@example.com' });
    expect(await admin.list({ email: 'nobody@example.com' })).toEqual([]);
  });

  test('a superuser renames, promotes and deletes an account, and sets its password', async () => {
    const { client: admin } = await client().login({ username: 'admin', password });
    const [margaret] = await admin.list({ email: 'margaret@example.com' });
    const { id = '' } = margaret ?? {};
    expect(await admin.update(id, { username: 'maggie', is_superuser: true })).toMatchObject({
      username: 'maggie',
      is_superuser: true,
      is_active: false,
    });
    expect(await admin.update(id, { password: 'a-new-password' })).toMatchObject({
      password: null,
      password_expired: true,
    });
    await admin.delete(id);
    expect(await admin.list({ user_id: id })).toEqual([]);
    await expect(admin.delete(id)).rejects.toMatchObject({ exception: 'IllegalOperationError', status: 403 });
  });
});

describe('exceptions', () => {
  let server: Served;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.close());
  const as = async (login: string) => createZenMLClient(server.url, (await server.app.as(login)).token);
  const idOf = async (username: string) =>
    (await server.app.database.prisma.user.findFirstOrThrow({ where: { username } })).id;

  test('are raised again by the class that the detail names', async () => {
    const [ada, admin] = [await as('ada'), await as('admin')];
    const [adminId, graceId] = [await idOf('admin'), await idOf('grace')];
    const raised: [() => Promise<unknown>, string, number][] = [
      [() => ada.updateMe({ username: 'admin' }), 'ValueError', 400],
      [() => ada.updateMe({ username: 'grace' }), 'EntityExistsError', 409],
      [() => ada.update(graceId, { name: 'Mine' }), 'IllegalOperationError', 403],
      [() => ada.delete(graceId), 'IllegalOperationError', 403],
      [() => admin.delete(adminId), 'ValueError', 400],
      [() => admin.update(adminId, { username: 'root' }), 'ValueError', 400],
      [() => createZenMLClient(server.url, 'unknown').me(), 'AuthorizationException', 401],
      [() => createZenMLClient(server.url).me(), 'AuthorizationException', 401],
      [
        () => createZenMLClient(server.url).login({ username: 'ada', password: 'wrong' }),
        'AuthorizationException',
        401,
      ],
      [() => createZenMLClient(server.url).login({ password: 'wrong' }), 'AuthorizationException', 401],
    ];
    for (const [attempt, exception, status] of raised) {
      const error = await attempt().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ exception, status, message: expect.stringMatching(/^(?![A-Z]\w+: )./) });
    }
  });

  test('are told by the status where the framework answers', async () => {
    const ada = createZenMLClient(`${server.url}/users/me`, (await server.app.as('ada')).token);
    await expect(ada.me()).rejects.toMatchObject({ exception: 'KeyError', status: 404 });
  });

  test('list every field of a request that does not fit', async () => {
    const ada = await as('ada');
    await expect(ada.updateMe({ name: 7, metadata: [] })).rejects.toMatchObject({
      status: 422,
      fields: ['body.name', 'body.metadata'],
    });
    await expect(ada.list({ limit: 'many', is_active: 'perhaps' })).rejects.toMatchObject({
      status: 422,
      fields: ['query.limit', 'query.is_active'],
    });
    await expect(ada.updateMe({ name: 'x'.repeat(51) })).rejects.toMatchObject({
      status: 422,
      fields: ['body.name'],
    });
  });

  test('nobody makes itself more than it is', async () => {
    const grace = await as('grace');
    const before = await grace.me();
    const { rows } = await accountRows();
    expect(
      await grace.updateMe({ is_superuser: true, password: 'mine-alone-now', is_active: false }),
    ).toEqual(before);
    await expect(grace.update(before.id, { is_superuser: true })).rejects.toMatchObject({ status: 403 });
    expect((await accountRows()).rows).toEqual(rows);
    await createZenMLClient(server.url).login({ username: 'grace', password });
  });

  test('a server asks who its caller is', async () => {
    const id = '8e0a5b1e-0000-4000-8000-000000000000';
    expect(await (await as('ada')).authorizeServer(id)).toMatchObject({
      id: await idOf('ada'),
      email: 'ada@example.com',
    });
    await expect(createZenMLClient(server.url, 'x').authorizeServer(id)).rejects.toMatchObject({
      status: 401,
    });
  });

  async function accountRows() {
    const { prisma } = server.app.database;
    return {
      rows: [
        await prisma.user.findMany({ orderBy: { id: 'asc' } }),
        await prisma.password.findMany({ orderBy: { userId: 'asc' } }),
      ],
    };
  }
});
