/** What an API token may do is what its owner may, narrowed by its scopes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { scopes as everyScope, type Scope } from '../../src/domain/policy.ts';
import { schema } from '../../src/schema/index.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { addClient, addErasure, addInvitation, addKey, addWebhook } from './actors.ts';
import { ask } from './ask.ts';
import { createFingerprint, type Fingerprint } from './database-text.ts';
import { collectRows, deleteAllRows, scopesBut } from './rows.ts';

let app: TestApp;
let fingerprint: () => Promise<Fingerprint>;
let rows: ReturnType<typeof collectRows>;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  fingerprint = await createFingerprint(app.database);
});
beforeEach(() => {
  rows = collectRows();
});
afterEach(() => deleteAllRows(app.database));
afterAll(() => app.close());

interface Ids {
  readonly self: string;
  readonly kid: string;
  /** A managed user that is being deleted. */
  readonly going: string;
  readonly email: string;
  readonly phone: string;
  readonly identity: string;
  readonly organization: string;
  readonly token: string;
  readonly key: string;
  readonly invitation: string;
  readonly session: string;
  readonly client: string;
  /** Who shares with the caller. */
  readonly friend: string;
  readonly record: string;
  /** Of the organization, with a delivery. */
  readonly webhook: string;
  readonly delivery: string;
}

/** The scopes that each mutation needs, and one that its caller may do but for them. */
const needs: Record<
  string,
  {
    scopes: Scope[];
    call: string;
    variables?: (ids: Ids) => { id?: string; input?: object };
    /** What comes of it with these scopes; success when absent. */
    outcome?: string;
  }
