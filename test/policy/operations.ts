/** Every operation of the graph, on every kind of subject that the policy tells apart. */
import type { Answer } from '../setup/app.ts';
import { password, type World } from './actors.ts';
import { requestError } from './ask.ts';

type Data = Record<string, unknown> | null | undefined;

export interface Operation {
  /** The name of its row in the table. The first word is the field of `Query` or `Mutation`. */
  readonly name: string;
  readonly document: string;
  readonly variables: (world: World) => Record<string, unknown>;
  /** Whether only a person may do it, with a session of its own; or only where that is done to its own account. */
  readonly isForPersons?: boolean | 'to itself';
  /** Whether it succeeds although it changes nothing. */
  readonly isSilent?: boolean;
  /** What an operation that was not refused found. */
  readonly read: (data: Record<string, unknown>, world: World) => unknown;
}

type Subject = keyof World['ids'];
type Variables = Operation['variables'];
const none: Variables = () => ({});

function query(
  name: string,
  document: string,
  variables = none,
  read: Operation['read'] = ({ found }) => found,
) {
  return { name, document: `query ${document}`, variables, read };
}

/** A list that holds the subject, or does not. */
function list(name: string, document: string, subject: Subject, variables = none): Operation {
  const read: Operation['read'] = ({ found }, { ids }) =>
    (found as { nodes: { id: string }[] }).nodes.some(({ id }) => id === ids[subject]) ? found : [];
  return query(name, document, variables, read);
}

function mutation(name: string, args: string, variables = none, types = ''): Operation {
  const [field] = name.split(' ');
  const result = field === 'signOut' ? '{ __typename }' : '{ __typename ... on Error { code } }';
  const document = `mutation ${types && `(${types})`} { found: ${field}${args && `(${args})`} ${result} }`;
  return { name, document, variables, read: ({ found }) => found };
}

/** A mutation that tells nobody whether it did anything, of what is not there. */
const silent = (field: string, args: string): Operation => ({
  name: field,
  document: `mutation { found: ${field}(${args}) { __typename } }`,
  variables: none,
  isSilent: true,
  read: ({ found }) => found,
});

const node = (name: string, id: (world: World) => string) =>
  query(`node ${name}`, '($id: ID!) { found: node(id: $id) { id } }', (world) => ({ id: id(world) }));

const userBy = (name: string, by: (world: World) => object) =>
  query(`user ${name}`, '($by: UserKey!) { found: user(by: $by) { id } }', (world) => ({ by: by(world) }));

/** A private fact of an account. */
const fact = (name: string, subject: Subject, selection: string, read: (user: Data) => unknown) =>
  query(
    `user ${name}`,
    `($id: ID!) { found: user(by: { id: $id }) { ${selection} } }`,
    ({ ids }) => ({ id: ids[subject] }),
    ({ found }) => (found == null ? null : read(found as Data)),
  );

const tokensOf = (subject: Subject) =>
  fact(
    `tokens of ${subject}`,
    subject,
    'apiTokens { nodes { id } }',
    (user) => (user?.apiTokens as Data)?.nodes,
  );

const users = (name: string, subject: Subject, filter: (world: World) => object) =>
  list(
    `users ${name}`,
    '($filter: UserFilter) { found: users(filter: $filter) { nodes { id } } }',
    subject,
    (world) => ({
      filter: filter(world),
    }),
  );

const listed = (subject: Subject) => users(subject, subject, ({ ids }) => ({ ids: [ids[subject]] }));

const update = (name: string, subject: Subject, input: object = { bio: 'Changed.' }) =>
  mutation(
    `updateUser ${name}`,
    'id: $id, input: $input',
    ({ ids }) => ({ id: ids[subject], input }),
    '$id: ID!, $input: UpdateUserInput!',
  );

const updateManaged = (subject: Subject) =>
  mutation(
    `updateManagedUser ${subject}`,
    'id: $id, input: { bio: "Changed." }',
    ({ ids }) => ({ id: ids[subject] }),
    '$id: ID!',
  );

const remove = (field: string, subject: Subject) =>
  mutation(`${field} ${subject}`, 'id: $id', ({ ids }) => ({ id: ids[subject] }), '$id: ID!');

