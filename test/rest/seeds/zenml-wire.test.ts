/** What ZenML's clients and traffic show beyond the pages: a test for each fact. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTestApp } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';
import { nameOf, rejectedFields } from './zenml.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const password = 'usergraph-demo';
const nobody = '8e0a5b1e-0000-4000-8000-000000000000';
const login = (form: Record<string, string>) => world.call('POST', '/auth/login', { form });
const patch = (id: string, json: unknown, token = world.tokens.admin) =>
  world.call('PATCH', `/users/${id}`, { token, json });
const me = (token: string) => world.call('GET', '/users/me', { token });

describe('User', () => {
  test('User: password is null on every answer', async () => {
    const { body } = await world.call('GET', '/users?limit=1000', { token: world.tokens.admin });
    for (const user of body) expect(user.password).toBeNull();
    const { id } = await world.person();
    expect((await patch(id, { password: 'a-new-password' })).body.password).toBeNull();
  });

  test('User: password_expired is null for an account without a password', async () => {
    expect((await me(world.tokens.linus)).body.password_expired).toBeNull();
  });

  test('User: password_expired is true after an administrator set the password', async () => {
    const { id } = await world.person();
    expect((await patch(id, { password: 'a-new-password' })).body.password_expired).toBe(true);
    expect((await me(world.tokens.ada)).body.password_expired).toBe(false);
  });

  test('User: username is null for an account that has none', async () => {
    const { token } = await world.person({ username: null }, 'nameless@example.net');
    expect((await me(token)).body).toMatchObject({ username: null, email: 'nameless@example.net' });
  });

  test('User: id is a UUID', async () => {
    expect((await me(world.tokens.ada)).body.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test.each([
    ['User: name has 1 to 50 characters', 'name'],
    ['User: company has 1 to 50 characters', 'company'],
    ['User: job_title has 1 to 50 characters', 'job_title'],
    ['User: username has 1 to 50 characters', 'username'],
  ])('%s', async (_, key) => {
    const { id } = await world.person();
    expect(rejectedFields(await patch(id, { [key]: '' }))).toEqual([`body.${key}`]);
    expect(rejectedFields(await patch(id, { [key]: 'x'.repeat(51) }))).toEqual([`body.${key}`]);
    const { body } = await patch(id, { [key]: 'y'.repeat(50) });
    expect(body[key]).toBe('y'.repeat(50));
  });
});

describe('UserUpdate', () => {
  test('UserUpdate: an absent key keeps its value', async () => {
    const before = { name: 'Kept', company: 'Kept', jobTitle: 'Kept', metadata: { kept: true } };
    const { id } = await world.person(before);
    await patch(id, { avatar_url: 'https://example.com/k.png' });
    expect(await world.row(id)).toMatchObject(before);
  });

  test.each([
    ['UserUpdate: null clears the name', 'name'],
    ['UserUpdate: null clears the picture', 'avatar_url'],
    ['UserUpdate: null clears the company', 'company'],
    ['UserUpdate: null clears the job title', 'job_title'],
    ['UserUpdate: null clears the metadata', 'metadata'],
    ['UserUpdate: null clears the username while there is an address', 'username'],
    ['UserUpdate: null clears the e-mail address while there is a username', 'email'],
  ])('%s', async (_, key) => {
    const full = { name: 'N', company: 'C', jobTitle: 'J', avatarUrl: 'https://a.example/', metadata: {} };
    const { token } = await world.person(full, `full-${key}@example.net`);
    expect((await me(token)).body[key]).not.toBeNull();
    const { status, body } = await world.call('PATCH', '/users/me', { token, json: { [key]: null } });
    expect(status).toBe(200);
    expect(body[key]).toBeNull();
  });

  test('PATCH /users/{user_id}: a superuser sets a password, which signs in once it is changed', async () => {
    const { id, username } = await world.person();
    await patch(id, { password: 'a-new-password' });
    expect((await login({ username, password: 'a-new-password' })).status).toBe(403);
    await world.app.anonymous.run(`mutation { signIn(input: { login: "${username}", password: "a-new-password",
      newPassword: "a-newer-password" }) { __typename } }`);
    expect((await login({ username, password: 'a-newer-password' })).status).toBe(200);
    for (const old of ['a-new-password', password])
      expect((await login({ username, password: old })).status).toBe(401);
  });

  test('PATCH /users/{user_id}: a superuser makes superusers, and takes that back', async () => {
    const { id, token } = await world.person();
    expect((await patch(id, { is_superuser: true })).body.is_superuser).toBe(true);
    expect((await world.call('GET', '/users', { token })).body.length).toBeGreaterThan(1);
    expect((await patch(id, { is_superuser: false })).body.is_superuser).toBe(false);
    expect((await world.call('GET', '/users', { token })).body).toHaveLength(1);
  });

  test('PATCH /users/{user_id}: a superuser that sets its own password sees its account, and its session ends', async () => {
    const { id, token } = await world.person({ isSuperuser: true }, 'chief@example.net');
    const answer = await patch(id, { password: 'a-new-password' }, token);
    expect([answer.status, answer.body.email]).toEqual([200, 'chief@example.net']);
    expect((await me(token)).status).toBe(401);
  });

  test('PATCH /users/{user_id}: nobody else sets a password or makes superusers, of itself least', async () => {
    const { id, token } = await world.person();
    const managed = await world.managed(id);
    for (const target of [id, managed]) {
      const before = await world.row(target);
      for (const json of [{ is_superuser: true }, { password: 'a-new-password' }]) {
        const answer = await patch(target, json, token);
        expect(answer.status, answer.text).toBe(403);
        expect(nameOf(answer)).toBe('IllegalOperationError');
      }
      expect(await world.row(target)).toEqual(before);
      expect(await world.prisma.password.count({ where: { userId: target } })).toBe(0);
    }
  });

  test('PATCH /users/{user_id}: an API token without the scope admin has none of a superuser', async () => {
    const { id } = await world.person();
    const narrow = await world.apiToken({ userId: world.ids.admin }, ['profile', 'users:write']);
    const answer = await patch(id, { is_superuser: true }, narrow.secret);
    expect(answer.status).toBe(403);
    expect((await world.row(id)).isSuperuser).toBe(false);
  });
});

describe('who may change and delete others, besides superusers', () => {
  const remove = (id: string, token: string) => world.call('DELETE', `/users/${id}`, { token });

  test('PATCH and DELETE /users/{user_id}: a manager may, with the users that it manages: a rule of ours', async () => {
    const { id, token } = await world.person();
    const managed = await world.managed(id);
    expect((await patch(managed, { name: 'Renamed' }, token)).body.name).toBe('Renamed');
    expect((await remove(managed, token)).status).toBe(204);
  });

  test('PATCH and DELETE /users/{user_id}: an owner may, with the service accounts of the organization: a rule of ours', async () => {
    const id = (
      await world.prisma.user.create({
        data: { id: nobody, kind: 'SERVICE_ACCOUNT', organizationId: world.acme.id, name: 'Bot' },
        select: { id: true },
      })
    ).id;
    expect((await patch(id, { name: 'Robot' }, world.tokens.grace)).status).toBe(403);
    expect((await patch(id, { name: 'Robot' }, world.tokens.ada)).body.name).toBe('Robot');
    expect((await remove(id, world.tokens.ada)).status).toBe(204);
  });

  test('DELETE /users/{user_id}: an account may delete itself', async () => {
    const { id, token } = await world.person();
    expect((await remove(id, token)).status).toBe(204);
    expect((await me(token)).status).toBe(401);
  });

  test('DELETE /users/{user_id}: the last owner of an organization stays, as a ValueError', async () => {
    const answer = await remove(world.ids.grace, world.tokens.admin);
    expect([answer.status, nameOf(answer)]).toEqual([400, 'ValueError']);
    expect((await world.row(world.ids.grace)).id).toBe(world.ids.grace);
  });
});

describe('the reserved administrator', () => {
  test('admin is not deleted, by itself nor by another superuser', async () => {
    const other = await world.person({ isSuperuser: true });
    for (const token of [world.tokens.admin, other.token]) {
      const answer = await world.call('DELETE', `/users/${world.ids.admin}`, { token });
      expect(answer.status).toBe(400);
      expect(nameOf(answer)).toBe('ValueError');
    }
    expect((await world.row(world.ids.admin)).username).toBe('admin');
  });

  test('admin is not renamed, nor demoted', async () => {
    const other = await world.person({ isSuperuser: true });
    const before = await world.row(world.ids.admin);
    for (const json of [{ username: 'root' }, { username: null }, { is_superuser: false }]) {
      const answer = await patch(world.ids.admin, json, other.token);
      expect(answer.status).toBe(400);
      expect(nameOf(answer)).toBe('ValueError');
    }
    expect(await world.row(world.ids.admin)).toEqual(before);
  });
});

describe('errors', () => {
  const exactly = (detail: unknown) => expect(detail).toEqual([expect.any(String), expect.any(String)]);

  test('an error is the class of an exception and a message, and nothing else', async () => {
    const { body } = await patch(world.ids.admin, { username: 'root' });
    expect(Object.keys(body)).toEqual(['detail']);
    exactly(body.detail);
  });

  test('ValueError is 400', async () => {
    const answer = await patch(world.ids.admin, { username: 'root' });
    expect([answer.status, nameOf(answer)]).toEqual([400, 'ValueError']);
  });

  test('AuthorizationException is 401, and says which scheme', async () => {
    const answer = await me('nonsense');
    expect([answer.status, nameOf(answer)]).toEqual([401, 'AuthorizationException']);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
  });

  test('IllegalOperationError is 403', async () => {
    const answer = await patch(world.ids.grace, { name: 'x' }, world.tokens.ada);
    expect([answer.status, nameOf(answer)]).toEqual([403, 'IllegalOperationError']);
  });

  test('EntityExistsError is 409', async () => {
    const { id } = await world.person();
    const answer = await patch(id, { username: 'grace' });
    expect([answer.status, nameOf(answer)]).toEqual([409, 'EntityExistsError']);
  });

  test('404 is for paths only, as the framework tells it: no operation here raises a KeyError', async () => {
    const answer = await world.call('GET', '/users/a/b', { token: world.tokens.ada });
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({ detail: 'Not Found' });
  });

  test('a body that does not fit is a list of places, messages and types', async () => {
    const { status, body } = await patch(world.ids.ada, { name: 7 });
    expect(status).toBe(422);
    expect(body).toEqual({
      detail: [{ loc: ['body', 'name'], msg: 'Input should be a valid string', type: 'string_type' }],
    });
    expect(Object.keys(body.detail[0])).toEqual(['loc', 'msg', 'type']);
  });

  test('no other account is changed by a superuser without its powers', async () => {
    const answer = await patch(world.ids.ada, { name: 'x' }, world.tokens.stranger);
    expect([answer.status, nameOf(answer)]).toEqual([403, 'IllegalOperationError']);
  });
});

describe('credentials', () => {
  test('a personal access token is a bearer token', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada });
    expect((await me(secret)).body.username).toBe('ada');
  });

  test('a JWT is none of ours, so it is refused', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { sub: world.ids.admin, exp: 4_102_444_800 };
    expect((await me(`${part({ alg: 'none' })}.${part(claims)}.`)).status).toBe(401);
  });

  test('the key of a service account is a bearer token', async () => {
    expect((await me(world.tokens.ci)).body.username).toBe('ci');
  });

  test('POST /auth/login: a username and a password open a session of an hour', async () => {
    const { status, body } = await login({ username: 'grace', password });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'access_token',
      'token_type',
      'expires_in',
      'device_id',
      'device_metadata',
    ]);
    expect(body).toMatchObject({ token_type: 'bearer', expires_in: 3600 });
    expect(body).toMatchObject({ device_id: null, device_metadata: null });
    expect((await me(body.access_token)).body.username).toBe('grace');
    world.app.clock.offset = 3601 * 1000;
    expect((await me(body.access_token)).status).toBe(401);
    world.app.clock.offset = 0;
  });

  test('POST /auth/login: a password that an administrator set must be changed before it signs in', async () => {
    const { id, username } = await world.person();
    await patch(id, { password: 'a-new-password' });
    const sessions = await world.prisma.session.count();
    const answer = await login({ username, password: 'a-new-password' });
    expect([answer.status, nameOf(answer)]).toEqual([403, 'IllegalOperationError']);
    expect(answer.body.detail[1]).toContain('must be changed');
    expect(await world.prisma.session.count()).toBe(sessions);
    const wrong = await login({ username, password: 'another-password' });
    expect([wrong.status, nameOf(wrong)], 'and only who has it is told').toEqual([
      401,
      'AuthorizationException',
    ]);
  });

  test('POST /auth/login: without a password there is nothing to log in with, so it is a ValueError', async () => {
    for (const form of [{ username: 'ada' }, { grant_type: 'password', client_id: 'x' }]) {
      const answer = await login(form as Record<string, string>);
      expect([answer.status, nameOf(answer)]).toEqual([400, 'ValueError']);
    }
  });

  test('POST /auth/login: a password alone is an API token, which is exchanged', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ci });
    const { status, body } = await login({ password: secret });
    expect(status).toBe(200);
    expect((await me(body.access_token)).body.username).toBe('ci');
  });

  test('POST /auth/login: every field of the form is known and none is required by the schema', async () => {
    const { components } = await world.document('zenml');
    const { properties, required } = components.schemas.Login;
    expect(Object.keys(properties)).toEqual([
      'grant_type',
      'username',
      'password',
      'client_id',
      'client_secret',
      'device_code',
      'audience',
    ]);
    expect(required).toBeUndefined();
  });

  test('POST /auth/login: the other fields change nothing of a login by password', async () => {
    const rest = { grant_type: '', client_id: '', client_secret: '', audience: 'x', device_code: '' };
    expect((await login({ ...rest, username: 'grace', password })).status).toBe(200);
  });

  test('POST /auth/login: takes a form, not JSON', async () => {
    const answer = await world.call('POST', '/auth/login', { json: { username: 'grace', password } });
    expect(answer.status).toBe(422);
  });

  test('POST /auth/login: wrong names, wrong passwords and dead tokens are told alike, with 401', async () => {
    const sessions = await world.prisma.session.count();
    const { secret } = await world.apiToken({ userId: world.ids.ada }, [], { revokedAt: new Date(0) });
    const texts = new Set<string>();
    for (const form of [
      { username: 'grace', password: 'wrong' },
      { username: 'nobody', password },
      { username: 'linus@example.com', password },
      { username: 'system', password },
      { password: 'wrong' },
      { password: secret },
      { password: world.tokens.grace }, // a session is no API token
    ]) {
      const answer = await login(form);
      expect(answer.status).toBe(401);
      expect(nameOf(answer)).toBe('AuthorizationException');
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
    expect(await world.prisma.session.count()).toBe(sessions);
  });

  test('POST /auth/login: a suspended account is refused', async () => {
    const answer = await login({ username: 'margaret', password });
    expect(answer.status).toBe(403);
  });
});

describe('the device flow', () => {
  const minutes = (n: number) => n * 60_000;
  const start = (headers: Record<string, string> = {}) =>
    world.call('POST', '/auth/device_authorization', {
      form: { client_id: '6f7c1f6e-0000-4000-8000-000000000000' },
      headers,
    });
  const poll = (device_code: string, rest: Record<string, string> = {}) =>
    login({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code, ...rest });
  /** Somebody answers on the page of the server, in the browser. */
  const answer = (user_code: string, decision: 'allow' | 'deny', token = world.tokens.ada) =>
    world.call('POST', '/device', {
      headers: { cookie: `usergraph_session=${token}` },
      form: { user_code, decision },
    });
  const refusal = async (...asked: Parameters<typeof poll>) => {
    const { status, body } = await poll(...asked);
    expect(Object.keys(body)).toEqual(['error', 'error_description']);
    return [status, body.error];
  };
  afterEach(() => {
    world.app.clock.offset = 0;
  });

  test('POST /auth/device_authorization: has six keys, with times in seconds', async () => {
    const { status, body } = await start();
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'device_code',
      'user_code',
      'verification_uri',
      'verification_uri_complete',
      'expires_in',
      'interval',
    ]);
    expect(body).toMatchObject({ expires_in: 600, interval: 5 });
    expect(body.verification_uri_complete).toBe(`${body.verification_uri}?user_code=${body.user_code}`);
    expect(new URL(body.verification_uri).pathname).toBe('/device');
  });

  test('POST /auth/device_authorization: needs no client_id', async () => {
    expect((await world.call('POST', '/auth/device_authorization')).status).toBe(200);
  });

  test('POST /auth/device_authorization: the person sees what the device calls itself', async () => {
    const { body } = await start({ 'user-agent': 'zenml/0.92.0' });
    const page = await world.call('GET', `/device?user_code=${body.user_code}`, {
      headers: { cookie: `usergraph_session=${world.tokens.ada}` },
    });
    expect(page.text).toContain('zenml/0.92.0');
    expect(page.text).not.toContain(body.device_code);
  });

  test('POST /auth/login: a device is told 400 authorization_pending until its user answers', async () => {
    const { body } = await start();
    expect(await refusal(body.device_code)).toEqual([400, 'authorization_pending']);
  });

  test('POST /auth/login: a device that asks too often is told 400 slow_down', async () => {
    const { body } = await start();
    await poll(body.device_code);
    expect(await refusal(body.device_code)).toEqual([400, 'slow_down']);
  });

  test('POST /auth/login: a device that was let in gets a token of an hour, once', async () => {
    const { body } = await start();
    expect((await answer(body.user_code, 'allow')).status).toBe(303);
    const token = await poll(body.device_code, { client_id: 'anything', audience: 'x' });
    expect(token.status).toBe(200);
    expect(token.body).toMatchObject({ token_type: 'bearer', expires_in: 3600, device_id: null });
    expect((await me(token.body.access_token)).body.username).toBe('ada');
    expect(await refusal(body.device_code)).toEqual([400, 'invalid_grant']);
    world.app.clock.offset = minutes(61);
    expect((await me(token.body.access_token)).status).toBe(401);
  });

  test('POST /auth/login: a device that was refused is told 400 access_denied', async () => {
    const { body } = await start();
    await answer(body.user_code, 'deny');
    expect(await refusal(body.device_code)).toEqual([400, 'access_denied']);
  });

  test('POST /auth/login: a device that nobody answers is told 400 expired_token', async () => {
    const { body } = await start();
    world.app.clock.offset = minutes(11);
    expect(await refusal(body.device_code)).toEqual([400, 'expired_token']);
  });

  test('POST /auth/login: a device code that is none is refused, and opens nothing', async () => {
    const sessions = await world.prisma.session.count();
    expect(await refusal('nonsense')).toEqual([400, 'invalid_grant']);
    expect(await refusal('')).toEqual([400, 'invalid_request']);
    expect(await refusal(world.tokens.ada)).toEqual([400, 'invalid_grant']);
    expect(await world.prisma.session.count()).toBe(sessions);
  });
});

