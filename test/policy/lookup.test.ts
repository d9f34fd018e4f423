/** Nothing can be found by a private fact: asking for one that exists answers like asking for one that does not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { createPrivateWorld, type PrivateWorld, secrets } from './private-world.ts';

const users =
  'query ($filter: UserFilter) { found: users(filter: $filter) { totalCount nodes { id } pageInfo { hasNextPage } } }';
const user = 'query ($by: UserKey!) { found: user(by: $by) { id } }';
const managedUsers =
  'query ($search: String) { found: managedUsers(search: $search) { totalCount nodes { id } } }';

interface Probe {
  readonly by: string;
  readonly document: string;
  readonly variables: (value: string) => object;
  /** Facts of Vera, the service account or the nameless account. */
  readonly values: readonly string[];
  /** A value of the same form that no account has. */
  readonly unused: string;
}

const names = [secrets.username, secrets.nameless];
const emails = [
  secrets.username,
  secrets.email,
  secrets.email.toUpperCase(),
  secrets.robotEmail,
  secrets.nameless,
];
const texts = [
  ...emails,
  'vera.second',
  '@',
  'private.example',
  secrets.phone,
  secrets.metadata,
  secrets.subject,
  secrets.identityName,
];
const unused = 'nobody.at.all@private.example';

const probes: readonly Probe[] = [
  {
    by: 'users by e-mail',
    document: users,
    variables: (email) => ({ filter: { email } }),
    values: emails,
    unused,
  },
  {
    by: 'users by an e-mail as username',
    document: users,
    variables: (username) => ({ filter: { username } }),
    values: names,
    unused,
  },
  {
    by: 'users by provider',
    document: users,
    variables: (oauthProvider) => ({ filter: { oauthProvider } }),
    values: [secrets.provider],
    unused,
  },
  {
    by: 'users by OAuth2 id',
    document: users,
    variables: (oauthId) => ({ filter: { oauthId } }),
    values: [secrets.subject],
    unused,
  },
  {
    by: 'users by search',
    document: users,
    variables: (search) => ({ filter: { search } }),
    values: texts,
    unused,
  },
  {
    by: 'users by search and a kind',
    document: users,
    variables: (search) => ({ filter: { search, kinds: ['HUMAN'] } }),
    values: texts,
    unused,
  },
  { by: 'user by e-mail', document: user, variables: (email) => ({ by: { email } }), values: emails, unused },
  {
    by: 'user by an e-mail as username',
    document: user,
    variables: (username) => ({ by: { username } }),
    values: names,
    unused,
  },
  {
    by: 'user by identity',
    document: user,
    variables: (subject) => ({ by: { oauthIdentity: { provider: secrets.provider, subject } } }),
    values: [secrets.subject],
    unused,
  },
  {
    by: 'managed users by search',
    document: managedUsers,
    variables: (search) => ({ search }),
    values: texts,
    unused,
  },
];

const askers = [
  { asker: 'stranger', who: 'a stranger' },
  { asker: 'mate', who: 'a member of the same organization' },
  { asker: 'reader', who: 'one with whom data:read is shared' },
  { asker: 'formerFriend', who: 'one with whom data:read and profile were shared until now' },
  { asker: 'organization', who: "the organization's own token" },
  { asker: 'veraWithoutProfile', who: "the person's own token without profile" },
  { asker: 'superuserWithoutProfile', who: "a superuser's token without profile" },
] as const;

let app: TestApp;
let world: PrivateWorld;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  world = await createPrivateWorld(app.database);
});
afterAll(() => app.close());

describe.each(askers)('$who cannot tell a private fact from none', ({ asker }) => {
  test.each(probes)('$by', async ({ document, variables, values, unused: never }) => {
    const client = app.withToken(world.askers[asker]);
    const { text } = await client.send(document, variables(never));
    for (const value of values) {
      expect((await client.send(document, variables(value))).text, value).toBe(text);
    }
  });
});

test('a superuser finds accounts by each of these facts but by search, so that the probes can tell', async () => {
  const client = app.withToken(world.askers.superuser);
  for (const { by, document, variables, values } of probes.filter(({ by }) => !by.includes('search'))) {
    for (const value of values) {
      expect((await client.send(document, variables(value))).text, `${by} ${value}`).toContain('user_');
    }
  }
});

