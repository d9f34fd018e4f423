/** What SweatStack's page of users says: a test for each of its facts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestCall } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const nobody = '8e0a5b1e-0000-4000-8000-000000000000';
const users = '/api/v1/users/';
const summaryKeys = ['id', 'first_name', 'last_name', 'scopes', 'display_name', 'is_managed'];
const responseKeys = [
  'id',
  'first_name',
  'last_name',
  'admin',
  'registered_at',
  'display_name',
  'is_managed',
];

const nullableString = { type: ['string', 'null'] };

type Who = keyof World['tokens'];
const ask = (method: string, path: string, who: Who = 'ada', init: RestCall = {}) =>
  world.call(method, path, { token: world.tokens[who], ...init });

interface Summary {
  readonly id: string;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly scopes: string[];
  readonly display_name: string;
  readonly is_managed: boolean;
}

async function listed(query = '', who: Who = 'ada'): Promise<Summary[]> {
  const answer = await ask('GET', users + query, who);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}
const idsOf = (list: Summary[]) => list.map(({ id }) => id).sort();
const places = ({ body }: { body: { detail: { loc: unknown[] }[] } }) => body.detail.map(({ loc }) => loc);
const create = (json: unknown, who: Who = 'ada') => ask('POST', users, who, { json });
const operation = async (path: string, method: string) =>
  (await world.document('sweatstack')).paths[path][method];
const schemas = async () => (await world.document('sweatstack')).components.schemas;

/** Every operation of the page. */
const operations = [
  ['GET', users],
  ['POST', users],
  ['GET', `${users}{user_id}`],
  ['PUT', `${users}{user_id}`],
  ['DELETE', `${users}{user_id}`],
] as const;

describe('GET /api/v1/users/', () => {
  test('GET /users/: lists the caller, the users it manages, and those who share with it', async () => {
    const { ada, kit, robin, grace } = world.ids;
    expect(idsOf(await listed())).toEqual([ada, kit, robin, grace].sort());
  });

  test('GET /users/: lists nobody that the caller has no access to', async () => {
    expect(idsOf(await listed('', 'stranger'))).toEqual([world.ids.stranger]);
    expect(idsOf(await listed('', 'grace'))).toEqual([world.ids.grace]); // she shares, nobody shares with her
  });

  test('GET /users/: the caller itself has the default scopes', async () => {
    const own = (await listed()).find(({ id }) => id === world.ids.ada);
    expect(own?.scopes).toEqual(['data:read', 'data:write']);
  });

  test('GET /users/: a managed user has the default scopes', async () => {
    for (const managed of (await listed()).filter(({ is_managed }) => is_managed))
      expect(managed.scopes).toEqual(['data:read', 'data:write']);
  });

  test('GET /users/: one who shares has the scopes that it granted', async () => {
    const grace = (await listed()).find(({ id }) => id === world.ids.grace);
    expect(new Set(grace?.scopes)).toEqual(new Set(['data:read', 'profile']));
    const [giver, taker] = [await world.person(), await world.person()];
    await world.share(giver.id, taker.id, ['data:write']);
    const { body } = await world.call('GET', users, { token: taker.token });
    expect(body.find(({ id }: Summary) => id === giver.id).scopes).toEqual(['data:write']);
  });

  test('GET /users/: managed users are listed if include_managed is true', async () => {
    expect(idsOf(await listed('?include_managed=true'))).toContain(world.ids.kit);
  });

  test('GET /users/: managed users are not listed if include_managed is false', async () => {
    expect(idsOf(await listed('?include_managed=false'))).toEqual([world.ids.ada, world.ids.grace].sort());
  });

  test('GET /users/: those who share are listed if include_shared is true', async () => {
    expect(idsOf(await listed('?include_shared=true'))).toContain(world.ids.grace);
  });

  test('GET /users/: those who share are not listed if include_shared is false', async () => {
    const { ada, kit, robin } = world.ids;
    expect(idsOf(await listed('?include_shared=false'))).toEqual([ada, kit, robin].sort());
  });

  test('GET /users/: with both false the caller itself is left', async () => {
    expect(idsOf(await listed('?include_managed=false&include_shared=false'))).toEqual([world.ids.ada]);
  });

  test('GET /users/: is_managed tells managed users from the others', async () => {
    const managed = (await listed()).filter(({ is_managed }) => is_managed);
    expect(idsOf(managed)).toEqual([world.ids.kit, world.ids.robin].sort());
  });

  test('GET /users/: include_managed is a boolean of the query', async () => {
    const answer = await ask('GET', `${users}?include_managed=perhaps`);
    expect(answer.status).toBe(422);
    expect(places(answer)).toEqual([['query', 'include_managed']]);
  });

  test('GET /users/: include_managed is true by default', async () => {
    expect(await listed('?include_shared=false')).toEqual(
      await listed('?include_shared=false&include_managed=true'),
    );
  });

  test('GET /users/: include_shared is a boolean of the query', async () => {
    const answer = await ask('GET', `${users}?include_shared=2`);
    expect(answer.status).toBe(422);
    expect(places(answer)).toEqual([['query', 'include_shared']]);
  });

  test('GET /users/: include_shared is true by default', async () => {
    expect(await listed('?include_managed=false')).toEqual(
      await listed('?include_managed=false&include_shared=true'),
    );
  });

  test('GET /users/: neither flag may be empty, for neither is nullable', async () => {
    const answer = await ask('GET', `${users}?include_managed=&include_shared=null`);
    expect(answer.status).toBe(422);
    expect(places(answer)).toEqual([
      ['query', 'include_managed'],
      ['query', 'include_shared'],
    ]);
  });

  test('GET /users/: the document has both flags with their type and default, not required', async () => {
    const { parameters } = await operation(users, 'get');
    for (const name of ['include_managed', 'include_shared'])
      expect(parameters.find((one: { name: string }) => one.name === name)).toMatchObject({
        in: 'query',
        required: false,
        schema: { type: 'boolean', default: true },
      });
  });

  test('GET /users/: the answer is an array of UserSummary', async () => {
    expect((await listed()).length).toBeGreaterThan(0);
    const { responses } = await operation(users, 'get');
    const { schema } = responses[200].content['application/json'];
    expect(schema).toMatchObject({ type: 'array', items: { $ref: '#/components/schemas/UserSummary' } });
  });

  test('GET /users/: an entry has the keys of the example, in its order', async () => {
    for (const summary of await listed()) expect(Object.keys(summary)).toEqual(summaryKeys);
  });
});