const createToken = (name: string, ownerId: (world: World) => string | undefined) =>
  mutation(
    `createApiToken ${name}`,
    'input: { name: "New", scopes: [DATA_READ], ownerId: $ownerId }',
    (world) => ({ ownerId: ownerId(world) }),
    '$ownerId: ID',
  );

const revoke = (owner: keyof World['tokenIds']) =>
  mutation(`revokeApiToken ${owner}`, 'id: $id', ({ tokenIds }) => ({ id: tokenIds[owner] }), '$id: ID!');

const rotate = (owner: keyof World['tokenIds']) =>
  mutation(
    `rotateApiToken ${owner}`,
    'input: { id: $id }',
    ({ tokenIds }) => ({ id: tokenIds[owner] }),
    '$id: ID!',
  );

const publicJwk =
  '{ kty: "EC", crv: "P-256", x: "RatNSMmG1QauI96DgxCfxpglEUbTgCrCkcEEBEAE7LA", y: "RDpDOy4Ow-P2VqGkWSwnrdAPV7Xvw15QdqxUb__vBHo" }';

const revokeSession = (name: string, session: keyof World['sessionIds']) =>
  mutation(`revokeSession ${name}`, 'id: $id', ({ sessionIds }) => ({ id: sessionIds[session] }), '$id: ID!');

/** Contacts that nobody has: few codes are sent to each. */
const fresh = {
  address: () => `new-${crypto.randomUUID()}@example.com`,
  number: () => `+4930${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, '0')}`,
};

const ownContact = (field: string, key: keyof typeof fresh): Operation => ({
  ...mutation(field, `input: { ${key}: $value }`, () => ({ value: fresh[key]() }), '$value: String!'),
  isForPersons: true,
});

const addContact = (field: string, key: keyof typeof fresh): Operation => ({
  ...mutation(
    `${field} for person`,
    `input: { ${key}: $value, userId: $id }`,
    ({ ids }) => ({ id: ids.person, value: fresh[key]() }),
    '$id: ID!, $value: String!',
  ),
  isForPersons: 'to itself',
});

type Owner = keyof World['contactIds']['email'];
/** One of the mutations of a contact: an e-mail address, a phone number or an identity at a provider. */
const contact = (kind: keyof World['contactIds'], field: string, owner: Owner, input = ''): Operation => ({
  ...mutation(
    `${field} ${owner}`,
    `id: $id${input}`,
    ({ contactIds }) => ({ id: contactIds[kind][owner] }),
    '$id: ID!',
  ),
  isForPersons: 'to itself',
});

const ofClient = (field: string, input = '') =>
  mutation(field, `id: $id${input}`, ({ oauthClient }) => ({ id: oauthClient }), '$id: ID!');

/** Why the actor may do something with an account, or may not: the same as when it does it. */
const explain = (action: string, subject: Subject) =>
  query(
    `explainAccess ${action} ${subject}`,
    '($id: ID!, $action: AccountAction!) { found: explainAccess(userId: $id, action: $action) { code } }',
    ({ ids }) => ({ id: ids[subject], action }),
    ({ found }) => (found === null ? null : { code: (found as { code: string | null }).code ?? undefined }),
  );

const delegatedToken = (subject: Subject) =>
  mutation(
    `delegatedToken ${subject}`,
    'input: { userId: $id }',
    ({ ids }) => ({ id: ids[subject] }),
    '$id: ID!',
  );

/** The share of the person with its friend, ended from one of its ends. */
const revokeAccess = (end: 'given' | 'received') =>
  mutation(
    `revokeAccess ${end}`,
    end === 'given' ? 'input: { granteeId: $id }' : 'input: { grantorId: $id }',
    ({ ids }) => ({ id: end === 'given' ? ids.friend : ids.person }),
    '$id: ID!',
  );

const shareAccess = mutation(
  'shareAccess',
  'input: { granteeId: $id, scopes: [DATA_READ] }',
  ({ ids }) => ({ id: ids.reserved }),
  '$id: ID!',
);

const signIn = (name: string, login: string, secret: string) =>
  mutation(`signIn ${name}`, `input: { login: "${login}", password: "${secret}" }`);

