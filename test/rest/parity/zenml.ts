import { password } from '../../policy/actors.ts';
import type { RestAnswer } from '../../setup/app.ts';
import type { Case } from './case.ts';
import {
  mutation,
  nobody,
  nothing,
  ok,
  type Reader,
  readResult,
  refused,
  userMutation,
  viewer,
  viewerBehind,
} from './case.ts';
import { comparable, type Source, selectionOf, translate } from './mapping.ts';
import { zenmlToken, zenmlUser } from './views.ts';
import type { ParityWorld, Subject } from './world.ts';

const dialect = 'zenml' as const;
const user = (source: Source) => translate(zenmlUser, source);
const tell = ({ body }: RestAnswer) => comparable(zenmlUser, body);

const me = (route: string, subject: string, path: string): Case => ({
  dialect,
  route,
  subject,
  call: () => ({ path }),
  document: `{ found: me { ${selectionOf(zenmlUser)} } ${viewer} }`,
  read: (reader) => (reader.data.found === null ? nobody(reader) : ok(user(reader.data.found))),
  tell,
});

/** The filter of the dialect beside that of the graph. */
type Filter = (world: ParityWorld) => { query: Record<string, string>; filter: object };

const list = (
  subject: string,
  filter: Filter,
  page: readonly [offset: number, limit?: number] = [0],
): Case => ({
  dialect,
  route: 'GET /users',
  subject,
  call: (world) => {
    const [offset, limit] = page.map(String);
    const paging = { offset: offset ?? '0', ...(limit !== undefined && { limit }) };
    return { path: `/users?${new URLSearchParams({ ...filter(world).query, ...paging })}` };
  },
  document: `query ($filter: UserFilter) {
    found: users(first: 100, filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }) {
      pageInfo { hasNextPage } nodes { ${selectionOf(zenmlUser)} } } }`,
  variables: (world) => ({ filter: filter(world).filter }),
  read: ({ data: { found } }) => {
    if (found.pageInfo.hasNextPage) throw new Error('the world is too large for one page');
    const [offset, limit = found.nodes.length] = page;
    return ok(found.nodes.slice(offset, offset + limit).map(user));
  },
  tell: ({ body }) => body.map((view: Source) => comparable(zenmlUser, view)),
});

const byId = (subject: Subject) =>
  list(`the ${subject}`, ({ uuids, ids }) => ({
    query: { user_id: uuids[subject] },
    filter: { ids: [ids[subject]] },
  }));

const email = (address: string) =>
  list(`with ${address}`, () => ({ query: { email: address }, filter: { email: address } }));

const lists: readonly Case[] = [
  list('all', () => ({ query: {}, filter: {} })),
  list('a page', () => ({ query: {}, filter: {} }), [1, 2]),
  list('an empty page', () => ({ query: {}, filter: {} }), [0, 0]),
  ...(['person', 'managed', 'service', 'internal', 'reserved', 'oauth', 'kid', 'unknown'] as const).map(byId),
  email('PERSON@example.com'),
  email('second@example.com'),
  email('managed@example.com'),
  email('robot@example.com'),
  email('olga@example.com'),
  list('at a provider', () => ({ query: { oauth_provider: 'gitlab' }, filter: { oauthProvider: 'gitlab' } })),
  list('with an id at a provider', () => ({ query: { oauth_id: '4711' }, filter: { oauthId: '4711' } })),
  list('with both', () => ({
    query: { oauth_provider: 'gitlab', oauth_id: '31' },
    filter: { oauthProvider: 'gitlab', oauthId: '31' },
  })),
  list('with both, of two accounts', () => ({
    query: { oauth_provider: 'gitlab', oauth_id: '4711' },
    filter: { oauthProvider: 'gitlab', oauthId: '4711' },
  })),
  list('active', () => ({ query: { is_active: 'true' }, filter: { isActive: true } })),
  list('not active', () => ({ query: { is_active: 'false' }, filter: { isActive: false } })),
  list('the person, active, with e-mail', ({ uuids, ids }) => ({
    query: { user_id: uuids.person, is_active: 'true', email: 'person@example.com' },
    filter: { ids: [ids.person], isActive: true, email: 'person@example.com' },
  })),
  list('the managed user with the e-mail of the person', ({ uuids, ids }) => ({
    query: { user_id: uuids.managed, email: 'person@example.com' },
    filter: { ids: [ids.managed], email: 'person@example.com' },
  })),
];

/** Each input in the words of the dialect and in those of the graph. */
const profile = {
  json: {
    name: 'New Name',
    avatar_url: 'https://new.example.com/a.png',
    company: 'New Company',
    job_title: 'New Job',
    metadata: { new: [1, { two: null }] },
    username: 'new-name',
    email: 'new@example.com',
  },
  input: {
    name: 'New Name',
    avatarUrl: 'https://new.example.com/a.png',
    company: 'New Company',
    jobTitle: 'New Job',
    metadata: { new: [1, { two: null }] },
    username: 'new-name',
    email: 'new@example.com',
  },
};
const cleared = {
  json: { name: null, avatar_url: null, company: null, job_title: null, metadata: null, email: null },
  input: { name: null, avatarUrl: null, company: null, jobTitle: null, metadata: null, email: null },
};
const company = { json: { company: 'New Company' }, input: { company: 'New Company' } };
const equally = (fields: object) => ({ json: fields, input: fields });
const superuser = (is: boolean) => ({ json: { is_superuser: is }, input: { isSuperuser: is } });