> = {
  addEmail: {
    scopes: ['users:write'],
    call: 'addEmail(input: $input)',
    variables: ({ kid }) => ({ input: { address: 'new@example.com', userId: kid } }),
  },
  addPhoneNumber: {
    scopes: ['users:write'],
    call: 'addPhoneNumber(input: $input)',
    variables: ({ kid }) => ({ input: { number: '+4930999999', userId: kid } }),
  },
  completeOnboarding: { scopes: ['users:write'], call: 'completeOnboarding' },
  createApiToken: {
    scopes: ['tokens:write'],
    call: 'createApiToken(input: $input)',
    variables: () => ({ input: { name: 'x', scopes: [] } }),
  },
  createInvitation: {
    scopes: ['admin', 'users:write'],
    call: 'createInvitation(input: $input)',
    variables: () => ({ input: {} }),
  },
  createManagedUser: {
    scopes: ['users:write'],
    call: 'createManagedUser(input: $input)',
    variables: () => ({ input: { firstName: 'x' } }),
  },
  createServiceAccount: {
    scopes: ['users:write'],
    call: 'createServiceAccount(input: $input)',
    variables: ({ organization }) => ({ input: { name: 'x', organizationId: organization } }),
  },
  createOrganization: {
    scopes: ['users:write'],
    call: 'createOrganization(input: $input)',
    variables: () => ({ input: { name: 'x' } }),
  },
  updateOrganization: {
    scopes: ['users:write'],
    call: 'updateOrganization(id: $id, input: $input)',
    variables: ({ organization }) => ({ id: organization, input: { name: 'x' } }),
  },
  deleteOrganization: {
    scopes: ['admin', 'users:write'],
    call: 'deleteOrganization(id: $id)',
    variables: ({ organization }) => ({ id: organization }),
  },
  inviteMember: {
    scopes: ['users:write'],
    call: 'inviteMember(input: $input)',
    variables: ({ organization }) => ({
      input: { organizationId: organization, email: 'x@example.org', role: 'MEMBER' },
    }),
  },
  setMemberRole: {
    scopes: ['users:write'],
    call: 'setMemberRole(input: $input)',
    variables: ({ organization, self }) => ({
      input: { organizationId: organization, userId: self, role: 'MEMBER' },
    }),
  },
  removeMember: {
    scopes: ['users:write'],
    call: 'removeMember(input: $input)',
    variables: ({ organization, self }) => ({ input: { organizationId: organization, userId: self } }),
  },
  leaveOrganization: {
    scopes: ['users:write'],
    call: 'leaveOrganization(id: $id)',
    variables: ({ organization }) => ({ id: organization }),
  },
  createUser: {
    scopes: ['admin', 'users:write'],
    call: 'createUser(input: $input)',
    variables: () => ({ input: { username: 'new' } }),
  },
  createDataRecord: {
    scopes: ['data:write'],
    call: 'createDataRecord(input: $input)',
    variables: ({ kid }) => ({ input: { userId: kid, collection: 'x', data: {} } }),
  },
  replaceDataRecord: {
    scopes: ['data:write'],
    call: 'replaceDataRecord(id: $id, input: $input)',
    variables: ({ record }) => ({ id: record, input: { data: { x: 1 } } }),
  },
  deleteDataRecord: {
    scopes: ['data:write'],
    call: 'deleteDataRecord(id: $id)',
    variables: ({ record }) => ({ id: record }),
  },
  importDataRecords: {
    scopes: ['data:write'],
    call: 'importDataRecords(input: $input)',
    variables: ({ kid }) => ({ input: { userId: kid, lines: '{"collection":"x","data":{}}' } }),
  },
  deleteManagedUser: {
    scopes: ['users:write'],
    call: 'deleteManagedUser(id: $id)',
    variables: ({ kid }) => ({ id: kid }),
  },
  exportUser: {
    scopes: ['data:read', 'profile'],
    call: 'exportUser(id: $id)',
    variables: ({ kid }) => ({ id: kid }),
  },
  deleteMe: { scopes: ['users:write'], call: 'deleteMe' },
  restoreUser: {
    scopes: ['users:write'],
    call: 'restoreUser(id: $id)',
    variables: ({ going }) => ({ id: going }),
  },
  deleteUser: { scopes: ['users:write'], call: 'deleteUser(id: $id)', variables: ({ kid }) => ({ id: kid }) },
  makeEmailDefault: {
    scopes: ['users:write'],
    call: 'makeEmailDefault(id: $id)',
    variables: ({ email }) => ({ id: email }),
  },
  makePhoneNumberPrimary: {
    scopes: ['users:write'],
    call: 'makePhoneNumberPrimary(id: $id)',
    variables: ({ phone }) => ({ id: phone }),
  },
  registerSigningKey: {
    scopes: ['tokens:write', 'openid', 'profile', 'data:read', 'data:write', 'users:write'],
    call: 'registerSigningKey(input: $input)',
    variables: ({ organization }) => ({
      input: {
        organizationId: organization,
        name: 'x',
        publicJwk: {
          kty: 'EC',
          crv: 'P-256',
          x: 'RatNSMmG1QauI96DgxCfxpglEUbTgCrCkcEEBEAE7LA',
          y: 'RDpDOy4Ow-P2VqGkWSwnrdAPV7Xvw15QdqxUb__vBHo',
        },
      },
    }),
  },
  createWebhook: {
    scopes: ['tokens:write'],
    call: 'createWebhook(input: $input)',
    variables: ({ organization }) => ({
      input: { organizationId: organization, name: 'x', url: 'https://example.com/' },
    }),
  },
  updateWebhook: {
    scopes: ['tokens:write'],
    call: 'updateWebhook(id: $id, input: $input)',
    variables: ({ webhook }) => ({ id: webhook, input: { name: 'Another' } }),
  },
  rotateWebhookSecret: {
    scopes: ['tokens:write'],
    call: 'rotateWebhookSecret(id: $id)',
    variables: ({ webhook }) => ({ id: webhook }),
  },
  deleteWebhook: {
    scopes: ['tokens:write'],
    call: 'deleteWebhook(id: $id)',
    variables: ({ webhook }) => ({ id: webhook }),
  },
  redeliverWebhook: {
    scopes: ['tokens:write'],
    call: 'redeliverWebhook(id: $id)',
    variables: ({ delivery }) => ({ id: delivery }),
  },
  registerOAuthClient: {
    scopes: ['admin'],
    call: 'registerOAuthClient(input: $input)',
    variables: () => ({ input: { name: 'x', redirectUris: [], scopes: ['PROFILE'], isConfidential: false } }),
  },
  updateOAuthClient: {
    scopes: ['admin'],
    call: 'updateOAuthClient(id: $id, input: $input)',
    variables: ({ client }) => ({ id: client, input: { name: 'Another' } }),
  },
  rotateOAuthClientSecret: {
    scopes: ['admin'],
    call: 'rotateOAuthClientSecret(id: $id)',
    variables: ({ client }) => ({ id: client }),
  },
  revokeOAuthClient: {
    scopes: ['admin'],
    call: 'revokeOAuthClient(id: $id)',
    variables: ({ client }) => ({ id: client }),
  },
  revokeAccess: {
    scopes: ['users:write'],
    call: 'revokeAccess(input: $input)',
    variables: ({ friend }) => ({ input: { grantorId: friend } }),
  },
  withdrawConsent: {
    scopes: ['users:write'],
    call: 'withdrawConsent(id: $id)',
    variables: ({ client }) => ({ id: client }),
  },
  removeEmail: {
    scopes: ['users:write'],
    call: 'removeEmail(id: $id)',
    variables: ({ email }) => ({ id: email }),
  },
  removePhoneNumber: {
    scopes: ['users:write'],
    call: 'removePhoneNumber(id: $id)',
    variables: ({ phone }) => ({ id: phone }),
  },
  requestEmailVerification: {
    scopes: ['users:write'],
    call: 'requestEmailVerification(id: $id)',
    variables: ({ email }) => ({ id: email }),
  },
  requestPhoneVerification: {
    scopes: ['users:write'],
    call: 'requestPhoneVerification(id: $id)',
    variables: ({ phone }) => ({ id: phone }),
  },
  retireSigningKey: {
    scopes: ['tokens:write'],
    call: 'retireSigningKey(id: $id)',
    variables: ({ key }) => ({ id: key }),
  },
  rotateApiToken: {
    scopes: ['tokens:write'],
    call: 'rotateApiToken(input: $input)',
    variables: ({ token }) => ({ input: { id: token } }),
  },
  revokeApiToken: {
    scopes: ['tokens:write'],
    call: 'revokeApiToken(id: $id)',
    variables: ({ token }) => ({ id: token }),
  },
  revokeInvitation: {
    scopes: ['admin', 'users:write'],
    call: 'revokeInvitation(id: $id)',
    variables: ({ invitation }) => ({ id: invitation }),
  },
  revokeSession: {
    scopes: ['users:write'],
    call: 'revokeSession(id: $id)',
    variables: ({ session }) => ({ id: session }),
  },
  unlinkIdentity: {
    scopes: ['admin', 'users:write'],
    call: 'unlinkIdentity(id: $id)',
    variables: ({ identity }) => ({ id: identity }),
  },
  updateManagedUser: {
    scopes: ['users:write'],
    call: 'updateManagedUser(id: $id, input: $input)',
    variables: ({ kid }) => ({ id: kid, input: { bio: 'x' } }),
  },
  updateMe: {
    scopes: ['users:write'],
    call: 'updateMe(input: $input)',
    variables: () => ({ input: { bio: 'x' } }),
  },
  updateUser: {
    scopes: ['admin', 'users:write'],
    call: 'updateUser(id: $id, input: $input)',
    variables: ({ self }) => ({ id: self, input: { status: 'SUSPENDED' } }),
  },
  verifyEmail: {
    scopes: ['users:write'],
    call: 'verifyEmail(id: $id, input: $input)',
    variables: ({ email }) => ({ id: email, input: { code: 'AAAA-AAAA-AAAA' } }),
    outcome: 'INVALID_CODE',
  },
  verifyPhoneNumber: {
    scopes: ['users:write'],
    call: 'verifyPhoneNumber(id: $id, input: $input)',
    variables: ({ phone }) => ({ id: phone, input: { code: '000000' } }),
    outcome: 'INVALID_CODE',
  },
};

