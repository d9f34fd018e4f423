/** What Katapult's clients and traffic show beyond the page: a test for each fact. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTestApp } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(() => void vi.restoreAllMocks());

const current = (token?: string | null, headers: Record<string, string> = {}) =>
  world.call('GET', '/users/current', { token, headers });

describe('paths', () => {
  test('GET /core/v1/users/current: answers as /users/current does', async () => {
    for (const token of [world.tokens.ada, null, 'nonsense', world.tokens.acme]) {
      const [short, long] = [
        await current(token),
        await world.call('GET', '/core/v1/users/current', { token }),
      ];
      expect([long.status, long.body]).toEqual([short.status, short.body]);
    }
  });

  test.each([
    ['an unknown path is 404 route_not_found', 'GET', '/core/v1/nothing'],
    ['a path below the route is 404 route_not_found', 'GET', '/users/current/x'],
    ['another method of the route is 404 route_not_found', 'DELETE', '/users/current'],
    ['another method below the base path is 404 route_not_found', 'POST', '/core/v1/users/current'],
  ])('%s', async (_, method, path) => {
    const { status, body } = await world.call(method, path, { token: world.tokens.ada });
    expect(status).toBe(404);
    expect(body.code).toBe('route_not_found');
    expect(body.error.code).toBe('route_not_found');
    expect((await world.row(world.ids.ada)).id).toBe(world.ids.ada);
  });
});

describe('200', () => {
  test('no scope is needed', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada }, []);
    const { status, body } = await current(secret);
    expect(status).toBe(200);
    expect(body.user).toMatchObject({ first_name: 'Ada', last_name: 'Lovelace' });
  });

  test('all three keys are required', async () => {
    const { components } = await world.document('katapult');
    const { required, properties } = components.schemas.CurrentUser;
    expect(required).toEqual(['user', 'organizations', 'api_token_id']);
    expect(properties.user.required).toEqual(['id', 'first_name', 'last_name', 'avatar_url']);
    expect(properties.organizations.items.required).toEqual(['id', 'name', 'sub_domain']);
  });

  test('what a user does not have is an empty string, not null', async () => {
    const { token } = await world.person({ firstName: null, lastName: null });
    const { body } = await current(token);
    expect(body.user).toMatchObject({ first_name: '', last_name: '', avatar_url: '' });
  });

  test('api_token_id is null for another kind of credential', async () => {
    expect((await current(world.tokens.ada)).body.api_token_id).toBeNull();
  });
});

describe('errors', () => {
  test('the body has the flat keys and the wrapped ones, alike', async () => {
    for (const token of [null, 'nonsense', world.tokens.acme]) {
      const { body } = await current(token);
      const { error, ...flat } = body;
      expect(error).toEqual(flat);
      expect(Object.keys(error)).toEqual(['code', 'description', 'detail']);
    }
  });

  test('X-Api-Schema is json-error on errors, and on no success', async () => {
    for (const token of [null, 'nonsense', world.tokens.acme])
      expect((await current(token)).headers.get('x-api-schema')).toBe('json-error');
    expect((await current(world.tokens.ada)).headers.get('x-api-schema')).toBeNull();
  });

  test('there is no 401, whatever the credential', async () => {
    const { paths } = await world.document('katapult');
    expect(Object.keys(paths['/users/current'].get.responses)).not.toContain('401');
    const { secret } = await world.apiToken({ userId: world.ids.margaret }); // suspended
    for (const [token, status] of [
      [null, 400],
      ['x', 403],
      [secret, 403],
    ] as const)
      expect((await current(token)).status).toBe(status);
  });

  test('invalid_api_token has the detail details', async () => {
    expect((await current('x')).body.detail).toEqual({ details: null });
  });

  test('a failure that nobody expected says nothing of its cause', async () => {
    await world.prisma.session.updateMany({ data: { userAgent: 'told' } }); // so that it is read again
    vi.spyOn(world.prisma.session, 'findUnique').mockRejectedValue(new Error('secret cause'));
    const { status, body, text } = await current(world.tokens.ada);
    expect([status, body.code]).toEqual([500, 'internal_error']);
    expect(text).not.toContain('secret cause');
  });
});

describe('headers', () => {
  const answers = async () => [
    await current(world.tokens.ada),
    await current(),
    await current('nonsense'),
    await current(world.tokens.acme),
    await world.call('GET', '/core/v1/nothing'),
  ];

  test('X-Ratelimit-Permitted is on every answer', async () => {
    for (const { headers } of await answers()) expect(headers.get('x-ratelimit-permitted')).toBe('1000000');
  });

  test('X-Ratelimit-Permitted is 1000 where nothing else is set', async () => {
    const app = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '' } });
    const { token } = await app.as('ada');
    const { headers } = await app.call('GET', '/users/current', { token });
    expect(headers.get('x-ratelimit-permitted')).toBe('1000');
    await app.close();
  });

  test('X-Ratelimit-Remaining is on every answer, and goes down', async () => {
    for (const { headers } of await answers()) expect(headers.get('x-ratelimit-remaining')).toMatch(/^\d+$/);
    const left = async () => Number((await current(world.tokens.ada)).headers.get('x-ratelimit-remaining'));
    const before = await left();
    expect(await left()).toBe(before - 1);
  });

  test('X-Request-Id is a UUID on every answer', async () => {
    for (const { headers } of await answers())
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test('Access-Control-Allow-Origin is * on every answer', async () => {
    for (const { headers } of await answers()) expect(headers.get('access-control-allow-origin')).toBe('*');
  });

  test('ETag is on a 200, the same as long as nothing changes', async () => {
    const [one, two] = [await current(world.tokens.ada), await current(world.tokens.ada)];
    expect(one.headers.get('etag')).toMatch(/^"user_[^"]+\.\d+"$/);
    expect(two.headers.get('etag')).toBe(one.headers.get('etag'));
    expect((await current(world.tokens.grace)).headers.get('etag')).not.toBe(one.headers.get('etag'));
    expect((await current()).headers.get('etag')).toBeNull();
  });

  test('If-None-Match with the ETag is answered in full: a rule of ours, since more changes than the account', async () => {
    const etag = (await current(world.tokens.ada)).headers.get('etag') ?? '';
    const answer = await current(world.tokens.ada, { 'if-none-match': etag });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, etag]);
    expect(answer.body.user.id).toBe(world.ids.ada);
    expect((await current(null, { 'if-none-match': etag })).status).toBe(400);
  });
});

describe('order of checks', () => {
  test('the credential is checked before the rate limit', async () => {
    const app = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '1' } });
    const codes = [];
    for (let n = 0; n < 2; n += 1)
      codes.push((await app.call('GET', '/users/current', { token: 'nonsense' })).body.code);
    expect(codes).toEqual(['invalid_api_token', 'rate_limit_reached']); // bad ones count by address
    const { token } = await app.as('ada').catch(() => ({ token: null }));
    expect(token).toBeNull(); // that address is over its limit
    await app.close();
  });

  test('the rate limit is checked before the user behind the token', async () => {
    const limited = await openWorld({ RATE_LIMIT_PER_MINUTE: '1' });
    const codes = [];
    for (let n = 0; n < 2; n += 1)
      codes.push((await limited.call('GET', '/users/current', { token: limited.tokens.acme })).body.code);
    expect(codes).toEqual(['no_user_associated_with_identity', 'rate_limit_reached']);
    await limited.close();
  });
});

describe('credentials', () => {
  test("a user's token acts with that user's access", async () => {
    const { secret } = await world.apiToken({ userId: world.ids.grace });
    expect((await current(secret)).body.user.id).toBe(world.ids.grace);
  });

  test("an organization's token has no user behind it", async () => {
    expect((await current(world.tokens.acme)).body.code).toBe('no_user_associated_with_identity');
  });
});
