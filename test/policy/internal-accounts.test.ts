/** Internal accounts exist for nobody, however they are tied to those who ask. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { collectRows } from './rows.ts';

let app: TestApp;
let world: Awaited<ReturnType<typeof createWorld>>;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  world = await createWorld();
});
afterAll(() => app.close());

/** An internal account that is a member, shares, is shared with, manages and owns a token. */
async function createWorld() {
  const rows = collectRows();
  const internal = rows.user({ kind: 'INTERNAL', username: 'machinery', name: 'Machinery' });
  rows.email(internal, 'machinery@example.com');
  rows.identity({ userId: internal, provider: 'inside', subject: '1' });
  const [mate, owner] = [rows.user({ username: 'mate' }), rows.user({ username: 'owner' })];
  const organization = rows.organization('Acme', [
    [internal, 'MEMBER'],
    [mate, 'MEMBER'],
    [owner, 'OWNER'],
  ]);
  const service = rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId: organization });
  const friend = rows.user({ username: 'friend' });
  const puppet = rows.user({ kind: 'MANAGED', managerId: internal, firstName: 'Puppet' });
  rows.share(internal, friend, ['data:read', 'profile']);
  rows.share(friend, internal, ['data:read']);
  const token = rows.apiToken({ userId: internal });
  const session = (userId: string) => rows.session(userId).secret;
  const askers = {
    superuser: session(rows.user({ username: 'admin', isSuperuser: true })),
    mate: session(mate),
    owner: session(owner),
    friend: session(friend),
    service: rows.apiToken({ userId: service }).secret,
    organization: rows.apiToken({ organizationId: organization }).secret,
  };
  await rows.write(app.database);
  return {
    askers,
    id: encodeId('User', internal),
    puppet: encodeId('User', puppet),
    organization: encodeId('Organization', organization),
    token: encodeId('ApiToken', token.id),
    secret: token.secret,
  };
}

const askers = ['superuser', 'mate', 'owner', 'friend', 'service', 'organization'] as const;

const lookups: readonly [by: string, document: string][] = [
  ['id', 'query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } user(by: { id: $id }) { id } }'],
  [
    'username',
    '{ user(by: { username: "machinery" }) { id } users(filter: { username: "machinery" }) { totalCount nodes { id } } }',
  ],
  [
    'e-mail',
    '{ user(by: { email: "machinery@example.com" }) { id } users(filter: { email: "machinery@example.com" }) { totalCount nodes { id } } }',
  ],
  [
    'identity',
    '{ user(by: { oauthIdentity: { provider: "inside", subject: "1" } }) { id } users(filter: { oauthProvider: "inside" }) { nodes { id } } }',
  ],
  [
    'ids, kind and search',
    'query ($id: ID!) { a: users(filter: { ids: [$id] }) { nodes { id } } b: users(filter: { kinds: [INTERNAL] }) { totalCount nodes { id } } c: users(filter: { search: "machinery" }) { totalCount nodes { id } } }',
  ],
  ['list', '{ users(first: 100) { nodes { id displayName } } }'],
  [
    'organization',
    'query ($organization: ID!) { organization(id: $organization) { members { totalCount nodes { id displayName } } } users(filter: { organizationId: $organization }) { nodes { id } } }',
  ],
  ['token', 'query ($token: ID!) { node(id: $token) { ... on ApiToken { id user { id displayName } } } }'],
  [
    'those it manages',
    'query ($puppet: ID!) { user(by: { id: $puppet }) { manager { id displayName } } managedUser(id: $puppet) { manager { id displayName } } }',
  ],
];

describe.each(askers)('for %s an internal account', (asker) => {
  test.each(lookups)('is not found by %s', async (_by, document) => {
    const { text } = await app.withToken(world.askers[asker]).send(document, world);
    expect(text).not.toContain(world.id);
    expect(text).not.toMatch(/machinery/i);
  });

  test('does not count as a member', async () => {
    const { text } = await app
      .withToken(world.askers[asker])
      .send(
        'query ($organization: ID!) { organization(id: $organization) { members { totalCount } } }',
        world,
      );
    expect(text).toBe(
      asker === 'friend'
        ? '{"data":{"organization":null}}'
        : '{"data":{"organization":{"members":{"totalCount":2}}}}',
    );
  });

  test.each([
    ['updateUser', 'updateUser(id: $id, input: { bio: "x" })'],
    ['updateUser with a status', 'updateUser(id: $id, input: { status: SUSPENDED })'],
    ['deleteUser', 'deleteUser(id: $id)'],
    ['createApiToken', 'createApiToken(input: { name: "x", scopes: [], ownerId: $id })'],
    ['addEmail', 'addEmail(input: { address: "x@example.com", userId: $id })'],
    ['addPhoneNumber', 'addPhoneNumber(input: { number: "+4930123456", userId: $id })'],
  ])('is NOT_FOUND for %s', async (_name, call) => {
    const document = `mutation ($id: ID!) { found: ${call} { __typename ... on Error { code } } }`;
    const { text } = await app.withToken(world.askers[asker]).send(document, { id: world.id });
    expect(JSON.parse(text).data?.found?.code, text).toBe('NOT_FOUND');
  });
});

describe('an internal account with a token', () => {
  test.each([
    ['updateMe', 'updateMe(input: { bio: "x" })'],
    ['updateUser', 'updateUser(id: $id, input: { bio: "x" })'],
    ['completeOnboarding', 'completeOnboarding'],
    ['addEmail', 'addEmail(input: { address: "x@example.com" })'],
    ['addPhoneNumber', 'addPhoneNumber(input: { number: "+4930123456" })'],
    ['deleteMe', 'deleteMe'],
    ['deleteUser', 'deleteUser(id: $id)'],
  ])('is protected from itself: %s', async (name, call) => {
    const variable = call.includes('$id') ? '($id: ID!)' : '';
    const document = `mutation ${variable} { found: ${call} { __typename ... on Error { code } } }`;
    const { text } = await app.withToken(world.secret).send(document, { id: world.id });
    expect(JSON.parse(text).data?.found?.code, `${name} ${text}`).toBe('PROTECTED_ACCOUNT');
  });

  test('cannot manage users', async () => {
    const document = 'mutation { createManagedUser(input: { firstName: "x" }) { __typename } }';
    const { errors } = await app.withToken(world.secret).send(document);
    expect(errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