/** What needs no scope: it is done by who has no credential yet, or by the person itself with its session alone. */
/** Those that need none, or that a person does with a session alone, or whose scope is whatever is lent. */
const unscoped = new Set([
  'signIn',
  'signOut',
  'refreshSession',
  'signUp',
  'changePassword',
  'requestPasswordReset',
  'resetPassword',
  'restoreMe',
  'shareAccess',
  'acceptInvitation',
  'transferOwnership',
  'exportMe',
  'delegatedToken',
]);

test('every mutation that needs scopes has them in this test', () => {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  expect(Object.keys(needs).sort()).toEqual(mutations.filter((name) => !unscoped.has(name)).sort());
});

describe.each(Object.entries(needs))('%s', (_name, { scopes, call, variables, outcome = 'ok' }) => {
  /** A superuser who manages a user and is an admin of an organization. */
  async function createWorld(granted: readonly Scope[]) {
    const self = rows.user({ isSuperuser: true });
    rows.user({ isSuperuser: true });
    const organization = rows.organization('Acme', [
      [self, 'ADMIN'],
      [rows.user(), 'OWNER'],
    ]);
    const kid = rows.user({ kind: 'MANAGED', managerId: self });
    const going = rows.user({ kind: 'MANAGED', managerId: self, status: 'DELETING' });
    const email = rows.email(kid, 'kid@example.com', false);
    const phone = rows.phoneNumber(kid, '+4930123456', false);
    const identity = rows.identity({ userId: kid, provider: 'corp', subject: kid, isPrimary: false });
    const record = encodeId('DataRecord', rows.dataRecord(kid, 'x', {}));
    const friend = rows.user();
    rows.share(friend, self, ['data:read']);
    const token = rows.apiToken({ userId: self }, granted);
    const session = rows.session(self);
    await rows.write(app.database);
    await addErasure(app.database, going);
    const ids = {
      self: encodeId('User', self),
      kid: encodeId('User', kid),
      going: encodeId('User', going),
      email: encodeId('Email', email),
      phone: encodeId('PhoneNumber', phone),
      identity: encodeId('OAuthIdentity', identity),
      organization: encodeId('Organization', organization),
      token: encodeId('ApiToken', token.id),
      key: encodeId('SigningKey', await addKey(app.database, organization)),
      invitation: encodeId('Invitation', await addInvitation(app.database)),
      session: encodeId('Session', session.id),
      client: encodeId('OAuthClient', await addClient(app.database, self)),
      friend: encodeId('User', friend),
      record,
      ...(await addWebhook(app.database, organization)),
    };
    return { client: app.withToken(token.secret), given: variables?.(ids) ?? {} };
  }

  test(`is allowed with ${scopes.join(' and ')} alone`, async () => {
    const { client, given } = await createWorld(scopes);
    expect(await ask(client, call, given)).toBe(outcome);
  });

  test.each(scopes)(
    'is refused without %s, however many others there are, and writes nothing',
    async (missing) => {
      const { client, given } = await createWorld(scopesBut(missing));
      const before = await fingerprint();
      expect(await ask(client, call, given)).toBe('INSUFFICIENT_SCOPE');
      expect(await fingerprint()).toEqual(before);
    },
  );
});

