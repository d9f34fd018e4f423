/** What ZenML Pro's page of the current user says: a test for each of its facts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from './world.ts';
import { keysOfUser, nameOf, overlong, rejectedFields } from './zenml.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const me = async (who: keyof World['tokens']) => {
  const answer = await world.call('GET', '/users/me', { token: world.tokens[who] });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};
const patch = (token: string, json: unknown) => world.call('PATCH', '/users/me', { token, json });

describe('GET /users/me', () => {
  test('GET /users/me: answers 200 with the account of the caller, whoever calls', async () => {
    expect(await me('ada')).toMatchObject({ id: world.ids.ada, username: 'ada' });
    expect(await me('grace')).toMatchObject({ id: world.ids.grace, username: 'grace' });
  });

  test('GET /users/me: without a credential there is no caller, so the answer is 401', async () => {
    const answer = await world.call('GET', '/users/me');
    expect(answer.status).toBe(401);
    expect(nameOf(answer)).toBe('AuthorizationException');
  });

  test('GET /users/me: a person and a service account are told in one model', async () => {
    const [ada, ci] = [await me('ada'), await me('ci')];
    expect(Object.keys(ada)).toEqual(keysOfUser);
    expect(Object.keys(ci)).toEqual(keysOfUser);
    expect(ci).toMatchObject({ id: world.ids.ci, username: 'ci', name: 'Continuous Integration' });
  });
});

describe('User', () => {
  test.each([
    ['User: name is the name of the user', 'name', 'Ada Lovelace'],
    ['User: avatar_url is where its picture is', 'avatar_url', 'https://example.com/avatars/ada.png'],
    ['User: company is where the user works', 'company', 'Acme'],
    ['User: job_title is what the user does there', 'job_title', 'Analyst'],
    ['User: metadata holds further facts', 'metadata', { team: 'engines', favoriteNumber: 7 }],
    ['User: username names the account', 'username', 'ada'],
    ['User: email is the address of the account', 'email', 'ada@example.com'],
    ['User: oauth_provider is null without one', 'oauth_provider', null],
    ['User: oauth_id is null without a provider', 'oauth_id', null],
    ['User: is_active is true for an active account', 'is_active', true],
    ['User: is_superuser is false for everybody else', 'is_superuser', false],
    ['User: is_service_account is false for a person', 'is_service_account', false],
    ['User: organization_id is null for a person', 'organization_id', null],
    ['User: is_onboarded is true after onboarding', 'is_onboarded', true],
  ])('%s', async (_, key, value) => {
    expect(await me('ada')).toHaveProperty(key, value);
  });

  test('User: username is unique, without regard to case', async () => {
    const { id, token, username } = await world.person();
    for (const taken of ['ada', 'ADA']) {
      const answer = await patch(token, { username: taken });
      expect(answer.status).toBe(409);
      expect(nameOf(answer)).toBe('EntityExistsError');
    }
    expect((await world.row(id)).username).toBe(username);
  });

  test('User: username is the e-mail address for an OAuth2 account', async () => {
    const linus = await me('linus');
    expect(linus.username).toBe('linus@example.com');
    expect(linus.username).toBe(linus.email);
  });

  test('User: username holds letters, digits and _ - @ . only', async () => {
    const { id, token, username } = await world.person();
    for (const wrong of ['with space', 'über', 'a/b', 'a+b', ''])
      expect(rejectedFields(await patch(token, { username: wrong }))).toEqual(['body.username']);
    expect((await world.row(id)).username).toBe(username);
    const right = 'aZ09_-@.';
    expect((await patch(token, { username: right })).body.username).toBe(right);
  });

  test('User: the pattern of username stands in the document', async () => {
    const { components } = await world.document('zenml');
    expect(JSON.stringify(components.schemas.User.properties.username)).toContain(
      JSON.stringify('^[a-zA-Z0-9_\\-@.]+$'),
    );
  });

  test('User: email is unique, so it tells OAuth2 accounts apart', async () => {
    const { id, token } = await world.person();
    const answer = await patch(token, { email: 'linus@example.com' });
    expect(answer.status).toBe(409);
    expect(nameOf(answer)).toBe('EntityExistsError');
    expect(await world.prisma.email.count({ where: { userId: id } })).toBe(0);
  });

  test('User: oauth_provider names the provider of an OAuth2 account', async () => {
    expect((await me('linus')).oauth_provider).toBe('github');
  });

  test('User: oauth_id is the id at the provider', async () => {
    expect((await me('linus')).oauth_id).toBe('1024025');
  });

  test('User: is_active is true by default', async () => {
    const { components } = await world.document('zenml');
    expect(components.schemas.User.properties.is_active).toMatchObject({ type: 'boolean', default: true });
    const { token } = await world.person();
    expect((await world.call('GET', '/users/me', { token })).body.is_active).toBe(true);
  });

  test('User: is_superuser is true for a superuser', async () => {
    expect((await me('admin')).is_superuser).toBe(true);
  });

  test('User: is_superuser is false by default', async () => {
    const { components } = await world.document('zenml');
    expect(components.schemas.User.properties.is_superuser).toMatchObject({ default: false });
    const { token } = await world.person();
    expect((await world.call('GET', '/users/me', { token })).body.is_superuser).toBe(false);
  });

  test('User: is_service_account is true for a service account', async () => {
    expect((await me('ci')).is_service_account).toBe(true);
  });

  test('User: is_service_account is false by default', async () => {
    const { components } = await world.document('zenml');
    expect(components.schemas.User.properties.is_service_account).toMatchObject({ default: false });
    const { token } = await world.person();
    expect((await world.call('GET', '/users/me', { token })).body.is_service_account).toBe(false);
  });

  test('User: organization_id is the organization of a service account', async () => {
    expect((await me('ci')).organization_id).toBe(world.acme.id);
  });

  test('User: organization_id is set for service accounts only, not for members', async () => {
    for (const who of ['ada', 'grace', 'admin', 'linus'] as const)
      expect((await me(who)).organization_id).toBeNull();
  });

  test('User: is_onboarded is false by default', async () => {
    const { components } = await world.document('zenml');
    expect(components.schemas.User.properties.is_onboarded).toMatchObject({ default: false });
    const { token } = await world.person();
    expect((await world.call('GET', '/users/me', { token })).body.is_onboarded).toBe(false);
  });
});

describe('PATCH /users/me', () => {
  test('PATCH /users/me: changes the account of the caller and no other', async () => {
    const { id, token } = await world.person();
    const before = await world.prisma.user.findMany({ where: { NOT: { id } }, orderBy: { id: 'asc' } });
    expect((await patch(token, { name: 'Changed' })).status).toBe(200);
    expect((await world.row(id)).name).toBe('Changed');
    expect(await world.prisma.user.findMany({ where: { NOT: { id } }, orderBy: { id: 'asc' } })).toEqual(
      before,
    );
  });

  test('PATCH /users/me: answers 200 with the updated account', async () => {
    const { id, token } = await world.person();
    const { status, body } = await patch(token, { name: 'Changed', company: 'New' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, name: 'Changed', company: 'New' });
    expect((await world.call('GET', '/users/me', { token })).body).toEqual(body);
  });

  test('PATCH /users/me: the answer is the same model as that of GET', async () => {
    const { token } = await world.person();
    expect(Object.keys((await patch(token, {})).body)).toEqual(keysOfUser);
  });

  test('PATCH /users/me: without a credential nothing is changed, and the answer is 401', async () => {
    const answer = await world.call('PATCH', '/users/me', { json: { name: 'Nobody' } });
    expect(answer.status).toBe(401);
    expect(await world.prisma.user.count({ where: { name: 'Nobody' } })).toBe(0);
  });

  test('PATCH /users/me: an internal user gets a ValueError, and stays as it is', async () => {
    const before = await world.row(world.ids.system);
    const answer = await patch(world.tokens.system, { name: 'Changed' });
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    expect(await world.row(world.ids.system)).toEqual(before);
  });

  test('PATCH /users/me: a service account gets a ValueError, and stays as it is', async () => {
    const before = await world.row(world.ids.ci);
    const answer = await patch(world.tokens.ci, { name: 'Changed' });
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    expect(await world.row(world.ids.ci)).toEqual(before);
  });

  test('PATCH /users/me: taking the name of the administrator is a ValueError', async () => {
    const { id, token, username } = await world.person();
    for (const reserved of ['admin', 'Admin', 'ADMIN']) {
      const answer = await patch(token, { username: reserved });
      expect(answer.status).toBe(400);
      expect(nameOf(answer)).toBe('ValueError');
    }
    expect((await world.row(id)).username).toBe(username);
  });

  test('PATCH /users/me: the administrator giving up its name is a ValueError', async () => {
    for (const username of ['root', null]) {
      const answer = await patch(world.tokens.admin, { username });
      expect(answer.status).toBe(400);
      expect(nameOf(answer)).toBe('ValueError');
    }
    expect((await world.row(world.ids.admin)).username).toBe('admin');
  });

  test('PATCH /users/me: a body that does not fit is 422, with every field that is wrong', async () => {
    const { id, token } = await world.person();
    const before = await world.row(id);
    const answer = await patch(token, { name: 1, company: [], metadata: 'x', job_title: 'good' });
    expect(rejectedFields(answer)).toEqual(['body.name', 'body.company', 'body.metadata']);
    expect(await world.row(id)).toEqual(before);
  });
});

describe('UserUpdate', () => {
  test.each([
    ['UserUpdate: name sets the name', 'name', 'New Name'],
    ['UserUpdate: avatar_url sets the picture', 'avatar_url', 'https://example.com/p.png'],
    ['UserUpdate: company sets the company', 'company', 'Dune'],
    ['UserUpdate: job_title sets the job title', 'job_title', 'Lead'],
    ['UserUpdate: metadata sets the further facts', 'metadata', { a: [1, { b: null }] }],
    ['UserUpdate: username sets the username', 'username', 'new.name-1'],
    ['UserUpdate: email sets the e-mail address', 'email', 'new.name-1@example.net'],
  ])('%s', async (_, key, value) => {
    const { token } = await world.person({ company: 'Old' });
    const before = (await world.call('GET', '/users/me', { token })).body;
    const { status, body } = await patch(token, { [key]: value });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, [key]: value });
  });

  test('UserUpdate: no key is required', async () => {
    const { id, token } = await world.person();
    const before = await world.row(id);
    expect((await patch(token, {})).status).toBe(200);
    expect(await world.row(id)).toEqual(before);
    const { components } = await world.document('zenml');
    expect(components.schemas.UserUpdate.required).toBeUndefined();
  });

  test('UserUpdate: an OAuth2 account cannot change its username', async () => {
    const answer = await patch(world.tokens.linus, { username: 'torvalds' });
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    expect((await world.row(world.ids.linus)).username).toBe('linus@example.com');
  });

  test('UserUpdate: username takes letters, digits and _ - @ . only', async () => {
    const { token } = await world.person();
    expect(rejectedFields(await patch(token, { username: 'no spaces' }))).toEqual(['body.username']);
    const { components } = await world.document('zenml');
    expect(JSON.stringify(components.schemas.UserUpdate.properties.username)).toContain(
      JSON.stringify('^[a-zA-Z0-9_\\-@.]+$'),
    );
  });

  test('UserUpdate: an OAuth2 account cannot change its e-mail address', async () => {
    const answer = await patch(world.tokens.linus, { email: 'torvalds@example.com' });
    expect(answer.status).toBe(400);
    expect(nameOf(answer)).toBe('ValueError');
    const emails = await world.prisma.email.findMany({ where: { userId: world.ids.linus } });
    expect(emails.map(({ address }) => address)).toEqual(['linus@example.com']);
  });

  test('UserUpdate: an OAuth2 account may send both as they are, and change the rest', async () => {
    const same = { username: 'linus@example.com', email: 'linus@example.com', company: 'Kernel' };
    const { status, body } = await patch(world.tokens.linus, same);
    expect(status).toBe(200);
    expect(body).toMatchObject(same);
  });

  test('UserUpdate: what it has no key for is ignored, and makes nobody more than it is', async () => {
    const { id, token } = await world.person();
    const before = [
      await world.row(id),
      await world.prisma.password.findMany({ orderBy: { userId: 'asc' } }),
    ];
    const { status, body } = await patch(token, {
      is_superuser: true,
      isSuperuser: true,
      password: 'a-new-password',
      password_expired: false,
      is_active: false,
      status: 'SUSPENDED',
      is_service_account: true,
      organization_id: world.acme.id,
      is_onboarded: true,
      id: world.ids.ada,
      oauth_provider: 'github',
      oauth_id: '1',
      firstName: 'Hidden',
      expectedVersion: 99,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, is_superuser: false, password: null, oauth_provider: null });
    expect([
      await world.row(id),
      await world.prisma.password.findMany({ orderBy: { userId: 'asc' } }),
    ]).toEqual(before);
  });

  test('UserUpdate: too long a name, company, job title or username is 422', async () => {
    const { id, token } = await world.person();
    const before = await world.row(id);
    expect(rejectedFields(await patch(token, overlong)).sort()).toEqual(
      ['body.name', 'body.company', 'body.job_title', 'body.username'].sort(),
    );
    expect(await world.row(id)).toEqual(before);
  });
});
