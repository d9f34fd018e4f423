/** What Katapult's page of the current user says: a test for each of its facts. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTestApp, type RestAnswer } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(() => void vi.restoreAllMocks());

const current = (token?: string | null) => world.call('GET', '/users/current', { token });
const document = async () => (await world.document('katapult')).paths['/users/current'].get;

/** The keys that the page documents of an error. */
function documented({ status, body }: RestAnswer) {
  return { status, code: body.code, description: body.description, detail: body.detail };
}
const error = (status: number, code: string, detail: unknown = {}) => ({
  status,
  code,
  description: expect.stringMatching(/\w/),
  detail,
});

describe('GET /users/current', () => {
  test('GET /users/current: tells of the caller, whoever it is', async () => {
    expect((await current(world.tokens.ada)).body.user.id).toBe(world.ids.ada);
    expect((await current(world.tokens.grace)).body.user.id).toBe(world.ids.grace);
    expect((await current(world.tokens.ci)).body.user.id).toBe(world.ids.ci);
  });

  test('GET /users/current: a token without a user gets an error', async () => {
    expect((await current(world.tokens.acme)).status).toBe(404);
  });

  test('GET /users/current: takes no parameters and no body', async () => {
    const { parameters = [], requestBody } = await document();
    const places = parameters.map((one: { in: string }) => one.in);
    expect(places).not.toContain('query');
    expect(places).not.toContain('path');
    expect(requestBody).toBeUndefined();
    const token = world.tokens.ada;
    const answer = await world.call('GET', '/users/current?user=x&id=1', { token });
    expect(answer.body).toEqual((await current(token)).body);
  });

  test.each([
    ['GET /users/current: 200 is among the declared answers', '200'],
    ['GET /users/current: 400 is among the declared answers', '400'],
    ['GET /users/current: 403 is among the declared answers', '403'],
    ['GET /users/current: 404 is among the declared answers', '404'],
    ['GET /users/current: 429 is among the declared answers', '429'],
    ['GET /users/current: 503 is among the declared answers', '503'],
  ])('%s', async (_, status) => {
    expect(Object.keys((await document()).responses)).toContain(status);
  });

  test('GET /users/current: every answer is JSON', async () => {
    for (const token of [world.tokens.ada, null, 'nonsense', world.tokens.acme])
      expect((await current(token)).headers.get('content-type')).toBe('application/json');
  });
});

describe('200', () => {
  const ada = async () => (await current(world.tokens.ada)).body;
  const schema = async () => (await world.document('katapult')).components.schemas.CurrentUser;

  test('200: has the keys of the example, in its order', async () => {
    expect(Object.keys(await ada())).toEqual(['user', 'organizations', 'api_token_id']);
  });

  test('200: user is an object', async () => {
    const { user } = await ada();
    expect(Object.keys(user)).toEqual(['id', 'first_name', 'last_name', 'avatar_url']);
    expect((await schema()).properties.user.type).toBe('object');
  });

  test('200: user is required', async () => {
    expect((await schema()).required).toContain('user');
  });

  test('200: organizations is an array of objects', async () => {
    const { organizations } = await ada();
    expect(organizations.length).toBe(2);
    for (const one of organizations) expect(Object.keys(one)).toEqual(['id', 'name', 'sub_domain']);
    const { type, items } = (await schema()).properties.organizations;
    expect([type, items.type]).toEqual(['array', 'object']);
  });

  test('200: organizations is required, and empty where there are none', async () => {
    expect((await schema()).required).toContain('organizations');
    expect((await current(world.tokens.stranger)).body.organizations).toEqual([]);
  });

  test('200: user.id is a string', async () => {
    expect((await ada()).user.id).toBe(world.ids.ada);
  });

  test('200: user.first_name is a string', async () => {
    expect((await ada()).user.first_name).toBe('Ada');
  });

  test('200: user.last_name is a string', async () => {
    expect((await ada()).user.last_name).toBe('Lovelace');
  });

  test('200: user.avatar_url is a string', async () => {
    expect((await ada()).user.avatar_url).toBe('https://example.com/avatars/ada.png');
  });

  test('200: organizations[].id is a string', async () => {
    expect((await ada()).organizations[0].id).toBe(world.acme.id);
  });

  test('200: organizations[].name is a string', async () => {
    expect((await ada()).organizations.map(({ name }: { name: string }) => name)).toEqual(['Acme', 'Babel']);
  });

  test('200: organizations[].sub_domain is a string', async () => {
    const { organizations } = await ada();
    expect(organizations.map((one: { sub_domain: string }) => one.sub_domain)).toEqual(['acme', 'babel']);
  });

  test('200: api_token_id is the id of the token, a string', async () => {
    const { id, secret } = await world.apiToken({ userId: world.ids.ada });
    expect((await current(secret)).body.api_token_id).toBe(id);
  });

  test('200: has the organizations of the caller only', async () => {
    const names = (body: { organizations: { name: string }[] }) => body.organizations.map(({ name }) => name);
    expect(names((await current(world.tokens.linus)).body)).toEqual(['Acme']);
    expect(names((await current(world.tokens.grace)).body)).toEqual(['Babel']);
  });

  test('200: has nothing else of anybody, such as addresses', async () => {
    expect((await current(world.tokens.ada)).text).not.toMatch(/@|ada@|Lovelace.*Lovelace|phone|bio/);
  });
});