test('a refusal for want of a scope names the scope, in the body and in the header of RFC 6750', async () => {
  const client = app.withToken(rows.apiToken({ userId: rows.user() }, ['profile']).secret);
  await rows.write(app.database);
  const { status, errors, headers } = await client.send('mutation { deleteMe { __typename } }');
  expect(status).toBe(403);
  expect(errors[0]?.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'users:write' });
  expect(headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="users:write"');
});

describe('reading', () => {
  test('shows the private facts of its own account to a token with profile only', async () => {
    const ada = rows.user({ username: 'ada@example.com', locale: 'en-GB' });
    rows.email(ada, 'ada@example.com');
    rows.session(ada);
    const read = async (scopes: readonly Scope[]) => {
      const client = app.withToken(rows.apiToken({ userId: ada }, scopes).secret);
      return () =>
        client.send(
          '{ me { username email locale activeSessionCount sessions { id } viewerCanReadPrivate } }',
        );
    };
    const [withProfile, without] = [await read(['profile']), await read(scopesBut('profile'))];
    await rows.write(app.database);
    const nothing = { username: null, email: null, locale: null, activeSessionCount: null, sessions: null };
    expect((await without()).data).toEqual({ me: { ...nothing, viewerCanReadPrivate: false } });
    expect((await withProfile()).text).toContain('ada@example.com');
  });

  test('lists tokens to a token with tokens:write only', async () => {
    const ada = rows.user();
    const organization = rows.organization('Acme', [[ada, 'OWNER']]);
    const [own, its] = [rows.apiToken({ userId: ada }), rows.apiToken({ organizationId: organization })];
    const reader = app.withToken(rows.apiToken({ userId: ada }, scopesBut('tokens:write')).secret);
    await rows.write(app.database);
    const { text } = await reader.send(
      `query ($ids: [ID!]!) { nodes(ids: $ids) { id } me { apiTokens { totalCount nodes { id } }
        organizations { nodes { apiTokens { totalCount nodes { id } } } } } }`,
      { ids: [encodeId('ApiToken', own.id), encodeId('ApiToken', its.id)] },
    );
    expect(text).not.toContain('token_');
    expect(text).not.toMatch(/"totalCount":[1-9]/);
  });

  test('shows a superuser only its own accounts by a token without admin', async () => {
    const [root, stranger] = [rows.user({ isSuperuser: true }), rows.user()];
    const [weak, strong] = [scopesBut('admin'), ['admin'] as Scope[]].map((scopes) =>
      app.withToken(rows.apiToken({ userId: root }, scopes).secret),
    );
    await rows.write(app.database);
    const list = '{ users { nodes { id } } }';
    expect((await weak?.send(list))?.text).not.toContain(encodeId('User', stranger));
    expect((await strong?.send(list))?.text).toContain(encodeId('User', stranger));
  });

  test('tells of granted scopes only those that the token has too, over its own account and others', async () => {
    const [ada, grace, kid] = [rows.user({ username: 'ada' }), rows.user({ username: 'grace' }), 'Kid'];
    rows.user({ kind: 'MANAGED', managerId: ada, firstName: kid });
    rows.share(grace, ada, ['data:read', 'profile']);
    const client = app.withToken(rows.apiToken({ userId: ada }, ['data:read']).secret);
    await rows.write(app.database);
    const { users } = await client.run<{ users: { nodes: object[] } }, object>(
      '{ users(orderBy: { field: NAME }) { nodes { displayName grantedScopes } } }',
    );
    expect(users.nodes).toEqual([
      { displayName: 'ada', grantedScopes: ['DATA_READ'] },
      { displayName: 'grace', grantedScopes: ['DATA_READ'] },
      { displayName: 'Kid', grantedScopes: ['DATA_READ'] },
    ]);
  });
});

