import { katapult as dialect } from '../../../src/rest/katapult.ts';
import { commonEntries } from './common.ts';
import { ask, type Entries, entry, get, scenariosOf, type Table, together, withJson } from './scenario.ts';

const path = '/users/current';

const getCurrentUser: Entries = {
  '200': entry('a person with everything, by a session: no token is named', ({ ada }) => get(path, ada)),
  '200-by-api-token': entry('a person by an API token, which is named', ({ adaByToken }) =>
    get(path, adaByToken),
  ),
  '200-narrow-token': entry('a token may ask, whatever its scopes', ({ adaWithoutProfile }) =>
    get(path, adaWithoutProfile),
  ),
  '200-nothing-known': entry('what an account does not have is empty, never null', ({ mia }) =>
    get(path, mia),
  ),
  '200-service-account': entry('a service account', ({ ci }) => get(path, ci)),
  '200-real-base-path': entry('the same, at the base path of the service', ({ ada }) =>
    get(`/core/v1${path}`, ada),
  ),
  '200-mounted': entry(
    'the same, under a prefix of the operator',
    ({ ada }) => get(`/katapult/core/v1${path}`, ada),
    {
      env: { REST_MOUNTS: 'katapult=/katapult' },
    },
  ),
  '200-cross-origin': entry('a page of another origin may read all of it', ({ ada }) =>
    get(path, ada, { origin: 'https://app.example' }),
  ),
  '200-known-version': entry(
    'a client that knows the version is sent all: organizations and tokens change without it',
    async ({ ada }, send) => {
      const { headers } = await send(get(path, ada));
      return get(path, ada, { 'if-none-match': headers.get('etag') ?? '' });
    },
  ),
  '400-other-scheme': entry('a secret of another scheme is no token', () =>
    get(path, null, { authorization: 'Basic YWRhOnBhc3N3b3Jk' }),
  ),
  '403-expired': entry('an expired credential', ({ expired }) => get(path, expired)),
  '403-suspended': entry('a credential of a suspended account', ({ margaret }) => get(path, margaret)),
  '403-network': entry('a token that is bound to networks, from another one', async ({ ada }, send) => {
    const query = `mutation { createApiToken(input: { name: "bound", scopes: [], allowedNetworks: ["203.0.113.0/24"] }) {
      ... on CreateApiTokenSuccess { secret }
    } }`;
    const created = await send(withJson('POST', '/graphql', ada, { query }));
    const { data } = (await created.json()) as { data: { createApiToken: { secret: string } } };
    return get(path, { token: data.createApiToken.secret });
  }),
  '200-capability': entry('a capabilities token, which names no API token', ({ capability }) =>
    get(path, capability),
  ),
  '403-capability': entry('a capabilities token that is good for too long', ({ capabilityTooLong }) =>
    get(path, capabilityTooLong),
  ),
  '403-scope': entry('a capabilities token without the scope', ({ capabilityWithoutProfile }) =>
    get(path, capabilityWithoutProfile),
  ),
  '404-capability': entry('a capabilities token with no user behind it', ({ capabilityOfAcme }) =>
    get(path, capabilityOfAcme),
  ),
  '404-organization-token': entry('a token of an organization, with no user behind it', ({ acme }) =>
    get(path, acme),
  ),
};

const table: Table = {
  getCurrentUser,
  'no-operation': {
    '204-preflight': entry('a browser that asks before it calls', () =>
      ask('OPTIONS', path, null, { origin: 'https://app.example', 'access-control-request-method': 'GET' }),
    ),
    '404-unknown-path': entry('an unknown path', ({ ada }) => get('/core/v1/data_centers', ada)),
    '404-unknown-path-at-root': entry('an unknown path at the root', ({ ada }) => get(`${path}/tokens`, ada)),
    '404-slash': entry('a slash too many', ({ ada }) => get(`${path}/`, ada)),
    '404-wrong-method': entry('a method that the path does not answer', ({ ada }) =>
      withJson('PATCH', path, ada, { first_name: 'A' }),
    ),
    '429-unknown-path': entry(
      'whatever is asked counts',
      async (_, send) => {
        await send(get('/core/v1/x', null));
        return get('/core/v1/x', null);
      },
      { env: { RATE_LIMIT_PER_MINUTE: '1' } },
    ),
  },
};

export const katapult = scenariosOf(
  'katapult',
  together(table, commonEntries(dialect, table, { missing: 400, unknown: 403 })),
);