test('one with whom a profile is shared finds the account by its private facts', async () => {
  const client = app.withToken(world.askers.friend);
  for (const by of [{ email: secrets.email }, { username: secrets.username }]) {
    expect((await client.send(user, { by })).text).toContain(world.users.vera);
  }
});

test('an organization finds its service account by its e-mail address, which it may read', async () => {
  const { text } = await app.withToken(world.askers.owner).send(user, { by: { email: secrets.robotEmail } });
  expect(text).toContain(world.users.robot);
});

test('whether an account that shares data:read is in another organization cannot be found out', async () => {
  const client = app.withToken(world.askers.reader);
  const [hidden, never] = [
    world.organizations.hidden,
    encodeId('Organization', '01890000-0000-7000-8000-000000000000'),
  ];
  const { text } = await client.send(users, { filter: { organizationId: never } });
  expect((await client.send(users, { filter: { organizationId: hidden } })).text).toBe(text);
});

test('an order by name places an account whose username is an e-mail address by "Unnamed"', async () => {
  const { text } = await app
    .withToken(world.askers.reader)
    .send('{ users(orderBy: { field: NAME }) { edges { cursor node { id username displayName } } } }');
  const { data } = JSON.parse(text) as {
    data: {
      users: { edges: { cursor: string; node: { id: string; username: null; displayName: string } }[] };
    };
  };
  const edge = data.users.edges.find(({ node }) => node.id === world.users.nameless);
  expect(edge?.node).toEqual({ id: world.users.nameless, username: null, displayName: 'Unnamed' });
  expect(Buffer.from(edge?.cursor ?? '', 'base64url').toString()).not.toContain('@');
});

/** Each changes an account, or tries to. */
const changes = {
  updateUser:
    'mutation ($id: ID!) { found: updateUser(id: $id, input: { bio: "x", expectedVersion: 99 }) { __typename ... on Error { code message path } } }',
  updateManagedUser:
    'mutation ($id: ID!) { found: updateManagedUser(id: $id, input: { bio: "x" }) { __typename ... on Error { code message path } } }',
  deleteUser:
    'mutation ($id: ID!) { found: deleteUser(id: $id) { __typename ... on Error { code message path } } }',
  deleteManagedUser:
    'mutation ($id: ID!) { found: deleteManagedUser(id: $id) { __typename ... on Error { code message path } } }',
  createApiToken:
    'mutation ($id: ID!) { found: createApiToken(input: { name: "x", scopes: [], ownerId: $id }) { __typename ... on Error { code message path } } }',
};

describe('what a stranger may not see is refused like what does not exist', () => {
  test.each(Object.entries(changes))('%s', async (_name, document) => {
    const client = app.withToken(world.askers.stranger);
    const { text } = await client.send(document, {
      id: encodeId('User', '01890000-0000-7000-8000-000000000000'),
    });
    expect(text).toContain('NOT_FOUND');
    for (const id of [world.users.vera, world.users.kid, world.users.robot]) {
      expect((await client.send(document, { id })).text).toBe(text);
    }
  });
});

test('a refusal tells a member nothing of the account, not even its version', async () => {
  const client = app.withToken(world.askers.mate);
  for (const document of Object.values(changes)) {
    const { text } = await client.send(document, { id: world.users.vera });
    expect(text).toMatch(/FORBIDDEN|NOT_FOUND/);
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/version/i);
  }
});

test('a taken e-mail address is refused without telling whose it is', async () => {
  const document = `mutation ($input: UpdateMeInput!) { updateMe(input: $input) { __typename ... on Error { code message } } }`;
  const client = app.withToken(world.askers.stranger);
  const answers = [
    await client.send(document, { input: { email: secrets.email } }),
    await client.send(document, { input: { username: secrets.username } }),
  ];
  for (const { text } of answers) {
    expect(text).toContain('LOGIN_NAME_TAKEN');
    expect(text).not.toMatch(/vera|user_/i);
  }
});
