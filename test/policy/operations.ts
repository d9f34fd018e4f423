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
  /** Whether only a person may do it, with a session of its own; or only where that is done to its own account, or by an owner. */
  readonly isForPersons?: boolean | 'to itself' | 'by an owner';
  /** How many things it records where it is allowed; one when absent. */
  readonly records?: number;
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
  const result =
    field === 'signOut' || field === 'exportMe' ? '{ __typename }' : '{ __typename ... on Error { code } }';
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

const trailOf = (subject: Subject) =>
  fact(
    `trail of ${subject}`,
    subject,
    'auditTrail { nodes { id } }',
    (user) => (user?.auditTrail as Data)?.nodes,
  );

const dataOf = (subject: Subject) =>
  fact(
    `data of ${subject}`,
    subject,
    'dataRecords { nodes { id } }',
    (user) => (user?.dataRecords as Data)?.nodes,
  );

/** What makes data records: of the caller, or of another account. */
const addRecords = (field: 'createDataRecord' | 'importDataRecords', subject?: Subject) =>
  mutation(
    subject === undefined ? field : `${field} for ${subject}`,
    field === 'createDataRecord'
      ? 'input: { userId: $id, collection: "traces", data: {} }'
      : 'input: { userId: $id, lines: "{\\"collection\\":\\"traces\\",\\"data\\":{}}" }',
    ({ ids }) => ({ id: subject === undefined ? null : ids[subject] }),
    '$id: ID',
  );

const record = (field: string, owner: keyof World['recordIds'], more = '') =>
  mutation(`${field} ${owner}`, `id: $id${more}`, ({ recordIds }) => ({ id: recordIds[owner] }), '$id: ID!');

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

const ofOrganization = (name: string, args: string, subject: Subject = 'mate') =>
  mutation(
    name,
    args,
    ({ organization, ids }) => ({ organization, user: ids[subject] }),
    args.includes('$user') ? '$organization: ID!, $user: ID!' : '$organization: ID!',
  );

const inviteMember = (name: string, role: string) =>
  mutation(
    name,
    `input: { organizationId: $id, email: $email, role: ${role} }`,
    ({ organization }) => ({ id: organization, email: fresh.address() }),
    '$id: ID!, $email: String!',
  );

const setMemberRole = (name: string, role: string) =>
  ofOrganization(name, `input: { organizationId: $organization, userId: $user, role: ${role} }`);

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
  node("person's record", ({ recordIds }) => recordIds.person),
  node("managed's record", ({ recordIds }) => recordIds.managed),
  query('dataRecord person', '($id: ID!) { found: dataRecord(id: $id) { id } }', ({ recordIds }) => ({
    id: recordIds.person,
  })),
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
  dataOf('person'),
  dataOf('managed'),
  trailOf('person'),
  trailOf('managed'),
  trailOf('service'),
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
    'organization trail',
    '($id: ID!) { found: organization(id: $id) { auditTrail { nodes { id } } } }',
    ({ organization }) => ({ id: organization }),
    ({ found }) => ((found as Data)?.auditTrail as Data)?.nodes,
  ),
  query('erasure', '($id: ID!) { found: erasure(id: $id) { id } }', ({ erasure }) => ({ id: erasure })),
  query(
    'auditEvents',
    '{ found: auditEvents { nodes { id } } }',
    none,
    ({ found }) => (found as { nodes: unknown[] }).nodes,
  ),
  query(
    'organization invitations',
    '($id: ID!) { found: organization(id: $id) { invitations { nodes { id email } } } }',
    ({ organization }) => ({ id: organization }),
    ({ found }) => ((found as Data)?.invitations as Data)?.nodes,
  ),
  query(
    'organization webhooks',
    '($id: ID!) { found: organization(id: $id) { webhooks { nodes { id deliveries { nodes { id } } } } } }',
    ({ organization }) => ({ id: organization }),
    ({ found }) => ((found as Data)?.webhooks as Data)?.nodes,
  ),
  query(
    'webhooks',
    '{ found: webhooks { nodes { id } } }',
    none,
    ({ found }) => (found as { nodes: unknown[] }).nodes,
  ),
  query(
    'oauthClients',
    '{ found: oauthClients { nodes { id } } }',
    none,
    ({ found }) => (found as { nodes: unknown[] }).nodes,
  ),
  explain('READ_PRIVATE', 'person'),
  explain('UPDATE', 'managed'),
  explain('READ_DATA', 'person'),
  explain('WRITE_DATA', 'managed'),
];

