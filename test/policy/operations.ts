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
  /** Whether only a person may do it, with a session of its own. */
  readonly isForPersons?: boolean;
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

const revokeSession = (name: string, session: keyof World['sessionIds']) =>
  mutation(`revokeSession ${name}`, 'id: $id', ({ sessionIds }) => ({ id: sessionIds[session] }), '$id: ID!');

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
];

const mutations: readonly Operation[] = [
  signIn('person', 'person', password),
  signIn('person, wrong password', 'person', 'wrong'),
  signIn('managed', 'managed@example.com', password),
  mutation('signOut', ''),
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
  createToken('for oneself', () => undefined),
  createToken('for person', ({ ids }) => ids.person),
  createToken('for managed', ({ ids }) => ids.managed),
  createToken('for service', ({ ids }) => ids.service),
  createToken('for organization', ({ organization }) => organization),
  revoke('person'),
  revoke('service'),
  revoke('organization'),
  revokeSession('person', 'person'),
  revokeSession('person, in use', 'inUse'),
  revokeSession('person, expired', 'expired'),
  revokeSession('managed', 'managed'),
  revokeSession('superuser', 'superuser'),
  revokeSession('internal', 'internal'),
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