const queries: readonly Operation[] = [
  query('me', '{ found: me { id } }'),
  query(
    'viewer',
    '{ found: viewer { user { id } } }',
    none,
    ({ found }) => (found as { user: unknown }).user,
  ),
  node('person', ({ ids }) => ids.person),
  node('managed', ({ ids }) => ids.managed),
  node('service', ({ ids }) => ids.service),
  node('internal', ({ ids }) => ids.internal),
  node('organization', ({ organization }) => organization),
  node("person's token", ({ tokenIds }) => tokenIds.person),
  node("service's token", ({ tokenIds }) => tokenIds.service),
  node("organization's token", ({ tokenIds }) => tokenIds.organization),
  query(
    'nodes person',
    '($ids: [ID!]!) { found: nodes(ids: $ids) { id } }',
    ({ ids }) => ({ ids: [ids.person] }),
    ({ found }) => (found as unknown[])[0],
  ),
  userBy('person', ({ ids }) => ({ id: ids.person })),
  userBy('person by username', () => ({ username: 'person' })),
  userBy('person by e-mail', () => ({ email: 'person@example.com' })),
  userBy('person by identity', () => ({ oauthIdentity: { provider: 'github', subject: '4711' } })),
  userBy('managed', ({ ids }) => ({ id: ids.managed })),
  userBy('internal by username', () => ({ username: 'system' })),
  fact('e-mail of person', 'person', 'email', (user) => user?.email),
  fact('e-mail of managed', 'managed', 'email', (user) => user?.email),
  fact('e-mail of service', 'service', 'email', (user) => user?.email),
  fact('sessions of person', 'person', 'sessions { id }', (user) => user?.sessions),
  tokensOf('person'),
  tokensOf('service'),
  listed('person'),
  listed('managed'),
  listed('service'),
  listed('internal'),
  users('person by e-mail', 'person', () => ({ email: 'person@example.com' })),
  query('managedUser managed', '($id: ID!) { found: managedUser(id: $id) { id } }', ({ ids }) => ({
    id: ids.managed,
  })),
  query('managedUser person', '($id: ID!) { found: managedUser(id: $id) { id } }', ({ ids }) => ({
    id: ids.person,
  })),
  list('managedUsers managed', '{ found: managedUsers { nodes { id } } }', 'managed'),
  query('organization', '($id: ID!) { found: organization(id: $id) { id } }', ({ organization }) => ({
    id: organization,
  })),
  query(
    'oauthClients',
    '{ found: oauthClients { nodes { id } } }',
    none,
    ({ found }) => (found as { nodes: unknown[] }).nodes,
  ),
  explain('READ_PRIVATE', 'person'),
  explain('UPDATE', 'managed'),
];

