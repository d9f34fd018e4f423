/** What SweatStack's SDK and traffic show beyond the page: a test for each fact. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestApp, type RestCall } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const nobody = '8e0a5b1e-0000-4000-8000-000000000000';
const users = '/api/v1/users/';
const ask = (method: string, path: string, init: RestCall = {}) =>
  world.call(method, path, { token: world.tokens.ada, ...init });
const names = async (query: string): Promise<string[]> => {
  const { body } = await ask('GET', users + query);
  return body.map((user: { display_name: string }) => user.display_name).sort();
};

describe('paths', () => {
  test('GET /users/: the slash at the end is served directly, without a redirect', async () => {
    expect((await ask('GET', users)).status).toBe(200);
    expect((await ask('POST', users, { json: { first_name: 'A', last_name: null } })).status).toBe(200);
  });

  test('GET /users: without the slash the answer is a redirect (307) to the path with it', async () => {
    const answer = await ask('GET', '/api/v1/users?name=x');
    expect(answer.status).toBe(307);
    const location = answer.headers.get('location') ?? '';
    expect(new URL(location, 'http://usergraph.test/api/v1/users').pathname).toBe('/api/v1/users/');
    expect(location).toBe('./users/?name=x');
  });
});

describe('GET /api/v1/users/', () => {
  test('GET /users/: who shares with a superuser is listed with what it granted, not with all', async () => {
    const shared = { id: nobody, grantorId: world.ids.grace, granteeId: world.ids.admin };
    await world.app.database.prisma.share.create({ data: { ...shared, scopes: ['data:read'] } });
    const { body } = await ask('GET', users, { token: world.tokens.admin });
    const grace = body.find(({ id }: { id: string }) => id === world.ids.grace);
    expect(grace.scopes).toEqual(['data:read']);
  });

  test('GET /users/: name leaves the users whose display name has that part', async () => {
    expect(await names('?name=vega')).toEqual(['Robin Vega']);
    expect(await names('?name=o')).toEqual(['Ada Lovelace', 'Grace Hopper', 'Robin Vega']);
    expect(await names('?name=nobody')).toEqual([]);
  });

  test('GET /users/: name is compared without regard to case', async () => {
    expect(await names('?name=rObIn%20VEG')).toEqual(['Robin Vega']);
  });

  test('GET /users/: name is taken literally', async () => {
    expect(await names('?name=%25')).toEqual([]);
    expect(await names('?name=_')).toEqual([]);
  });

  test('GET /users/: the caller comes first, then managed users, then those who share', async () => {
    const { body } = await ask('GET', users);
    const kinds = body.map((user: { id: string; is_managed: boolean }) =>
      user.id === world.ids.ada ? 'self' : user.is_managed ? 'managed' : 'sharing',
    );
    expect(kinds[0]).toBe('self');
    expect(kinds.slice(1)).toEqual([...kinds.slice(1)].sort());
    expect(kinds.at(-1)).toBe('sharing');
  });

  test('GET /users/: the default scopes are data:read and data:write', async () => {
    const { body } = await ask('GET', users);
    expect(body[0].scopes).toEqual(['data:read', 'data:write']);
  });

  test('GET /users/: a token shows no scope that it lacks', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada }, ['data:read']);
    const { body } = await world.call('GET', users, { token: secret });
    for (const user of body) expect(user.scopes).toEqual(['data:read']);
  });

  test('GET /users/: an expired share is none', async () => {
    const [giver, taker] = [await world.person(), await world.person()];
    await world.share(giver.id, taker.id, ['data:read']);
    await world.prisma.share.updateMany({
      where: { grantorId: giver.id },
      data: { expiresAt: new Date(Date.now() - 1000) },
    });
    const { body } = await world.call('GET', users, { token: taker.token });
    expect(body.map(({ id }: { id: string }) => id)).toEqual([taker.id]);
  });

  test('Scope: has six values', async () => {
    const { components } = await world.document('sweatstack');
    expect(components.schemas.Scope.enum).toEqual([
      'data:read',
      'data:write',
      'admin',
      'openid',
      'profile',
      'offline_access',
    ]);
  });
});

describe('a form', () => {
  const put = (id: string, form: Record<string, string>) => ask('PUT', users + id, { form });

  test('PUT /users/{user_id}: takes a form', async () => {
    const id = await world.managed(world.ids.ada);
    const { status, body } = await put(id, { first_name: 'New', last_name: 'Name' });
    expect(status).toBe(200);
    expect(body.display_name).toBe('New Name');
  });

  test('PUT /users/{user_id}: takes JSON, too', async () => {
    const id = await world.managed(world.ids.ada);
    const { body } = await ask('PUT', users + id, { json: { first_name: 'Json' } });
    expect(body.first_name).toBe('Json');
  });

  test('PUT /users/{user_id}: a key that is not sent keeps its value', async () => {
    const id = await world.managed(world.ids.ada);
    expect((await put(id, { first_name: 'New' })).body).toMatchObject({
      first_name: 'New',
      last_name: 'Managed',
    });
    expect((await ask('PUT', users + id, { json: { last_name: 'L' } })).body).toMatchObject({
      first_name: 'New',
      last_name: 'L',
    });
  });

  test('PUT /users/{user_id}: a field that is sent empty, as None is, keeps its value', async () => {
    const id = await world.managed(world.ids.ada);
    expect((await put(id, { first_name: 'New', last_name: '' })).body).toMatchObject({
      first_name: 'New',
      last_name: 'Managed',
    });
  });

  test('PUT /users/{user_id}: other fields of the form change nothing', async () => {
    const id = await world.managed(world.ids.ada);
    const before = await world.row(id);
    expect((await put(id, { admin: 'true', manager_id: world.ids.grace })).status).toBe(200);
    expect(await world.row(id)).toEqual(before);
  });
});

describe('who may', () => {
  const methods = [
    ['GET', {}],
    ['PUT', { json: { first_name: 'Stolen' } }],
    ['DELETE', {}],
  ] as const;

  test('/users/{user_id}: the caller itself is 404', async () => {
    const before = await world.row(world.ids.ada);
    for (const [method, init] of methods)
      expect((await ask(method, users + world.ids.ada, init)).status).toBe(404);
    expect(await world.row(world.ids.ada)).toEqual(before);
  });

  test('/users/{user_id}: one who shares with the caller is 404', async () => {
    const before = await world.row(world.ids.grace);
    for (const [method, init] of methods)
      expect((await ask(method, users + world.ids.grace, init)).status).toBe(404);
    expect(await world.row(world.ids.grace)).toEqual(before);
  });

  test('/users/{user_id}: a user that a stranger manages is 404, just as one that is not there', async () => {
    const foreign = await world.managed(world.ids.stranger);
    const before = await world.row(foreign);
    for (const [method, init] of methods) {
      const [there, absent] = [
        await ask(method, users + foreign, init),
        await ask(method, users + nobody, init),
      ];
      expect(there.status).toBe(404);
      expect(there.body).toEqual(absent.body);
    }
    expect(await world.row(foreign)).toEqual(before);
    expect(await world.records(foreign)).toBe(4);
  });

  test('/users/{user_id}: an organization and its members have no access to the users of an owner', async () => {
    for (const token of [world.tokens.acme, world.tokens.ci])
      for (const [method, init] of methods) {
        const answer = await world.call(method, users + world.ids.kit, { token, ...init });
        expect([403, 404]).toContain(answer.status);
      }
    expect((await world.row(world.ids.kit)).firstName).toBe('Kit');
  });

  test('/users/{user_id}: a superuser works with the users of every manager: a rule of ours', async () => {
    const id = await world.managed(world.ids.ada);
    const { admin: token } = world.tokens;
    expect((await world.call('GET', users + id, { token })).body.id).toBe(id);
    const json = { first_name: 'By', last_name: 'Admin' };
    expect((await world.call('PUT', users + id, { token, json })).body.display_name).toBe('By Admin');
    expect((await world.call('DELETE', users + id, { token })).status).toBe(200);
    expect((await world.call('GET', users + world.ids.grace, { token })).status).toBe(404);
  });

  test('POST /users/: an API token without users:write makes nobody', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada }, ['profile', 'data:read']);
    const count = await world.prisma.user.count();
    const json = { first_name: 'A', last_name: null };
    const answer = await world.call('POST', users, { token: secret, json });
    expect(answer.status).toBe(403);
    expect(await world.prisma.user.count()).toBe(count);
  });
});

describe('display_name', () => {
  test.each([
    ['display_name: is the first and the last name', 'Ana', 'Costa', 'Ana Costa'],
    ['display_name: is the first name alone without a last one', 'Ana', null, 'Ana'],
  ])('%s', async (_, first_name, last_name, display_name) => {
    const { body } = await ask('POST', users, { json: { first_name, last_name } });
    expect(body.display_name).toBe(display_name);
  });
});

describe('answers', () => {
  test('DELETE /users/{user_id}: answers 200 with a JSON body', async () => {
    const answer = await ask('DELETE', users + (await world.managed(world.ids.ada)));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.text).toBe('null');
  });

  test('401: bad and missing credentials are told by a detail', async () => {
    for (const token of [null, 'nonsense']) {
      const answer = await world.call('GET', users, { token });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ detail: expect.any(String) });
    }
  });

  test('401: is 403 without a token, when the server is set to answer as older services do', async () => {
    const app = await openTestApp({ env: { REST_MISSING_BEARER_STATUS: '403' } });
    const answer = await app.call('GET', users);
    expect([answer.status, answer.body]).toEqual([403, { detail: 'Not authenticated' }]);
    expect((await app.call('GET', users, { token: 'nonsense' })).status).toBe(401);
    await app.close();
  });

  test('404: is told by a detail', async () => {
    const answer = await ask('GET', users + nobody);
    expect([answer.status, answer.body]).toEqual([404, { detail: expect.any(String) }]);
  });

  test('429: has a detail, and Retry-After in whole seconds', async () => {
    const app = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '1' } });
    const { token } = await app.as('ada');
    await app.call('GET', users, { token });
    const answer = await app.call('GET', users, { token });
    expect([answer.status, answer.body]).toEqual([429, { detail: expect.any(String) }]);
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    await app.close();
  });

  test('every answer has an x-request-id, each another', async () => {
    const answers = [
      await ask('GET', users),
      await ask('GET', users + nobody),
      await ask('POST', users, { json: {} }),
      await world.call('GET', users),
      await ask('PUT', users),
      await ask('GET', '/api/v1/nothing'),
      await ask('GET', '/api/v1/users'),
    ];
    const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(answers.length);
  });
});

describe('credentials', () => {
  test('the bearer token counts where there is a cookie, too', async () => {
    const headers = { cookie: `token=${world.tokens.stranger}` };
    const { body } = await ask('GET', users, { headers });
    expect(body[0].id).toBe(world.ids.ada);
  });

  test('a cookie that the page of another origin may have sent changes nothing', async () => {
    const id = await world.managed(world.ids.ada);
    const cookie = `token=${world.tokens.ada}`;
    for (const foreign of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const answer = await world.call('DELETE', users + id, { headers: { cookie, ...foreign } });
      expect(answer.status).toBe(401);
    }
    expect((await world.row(id)).id).toBe(id);
    const own = { cookie, 'sec-fetch-site': 'same-origin' };
    expect((await world.call('DELETE', users + id, { headers: own })).status).toBe(200);
  });
});
