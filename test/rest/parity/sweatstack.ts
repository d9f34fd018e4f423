import { decodeJwt } from 'jose';
import type { RestAnswer } from '../../setup/app.ts';
import type { Case, Reader, Reading } from './case.ts';
import {
  mutation,
  nobody,
  nothing,
  ok,
  readResult,
  refused,
  userMutation,
  viewer,
  viewerBehind,
} from './case.ts';
import { comparable, type Source, selectionOf, translate } from './mapping.ts';
import {
  sweatstackDelegated,
  sweatstackInfo,
  sweatstackSummary,
  sweatstackToken,
  sweatstackUser,
} from './views.ts';
import type { ParityWorld, Subject } from './world.ts';

const dialect = 'sweatstack' as const;
const user = (source: Source) => translate(sweatstackUser, source);
const tell = ({ body }: RestAnswer) => comparable(sweatstackUser, body);

type Relation = 'SELF' | 'MANAGED' | 'SHARING';

/** The caller first, then those that it manages, then those that share with it; the oldest first among each. */
function readList({ data: { found, viewer: caller } }: Reader): Reading {
  if (found.pageInfo.hasNextPage) throw new Error('the world is too large for one page');
  const own = caller.user?.uuid;
  const rank = ({ uuid, manager }: Source) => (uuid === own ? 0 : manager?.uuid === own ? 1 : 2);
  const nodes = found.nodes.toSorted((a: Source, b: Source) => rank(a) - rank(b));
  return ok(nodes.map((node: Source) => translate(sweatstackSummary, node, { me: caller.user })));
}

const list = (query: Record<string, string>, relations: readonly Relation[], displayName?: string): Case => ({
  dialect,
  route: 'GET /api/v1/users/',
  subject: new URLSearchParams(query).toString() || 'by default',
  call: () => ({ path: `/api/v1/users/?${new URLSearchParams(query)}` }),
  document: `query ($filter: UserFilter) {
    found: users(first: 100, filter: $filter, orderBy: { field: CREATED_AT, direction: ASC }) {
      pageInfo { hasNextPage } nodes { ${selectionOf(sweatstackSummary)} } }
    viewer { user { uuid } } }`,
  variables: () => ({ filter: { relations, displayName } }),
  read: readList,
  tell: ({ body }) => body.map((view: Source) => comparable(sweatstackSummary, view)),
});

const relationsOf = (managed: boolean, shared: boolean): readonly Relation[] => [
  'SELF',
  ...(managed ? (['MANAGED'] as const) : []),
  ...(shared ? (['SHARING'] as const) : []),
];

const lists = [undefined, 'SON', '%'].flatMap((name) => {
  const named = name === undefined ? {} : { name };
  const combinations = [true, false].flatMap((managed) =>
    [true, false].map((shared) => ({ managed, shared })),
  );
  return [
    list(named, relationsOf(true, true), name),
    ...combinations.map(({ managed, shared }) =>
      list(
        { include_managed: String(managed), include_shared: String(shared), ...named },
        relationsOf(managed, shared),
        name,
      ),
    ),
  ];
});

const get = (whom: Subject): Case => ({
  dialect,
  route: 'GET /api/v1/users/{user_id}',
  subject: whom,
  call: ({ uuids }) => ({ path: `/api/v1/users/${uuids[whom]}` }),
  document: `query ($id: ID!) { found: managedUser(id: $id) { ${selectionOf(sweatstackUser)} } }`,
  variables: ({ ids }) => ({ id: ids[whom] }),
  read: ({ data: { found } }) => (found === null ? refused('NOT_FOUND') : ok(user(found))),
  tell,
});

const create = (firstName: string, lastName: string | null): Case => ({
  dialect,
  route: 'POST /api/v1/users/',
  subject: JSON.stringify([firstName, lastName]),
  call: () => ({ path: '/api/v1/users/', json: { first_name: firstName, last_name: lastName } }),
  document: userMutation('createManagedUser', ['input'], sweatstackUser),
  variables: () => ({ input: { firstName, lastName } }),
  read: (reader) => readResult(reader, (found) => user(found.user)),
  tell,
});

const update = (
  whom: Subject,
  what: string,
  input: object,
  body: { json: object } | { form: Record<string, string> },
): Case => ({
  dialect,
  route: 'PUT /api/v1/users/{user_id}',
  subject: whom + what,
  call: ({ uuids }) => ({ path: `/api/v1/users/${uuids[whom]}`, ...body }),
  document: userMutation('updateManagedUser', ['id', 'input'], sweatstackUser),
  variables: ({ ids }) => ({ id: ids[whom], input }),
  read: (reader) => readResult(reader, (found) => user(found.user)),
  tell,
});

