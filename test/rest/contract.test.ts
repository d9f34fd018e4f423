/** The check of every REST answer in these tests, itself checked: it must notice whatever is outside of a document. */
import { describe, expect, it } from 'vitest';
import { parseMounts } from '../../src/rest/mounts.ts';
import { checkContract } from '../setup/contract.ts';

const mounts = parseMounts('');
const id = '01900000-0000-7000-8000-0000000000ad';

interface Handmade {
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** All headers that some answer must have. */
const everyHeader = {
  'content-type': 'application/json',
  'x-request-id': id,
  'x-ratelimit-permitted': '1000',
  'x-ratelimit-remaining': '999',
  'x-api-schema': 'json-error',
  'www-authenticate': 'Bearer',
  'retry-after': '5',
  location: '/',
  etag: '"x"',
};

/** Checks an answer that no server made. */
function check({ method = 'GET', path = '/users/current', status = 200, body, headers = {} }: Handmade) {
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const all = { ...everyHeader, ...headers };
  const response = new Response(text, { status, headers: all });
  return checkContract(mounts, { method, url: `http://usergraph.test${path}` }, response);
}

const user = { id, first_name: 'Ada', last_name: '', avatar_url: '' };
const current = { user, organizations: [{ id, name: 'Acme', sub_domain: 'acme' }], api_token_id: null };
const refusal = { code: 'route_not_found', description: 'No.', detail: {} };

describe('an answer passes that', () => {
  it.each<[string, Handmade]>([
    ['is as its operation declares it', { body: current }],
    ['has no content where none is declared', { method: 'DELETE', path: '/me', status: 202 }],
    ['says that the content is known', { path: '/users/me', status: 304 }],
    ['fails as its operation declares it', { status: 404, body: { ...refusal, error: refusal } }],
    ['fails where no route is', { path: '/core/v1/x', status: 404, body: { ...refusal, error: refusal } }],
    ['redirects to where a route is', { path: '/users/', status: 307 }],
    ['is of no dialect', { path: '/graphql', status: 200, body: { data: null } }],
    ['answers a preflight', { method: 'OPTIONS', status: 204 }],
  ])('%s', async (_, handmade) => {
    await expect(check(handmade)).resolves.toBeUndefined();
  });
});

const { avatar_url: _, ...withoutAvatar } = user;
const { first_name, last_name, ...rest } = user;

describe('an answer is refused that', () => {
  it.each<[string, Handmade, string]>([
    ['has a status that is not declared', { status: 201, body: current }, 'does not declare'],
    ['has a failure that is not declared', { status: 409, body: {} }, 'does not declare'],
    ['lacks a field', { body: { ...current, user: withoutAvatar } }, "required property 'avatar_url'"],
    ['lacks the whole content', {}, 'JSON'],
    ['has a field more', { body: { ...current, password: 'x' } }, 'must NOT have additional properties'],
    [
      'has a field more inside',
      { body: { ...current, user: { ...user, email: 'x' } } },
      'must NOT have additional properties',
    ],
    ['has null where the schema has none', { body: { ...current, user: null } }, 'must be object'],
    ['has a value of another type', { body: { ...current, api_token_id: 7 } }, 'must be string,null'],
    [
      'has its keys in another order',
      { body: { organizations: [], user, api_token_id: null } },
      'has its keys in the order organizations,user,api_token_id, not user,organizations,api_token_id',
    ],
    [
      'has keys inside in another order',
      { body: { ...current, user: { ...rest, last_name, first_name } } },
      'has its keys in the order',
    ],
    [
      'has keys of a list in another order',
      { body: { ...current, organizations: [{ name: 'Acme', id, sub_domain: 'acme' }] } },
      'has its keys in the order',
    ],
    ['is not JSON by its type', { body: current, headers: { 'content-type': 'text/html' } }, 'not as JSON'],
    [
      'names a charset, which JSON has not',
      { body: current, headers: { 'content-type': 'application/json; charset=utf-8' } },
      'not as JSON',
    ],
    ['is not JSON by its text', { body: '<html>' }, 'JSON'],
    [
      'has content where none is declared',
      { method: 'DELETE', path: '/me', status: 202, body: {} },
      'where its document has no content',
    ],
    ['has content with a redirect', { path: '/users/', status: 307, body: {} }, 'has no content'],
    ['succeeds where no route is', { path: '/core/v1/x', body: current }, 'where katapult has no route'],
    [
      'has the failure of another dialect',
      { path: '/me', status: 401, body: { detail: 'x' } },
      "property 'code'",
    ],
    [
      'has a status of no failure where no route is',
      { path: '/me/x', status: 418, body: {} },
      'does not declare',
    ],
    ['has content of another dialect', { path: '/users/me', body: current }, 'outside its schema'],
  ])('%s', async (_, handmade, message) => {
    await expect(check(handmade)).rejects.toThrow(message);
  });

  it('has no X-Request-Id', async () => {
    const response = Response.json(current);
    const request = { method: 'GET', url: 'http://usergraph.test/users/current' };
    await expect(checkContract(mounts, request, response)).rejects.toThrow('without X-Request-Id');
  });
});

describe('an answer is refused that lacks a header', () => {
  it.each<[string, Handmade]>([
    ['x-request-id', { body: current }],
    ['x-ratelimit-remaining', { body: current }],
    ['etag', { body: current }],
    ['x-api-schema', { status: 404, body: { ...refusal, error: refusal } }],
    ['www-authenticate', { path: '/me', status: 401, body: {} }],
    ['retry-after', { path: '/me', status: 429, body: {} }],
    ['location', { path: '/users/', status: 307 }],
  ])('%s', async (header, handmade) => {
    const { status = 200, path = '/users/current', body } = handmade;
    const { [header as keyof typeof everyHeader]: _, ...headers } = everyHeader;
    const response = new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
    const request = { method: 'GET', url: `http://usergraph.test${path}` };
    await expect(checkContract(mounts, request, response)).rejects.toThrow(
      new RegExp(`without ${header}`, 'i'),
    );
  });
});
