import { zenml as dialect } from '../../../src/rest/zenml.ts';
import { password } from './cast.ts';
import { commonEntries } from './common.ts';
import {
  ask,
  del,
  type Entries,
  entry,
  get,
  type Send,
  scenariosOf,
  type Table,
  together,
  withForm,
  withJson,
} from './scenario.ts';

const me = '/users/me';
const login = '/auth/login';
const older = { env: { REST_MISSING_BEARER_STATUS: '403' } };
const mounted = { env: { REST_MOUNTS: 'zenml=/zenml' } };
const serverId = '8e0a5b1e-0000-4000-8000-000000000000';

const getMe: Entries = {
  '200': entry('a person with everything', ({ ada }) => get(me, ada)),
  '200-nothing-known': entry('what an account does not have is null', ({ mia }) => get(me, mia)),
  '200-oauth': entry('an OAuth2 account', ({ linus }) => get(me, linus)),
  '200-service-account': entry('a service account', ({ ci }) => get(me, ci)),
  '200-password-expired': entry('a password that must be changed', ({ grace }) => get(me, grace)),
  '200-narrow-token': entry(
    'private facts are null for a token that may not read them',
    ({ adaWithoutProfile }) => get(me, adaWithoutProfile),
  ),
  '200-mounted': entry(
    'the same, under a prefix of the operator',
    ({ mia }) => get('/zenml/users/me', mia),
    mounted,
  ),
  '200-self-hosted': entry(
    'the same, at the base path of a self-hosted server',
    ({ mia }) => get('/zenml/api/v1/users/me', mia),
    mounted,
  ),
  '401-expired': entry('an expired credential', ({ expired }) => get(me, expired)),
  '401-suspended': entry('a credential of a suspended account', ({ margaret }) => get(me, margaret)),
  '401-other-scheme': entry('a secret of another scheme', () =>
    get(me, null, { authorization: 'Basic YWRhOnBhc3N3b3Jk' }),
  ),
  '401-older-framework': entry(
    'a credential that is no good stays a 401',
    ({ unknown }) => get(me, unknown),
    older,
  ),
  '403-older-framework': entry(
    'no credential, as older services of this kind say it',
    () => get(me, null),
    older,
  ),
  '403-organization-token': entry('a token of an organization, with no user behind it', ({ acme }) =>
    get(me, acme),
  ),
};

const everyField = {
  name: 'Mia Wallace',
  avatar_url: 'https://example.com/mia.png',
  company: 'Babel',
  job_title: 'Engineer',
  metadata: { a: [1, { b: null }] },
  username: 'mia.wallace',
  email: 'mia@example.com',
};

const updateMe: Entries = {
  '200': entry('every field', ({ mia }) => withJson('PATCH', me, mia, everyField)),
  '200-null-clears': entry('null clears, and an absent key keeps', ({ ada }) =>
    withJson('PATCH', me, ada, { company: null, metadata: null, job_title: null }),
  ),
  '200-nothing': entry('an empty object changes nothing', ({ mia }) => withJson('PATCH', me, mia, {})),
  '400-service-account': entry('a service account cannot change itself', ({ ci }) =>
    withJson('PATCH', me, ci, { name: 'A' }),
  ),
  '400-reserved-name': entry('the reserved name cannot be taken', ({ mia }) =>
    withJson('PATCH', me, mia, { username: 'admin' }),
  ),
  '400-reserved-account': entry('the reserved account cannot be renamed', ({ admin }) =>
    withJson('PATCH', me, admin, { username: 'root' }),
  ),
  '400-oauth': entry('an OAuth2 account keeps its names', ({ linus }) =>
    withJson('PATCH', me, linus, { username: 'linus', email: 'other@example.com' }),
  ),
  '403-no-scope': entry('a token that may only read', ({ adaReadingOnly }) =>
    withJson('PATCH', me, adaReadingOnly, { name: 'A' }),
  ),
  '409-name-taken': entry('a name that another account has', ({ mia }) =>
    withJson('PATCH', me, mia, { username: 'ADA' }),
  ),
  '422-every-problem': entry('all problems at once', ({ mia }) =>
    withJson('PATCH', me, mia, {
      name: '',
      company: 'x'.repeat(51),
      username: 'a b',
      email: 'no',
      avatar_url: 'x',
    }),
  ),
  '422-types': entry('values of other types', ({ mia }) =>
    withJson('PATCH', me, mia, { name: 7, metadata: 'text', company: [] }),
  ),
  '422-no-object': entry('JSON that is no object', ({ mia }) => withJson('PATCH', me, mia, [])),
  '422-malformed': entry('what is no JSON', ({ mia }) => withJson('PATCH', me, mia, '{"name": ')),
  '422-form': entry('a form where JSON is wanted', ({ mia }) => withForm('PATCH', me, mia, { name: 'A' })),
  '422-no-body': entry('no body at all', ({ mia }) => ask('PATCH', me, mia)),
};