describe('400', () => {
  test('400: there is no token in the Authorization header: missing_api_token', async () => {
    expect(documented(await current())).toEqual(error(400, 'missing_api_token'));
  });

  test('400: a token without the word Bearer before it is none', async () => {
    for (const authorization of [world.tokens.ada, `Token ${world.tokens.ada}`, 'Bearer', 'Bearer  ']) {
      const answer = await world.call('GET', '/users/current', { headers: { authorization } });
      expect(documented(answer)).toEqual(error(400, 'missing_api_token'));
    }
  });

  test('400: a token elsewhere, in a cookie or in the query, is none', async () => {
    const headers = { cookie: `token=${world.tokens.ada}` };
    const answer = await world.call('GET', `/users/current?api_token=${world.tokens.ada}`, { headers });
    expect(answer.status).toBe(400);
  });

  test('400: the description says to send a token after Bearer', async () => {
    const { responses } = await document();
    expect(responses[400].description).toMatch(/Bearer/);
  });

  test('400: its body has code, description and detail, in the order of the example', async () => {
    const { body } = await current();
    expect(Object.keys(body).slice(0, 3)).toEqual(['code', 'description', 'detail']);
    expect(body.detail).toEqual({});
  });
});

describe('403', () => {
  test('403: a token that does not exist is invalid_api_token', async () => {
    const unknown = `ug_tok_${'x'.repeat(43)}`;
    for (const token of ['nonsense', unknown])
      expect(documented(await current(token))).toEqual(
        error(403, 'invalid_api_token', { details: expect.toSatisfy(isStringOrNull) }),
      );
  });

  test('403: a token that has expired is invalid_api_token', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada }, [], {
      expiresAt: new Date(Date.now() - 1000),
    });
    expect(documented(await current(secret))).toMatchObject({ status: 403, code: 'invalid_api_token' });
  });

  test('403: a token that was revoked is invalid_api_token', async () => {
    const { secret } = await world.apiToken({ userId: world.ids.ada }, [], { revokedAt: new Date() });
    expect(documented(await current(secret))).toMatchObject({ status: 403, code: 'invalid_api_token' });
  });

  test('403: the detail of invalid_api_token is an object', async () => {
    expect((await current('nonsense')).body.detail).toEqual({ details: null });
  });

  test.each([
    ['403: unauthorized_network_for_api_token is among its codes', 'unauthorized_network_for_api_token'],
    ['403: invalid_api_token is among its codes', 'invalid_api_token'],
    ['403: invalid_capabilities_token is among its codes', 'invalid_capabilities_token'],
    ['403: scope_not_granted is among its codes', 'scope_not_granted'],
  ])('%s', async (_, code) => {
    const text = JSON.stringify((await document()).responses[403]);
    expect(text).toContain(`"${code}"`);
  });

  test.each([
    ['403: the declared detail of a wrong network has the address', 'ip_address', 'string'],
    ['403: the declared detail of a missing scope has the scopes', 'scopes', 'array'],
  ])('%s', async (_, key, type) => {
    const { schema } = (await document()).responses[403].content['application/json'];
    expect(schema.properties.detail.properties[key].type).toBe(type);
  });

  test('403: a capabilities token that is not valid is invalid_capabilities_token', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: world.acme.id, sub: world.ids.ci, exp: 4_102_444_800 };
    const jwt = `${part({ alg: 'ES256', typ: 'capability+jwt' })}.${part(claims)}.${'A'.repeat(86)}`;
    expect(documented(await current(jwt))).toEqual(error(403, 'invalid_capabilities_token'));
  });
});

describe('404', () => {
  test('404: no user stands behind the token: no_user_associated_with_identity', async () => {
    expect(documented(await current(world.tokens.acme))).toEqual(
      error(404, 'no_user_associated_with_identity'),
    );
  });

  test('404: its body has code, description and detail, in the order of the example', async () => {
    const { body, text } = await current(world.tokens.acme);
    expect(Object.keys(body).slice(0, 3)).toEqual(['code', 'description', 'detail']);
    expect(text).not.toContain('Acme');
  });
});

describe('429', () => {
  test('429: over the limit the code is rate_limit_reached', async () => {
    const app = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '1' } });
    const { token } = await app.as('ada');
    expect((await app.call('GET', '/users/current', { token })).status).toBe(200);
    const answer = await app.call('GET', '/users/current', { token });
    expect(documented(answer)).toEqual(error(429, 'rate_limit_reached', { total_permitted: 1 }));
    expect(Object.keys(answer.body).slice(0, 3)).toEqual(['code', 'description', 'detail']);
    await app.close();
  });

  test('429: total_permitted is an integer, the requests per minute', async () => {
    const { schema } = (await document()).responses[429].content['application/json'];
    expect(schema.properties.detail.properties.total_permitted.type).toBe('integer');
  });
});

describe('503', () => {
  test('503: while the service cannot answer the code is service_unavailable', async () => {
    const token = world.tokens.ada;
    const gone = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    vi.spyOn(world.prisma.session, 'findUnique').mockRejectedValue(gone);
    const answer = await current(token);
    expect(documented(answer)).toEqual(error(503, 'service_unavailable'));
    expect(Object.keys(answer.body).slice(0, 3)).toEqual(['code', 'description', 'detail']);
    vi.restoreAllMocks();
    expect((await current(token)).status).toBe(200); // and later it can
  });

  test('503: the description says to try again later', async () => {
    expect((await document()).responses[503].description).toMatch(/try again later/);
  });
});

const isStringOrNull = (value: unknown) => value === null || typeof value === 'string';
