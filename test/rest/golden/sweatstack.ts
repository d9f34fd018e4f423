import { sweatstack as dialect } from '../../../src/rest/sweatstack.ts';
import { commonEntries } from './common.ts';
import {
  ask,
  type Bearer,
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

const path = '/api/v1/users/';
const principal = '/api/v1/oauth/principal-token';
const delegated = '/api/v1/oauth/delegated-token';
const tokens = '/api/v1/oauth/token';
const userInfo = '/api/v1/oauth/userinfo';
const older = { env: { REST_MISSING_BEARER_STATUS: '403' } };

/** A JWT that was over long ago: nobody verifies it any more. */
function overdue(sid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part({ sid, exp: 1_700_000_000 })}.${'A'.repeat(86)}`;
}

const listUsers: Entries = {
  '200': entry('the caller, those it manages, those who share with it', ({ ada }) => get(path, ada)),
  '200-caller-only': entry('neither the managed nor the sharing', ({ ada }) =>
    get(`${path}?include_managed=false&include_shared=0`, ada),
  ),
  '200-by-name': entry('a part of the display name', ({ ada }) => get(`${path}?name=VEGA`, ada)),
  '200-by-cookie': entry('a web session, by its cookie', ({ mia: { token } }) =>
    get(path, null, { cookie: `theme=dark; token=${token}` }),
  ),
  '200-narrow-token': entry('only scopes that the token has itself', ({ adaWithoutProfile }) =>
    get(path, adaWithoutProfile),
  ),
  '200-organization-token': entry('a token of an organization has no users', ({ acme }) => get(path, acme)),
  '200-mounted': entry(
    'the same, under a prefix of the operator',
    ({ mia }) => get(`/sweatstack${path}`, mia),
    {
      env: { REST_MOUNTS: 'sweatstack=/sweatstack' },
    },
  ),
  '200-renewed-cookie': entry(
    'a web session whose JWT is over, and its session is not',
    ({ mia: { id, token } }) =>
      get(path, null, { cookie: `usergraph_session=${token}; token=${overdue(id)}` }),
  ),
  '401-other-session': entry('a JWT that is over, and is of another session', ({ ada, mia: { token } }) =>
    get(path, null, { cookie: `usergraph_session=${token}; token=${overdue(ada.id)}` }),
  ),
  '403-delegated': entry('who acts for a user', async ({ ada, ids }, send) =>
    get(path, await delegate(send, ada, ids.kit)),
  ),
  '401-expired': entry('an expired credential', ({ expired }) => get(path, expired)),
  '401-suspended': entry('a credential of a suspended account', ({ margaret }) => get(path, margaret)),
  '401-other-scheme': entry('a secret of another scheme', () =>
    get(path, null, { authorization: 'Basic YWRhOnBhc3N3b3Jk' }),
  ),
  '403-older-framework': entry(
    'no credential, as older services of this kind say it',
    () => get(path, null),
    older,
  ),
  '422-query': entry('a query that cannot be read', ({ ada }) =>
    get(`${path}?include_managed=perhaps&include_shared=`, ada),
  ),
};

const createManagedUser: Entries = {
  '200': entry('a managed user', ({ ada }) =>
    withJson('POST', path, ada, { first_name: 'Noor', last_name: 'Haddad' }),
  ),
  '200-first-name-only': entry('a managed user without a last name', ({ ada }) =>
    withJson('POST', path, ada, { first_name: 'Noor', last_name: null }),
  ),
  '403-no-scope': entry('a token that may only read', ({ adaReadingOnly }) =>
    withJson('POST', path, adaReadingOnly, { first_name: 'Noor', last_name: null }),
  ),
  '403-organization-token': entry('an organization manages no users', ({ acme }) =>
    withJson('POST', path, acme, { first_name: 'Noor', last_name: null }),
  ),
  '404-deleted': entry(
    'the same request with the same key, after the user was deleted',
    async ({ ada }, send) => {
      const asked = withJson('POST', path, ada, { first_name: 'Noor', last_name: null });
      const keyed = { ...asked, headers: { ...asked.headers, 'idempotency-key': 'once' } };
      const { id } = (await (await send(keyed)).json()) as { id: string };
      await send(del(path + id, ada));
      return keyed;
    },
  ),
  '401-other-site': entry('a page of another site cannot use the cookie', ({ ada: { token } }) => {
    const asked = withJson('POST', path, null, { first_name: 'Noor', last_name: null });
    return {
      ...asked,
      headers: { ...asked.headers, cookie: `token=${token}`, 'sec-fetch-site': 'cross-site' },
    };
  }),
  '422-missing': entry('both keys are required', ({ ada }) => withJson('POST', path, ada, {})),
  '422-types': entry('values of other types', ({ ada }) =>
    withJson('POST', path, ada, { first_name: null, last_name: 7 }),
  ),
  '422-rules': entry('names that no account can have', ({ ada }) =>
    withJson('POST', path, ada, { first_name: '', last_name: 'x'.repeat(51) }),
  ),
  '422-malformed': entry('what is no JSON', ({ ada }) =>
    withJson('POST', path, ada, '{"first_name": "Noor",}'),
  ),
  '422-form': entry('a form where JSON is wanted', ({ ada }) =>
    withForm('POST', path, ada, { first_name: 'Noor' }),
  ),
  '422-no-body': entry('no body at all', ({ ada }) => ask('POST', path, ada)),
};

const getManagedUser: Entries = {
  '200': entry('a managed user', ({ ada, ids }) => get(path + ids.robin, ada)),
  '200-first-name-only': entry('one without a last name', ({ ada, ids }) => get(path + ids.kit, ada)),
  '403-organization-token': entry('an organization manages no users', ({ acme, ids }) =>
    get(path + ids.kit, acme),
  ),
  '404-of-another': entry('a user that somebody else manages', ({ grace, ids }) =>
    get(path + ids.kit, grace),
  ),
  '404-self': entry('the caller itself', ({ ada, ids }) => get(path + ids.ada, ada)),
  '404-sharing': entry('a user who shares with the caller', ({ ada, ids }) => get(path + ids.grace, ada)),
  '404-nobody': entry('nobody', ({ ada, ids }) => get(path + ids.nobody, ada)),
  '404-no-id': entry('what is no id', ({ ada }) => get(`${path}me`, ada)),
  '422-no-text': entry('what is no text', ({ ada }) => get(`${path}%ff`, ada)),
};

const updateManagedUser: Entries = {
  '200': entry('a form, as the SDK sends it: a field that is empty keeps its value', ({ ada, ids }) =>
    withForm('PUT', path + ids.robin, ada, { first_name: 'Robyn', last_name: '' }),
  ),
  '200-json': entry('JSON: null clears', ({ ada, ids }) =>
    withJson('PUT', path + ids.robin, ada, { last_name: null }),
  ),
  '200-no-body': entry('no body at all changes nothing', ({ ada, ids }) => ask('PUT', path + ids.robin, ada)),
  '403-no-scope': entry('a token that may only read', ({ adaReadingOnly, ids }) =>
    withForm('PUT', path + ids.kit, adaReadingOnly, { first_name: 'A' }),
  ),
  '404-of-another': entry('a user that somebody else manages', ({ grace, ids }) =>
    withForm('PUT', path + ids.kit, grace, { first_name: 'A' }),
  ),
  '404-self': entry('the caller itself', ({ ada, ids }) =>
    withForm('PUT', path + ids.ada, ada, { first_name: 'A' }),
  ),
  '404-no-id': entry('what is no id', ({ ada }) => withForm('PUT', `${path}me`, ada, { first_name: 'A' })),
  '422-rules': entry('a name that no account can have', ({ ada, ids }) =>
    withForm('PUT', path + ids.kit, ada, { first_name: 'x'.repeat(51) }),
  ),
  '422-types': entry('values of other types', ({ ada, ids }) =>
    withJson('PUT', path + ids.kit, ada, { first_name: 7, last_name: {} }),
  ),
  '422-malformed': entry('what is no JSON', ({ ada, ids }) => withJson('PUT', path + ids.kit, ada, '{')),
  '422-text': entry('a body of another type', ({ ada, ids }) => ({
    ...ask('PUT', path + ids.kit, ada, { 'content-type': 'text/plain' }),
    body: 'first_name',
  })),
};

const deleteManagedUser: Entries = {
  '200': entry('the user is gone', ({ ada, ids }) => del(path + ids.kit, ada)),
  '403-no-scope': entry('a token that may only read', ({ adaReadingOnly, ids }) =>
    del(path + ids.kit, adaReadingOnly),
  ),
  '404-of-another': entry('a user that somebody else manages', ({ grace, ids }) =>
    del(path + ids.kit, grace),
  ),
  '404-self': entry('the caller itself', ({ ada, ids }) => del(path + ids.ada, ada)),
  '404-again': entry('a user that was deleted already', async ({ ada, ids }, send) => {
    await send(del(path + ids.kit, ada));
    return del(path + ids.kit, ada);
  }),
  '422-no-text': entry('what is no text', ({ ada }) => del(`${path}%ff`, ada)),
};

/** A request of whoever has this token, after it got it by this request. */
async function delegate(send: Send, who: Bearer, sub: string): Promise<Bearer> {
  const response = await send(withJson('POST', delegated, who, { sub }));
  const { access_token } = (await response.json()) as { access_token: string };
  return { token: access_token };
}

const getPrincipalToken: Entries = {
  '200': entry('tokens of the session that the request came with', ({ ada }) => get(principal, ada)),
  '200-by-cookie': entry('tokens of a web session', ({ ada: { token } }) =>
    get(principal, null, { cookie: `token=${token}` }),
  ),
  '200-api-token': entry('an API token has a JWT, and nothing to refresh', ({ adaByToken }) =>
    get(principal, adaByToken),
  ),
  '200-delegated': entry('with a delegated token, of who acts by it', async ({ ada, ids }, send) =>
    get(principal, await delegate(send, ada, ids.kit)),
  ),
  '403-organization-token': entry('a token of an organization, with no user behind it', ({ acme }) =>
    get(principal, acme),
  ),
};

const createDelegatedToken: Entries = {
  '200': entry('tokens that act for a managed user', ({ ada, ids }) =>
    withJson('POST', delegated, ada, { sub: ids.kit }),
  ),
  '200-sharing': entry('tokens that act for a user who shares, as far as it does', ({ ada, ids }) =>
    withJson('POST', delegated, ada, { sub: ids.grace }),
  ),
  '200-narrow-token': entry('never more than the token may that asks', ({ adaWithoutProfile, ids }) =>
    withJson('POST', delegated, adaWithoutProfile, { sub: ids.kit }),
  ),
  '403-nothing-shared': entry('a user whom the caller sees, and who shares nothing', ({ ada, ids }) =>
    withJson('POST', delegated, ada, { sub: ids.linus }),
  ),
  '403-organization-token': entry('an organization acts for nobody', ({ acme, ids }) =>
    withJson('POST', delegated, acme, { sub: ids.kit }),
  ),
  '404-of-another': entry('a user that somebody else manages', ({ grace, ids }) =>
    withJson('POST', delegated, grace, { sub: ids.kit }),
  ),
  '404-delegated': entry('who acts for a user cannot act for another', async ({ ada, ids }, send) =>
    withJson('POST', delegated, await delegate(send, ada, ids.kit), { sub: ids.robin }),
  ),
  '404-no-id': entry('what is no id', ({ ada }) => withJson('POST', delegated, ada, { sub: 'me' })),
  '422-missing': entry('nobody to act for', ({ ada }) => withJson('POST', delegated, ada, {})),
};

const exchangeToken: Entries = {
  '200': entry('a refresh token of a session is taken for the next', ({ adasRefreshToken: refresh_token }) =>
    withForm('POST', tokens, null, { grant_type: 'refresh_token', refresh_token }),
  ),
  '200-code': entry('a code is taken for tokens of a client', ({ adasCode }) =>
    withForm('POST', tokens, null, { grant_type: 'authorization_code', ...adasCode, client_secret: '' }),
  ),
  '400-code-used': entry('a code is good once', async ({ adasCode }, send) => {
    const asked = withForm('POST', tokens, null, { grant_type: 'authorization_code', ...adasCode });
    await send(asked);
    return asked;
  }),
  '400-refresh-token': entry('a refresh token that was never issued', () =>
    withForm('POST', tokens, null, { grant_type: 'refresh_token', refresh_token: 'nonsense' }),
  ),
  '400-nothing': entry('no grant', ({ adasCode: { client_id } }) =>
    withForm('POST', tokens, null, { client_id }),
  ),
  '401-unknown-client': entry('a client that is not registered', ({ adasCode, ids }) =>
    withForm('POST', tokens, null, {
      grant_type: 'authorization_code',
      ...adasCode,
      client_id: ids.nobody,
    }),
  ),
  '403-network': entry(
    'a refresh token of what a token bound to networks opened, from another one',
    ({ boundRefreshToken: refresh_token }) =>
      withForm('POST', tokens, null, { grant_type: 'refresh_token', refresh_token }),
  ),
  '422-json': entry('JSON where a form is wanted', () =>
    withJson('POST', tokens, null, { grant_type: 'refresh_token' }),
  ),
};

const getUserInfo: Entries = {
  '200': entry('who the caller is', ({ ada }) => get(userInfo, ada)),
  '200-narrow-token': entry('no address for a token that may not read it', ({ adaWithoutProfile }) =>
    get(userInfo, adaWithoutProfile),
  ),
  '200-delegated': entry('whom the caller acts for', async ({ ada, ids }, send) =>
    get(userInfo, await delegate(send, ada, ids.kit)),
  ),
  '403-organization-token': entry('a token of an organization, with no user behind it', ({ acme }) =>
    get(userInfo, acme),
  ),
};

const table: Table = {
  listUsers,
  createManagedUser,
  getManagedUser,
  updateManagedUser,
  deleteManagedUser,
  getPrincipalToken,
  createDelegatedToken,
  exchangeToken,
  getUserInfo,
  'no-operation': {
    '307-elsewhere': entry(
      'a page of the server itself, from under a prefix',
      () => get('/sweatstack/oauth/authorize?client_id=x', null),
      { env: { REST_MOUNTS: 'sweatstack=/sweatstack' } },
    ),
    '204-preflight': entry('a browser that asks before it calls', () =>
      ask('OPTIONS', path, null, { origin: 'https://app.example', 'access-control-request-method': 'POST' }),
    ),
    '307-slash-missing': entry('a slash too few', ({ ada }) => get('/api/v1/users?name=kit', ada)),
    '307-slash-too-many': entry('a slash too many', ({ ada, ids }) => get(`${path}${ids.kit}/`, ada)),
    '404-unknown-path': entry('an unknown path', ({ ada }) => get('/api/v1/activities/', ada)),
    '405-wrong-method': entry('a method that the path does not answer', ({ ada }) => del(path, ada)),
  },
};

export const sweatstack = scenariosOf(
  'sweatstack',
  together(table, commonEntries(dialect, table, { missing: 401, unknown: 401 })),
);