const listUsers: Entries = {
  '200': entry('a superuser lists all, the oldest first', ({ admin }) => get('/users', admin)),
  '200-own': entry('others list themselves and those related to them', ({ ada }) => get('/users', ada)),
  '200-page': entry('an offset and a limit', ({ admin }) => get('/users?offset=1&limit=1', admin)),
  '200-filters': entry('filters together', ({ admin }) =>
    get('/users?oauth_provider=github&oauth_id=1024025&email=linus@example.com&is_active=true', admin),
  ),
  '200-by-id': entry('a filter by id', ({ admin, ids }) => get(`/users?user_id=${ids.ci}`, admin)),
  '200-none': entry('no account that fits', ({ admin }) => get('/users?email=nobody@example.com', admin)),
  '200-organization-token': entry('a token of an organization lists nobody', ({ acme }) =>
    get('/users', acme),
  ),
  '403-older-framework': entry(
    'no credential, as older services of this kind say it',
    () => get('/users', null),
    older,
  ),
  '422-query': entry('all problems at once', ({ admin }) =>
    get('/users?offset=-1&limit=many&user_id=me&is_active=perhaps', admin),
  ),
  '422-limit': entry('a page that is too large', ({ admin }) => get('/users?limit=1001', admin)),
};

const authorizeServer: Entries = {
  '200': entry('the caller, for the server that asks', ({ mia }) =>
    get(`/users/authorize_server?server_id=${serverId}`, mia),
  ),
  '403-organization-token': entry('a token of an organization, with no user behind it', ({ acme }) =>
    get(`/users/authorize_server?server_id=${serverId}`, acme),
  ),
  '422-no-server': entry('no server is named', ({ mia }) => get('/users/authorize_server', mia)),
  '422-no-id': entry('what is no id', ({ mia }) => get('/users/authorize_server?server_id=mine', mia)),
};

const updateUser: Entries = {
  '200': entry('a superuser sets a password and a flag, too', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.mia}`, admin, {
      ...everyField,
      password: 'new-password',
      is_superuser: true,
    }),
  ),
  '200-managed': entry('a manager renames a managed user', ({ ada, ids }) =>
    withJson('PATCH', `/users/${ids.kit}`, ada, { name: 'Kit the Cat' }),
  ),
  '200-null-flags': entry('a null password or flag says nothing', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.mia}`, admin, { password: null, is_superuser: null }),
  ),
  '400-internal': entry('an internal account', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.system}`, admin, { name: 'A' }),
  ),
  '400-reserved': entry('the reserved account stays a superuser', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.admin}`, admin, { is_superuser: false }),
  ),
  '400-oauth': entry('an OAuth2 account keeps its e-mail address', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.linus}`, admin, { email: 'other@example.com' }),
  ),
  '403-of-another': entry('an account that the caller can see and may not change', ({ ada, ids }) =>
    withJson('PATCH', `/users/${ids.grace}`, ada, { name: 'A' }),
  ),
  '403-unseen': entry('an account that the caller cannot see', ({ mia, ids }) =>
    withJson('PATCH', `/users/${ids.ada}`, mia, { name: 'A' }),
  ),
  '403-nobody': entry('nobody', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.nobody}`, admin, { name: 'A' }),
  ),
  '403-flag': entry('only a superuser makes one', ({ mia, ids }) =>
    withJson('PATCH', `/users/${ids.mia}`, mia, { is_superuser: true }),
  ),
  '409-name-taken': entry('a name that another account has', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.mia}`, admin, { username: 'ada' }),
  ),
  '422-no-id': entry('what is no id, and a body that is wrong, too', ({ admin }) =>
    withJson('PATCH', '/users/nobody', admin, { is_superuser: 'yes' }),
  ),
  '422-short-password': entry('a password that is too short', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.mia}`, admin, { password: 'short' }),
  ),
  '422-malformed': entry('what is no JSON', ({ admin, ids }) =>
    withJson('PATCH', `/users/${ids.mia}`, admin, 'name'),
  ),
};

const deleteUser: Entries = {
  '204': entry('the account is gone', ({ admin, ids }) => del(`/users/${ids.mia}`, admin)),
  '204-managed': entry('a manager deletes a managed user', ({ ada, ids }) => del(`/users/${ids.kit}`, ada)),
  '400-internal': entry('an internal account', ({ admin, ids }) => del(`/users/${ids.system}`, admin)),
  '400-reserved': entry('the reserved account', ({ admin, ids }) => del(`/users/${ids.admin}`, admin)),
  '400-last-owner': entry('the last owner of an organization', ({ admin, ids }) =>
    del(`/users/${ids.grace}`, admin),
  ),
  '403-of-another': entry('an account that the caller can see and may not delete', ({ ada, ids }) =>
    del(`/users/${ids.grace}`, ada),
  ),
  '403-again': entry('an account that was deleted already', async ({ admin, ids }, send) => {
    await send(del(`/users/${ids.mia}`, admin));
    return del(`/users/${ids.mia}`, admin);
  }),
  '422-no-id': entry('what is no id', ({ admin }) => del('/users/nobody', admin)),
};

const logIn = (fields: Readonly<Record<string, string>>) => withForm('POST', login, null, fields);