describe('making a token', () => {
  const make = 'createApiToken(input: $input)';
  const enumOf = (scope: Scope) => scope.toUpperCase().replace(':', '_');

  test.each(scopesBut('tokens:write'))('with the scope %s takes a token that has it', async (scope) => {
    const ada = rows.user();
    const client = app.withToken(rows.apiToken({ userId: ada }, scopesBut(scope)).secret);
    await rows.write(app.database);
    const before = await fingerprint();
    const ask1 = (scopes: Scope[]) => ask(client, make, { input: { name: 'x', scopes: scopes.map(enumOf) } });
    expect(await ask1([scope])).toBe('INSUFFICIENT_SCOPE');
    expect(await ask1([...everyScope])).toBe('INSUFFICIENT_SCOPE');
    expect(await fingerprint()).toEqual(before);
    expect(await ask1(scopesBut(scope))).toBe('ok');
  });

  test('does not widen by making one for an organization or its service account', async () => {
    const ada = rows.user();
    const organization = rows.organization('Acme', [[ada, 'OWNER']]);
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId: organization });
    const client = app.withToken(rows.apiToken({ userId: ada }, ['tokens:write']).secret);
    await rows.write(app.database);
    for (const ownerId of [encodeId('Organization', organization), encodeId('User', robot)]) {
      expect(await ask(client, make, { input: { name: 'x', scopes: ['PROFILE'], ownerId } })).toBe(
        'INSUFFICIENT_SCOPE',
      );
      expect(await ask(client, make, { input: { name: 'x', scopes: ['TOKENS_WRITE'], ownerId } })).toBe('ok');
    }
  });

  test('for a service account or an organization is for those who run that one', async () => {
    const [ada, eve] = [rows.user(), rows.user()];
    const [acme, evil] = [
      rows.organization('Acme', [[ada, 'OWNER']]),
      rows.organization('Evil', [[eve, 'OWNER']]),
    ];
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId: acme });
    rows.organization('Both', [
      [ada, 'OWNER'],
      [eve, 'ADMIN'],
    ]);
    rows.share(robot, eve, ['data:read', 'profile', 'tokens:write', 'admin']);
    const client = app.withToken(rows.session(eve).secret);
    await rows.write(app.database);
    const before = await fingerprint();
    const ask1 = (ownerId: string) => ask(client, make, { input: { name: 'x', scopes: [], ownerId } });
    expect(await ask1(encodeId('Organization', acme))).toBe('NOT_FOUND');
    expect(await ask1(encodeId('User', robot))).toBe('FORBIDDEN');
    expect(await ask1(encodeId('User', ada))).toBe('FORBIDDEN');
    expect(await fingerprint()).toEqual(before);
    expect(await ask1(encodeId('Organization', evil))).toBe('ok');
  });

  test('for another person is refused to everyone, a superuser and a manager included', async () => {
    const [root, manager, ada] = [rows.user({ isSuperuser: true }), rows.user(), rows.user()];
    const kid = rows.user({ kind: 'MANAGED', managerId: manager });
    const [superuser, managing] = [root, manager].map((id) => app.withToken(rows.session(id).secret));
    await rows.write(app.database);
    const before = await fingerprint();
    for (const [client, owner] of [
      [superuser, ada],
      [superuser, kid],
      [managing, kid],
    ] as const) {
      const input = { name: 'x', scopes: [], ownerId: encodeId('User', owner) };
      expect(await ask(client ?? app.anonymous, make, { input })).toBe('FORBIDDEN');
    }
    expect(await fingerprint()).toEqual(before);
  });

  test('with admin gives its owner no power that its account lacks', async () => {
    const [ada, stranger] = [rows.user(), rows.user()];
    const client = app.withToken(rows.apiToken({ userId: ada }, everyScope).secret);
    await rows.write(app.database);
    expect(await ask(client, 'deleteUser(id: $id)', { id: encodeId('User', stranger) })).toBe('NOT_FOUND');
    expect(await ask(client, 'createUser(input: $input)', { input: { username: 'x' } })).toBe('FORBIDDEN');
  });

  test("loses a superuser's powers as soon as the account is no superuser", async () => {
    const [root, stranger] = [rows.user({ isSuperuser: true }), rows.user()];
    const client = app.withToken(rows.apiToken({ userId: root }, everyScope).secret);
    await rows.write(app.database);
    const by = { by: { id: encodeId('User', stranger) } };
    const document = 'query ($by: UserKey!) { user(by: $by) { id } }';
    expect((await client.send(document, by)).data).not.toEqual({ user: null });
    await app.database.prisma.user.update({ where: { id: root }, data: { isSuperuser: false } });
    expect((await client.send(document, by)).data).toEqual({ user: null });
  });
});