describe('who is asking, on every operation', () => {
  const token = () => world.tokens.ada;
  const at = (path: string) => path.replace('{user_id}', nobody);

  test.each([
    ['GET /users/: takes the token as Bearer', 'GET', users],
    ['POST /users/: takes the token as Bearer', 'POST', users],
    ['GET /users/{user_id}: takes the token as Bearer', 'GET', `${users}{user_id}`],
    ['PUT /users/{user_id}: takes the token as Bearer', 'PUT', `${users}{user_id}`],
    ['DELETE /users/{user_id}: takes the token as Bearer', 'DELETE', `${users}{user_id}`],
  ])('%s', async (_, method, path) => {
    const json = method === 'POST' || method === 'PUT' ? { json: {} } : {};
    const known = await world.call(method, at(path), { token: token(), ...json });
    expect([200, 404, 422]).toContain(known.status);
    expect((await world.call(method, at(path), { token: 'nonsense', ...json })).status).toBe(401);
    expect((await world.call(method, at(path), json)).status).toBe(401);
  });

  test.each([
    ['GET /users/: takes the token as the cookie token, a string', 'GET', users],
    ['POST /users/: takes the token as the cookie token, a string', 'POST', users],
    ['GET /users/{user_id}: takes the token as the cookie token', 'GET', `${users}{user_id}`],
    ['PUT /users/{user_id}: takes the token as the cookie token', 'PUT', `${users}{user_id}`],
    ['DELETE /users/{user_id}: takes the token as the cookie token', 'DELETE', `${users}{user_id}`],
  ])('%s', async (_, method, path) => {
    const json = method === 'POST' || method === 'PUT' ? { json: {} } : {};
    const bearer = await world.call(method, at(path), { token: token(), ...json });
    const web = await world.call(method, at(path), { headers: { cookie: `token=${token()}` }, ...json });
    expect([web.status, web.body]).toEqual([bearer.status, bearer.body]);
    const wrong = await world.call(method, at(path), { headers: { cookie: 'token=nonsense' }, ...json });
    expect(wrong.status).toBe(401);
  });

  test.each([
    ['GET /users/: takes the header refreshed-token, which changes nothing yet', 'GET', users],
    ['POST /users/: takes the header refreshed-token, which changes nothing yet', 'POST', users],
    ['GET /users/{user_id}: takes the header refreshed-token', 'GET', `${users}{user_id}`],
    ['PUT /users/{user_id}: takes the header refreshed-token', 'PUT', `${users}{user_id}`],
    ['DELETE /users/{user_id}: takes the header refreshed-token', 'DELETE', `${users}{user_id}`],
  ])('%s', async (_, method, path) => {
    const json = method === 'POST' || method === 'PUT' ? { json: {} } : {};
    const headers = { 'refreshed-token': world.tokens.stranger };
    const plain = await world.call(method, at(path), { token: token(), ...json });
    const refreshed = await world.call(method, at(path), { token: token(), headers, ...json });
    expect([refreshed.status, refreshed.body]).toEqual([plain.status, plain.body]);
    const { parameters } = await operation(path, method.toLowerCase());
    const known = parameters.find((one: { name: string }) => one.name === 'refreshed-token');
    expect(known).toMatchObject({ in: 'header', required: false });
  });

  test('refreshed-token alone is no credential', async () => {
    const answer = await world.call('GET', users, { headers: { 'refreshed-token': token() } });
    expect(answer.status).toBe(401);
  });

  test('security: HTTPBearer is the http scheme bearer', async () => {
    const { components } = await world.document('sweatstack');
    expect(components.securitySchemes.HTTPBearer).toEqual({ type: 'http', scheme: 'bearer' });
  });

  test('security: HTTPBasic, which no operation here names, is no credential for these', async () => {
    const authorization = `Basic ${Buffer.from('ada:usergraph-demo').toString('base64')}`;
    for (const [method, path] of operations) {
      const answer = await world.call(method, at(path), { headers: { authorization } });
      expect(answer.status).toBe(401);
    }
  });
});