const rename = (whom: Subject) =>
  update(
    whom,
    '',
    { firstName: 'New', lastName: 'Name' },
    { json: { first_name: 'New', last_name: 'Name' } },
  );

const remove = (whom: Subject): Case => ({
  dialect,
  route: 'DELETE /api/v1/users/{user_id}',
  subject: whom,
  call: ({ uuids }) => ({ path: `/api/v1/users/${uuids[whom]}` }),
  document: mutation('deleteManagedUser', ['id']),
  variables: ({ ids }) => ({ id: ids[whom] }),
  read: (reader) => readResult(reader, nothing),
  tell: nothing,
});

const principalToken: Case = {
  dialect,
  route: 'GET /api/v1/oauth/principal-token',
  subject: 'the caller',
  call: () => ({ path: '/api/v1/oauth/principal-token' }),
  writesBesides: true, // a refresh token, once a day
  document: `{ viewer { ${selectionOf(sweatstackToken)} } }`,
  read: (reader) => {
    const caller = reader.data.viewer;
    return caller.user === null ? nobody(reader) : ok(translate(sweatstackToken, caller));
  },
  async tell({ body }, { app }) {
    const caller = await viewerBehind(app, body.access_token, sweatstackToken);
    const { kind, id } = caller.credential;
    return { ...comparable(sweatstackToken, body), access_token: [caller.user, { kind, id }] };
  },
};

const userInfo: Case = {
  dialect,
  route: 'GET /api/v1/oauth/userinfo',
  subject: 'the caller',
  call: () => ({ path: '/api/v1/oauth/userinfo' }),
  document: `{ found: me { ${selectionOf(sweatstackInfo)} } ${viewer} }`,
  read: (reader) =>
    reader.data.found === null ? nobody(reader) : ok(translate(sweatstackInfo, reader.data.found)),
  tell: ({ body }) => comparable(sweatstackInfo, body),
};

const delegatedToken = (whom: Subject): Case => ({
  dialect,
  route: 'POST /api/v1/oauth/delegated-token',
  subject: whom,
  call: ({ uuids }) => ({ path: '/api/v1/oauth/delegated-token', json: { sub: uuids[whom] } }),
  document: mutation('delegatedToken', ['input'], selectionOf(sweatstackDelegated)),
  variables: ({ ids }) => ({ input: { userId: ids[whom] } }),
  read: (reader) => readResult(reader, (found) => translate(sweatstackDelegated, found)),
  tell: ({ body }) => ({
    ...comparable(sweatstackDelegated, body),
    access_token: decodeJwt(body.access_token).sub,
  }),
});

const refresh = (subject: string, token: (world: ParityWorld) => string): Case => ({
  dialect,
  route: 'POST /api/v1/oauth/token',
  subject,
  call: (world) => ({
    path: '/api/v1/oauth/token',
    form: { grant_type: 'refresh_token', refresh_token: token(world) },
  }),
  document: mutation('refreshSession', ['input'], 'accessToken { token }'),
  variables: (world) => ({ input: { refreshToken: token(world) } }),
  read: (reader) => readResult(reader, (found) => decodeJwt(found.accessToken.token).sid),
  tell: ({ body }) => decodeJwt(body.access_token).sid,
});

const subjects = ['person', 'managed', 'kid', 'heir', 'service', 'internal', 'reserved', 'unknown'] as const;

export const sweatstackCases: readonly Case[] = [
  ...lists,
  ...subjects.map(get),
  create('New', 'Name'),
  create('New', null),
  create('', null),
  ...subjects.map(rename),
  update('kid', ', cleared', { lastName: null }, { json: { last_name: null } }),
  update('kid', ', as a form', { firstName: 'New' }, { form: { first_name: 'New' } }),
  update(
    'kid',
    ', with a bad value',
    { firstName: 'x'.repeat(51) },
    { json: { first_name: 'x'.repeat(51) } },
  ),
  ...subjects.map(remove),
  principalToken,
  userInfo,
  ...subjects.map(delegatedToken),
  refresh('of a session', ({ refreshToken }) => refreshToken),
  refresh('that was never issued', () => 'nonsense'),
];