/** Rows are named shortly: the column of names is narrow. */
const inShort = { organization: 'org', operator: 'operator' };

const createWebhook = (name: string, owner: (world: World) => string | null) =>
  mutation(
    `createWebhook ${name}`,
    'input: { organizationId: $id, name: "New", url: "https://example.com/" }',
    (world) => ({ id: owner(world) }),
    '$id: ID',
  );

const ofWebhook = (field: string, owner: keyof World['webhooks'], more = '') =>
  mutation(
    `${field} ${inShort[owner]}`,
    `id: $id${more}`,
    ({ webhooks }) => ({ id: webhooks[owner].webhook }),
    '$id: ID!',
  );

const redeliver = (owner: keyof World['webhooks']) =>
  mutation(
    `redeliverWebhook ${inShort[owner]}`,
    'id: $id',
    ({ webhooks }) => ({ id: webhooks[owner].delivery }),
    '$id: ID!',
  );

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
  mutation(
    'revokeInvitation organization',
    'id: $id',
    ({ memberInvitation }) => ({ id: memberInvitation }),
    '$id: ID!',
  ),
  { ...mutation('createOrganization', 'input: { name: "New" }'), records: 2 },
  ofOrganization('updateOrganization', 'id: $organization, input: { name: "Changed" }'),
  {
    ...ofOrganization('deleteOrganization', 'id: $organization'),
    isForPersons: 'by an owner',
    records: 2,
  },
  inviteMember('inviteMember', 'ADMIN'),
  { ...inviteMember('inviteMember owner', 'OWNER'), isForPersons: 'by an owner' },
  { ...mutation('acceptInvitation', 'input: { code: "unknown" }'), isForPersons: true },
  setMemberRole('setMemberRole mate', 'ADMIN'),
  { ...setMemberRole('setMemberRole mate, owner', 'OWNER'), isForPersons: 'by an owner' },
  ofOrganization('removeMember mate', 'input: { organizationId: $organization, userId: $user }'),
  ofOrganization('leaveOrganization', 'id: $organization'),
  {
    ...ofOrganization('transferOwnership', 'id: $organization, input: { userId: $user }'),
    isForPersons: true,
    records: 2,
  },
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
  createWebhook('for organization', ({ organization }) => organization),
  createWebhook('for operator', () => null),
  ofWebhook('updateWebhook', 'organization', ', input: { name: "Changed" }'),
  ofWebhook('updateWebhook', 'operator', ', input: { name: "Changed" }'),
  ofWebhook('rotateWebhookSecret', 'organization'),
  ofWebhook('rotateWebhookSecret', 'operator'),
  ofWebhook('deleteWebhook', 'organization'),
  ofWebhook('deleteWebhook', 'operator'),
  redeliver('organization'),
  redeliver('operator'),
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
  addRecords('createDataRecord'),
  addRecords('createDataRecord', 'person'),
  addRecords('createDataRecord', 'managed'),
  addRecords('createDataRecord', 'service'),
  addRecords('importDataRecords'),
  addRecords('importDataRecords', 'person'),
  addRecords('importDataRecords', 'managed'),
  record('replaceDataRecord', 'person', ', input: { data: { changed: true } }'),
  record('replaceDataRecord', 'managed', ', input: { data: { changed: true } }'),
  record('deleteDataRecord', 'person'),
  record('deleteDataRecord', 'managed'),
  { ...mutation('exportMe', ''), isForPersons: true },
  { ...remove('exportUser', 'person'), isForPersons: 'to itself' },
  remove('exportUser', 'managed'),
  remove('exportUser', 'service'),
  mutation('deleteMe', ''),
  remove('deleteUser', 'person'),
  remove('deleteUser', 'managed'),
  remove('deleteUser', 'service'),
  remove('deleteUser', 'internal'),
  remove('deleteUser', 'reserved'),
  remove('deleteUser', 'owner'),
  remove('deleteManagedUser', 'managed'),
  remove('deleteManagedUser', 'person'),
  remove('restoreUser', 'person'),
  mutation('restoreMe', 'input: { code: "unknown" }'),
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