describe('POST /api/v1/users/', () => {
  test('POST /users/: makes a managed user, whose manager is the caller', async () => {
    const { status, body } = await create({ first_name: 'Nia', last_name: 'New' });
    expect(status).toBe(200);
    expect(await world.row(body.id)).toMatchObject({ kind: 'MANAGED', managerId: world.ids.ada });
    expect(body).toMatchObject({ first_name: 'Nia', last_name: 'New', is_managed: true, admin: false });
    expect(idsOf(await listed())).toContain(body.id);
  });

  test('POST /users/: a managed user cannot log in', async () => {
    const { body } = await create({ first_name: 'Nia', last_name: null });
    const password = 'usergraph-demo';
    expect(await world.prisma.loginName.count({ where: { userId: body.id } })).toBe(0);
    expect(await world.prisma.password.count({ where: { userId: body.id } })).toBe(0);
    const set = await world.call('PATCH', `/users/${body.id}`, {
      token: world.tokens.admin,
      json: { password },
    });
    expect(set.status).toBe(400); // not even a superuser gives it a password
    const login = await world.call('POST', '/auth/login', { form: { username: body.id, password } });
    expect(login.status).toBe(401);
  });

  test('POST /users/: its data is for its manager to work on', async () => {
    const { body } = await create({ first_name: 'Nia', last_name: null });
    const listing = (await listed()).find(({ id }) => id === body.id);
    expect(listing?.scopes).toEqual(['data:read', 'data:write']);
    expect(idsOf(await listed('', 'grace'))).not.toContain(body.id);
  });

  test('POST /users/: first_name is a string', async () => {
    for (const first_name of [7, null, ['x']]) {
      const answer = await create({ first_name, last_name: null });
      expect(answer.status).toBe(422);
      expect(places(answer)).toEqual([['body', 'first_name']]);
    }
  });

  test('POST /users/: last_name is a string', async () => {
    const answer = await create({ first_name: 'A', last_name: 7 });
    expect(answer.status).toBe(422);
    expect(places(answer)).toEqual([['body', 'last_name']]);
  });

  test('POST /users/: last_name may be null', async () => {
    const { status, body } = await create({ first_name: 'Solo', last_name: null });
    expect(status).toBe(200);
    expect(body).toMatchObject({ first_name: 'Solo', last_name: null });
  });

  test('POST /users/: first_name and last_name are required', async () => {
    const count = await world.prisma.user.count();
    expect(places(await create({}))).toEqual([
      ['body', 'first_name'],
      ['body', 'last_name'],
    ]);
    expect(places(await create({ first_name: 'Only' }))).toEqual([['body', 'last_name']]);
    expect((await create({ last_name: 'Only' })).body.detail).toEqual([
      { loc: ['body', 'first_name'], msg: 'Field required', type: 'missing' },
    ]);
    expect(await world.prisma.user.count()).toBe(count);
  });

  test('POST /users/: the body is required, an object in JSON', async () => {
    for (const init of [{}, { json: [] }, { json: 'x' }, { form: { first_name: 'A', last_name: 'B' } }])
      expect((await ask('POST', users, 'ada', init)).status).toBe(422);
  });

  test('POST /users/: nothing else can be set, neither manager nor powers', async () => {
    const { status, body } = await create({
      first_name: 'Plain',
      last_name: null,
      admin: true,
      is_managed: false,
      isSuperuser: true,
      managerId: world.ids.grace,
      username: 'sneaky',
      password: 'usergraph-demo',
      id: nobody,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ admin: false, is_managed: true });
    expect(body.id).not.toBe(nobody);
    expect(await world.row(body.id)).toMatchObject({
      managerId: world.ids.ada,
      isSuperuser: false,
      username: null,
    });
  });

  test('POST /users/: the answer is a UserResponse', async () => {
    const { body } = await create({ first_name: 'Nia', last_name: 'New' });
    expect(Object.keys(body)).toEqual(responseKeys);
    expect((await operation(users, 'post')).responses[200].content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/UserResponse',
    });
  });
});

