import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { organizationId } from './accounts.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

/** Every place that takes an id, with the type it wants; null where any type will do. */
const places: Record<
  string,
  { readonly query: string; readonly type: 'User' | 'Organization' | 'ApiToken' | 'SigningKey' | null }
> = {
  node: { query: 'query ($id: ID!) { node(id: $id) { id } }', type: null },
  nodes: { query: 'query ($id: ID!) { nodes(ids: [$id]) { id } }', type: null },
  user: { query: 'query ($id: ID!) { user(by: { id: $id }) { id } }', type: 'User' },
  managedUser: { query: 'query ($id: ID!) { managedUser(id: $id) { id } }', type: 'User' },
  organization: { query: 'query ($id: ID!) { organization(id: $id) { id } }', type: 'Organization' },
  'users by id': { query: 'query ($id: ID!) { users(filter: { ids: [$id] }) { totalCount } }', type: 'User' },
  'users by organization': {
    query: 'query ($id: ID!) { users(filter: { organizationId: $id }) { totalCount } }',
    type: 'Organization',
  },
  updateUser: {
    query: 'mutation ($id: ID!) { updateUser(id: $id, input: {}) { __typename } }',
    type: 'User',
  },
  updateManagedUser: {
    query: 'mutation ($id: ID!) { updateManagedUser(id: $id, input: {}) { __typename } }',
    type: 'User',
  },
  deleteUser: { query: 'mutation ($id: ID!) { deleteUser(id: $id) { __typename } }', type: 'User' },
  deleteManagedUser: {
    query: 'mutation ($id: ID!) { deleteManagedUser(id: $id) { __typename } }',
    type: 'User',
  },
  revokeApiToken: {
    query: 'mutation ($id: ID!) { revokeApiToken(id: $id) { __typename } }',
    type: 'ApiToken',
  },
  rotateApiToken: {
    query: 'mutation ($id: ID!) { rotateApiToken(input: { id: $id }) { __typename } }',
    type: 'ApiToken',
  },
  registerSigningKey: {
    query:
      'mutation ($id: ID!) { registerSigningKey(input: { organizationId: $id, name: "x", publicJwk: {} }) { __typename } }',
    type: 'Organization',
  },
  retireSigningKey: {
    query: 'mutation ($id: ID!) { retireSigningKey(id: $id) { __typename } }',
    type: 'SigningKey',
  },
  createServiceAccount: {
    query:
      'mutation ($id: ID!) { createServiceAccount(input: { organizationId: $id, name: "x" }) { __typename } }',
    type: 'Organization',
  },
};

const malformed = [
  '',
  'x',
  'user',
  'user_',
  '01890a5d-ac96-774b-bcce-b302099a8057',
  'user_01890a5d-ac96-774b-bcce-b302099a8057',
  'user_zzzzzzzzzzzzzzzzzzzzzzzzzz',
  'user_01h455vb4pex5vsknk084sn02',
  'user_01h455vb4pex5vsknk084sn02qq',
  'USER_01h455vb4pex5vsknk084sn02q',
  'user_01H455VB4PEX5VSKNK084SN02Q',
  'user_01h455vb4pex5vsknk084sn0iq',
  'nothing_01h455vb4pex5vsknk084sn02q',
  'VXNlcjox',
  'user_\u0000',
  `user_${'0'.repeat(10_000)}`,
];

describe.each(Object.entries(places))('%s', (_name, { query, type }) => {
  it('refuses what is no id of this graph with INVALID_ID, before the database sees it', async () => {
    const admin = await app.as('admin');
    for (const id of malformed) {
      const { status, errors, text } = await admin.send(query, { id });
      expect([id, status, errors[0]?.extensions.code], text).toEqual([id, 400, 'INVALID_ID']);
    }
  });

  it.runIf(type !== null)('refuses the id of another type with INVALID_ID, too', async () => {
    const other = type === 'User' ? await organizationId(app, 'acme') : await app.idOf('Ada Lovelace');
    const { status, errors, text } = await (await app.as('admin')).send(query, { id: other });
    expect(status, text).toBe(400);
    expect(errors[0]?.extensions.code).toBe('INVALID_ID');
  });

  it('does not find what is not there, and says no more', async () => {
    const id = encodeId(type ?? 'User', crypto.randomUUID());
    const { status, data } = await (await app.as('admin')).send(query, { id });
    expect(status).toBe(200);
    expect(JSON.stringify(data)).toMatch(
      /^\{"\w+":(null|\[null\]|\{"totalCount":0\}|\{"__typename":"NotFoundError"\})\}$/,
    );
  });
});

it('nodes answers in the order asked, with null where nothing is, and takes up to 100', async () => {
  const admin = await app.as('admin');
  const [ada, grace] = [await app.idOf('Ada Lovelace'), await app.idOf('Grace Hopper')];
  const acme = await organizationId(app, 'acme');
  const nobody = encodeId('User', crypto.randomUUID());
  const ids = [grace, nobody, acme, ada, grace];
  const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }';
  const { nodes } = (await admin.run(query, { ids })) as { nodes: ({ id: string } | null)[] };
  expect(nodes.map((node) => node?.id)).toEqual([grace, undefined, acme, ada, grace]);
  expect(nodes.map((node) => (node as { __typename?: string } | null)?.__typename)).toEqual([
    'User',
    undefined,
    'Organization',
    'User',
    'User',
  ]);
  expect(
    ((await admin.run(query, { ids: Array(100).fill(ada) })) as { nodes: unknown[] }).nodes,
  ).toHaveLength(100);
  const refused = await admin.send(query, { ids: Array(101).fill(ada) });
  expect([refused.status, refused.errors[0]?.extensions.code]).toEqual([400, 'INVALID_ARGUMENT']);
  expect(await admin.run(query, { ids: [] })).toEqual({ nodes: [] });
});

it('an id that a type shows is found again by node, as that type', async () => {
  const ada = await app.as('ada');
  await ada.run('mutation { createApiToken(input: { name: "x", scopes: [PROFILE] }) { __typename } }');
  const data = (await ada.run(`{ me {
    id
    managedUsers { nodes { id } }
    organizations { nodes { id } }
    apiTokens { nodes { id } }
  } }`)) as { me: Record<string, { nodes: { id: string }[] }> };
  const lists = ['managedUsers', 'organizations', 'apiTokens'].flatMap((list) => data.me[list]?.nodes ?? []);
  expect(lists).toHaveLength(5);
  for (const { id } of lists) {
    expect(await ada.run('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: { id } });
  }
});