describe('GET /users/authorize_server', () => {
  const server = '8e0a5b1e-0000-4000-8000-000000000000';

  test('GET /users/authorize_server: answers with the caller', async () => {
    const { body } = await world.call('GET', `/users/authorize_server?server_id=${server}`, {
      token: world.tokens.ada,
    });
    expect(body).toMatchObject({ id: world.ids.ada, email: 'ada@example.com', name: 'Ada Lovelace' });
  });

  test('GET /users/authorize_server: is 401 without a credential, 422 without a server', async () => {
    expect((await world.call('GET', `/users/authorize_server?server_id=${server}`)).status).toBe(401);
    const token = world.tokens.ada;
    const answer = await world.call('GET', '/users/authorize_server', { token });
    expect(rejectedFields(answer)).toEqual(['query.server_id']);
  });
});

test('a server can be mounted under a prefix, with and without /api/v1', async () => {
  const app = await openTestApp({ env: { REST_MOUNTS: 'zenml=/zenml' } });
  const { token } = await app.as('ada');
  for (const base of ['/zenml', '/zenml/api/v1'])
    expect((await app.call('GET', `${base}/users/me`, { token })).body.username).toBe('ada');
  expect((await app.call('GET', '/users/me', { token })).status).toBe(404);
  await app.close();
});