describe('GET /api/v1/users/{user_id}', () => {
  test('GET /users/{user_id}: answers with a managed user', async () => {
    const { status, body } = await ask('GET', users + world.ids.robin);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: world.ids.robin, display_name: 'Robin Vega', is_managed: true });
  });

  test('GET /users/{user_id}: for everybody but its manager it is not there', async () => {
    for (const who of ['grace', 'linus', 'stranger', 'ci'] as const) {
      const answer = await ask('GET', users + world.ids.robin, who);
      expect(answer.status).toBe(404);
      expect(answer.text).not.toContain('Robin');
    }
  });

  test('GET /users/{user_id}: user_id is a string of the path', async () => {
    const { parameters } = await operation(`${users}{user_id}`, 'get');
    expect(parameters[0]).toMatchObject({
      name: 'user_id',
      in: 'path',
      required: true,
      schema: { type: 'string' },
    });
    expect((await ask('GET', `${users}no-uuid`)).status).toBe(404); // any string is one, so it is no 422
  });
});

describe('PUT /api/v1/users/{user_id}', () => {
  const put = (id: string, json: unknown, who: Who = 'ada') => ask('PUT', users + id, who, { json });

  test('PUT /users/{user_id}: changes the names of a managed user', async () => {
    const id = await world.managed(world.ids.ada);
    const { status, body } = await put(id, { first_name: 'New', last_name: 'Name' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, first_name: 'New', last_name: 'Name', display_name: 'New Name' });
    expect(await world.row(id)).toMatchObject({ firstName: 'New', lastName: 'Name' });
  });

  test('PUT /users/{user_id}: for everybody but its manager it is not there, and stays as it is', async () => {
    const id = await world.managed(world.ids.ada);
    const before = await world.row(id);
    for (const who of ['grace', 'linus', 'stranger', 'ci'] as const)
      expect((await put(id, { first_name: 'Stolen' }, who)).status).toBe(404);
    expect(await world.row(id)).toEqual(before);
  });

  test('PUT /users/{user_id}: first_name is a string', async () => {
    const id = await world.managed(world.ids.ada);
    expect(places(await put(id, { first_name: 7 }))).toEqual([['body', 'first_name']]);
  });

  test('PUT /users/{user_id}: first_name may be null', async () => {
    const id = await world.managed(world.ids.ada);
    const { status, body } = await put(id, { first_name: null });
    expect(status).toBe(200);
    expect(body).toMatchObject({ first_name: null, last_name: 'Managed', display_name: 'Managed' });
  });

  test('PUT /users/{user_id}: last_name is a string', async () => {
    const id = await world.managed(world.ids.ada);
    expect(places(await put(id, { last_name: [] }))).toEqual([['body', 'last_name']]);
  });

  test('PUT /users/{user_id}: last_name may be null', async () => {
    const id = await world.managed(world.ids.ada);
    expect((await put(id, { last_name: null })).body).toMatchObject({ first_name: 'Mo', last_name: null });
  });

  test('PUT /users/{user_id}: no key is required', async () => {
    const id = await world.managed(world.ids.ada);
    const before = await world.row(id);
    expect((await put(id, {})).status).toBe(200);
    expect(await world.row(id)).toEqual(before);
    expect((await schemas()).Body_update_managed_user_api_v1_users__user_id__put.required).toBeUndefined();
  });

  test('PUT /users/{user_id}: changes nothing else, and nobody else', async () => {
    const id = await world.managed(world.ids.ada);
    const others = { where: { NOT: { id } }, orderBy: { id: 'asc' as const } };
    const before = await world.prisma.user.findMany(others);
    const json = { first_name: 'N', admin: true, isSuperuser: true, managerId: world.ids.grace, bio: 'x' };
    expect((await put(id, json)).status).toBe(200);
    expect(await world.row(id)).toMatchObject({
      isSuperuser: false,
      managerId: world.ids.ada,
      bio: null,
      lastName: 'Managed',
    });
    expect(await world.prisma.user.findMany(others)).toEqual(before);
  });

  test('PUT /users/{user_id}: user_id is a string of the path', async () => {
    const { parameters } = await operation(`${users}{user_id}`, 'put');
    expect(parameters[0]).toMatchObject({ name: 'user_id', in: 'path', schema: { type: 'string' } });
  });
});