const device = '/auth/device_authorization';
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

async function startDevice(send: Send) {
  const response = await send(ask('POST', device, null));
  return (await response.json()) as { device_code: string; user_code: string };
}

/** Somebody answers on the page of the server, in a browser. */
const answerDevice = ({ token }: { token: string }, fields: Record<string, string>) => {
  const asked = withForm('POST', '/device', null, fields);
  return { ...asked, headers: { ...asked.headers, cookie: `usergraph_session=${token}` } };
};

const loginEntries: Entries = {
  '200': entry('a username and a password, with the fields that clients send empty', () =>
    logIn({ grant_type: '', username: 'ada', password, client_id: '', client_secret: '' }),
  ),
  '200-by-email': entry('an e-mail address and a password', () =>
    logIn({ username: 'ada@example.com', password }),
  ),
  '200-api-token': entry(
    'an API token as the password is answered with itself',
    ({ adaByToken: { token } }) => logIn({ password: token }),
  ),
  '200-bad-credential': entry('a credential is not even looked at', ({ unknown }) =>
    withForm('POST', login, unknown, { username: 'ada', password }),
  ),
  '400-nothing': entry('nothing to log in with', () => logIn({ username: 'ada' })),
  '400-no-body': entry('no body at all', () => ask('POST', login, null)),
  '401-wrong-password': entry('a wrong password', () => logIn({ username: 'ada', password: 'wrong' })),
  '401-unknown-login': entry('an unknown login is told as a wrong password is', () =>
    logIn({ username: 'nobody', password }),
  ),
  '401-unknown-token': entry('an API token that was never issued', ({ unknown }) =>
    logIn({ password: unknown.token }),
  ),
  '403-suspended': entry('a suspended account', () => logIn({ username: 'margaret', password })),
  '403-password-expired': entry('a password that must be changed', () =>
    logIn({ username: 'grace', password }),
  ),
  '200-device': entry('a device that its user let in', async ({ ada }, send) => {
    const { device_code, user_code } = await startDevice(send);
    await send(answerDevice(ada, { user_code, decision: 'allow' }));
    return logIn({ grant_type: deviceGrant, device_code });
  }),
  '400-device-pending': entry('a device whose user has not answered yet', async (_, send) => {
    const { device_code } = await startDevice(send);
    return logIn({ grant_type: deviceGrant, device_code });
  }),
  '400-device-slow-down': entry('a device that asks too often', async (_, send) => {
    const { device_code } = await startDevice(send);
    await send(logIn({ grant_type: deviceGrant, device_code }));
    return logIn({ grant_type: deviceGrant, device_code });
  }),
  '400-device-denied': entry('a device that its user refused', async ({ ada }, send) => {
    const { device_code, user_code } = await startDevice(send);
    await send(answerDevice(ada, { user_code, decision: 'deny' }));
    return logIn({ grant_type: deviceGrant, device_code });
  }),
  '400-device-unknown': entry('a device code that was never issued', () =>
    logIn({ grant_type: deviceGrant, device_code: 'nonsense' }),
  ),
  '422-json': entry('JSON where a form is wanted', () =>
    withJson('POST', login, null, { username: 'ada', password }),
  ),
};

const authorizeDevice: Entries = {
  '200': entry('a device begins to log in', () => withForm('POST', device, null, { client_id: serverId })),
  '200-no-body': entry('no body at all', () => ask('POST', device, null)),
  '422-json': entry('JSON where a form is wanted', () =>
    withJson('POST', device, null, { client_id: serverId }),
  ),
};

const table: Table = {
  getMe,
  updateMe,
  listUsers,
  authorizeServer,
  updateUser,
  deleteUser,
  login: loginEntries,
  authorizeDevice,
  'no-operation': {
    '204-preflight': entry('a browser that asks before it calls', () =>
      ask('OPTIONS', me, null, { origin: 'https://app.example', 'access-control-request-method': 'PATCH' }),
    ),
    '204-options': entry('a path says which methods it answers', () => ask('OPTIONS', login, null)),
    '307-slash': entry('a slash too many', ({ admin }) => get('/users/?limit=1', admin)),
    '307-slash-mounted': entry(
      'a slash too many under a prefix',
      ({ ada }) => get('/zenml/users/me/', ada),
      mounted,
    ),
    '404-unknown-path': entry('an unknown path', ({ ada }) => get('/users/me/tenants', ada)),
    '404-unknown-path-mounted': entry(
      'all under a prefix is the dialect’s',
      ({ ada }) => get('/zenml/x', ada),
      mounted,
    ),
    '405-wrong-method': entry('a method that the path does not answer', ({ ada }) =>
      withJson('PUT', me, ada, { name: 'A' }),
    ),
    '405-with-parameter': entry('a method that a path with a parameter does not answer', ({ ada, ids }) =>
      get(`/users/${ids.ada}`, ada),
    ),
  },
};

export const zenml = scenariosOf(
  'zenml',
  together(table, commonEntries(dialect, table, { missing: 401, unknown: 401 })),
);