const mutations: readonly Operation[] = [
  signIn('person', 'person', password),
  signIn('person, wrong password', 'person', 'wrong'),
  signIn('managed', 'managed@example.com', password),
  mutation('signOut', ''),
  mutation('refreshSession', 'input: { refreshToken: "unknown" }'),
  mutation('signUp', 'input: { email: "new@example.com", password: "a new password" }'),
  {
    ...mutation(
      'changePassword',
      'input: { currentPassword: $password, newPassword: "a new password" }',
      () => ({ password }),
      '$password: String!',
    ),
    isForPersons: true,
  },
  silent('requestPasswordReset', 'input: { login: "nobody" }'),
  mutation(
    'resetPassword person',
    'input: { login: "person", code: "AAAA-AAAA-AAAA", newPassword: "a new password" }',
  ),
  mutation('createInvitation', 'input: {}'),
  mutation('revokeInvitation', 'id: $id', ({ invitation }) => ({ id: invitation }), '$id: ID!'),
  mutation('completeOnboarding', ''),
  mutation('updateMe', 'input: { bio: "Changed." }'),
  update('person', 'person'),
  update('managed', 'managed'),
  update('service', 'service'),
  update('internal', 'internal'),
  update('reserved', 'reserved'),
  update('person, suspend', 'person', { status: 'SUSPENDED' }),
  update('person, promote', 'person', { isSuperuser: true }),
  update('person, password', 'person', { password: 'a new password' }),
  update('managed, suspend', 'managed', { status: 'SUSPENDED' }),
  update('service, suspend', 'service', { status: 'SUSPENDED' }),
  update('superuser, demote', 'superuser', { isSuperuser: false }),
  update('reserved, suspend', 'reserved', { status: 'SUSPENDED' }),
  updateManaged('managed'),
  updateManaged('person'),
  mutation('createUser', 'input: { username: "new" }'),
  mutation('createManagedUser', 'input: { firstName: "New" }'),
  mutation(
    'createServiceAccount',
    'input: { organizationId: $id, name: "New" }',
    ({ organization }) => ({ id: organization }),
    '$id: ID!',
  ),
  ownContact('addEmail', 'address'),
  addContact('addEmail', 'address'),
  contact('email', 'requestEmailVerification', 'person'),
  contact('email', 'verifyEmail', 'person', ', input: { code: "AAAA-AAAA-AAAA" }'),
  contact('email', 'removeEmail', 'person'),
  contact('email', 'removeEmail', 'managed'),
  contact('email', 'makeEmailDefault', 'person'),
  ownContact('addPhoneNumber', 'number'),
  addContact('addPhoneNumber', 'number'),
  contact('phone', 'requestPhoneVerification', 'person'),
  contact('phone', 'verifyPhoneNumber', 'person', ', input: { code: "000000" }'),
  contact('phone', 'removePhoneNumber', 'person'),
  contact('phone', 'removePhoneNumber', 'managed'),
  contact('phone', 'makePhoneNumberPrimary', 'person'),
  contact('identity', 'unlinkIdentity', 'person'),
  contact('identity', 'unlinkIdentity', 'managed'),
  createToken('for oneself', () => undefined),
  createToken('for person', ({ ids }) => ids.person),
  createToken('for managed', ({ ids }) => ids.managed),
  createToken('for service', ({ ids }) => ids.service),
  createToken('for organization', ({ organization }) => organization),
  rotate('person'),
  rotate('organization'),
  revoke('person'),
  revoke('service'),
  revoke('organization'),
  mutation(
    'registerSigningKey',
    `input: { organizationId: $id, name: "New", publicJwk: ${publicJwk} }`,
    ({ organization }) => ({ id: organization }),
    '$id: ID!',
  ),
  mutation('retireSigningKey', 'id: $id', ({ signingKey }) => ({ id: signingKey }), '$id: ID!'),
  revokeSession('person', 'person'),
  revokeSession('person, in use', 'inUse'),
  revokeSession('person, expired', 'expired'),
  revokeSession('managed', 'managed'),
  revokeSession('superuser', 'superuser'),
  revokeSession('internal', 'internal'),
  mutation(
    'registerOAuthClient',
    'input: { name: "New", isConfidential: true, redirectUris: [], scopes: [PROFILE] }',
  ),
  ofClient('updateOAuthClient', ', input: { name: "Changed" }'),
  ofClient('rotateOAuthClientSecret'),
  ofClient('revokeOAuthClient'),
  ofClient('withdrawConsent'),
  { ...shareAccess, isForPersons: true },
  { ...revokeAccess('given'), isForPersons: true },
  revokeAccess('received'),
  delegatedToken('person'),
  delegatedToken('managed'),
  mutation('deleteMe', ''),
  remove('deleteUser', 'person'),
  remove('deleteUser', 'managed'),
  remove('deleteUser', 'service'),
  remove('deleteUser', 'internal'),
  remove('deleteUser', 'reserved'),
  remove('deleteUser', 'owner'),
  remove('deleteManagedUser', 'managed'),
  remove('deleteManagedUser', 'person'),
];

export const operations: readonly Operation[] = [...queries, ...mutations];
export const isMutation = ({ document }: Operation) => document.startsWith('mutation');
export const fieldOf = ({ name }: Operation) => name.split(' ')[0] ?? name;

/** What came of an operation: `ok`, the code of what refused it, or that it found nothing. */
export function outcomeOf({ read }: Operation, { data, errors }: Answer<Data>, world: World): string {
  const [error] = errors;
  if (error) return requestError(error);
  const found = data == null ? undefined : read(data, world);
  if (found == null) return 'null';
  if (Array.isArray(found)) return found.length > 0 ? 'ok' : 'none';
  const { code } = found as { code?: string };
  return code ?? 'ok';
}