describe('DELETE /api/v1/users/{user_id}', () => {
  const remove = (id: string, who: Who = 'ada') => ask('DELETE', users + id, who);

  test('DELETE /users/{user_id}: deletes a managed user', async () => {
    const id = await world.managed(world.ids.ada);
    expect((await remove(id)).status).toBe(200);
    expect(idsOf(await listed())).not.toContain(id);
    await world.app.work();
    expect(await world.prisma.user.findUnique({ where: { id } })).toBeNull();
  });

  test('DELETE /users/{user_id}: deletes all activities', async () => {
    const id = await world.managed(world.ids.ada);
    const where = { userId: id, collection: 'activities' };
    expect(await world.prisma.dataRecord.count({ where })).toBe(2);
    await remove(id);
    await world.app.work();
    expect(await world.prisma.dataRecord.count({ where })).toBe(0);
  });

  test('DELETE /users/{user_id}: deletes all traces', async () => {
    const id = await world.managed(world.ids.ada);
    const where = { userId: id, collection: 'traces' };
    expect(await world.prisma.dataRecord.count({ where })).toBe(1);
    await remove(id);
    await world.app.work();
    expect(await world.prisma.dataRecord.count({ where })).toBe(0);
  });

  test('DELETE /users/{user_id}: deletes all other data, and of nobody else', async () => {
    const id = await world.managed(world.ids.ada);
    const others = await world.prisma.dataRecord.count({ where: { NOT: { userId: id } } });
    expect(others).toBeGreaterThan(0);
    expect(await world.records(id)).toBe(4);
    await remove(id);
    await world.app.work();
    expect(await world.records(id)).toBe(0);
    expect(await world.prisma.dataRecord.count()).toBe(others);
  });

  test('DELETE /users/{user_id}: cannot be undone: afterwards it is not there', async () => {
    const id = await world.managed(world.ids.ada);
    await remove(id);
    for (const [method, init] of [
      ['GET', {}],
      ['PUT', { json: { first_name: 'Back' } }],
      ['DELETE', {}],
    ] as const)
      expect((await ask(method, users + id, 'ada', init)).status).toBe(404);
    await world.app.work();
    expect(await world.prisma.user.findUnique({ where: { id } })).toBeNull();
  });

  test('DELETE /users/{user_id}: for everybody but its manager it is not there, and stays', async () => {
    const id = await world.managed(world.ids.ada);
    for (const who of ['grace', 'linus', 'stranger', 'ci'] as const)
      expect((await remove(id, who)).status).toBe(404);
    expect((await world.row(id)).managerId).toBe(world.ids.ada);
    expect(await world.records(id)).toBe(4);
  });

  test('DELETE /users/{user_id}: user_id is a string of the path', async () => {
    const { parameters } = await operation(`${users}{user_id}`, 'delete');
    expect(parameters[0]).toMatchObject({ name: 'user_id', in: 'path', schema: { type: 'string' } });
    expect((await remove('no-uuid')).status).toBe(404);
  });
});

