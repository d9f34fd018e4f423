/** What ZenML Pro's page of users says: a test for each of its facts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from './world.ts';
import { keysOfUser, nameOf, overlong, rejectedFields } from './zenml.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const nobody = '8e0a5b1e-0000-4000-8000-000000000000';
type Who = keyof World['tokens'];

const list = (query = '', who: Who = 'admin') =>
  world.call('GET', `/users${query}`, { token: world.tokens[who] });
const listed = async (query = '', who: Who = 'admin'): Promise<Record<string, unknown>[]> => {
  const answer = await list(query, who);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const idsOf = (users: Record<string, unknown>[]) => users.map(({ id }) => id);
const patch = (id: string, json: unknown, who: Who = 'admin') =>
  world.call('PATCH', `/users/${id}`, { token: world.tokens[who], json });
const remove = (id: string, token: string | null = world.tokens.admin) =>
  world.call('DELETE', `/users/${id}`, { token });
const parameter = async (name: string) => {
  const { paths } = await world.document('zenml');
  return paths['/users'].get.parameters.find((one: { name: string }) => one.name === name);
};

describe('GET /users', () => {
  test('GET /users: lists all accounts to a superuser', async () => {
    const count = await world.prisma.user.count({ where: { kind: { not: 'INTERNAL' } } });
    expect(await listed('?limit=1000')).toHaveLength(count);
  });

  test('GET /users: lists an account that is nobody special itself and its own relations only', async () => {
    const { ada, kit, robin, grace, stranger } = world.ids;
    expect(new Set(idsOf(await listed('', 'ada')))).toEqual(new Set([ada, kit, robin, grace]));
    expect(idsOf(await listed('', 'stranger'))).toEqual([stranger]);
  });

  test('GET /users: never lists the accounts of the system itself', async () => {
    expect(idsOf(await listed('?limit=1000'))).not.toContain(world.ids.system);
    expect(await listed(`?user_id=${world.ids.system}`)).toEqual([]);
  });

  test('GET /users: answers 200 with a bare array, not with a page object', async () => {
    expect(Array.isArray(await listed())).toBe(true);
  });

  test('GET /users: without an authorized user the answer is 401', async () => {
    const answer = await world.call('GET', '/users');
    expect(answer.status).toBe(401);
    expect(nameOf(answer)).toBe('AuthorizationException');
  });

  test('GET /users: offset defaults to 0', async () => {
    expect(await listed('?limit=3')).toEqual(await listed('?offset=0&limit=3'));
    expect((await parameter('offset')).schema).toMatchObject({ type: 'integer', default: 0 });
  });

  test('GET /users: limit defaults to 100', async () => {
    expect(await listed()).toHaveLength(100);
    expect(await listed()).toEqual(await listed('?limit=100'));
    expect((await parameter('limit')).schema).toMatchObject({ type: 'integer', default: 100 });
  });

  test('GET /users: offset and limit cut pages that neither overlap nor leave anybody out', async () => {
    const everybody = idsOf(await listed('?limit=1000'));
    const pages = [];
    for (let offset = 0; offset < everybody.length; offset += 50)
      pages.push(...idsOf(await listed(`?offset=${offset}&limit=50`)));
    expect(pages).toEqual(everybody);
    expect(await listed(`?offset=${everybody.length}`)).toEqual([]);
  });

  test('GET /users: user_id leaves the account with that id', async () => {
    expect(idsOf(await listed(`?user_id=${world.ids.grace}`))).toEqual([world.ids.grace]);
    expect(await listed(`?user_id=${nobody}`)).toEqual([]);
    expect(await listed(`?user_id=${world.ids.stranger}`, 'ada')).toEqual([]);
  });

  test('GET /users: oauth_provider leaves the accounts of that provider', async () => {
    expect(idsOf(await listed('?oauth_provider=github'))).toEqual([world.ids.linus]);
    expect(await listed('?oauth_provider=google')).toEqual([]);
  });

  test('GET /users: oauth_id leaves the account with that id at its provider', async () => {
    expect(idsOf(await listed('?oauth_id=1024025'))).toEqual([world.ids.linus]);
    expect(await listed('?oauth_id=1024025&oauth_provider=google')).toEqual([]);
  });

  test('GET /users: email leaves the account with that address', async () => {
    expect(idsOf(await listed('?email=grace@example.com'))).toEqual([world.ids.grace]);
    expect(idsOf(await listed('?email=GRACE@example.com'))).toEqual([world.ids.grace]);
  });

  test('GET /users: email finds nobody whose address the caller may not know', async () => {
    expect(await listed('?email=stranger@example.com', 'grace')).toEqual([]);
    expect(await listed('?email=ada@example.com', 'grace')).toEqual([]);
  });

  test('GET /users: is_active leaves the active accounts, or the others', async () => {
    const everybody = await listed('?limit=1000');
    const active = await listed('?is_active=true&limit=1000');
    const others = await listed('?is_active=false&limit=1000');
    expect(active.every((user) => user.is_active === true)).toBe(true);
    expect(others.every((user) => user.is_active === false)).toBe(true);
    expect(idsOf(others)).toContain(world.ids.margaret);
    expect(active.length + others.length).toBe(everybody.length);
  });

  test('GET /users: with several filters all must hold', async () => {
    expect(idsOf(await listed(`?email=ada@example.com&is_active=true&user_id=${world.ids.ada}`))).toEqual([
      world.ids.ada,
    ]);
    expect(await listed('?email=ada@example.com&is_active=false')).toEqual([]);
  });

  test('GET /users: no parameter is required', async () => {
    const { paths } = await world.document('zenml');
    const { parameters } = paths['/users'].get;
    expect(parameters.map(({ name }: { name: string }) => name)).toEqual([
      'offset',
      'limit',
      'user_id',
      'oauth_provider',
      'oauth_id',
      'email',
      'is_active',
    ]);
    for (const one of parameters) expect(one).toMatchObject({ in: 'query', required: false });
  });

  test.each([
    ['GET /users: an offset that is no number is 422', '?offset=x', 'query.offset'],
    ['GET /users: a negative offset is 422', '?offset=-1', 'query.offset'],
    ['GET /users: a limit that is no number is 422', '?limit=1.5', 'query.limit'],
    ['GET /users: a limit above 1000 is 422, a bound of ours', '?limit=1001', 'query.limit'],
    ['GET /users: a user_id that is no UUID is 422', '?user_id=ada', 'query.user_id'],
    ['GET /users: an is_active that is no boolean is 422', '?is_active=perhaps', 'query.is_active'],
  ])('%s', async (_, query, field) => {
    expect(rejectedFields(await list(query))).toEqual([field]);
  });
});

describe('User in a list', () => {
  const one = async (id: string) => (await listed(`?user_id=${id}`))[0];

  test('GET /users: every entry is the model that /users/me answers with', async () => {
    for (const user of await listed('?limit=1000')) expect(Object.keys(user)).toEqual(keysOfUser);
    const me = await world.call('GET', '/users/me', { token: world.tokens.ada });
    expect(await listed(`?user_id=${world.ids.ada}`, 'ada')).toEqual([me.body]);
  });

  test('GET /users: service accounts are listed among the persons, in one model', async () => {
    expect(await one(world.ids.ci)).toMatchObject({ username: 'ci', is_service_account: true });
  });

  test.each([
    ['User in a list: name', 'name', 'Ada Lovelace'],
    ['User in a list: avatar_url', 'avatar_url', 'https://example.com/avatars/ada.png'],
    ['User in a list: company', 'company', 'Acme'],
    ['User in a list: job_title', 'job_title', 'Analyst'],
    ['User in a list: metadata', 'metadata', { team: 'engines', favoriteNumber: 7 }],
    ['User in a list: username', 'username', 'ada'],
    ['User in a list: email', 'email', 'ada@example.com'],
    ['User in a list: oauth_provider is null without one', 'oauth_provider', null],
    ['User in a list: oauth_id is null without a provider', 'oauth_id', null],
    ['User in a list: is_active', 'is_active', true],
    ['User in a list: is_superuser', 'is_superuser', false],
    ['User in a list: is_service_account', 'is_service_account', false],
    ['User in a list: organization_id is null for a person', 'organization_id', null],
    ['User in a list: is_onboarded', 'is_onboarded', true],
  ])('%s', async (_, key, value) => {
    expect(await one(world.ids.ada)).toHaveProperty(key, value);
  });

  test('User in a list: an OAuth2 account is told by provider and id, its username is its address', async () => {
    expect(await one(world.ids.linus)).toMatchObject({
      username: 'linus@example.com',
      email: 'linus@example.com',
      oauth_provider: 'github',
      oauth_id: '1024025',
    });
  });

  test('User in a list: organization_id is set for service accounts only', async () => {
    for (const user of await listed('?limit=1000'))
      expect(user.organization_id !== null, String(user.id)).toBe(user.is_service_account);
    expect((await one(world.ids.ci))?.organization_id).toBe(world.acme.id);
  });

  test('User in a list: what is private of somebody who shares no profile is null', async () => {
    const someone = await world.person({ metadata: { secret: 1 } }, 'private@example.net');
    const other = await world.person();
    await world.share(someone.id, other.id, ['data:read']);
    const { body } = await world.call('GET', `/users?user_id=${someone.id}`, { token: other.token });
    expect(body).toHaveLength(1);
    expect(body[0]).toMatchObject({ email: null, metadata: null, password_expired: null });
    expect(JSON.stringify(body)).not.toContain('private@example.net');
  });
});

describe('DELETE /users/{user_id}', () => {
  test('DELETE /users/{user_id}: a superuser deletes the account, its credentials and its data', async () => {
    const person = await world.person({}, 'leaving@example.net');
    const managed = await world.managed(person.id);
    const key = await world.apiToken({ userId: person.id });
    expect((await remove(person.id)).status).toBe(204);
    expect(await listed(`?user_id=${person.id}`)).toEqual([]);
    for (const token of [person.token, key.secret])
      expect((await world.call('GET', '/users/me', { token })).status).toBe(401);
    await world.app.work();
    const ids = [person.id, managed];
    const ofThem = { where: { userId: { in: ids } } };
    expect(await world.prisma.user.count({ where: { id: { in: ids } } })).toBe(0);
    expect(await world.prisma.email.count(ofThem)).toBe(0);
    expect(await world.prisma.session.count(ofThem)).toBe(0);
    expect(await world.prisma.apiToken.count(ofThem)).toBe(0);
    expect(await world.prisma.dataRecord.count(ofThem)).toBe(0);
  });

  test('DELETE /users/{user_id}: deletes that account and no other', async () => {
    const person = await world.person();
    const others = { where: { NOT: { id: person.id } }, orderBy: { id: 'asc' as const } };
    const before = await world.prisma.user.findMany(others);
    await remove(person.id);
    expect(await world.prisma.user.findMany(others)).toEqual(before);
  });

  test('DELETE /users/{user_id}: answers 204 without content', async () => {
    const { status, text, headers } = await remove((await world.person()).id);
    expect(status).toBe(204);
    expect(text).toBe('');
    expect(headers.get('content-type')).toBeNull();
  });

  test('DELETE /users/{user_id}: an internal user is a ValueError, and stays', async () => {
    const answer = await remove(world.ids.system);
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    expect(await world.row(world.ids.system)).toMatchObject({ username: 'system' });
  });

  test('DELETE /users/{user_id}: what is not allowed is an IllegalOperationError', async () => {
    for (const [id, who] of [
      [world.ids.grace, 'ada'], // shares with her
      [world.ids.linus, 'ada'], // is in her organization
      [world.ids.admin, 'ada'],
      [world.ids.ada, 'stranger'],
      [world.ids.system, 'ada'],
      [world.ids.ci, 'ci'],
    ] as const) {
      const answer = await remove(id, world.tokens[who]);
      expect(answer.status, `${who}: ${answer.text}`).toBe(403);
      expect(nameOf(answer)).toBe('IllegalOperationError');
      expect((await world.row(id)).id).toBe(id);
    }
  });

  test('DELETE /users/{user_id}: who is not there is an IllegalOperationError, to everybody', async () => {
    for (const who of ['admin', 'stranger'] as const) {
      const answer = await remove(nobody, world.tokens[who]);
      expect(answer.status).toBe(403);
      expect(nameOf(answer)).toBe('IllegalOperationError');
    }
  });

  test('DELETE /users/{user_id}: an id that is no UUID is 422', async () => {
    expect(rejectedFields(await remove('ada'))).toEqual(['path.user_id']);
  });

  test('DELETE /users/{user_id}: without a credential the answer is 401', async () => {
    const { id } = await world.person();
    expect((await remove(id, null)).status).toBe(401);
    expect((await world.row(id)).id).toBe(id);
  });
});

describe('PATCH /users/{user_id}', () => {
  test('PATCH /users/{user_id}: a superuser changes that account and no other', async () => {
    const { id } = await world.person();
    const others = { where: { NOT: { id } }, orderBy: { id: 'asc' as const } };
    const before = await world.prisma.user.findMany(others);
    expect((await patch(id, { name: 'Changed' })).status).toBe(200);
    expect((await world.row(id)).name).toBe('Changed');
    expect(await world.prisma.user.findMany(others)).toEqual(before);
  });

  test('PATCH /users/{user_id}: answers 200 with the updated account, in the same model', async () => {
    const { id } = await world.person();
    const { status, body } = await patch(id, { company: 'New' });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(keysOfUser);
    expect(body).toEqual((await listed(`?user_id=${id}`))[0]);
  });

  test.each([
    ['PATCH /users/{user_id}: name sets the name', 'name', 'New Name'],
    ['PATCH /users/{user_id}: avatar_url sets the picture', 'avatar_url', 'https://example.com/p.png'],
    ['PATCH /users/{user_id}: company sets the company', 'company', 'Dune'],
    ['PATCH /users/{user_id}: job_title sets the job title', 'job_title', 'Lead'],
    ['PATCH /users/{user_id}: metadata sets the further facts', 'metadata', { a: { b: [1] } }],
    ['PATCH /users/{user_id}: username sets the username', 'username', 'other.name-2'],
    ['PATCH /users/{user_id}: email sets the address', 'email', 'other.name-2@example.net'],
  ])('%s', async (_, key, value) => {
    const { id } = await world.person({ company: 'Old' });
    const [before] = await listed(`?user_id=${id}`);
    const { status, body } = await patch(id, { [key]: value });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, [key]: value });
  });

  test('PATCH /users/{user_id}: no key is required', async () => {
    const { id } = await world.person();
    const before = await world.row(id);
    expect((await patch(id, {})).status).toBe(200);
    expect(await world.row(id)).toEqual(before);
  });

  test('PATCH /users/{user_id}: the username of an OAuth2 account cannot change', async () => {
    const answer = await patch(world.ids.linus, { username: 'torvalds' });
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    expect((await world.row(world.ids.linus)).username).toBe('linus@example.com');
  });

  test('PATCH /users/{user_id}: the e-mail address of an OAuth2 account cannot change', async () => {
    const answer = await patch(world.ids.linus, { email: 'torvalds@example.com' });
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    const emails = await world.prisma.email.findMany({ where: { userId: world.ids.linus } });
    expect(emails.map(({ address }) => address)).toEqual(['linus@example.com']);
  });

  test('PATCH /users/{user_id}: username takes letters, digits and _ - @ . only', async () => {
    const { id, username } = await world.person();
    for (const wrong of ['no spaces', 'ü', ''])
      expect(rejectedFields(await patch(id, { username: wrong }))).toEqual(['body.username']);
    expect((await world.row(id)).username).toBe(username);
  });

  test('PATCH /users/{user_id}: what is not allowed is an IllegalOperationError', async () => {
    for (const [id, who] of [
      [world.ids.grace, 'ada'],
      [world.ids.linus, 'ada'],
      [world.ids.admin, 'ada'],
      [world.ids.ada, 'stranger'],
      [world.ids.system, 'ada'],
    ] as const) {
      const before = await world.row(id);
      const answer = await patch(id, { name: 'Mine' }, who);
      expect(answer.status, `${who}: ${answer.text}`).toBe(403);
      expect(nameOf(answer)).toBe('IllegalOperationError');
      expect(await world.row(id)).toEqual(before);
    }
  });

  test('PATCH /users/{user_id}: who is not there is an IllegalOperationError', async () => {
    for (const who of ['admin', 'stranger'] as const) {
      const answer = await patch(nobody, { name: 'Nobody' }, who);
      expect(answer.status).toBe(403);
      expect(nameOf(answer)).toBe('IllegalOperationError');
    }
  });

  test('PATCH /users/{user_id}: a body that does not fit is 422, with every field that is wrong', async () => {
    const { id } = await world.person();
    const before = await world.row(id);
    expect(rejectedFields(await patch(id, { name: 1, metadata: [] }))).toEqual([
      'body.name',
      'body.metadata',
    ]);
    expect(rejectedFields(await patch(id, overlong))).toHaveLength(4);
    expect(await world.row(id)).toEqual(before);
  });

  test('PATCH /users/{user_id}: an id that is no UUID is 422', async () => {
    expect(rejectedFields(await patch('ada', { name: 'Ada' }))).toEqual(['path.user_id']);
  });
});