type Input = { readonly json: object; readonly input: object };

const updateMe = (subject: string, { json, input }: Input): Case => ({
  dialect,
  route: 'PATCH /users/me',
  subject,
  call: () => ({ path: '/users/me', json }),
  document: userMutation('updateMe', ['input'], zenmlUser),
  variables: () => ({ input }),
  read: (reader) => readResult(reader, (found) => user(found.user)),
  tell,
});

const update = (whom: Subject, { json, input }: Input, what = ''): Case => ({
  dialect,
  route: 'PATCH /users/{user_id}',
  subject: whom + what,
  call: ({ uuids }) => ({ path: `/users/${uuids[whom]}`, json }),
  document: userMutation('updateUser', ['id', 'input'], zenmlUser),
  variables: ({ ids }) => ({ id: ids[whom], input }),
  read: (reader) => readResult(reader, (found) => user(found.user)),
  tell,
});

const remove = (whom: Subject): Case => ({
  dialect,
  route: 'DELETE /users/{user_id}',
  subject: whom,
  call: ({ uuids }) => ({ path: `/users/${uuids[whom]}` }),
  document: mutation('deleteUser', ['id']),
  variables: ({ ids }) => ({ id: ids[whom] }),
  read: (reader) => readResult(reader, nothing),
  tell: nothing,
});

const updates: readonly Case[] = [
  updateMe('profile', profile),
  updateMe('cleared', cleared),
  updateMe('nothing', equally({})),
  updateMe('the reserved name', equally({ username: 'admin' })),
  updateMe("another's name", equally({ username: 'stranger' })),
  updateMe('a bad value', equally({ name: '' })),
  update('person', profile),
  update('managed', company),
  update('kid', company),
  update('service', company),
  update('internal', company),
  update('reserved', company),
  update('unknown', company),
  update('oauth', equally({ email: 'other@example.com' }), ', its e-mail address'),
  update('person', equally({ password: 'a long password' }), ', a password'),
  update('person', superuser(true), ', promoted'),
  update('superuser', superuser(false), ', demoted'),
  update('reserved', superuser(false), ', demoted'),
  update('reserved', equally({ username: 'other' }), ', renamed'),
];

const subjects = [
  'person',
  'managed',
  'kid',
  'heir',
  'service',
  'internal',
  'reserved',
  'owner',
  'unknown',
] as const;

/** What a token opens, as the graph tells those who come with it. */
const opened = async ({ app }: Pick<Reader, 'app'>, token: string) =>
  translate(zenmlToken, await viewerBehind(app, token, zenmlToken));

/** The view of a token, with what it opens in its place. */
async function tellToken({ body }: RestAnswer, { app }: Pick<Reader, 'app'>) {
  const { credential, ...caller } = await viewerBehind(app, body.access_token, zenmlToken);
  const seconds = (Date.parse(credential.expiresAt) - Date.now()) / 1000;
  const isTrue = body.expires_in > 0 && body.expires_in <= seconds + 5;
  return {
    ...comparable(zenmlToken, body),
    access_token: [caller.user, credential.kind],
    expires_in: isTrue ? 'no longer than the token' : body.expires_in,
  };
}

const login = (subject: string, username: string, secret: string): Case => ({
  dialect,
  route: 'POST /auth/login',
  subject,
  call: () => ({ path: '/auth/login', form: { grant_type: 'password', username, password: secret } }),
  document: mutation('signIn', ['input'], 'token user { uuid }'),
  variables: () => ({ input: { login: username, password: secret } }),
  async read(reader) {
    const result = readResult(reader, (found) => found.token);
    return result.word === 'ok' ? ok(await opened(reader, result.facts as string)) : result;
  },
  tell: tellToken,
});

/** A token in the place of a password, alone: `viewer` tells whether it is a good one, and whose. */
const loginByToken: Case = {
  dialect,
  route: 'POST /auth/login',
  subject: "by the caller's token alone",
  call: (world, asker) => ({
    path: '/auth/login',
    form: { password: world.secrets.get(asker) ?? 'no token' },
  }),
  document: `{ ${viewer} }`,
  read: async ({ data, app, world, asker }) =>
    data.viewer.credential.kind === 'API_TOKEN'
      ? ok(await opened({ app }, world.secrets.get(asker) ?? ''))
      : refused('INVALID_CREDENTIALS'),
  tell: tellToken,
};

export const zenmlCases: readonly Case[] = [
  me('GET /users/me', 'the caller', '/users/me'),
  me(
    'GET /users/authorize_server',
    'the caller',
    '/users/authorize_server?server_id=00000000-0000-7000-8000-000000000000',
  ),
  ...lists,
  ...updates,
  ...subjects.map(remove),
  login('by username', 'mate', password),
  login('with a password that must be changed', 'person', password),
  login('by e-mail address', 'SECOND@example.com', password),
  login('with a wrong password', 'person', 'wrong'),
  login('unknown', 'nobody', password),
  login('of a managed user', 'managed@example.com', password),
  login('of a suspended user', 'suspended', password),
  loginByToken,
];