describe('UserResponse', () => {
  const robin = async () => (await ask('GET', users + world.ids.robin)).body;
  const schema = async () => (await schemas()).UserResponse;

  test('UserResponse: id is a string', async () => {
    expect((await robin()).id).toBe(world.ids.robin);
  });

  test('UserResponse: first_name is a string or null', async () => {
    expect((await robin()).first_name).toBe('Robin');
    const { properties } = await schema();
    expect(properties.first_name).toEqual(nullableString);
  });

  test('UserResponse: last_name is a string or null', async () => {
    expect((await robin()).last_name).toBe('Vega');
    expect((await ask('GET', users + world.ids.kit)).body.last_name).toBeNull();
    const { properties } = await schema();
    expect(properties.last_name).toEqual(nullableString);
  });

  test('UserResponse: admin is a boolean', async () => {
    expect((await robin()).admin).toBe(false);
  });

  test('UserResponse: registered_at is a date-time', async () => {
    const { registered_at } = await robin();
    expect(registered_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(new Date(registered_at)).toEqual((await world.row(world.ids.robin)).createdAt);
    expect((await schema()).properties.registered_at).toMatchObject({ type: 'string', format: 'date-time' });
  });

  test('UserResponse: display_name is a string that is read only', async () => {
    expect((await robin()).display_name).toBe('Robin Vega');
    expect((await schema()).properties.display_name).toEqual({ type: 'string', readOnly: true });
    const id = await world.managed(world.ids.ada);
    await ask('PUT', users + id, 'ada', { json: { display_name: 'Other' } });
    expect((await ask('GET', users + id)).body.display_name).toBe('Mo Managed');
  });

  test('UserResponse: is_managed is a boolean that is read only', async () => {
    expect((await robin()).is_managed).toBe(true);
    expect((await schema()).properties.is_managed).toEqual({ type: 'boolean', readOnly: true });
    const id = await world.managed(world.ids.ada);
    await ask('PUT', users + id, 'ada', { json: { is_managed: false } });
    expect((await world.row(id)).kind).toBe('MANAGED');
  });

  test('UserResponse: all its keys are required, in this order', async () => {
    expect((await schema()).required).toEqual(responseKeys);
    expect(Object.keys(await robin())).toEqual(responseKeys);
    expect(Object.keys((await ask('GET', users + world.ids.kit)).body)).toEqual(responseKeys);
  });
});

describe('UserSummary', () => {
  const schema = async () => (await schemas()).UserSummary;
  const summary = async (id: string) => (await listed()).find((one) => one.id === id);

  test('UserSummary: id is a string', async () => {
    for (const { id } of await listed()) expect(id).toEqual(expect.any(String));
  });

  test('UserSummary: first_name is there, and may be null', async () => {
    expect((await summary(world.ids.kit))?.first_name).toBe('Kit');
    expect((await schema()).properties.first_name).toEqual(nullableString);
  });

  test('UserSummary: last_name is there, and may be null', async () => {
    expect((await summary(world.ids.robin))?.last_name).toBe('Vega');
    expect((await summary(world.ids.kit))?.last_name).toBeNull();
  });

  test('UserSummary: scopes is an array of Scope', async () => {
    const { Scope } = await schemas();
    for (const { scopes } of await listed()) for (const scope of scopes) expect(Scope.enum).toContain(scope);
    expect((await schema()).properties.scopes).toMatchObject({
      type: 'array',
      items: { $ref: '#/components/schemas/Scope' },
    });
  });

  test('UserSummary: display_name is a string', async () => {
    expect((await summary(world.ids.robin))?.display_name).toBe('Robin Vega');
  });

  test('UserSummary: is_managed is a boolean', async () => {
    expect((await summary(world.ids.robin))?.is_managed).toBe(true);
    expect((await summary(world.ids.ada))?.is_managed).toBe(false);
  });
});

describe('the other schemas', () => {
  test('schemas: have the names of the page', async () => {
    expect(Object.keys(await schemas())).toEqual(
      expect.arrayContaining([
        'HTTPValidationError',
        'ManagedUserCreate',
        'Body_update_managed_user_api_v1_users__user_id__put',
        'Scope',
        'UserResponse',
        'UserSummary',
        'ValidationError',
      ]),
    );
  });

  test('UserSummary: all its keys are required', async () => {
    expect((await schemas()).UserSummary.required).toEqual(summaryKeys);
  });

  test('Scope: is a string, data:read among its values', async () => {
    const { Scope } = await schemas();
    expect(Scope).toMatchObject({ type: 'string' });
    expect(Scope.enum).toContain('data:read');
  });

  test('ManagedUserCreate: is an object with first_name and last_name, both required', async () => {
    const { ManagedUserCreate } = await schemas();
    expect(ManagedUserCreate).toMatchObject({ type: 'object', required: ['first_name', 'last_name'] });
    expect(ManagedUserCreate.properties.first_name).toEqual({ type: 'string' });
    expect(ManagedUserCreate.properties.last_name).toEqual(nullableString);
  });

  test('the body of PUT: is an object with first_name and last_name, each a string or null', async () => {
    const { Body_update_managed_user_api_v1_users__user_id__put: update } = await schemas();
    expect(update.type).toBe('object');
    expect(Object.keys(update.properties)).toEqual(['first_name', 'last_name']);
    for (const property of Object.values(update.properties)) expect(property).toEqual(nullableString);
  });

  test('HTTPValidationError: is an object whose detail is an array of ValidationError', async () => {
    const { HTTPValidationError } = await schemas();
    expect(HTTPValidationError).toMatchObject({
      type: 'object',
      properties: { detail: { type: 'array', items: { $ref: '#/components/schemas/ValidationError' } } },
    });
    const { body } = await create({});
    expect(Object.keys(body)).toEqual(['detail']);
  });

  test('ValidationError: has a place (loc), a message (msg) and a type, in the order of the example', async () => {
    const { body } = await create({});
    for (const error of body.detail) expect(Object.keys(error)).toEqual(['loc', 'msg', 'type']);
  });

  test('ValidationError: loc is an array', async () => {
    expect((await schemas()).ValidationError.properties.loc.type).toBe('array');
    expect((await create({ first_name: 'A' })).body.detail[0].loc).toEqual(['body', 'last_name']);
  });

  test('ValidationError: msg is a string', async () => {
    expect((await schemas()).ValidationError.properties.msg.type).toBe('string');
    expect((await create({})).body.detail[0].msg).toBe('Field required');
  });

  test('ValidationError: type is a string', async () => {
    expect((await schemas()).ValidationError.properties.type.type).toBe('string');
    expect((await create({})).body.detail[0].type).toBe('missing');
  });

  test.each([
    ['GET /users/: a request that does not fit is answered with an HTTPValidationError', 0],
    ['POST /users/: a request that does not fit is answered with an HTTPValidationError', 1],
    ['GET /users/{user_id}: declares an HTTPValidationError', 2],
    ['PUT /users/{user_id}: a request that does not fit gets an HTTPValidationError', 3],
    ['DELETE /users/{user_id}: declares an HTTPValidationError', 4],
  ])('%s', async (_, index) => {
    const [method, path] = operations[index] as (typeof operations)[number];
    const { responses } = await operation(path, method.toLowerCase());
    expect(responses[422].content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/HTTPValidationError',
    });
    const json = method === 'POST' || method === 'PUT' ? { json: { first_name: 7 } } : {};
    const answer = await ask(method, `${path.replace('{user_id}', '%FF')}?include_shared=x`, 'ada', json);
    expect(answer.status).toBe(422);
    expect(answer.body.detail.length).toBeGreaterThan(0);
  });
});
