import { bird as dialect } from '../../../src/rest/bird.ts';
import { commonEntries } from './common.ts';
import {
  ask,
  del,
  type Entries,
  entry,
  get,
  scenariosOf,
  type Table,
  together,
  withForm,
  withJson,
} from './scenario.ts';

const path = '/me';
const sessions = '/me/sessions';

const getProfile: Entries = {
  '200': entry('a person with everything', ({ ada }) => get(path, ada)),
  '200-bare-token': entry('a token without the word Bearer', ({ ada: { token } }) =>
    get(path, null, { authorization: token }),
  ),
  '200-nothing-known': entry('what an account does not have is left out', ({ mia }) => get(path, mia)),
  '200-mounted': entry('the same, under a prefix of the operator', ({ ada }) => get('/bird/me', ada), {
    env: { REST_MOUNTS: 'bird=/bird' },
  }),
  '401-other-scheme': entry('a secret of another scheme', () =>
    get(path, null, { authorization: 'Basic YWRhOnBhc3N3b3Jk' }),
  ),
  '401-expired': entry('an expired credential', ({ expired }) => get(path, expired)),
  '401-suspended': entry('a credential of a suspended account', ({ margaret }) => get(path, margaret)),
  '403-no-scope': entry('a token that may not read private facts', ({ adaWithoutProfile }) =>
    get(path, adaWithoutProfile),
  ),
  '403-organization-token': entry('a token of an organization, with no user behind it', ({ acme }) =>
    get(path, acme),
  ),
};

const updateProfile: Entries = {
  '200': entry('every field', ({ mia }) =>
    withJson('PATCH', path, mia, {
      name: 'Mia',
      bio: 'Two\nlines.',
      avatarUrl: 'https://example.com/mia.png',
      locale: 'pt-br',
      timezone: 'America/Sao_Paulo',
    }),
  ),
  '200-null-clears': entry('null clears, and an absent key keeps', ({ ada }) =>
    withJson('PATCH', path, ada, { bio: null, avatarUrl: null, timezone: null }),
  ),
  '200-nothing': entry('an empty object changes nothing', ({ ada }) => withJson('PATCH', path, ada, {})),
  '400-malformed': entry('what is no JSON', ({ ada }) => withJson('PATCH', path, ada, '{"name":')),
  '403-no-scope': entry('a token that may only read', ({ adaReadingOnly }) =>
    withJson('PATCH', path, adaReadingOnly, { name: 'A' }),
  ),
  '403-service-account': entry('a service account cannot change itself', ({ ci }) =>
    withJson('PATCH', path, ci, { name: 'A' }),
  ),
  '415-form': entry('a form', ({ ada }) => withForm('PATCH', path, ada, { name: 'A' })),
  '422-every-problem': entry('all problems at once, one entry a field', ({ ada }) =>
    withJson('PATCH', path, ada, {
      name: '',
      avatarUrl: 'ftp://x',
      locale: 'no locale',
      timezone: 'Moon/Sea',
    }),
  ),
  '422-wrong-types': entry('values of other types', ({ ada }) =>
    withJson('PATCH', path, ada, { name: null, bio: 7, locale: ['en'] }),
  ),
  '422-no-body': entry('no body at all', ({ ada }) => ask('PATCH', path, ada)),
  '422-no-object': entry('JSON that is no object', ({ ada }) => withJson('PATCH', path, ada, [1])),
};

const deleteProfile: Entries = {
  '202': entry('the account is gone', ({ mia }) => del(path, mia)),
  '401-deleted': entry('the credential stops working at once', async ({ mia }, send) => {
    await send(del(path, mia));
    return del(path, mia);
  }),
  '403-no-scope': entry('a token that may only read', ({ adaReadingOnly }) => del(path, adaReadingOnly)),
  '403-reserved': entry('the reserved admin account stays', ({ admin }) => del(path, admin)),
  '409-last-owner': entry('the last owner of an organization', ({ grace }) => del(path, grace)),
};

const listSessions: Entries = {
  '200': entry('the open ones, the one used last first', ({ ada }) => get(sessions, ada)),
  '200-by-api-token': entry('an API token is no session', ({ adaByToken }) => get(sessions, adaByToken)),
  '403-no-scope': entry('a token that may not read private facts', ({ adaWithoutProfile }) =>
    get(sessions, adaWithoutProfile),
  ),
};

const getSession: Entries = {
  '200': entry('one of them', ({ ada }) => get(`${sessions}/${ada.id}`, ada)),
  '200-little-known': entry('a program that tells nothing of itself', ({ ada, adaElsewhere }) =>
    get(`${sessions}/${adaElsewhere.id}`, ada),
  ),
  '403-no-scope': entry('a token that may not read private facts', ({ ada, adaWithoutProfile }) =>
    get(`${sessions}/${ada.id}`, adaWithoutProfile),
  ),
  '404-of-another': entry('a session of somebody else', ({ ada, mia }) => get(`${sessions}/${mia.id}`, ada)),
  '404-ended': entry('a session that was ended', ({ ada, revoked }) => get(`${sessions}/${revoked.id}`, ada)),
  '404-no-id': entry('what is no id', ({ ada }) => get(`${sessions}/current`, ada)),
  '422-no-text': entry('what is no text', ({ ada }) => get(`${sessions}/%ff`, ada)),
};

const deleteSession: Entries = {
  '204': entry('it is over', ({ ada, adaElsewhere }) => del(`${sessions}/${adaElsewhere.id}`, ada)),
  '401-own-ended': entry('the session that was in use stops working at once', async ({ ada }, send) => {
    await send(del(`${sessions}/${ada.id}`, ada));
    return del(`${sessions}/${ada.id}`, ada);
  }),
  '403-no-scope': entry('a token that may only read', ({ ada, adaReadingOnly }) =>
    del(`${sessions}/${ada.id}`, adaReadingOnly),
  ),
  '404-of-another': entry('a session of somebody else', ({ ada, mia }) => del(`${sessions}/${mia.id}`, ada)),
  '404-again': entry('a session that was ended already', async ({ ada, adaElsewhere }, send) => {
    await send(del(`${sessions}/${adaElsewhere.id}`, ada));
    return del(`${sessions}/${adaElsewhere.id}`, ada);
  }),
  '422-no-text': entry('what is no text', ({ ada }) => del(`${sessions}/%ff`, ada)),
};

const table: Table = {
  getProfile,
  updateProfile,
  deleteProfile,
  listSessions,
  getSession,
  deleteSession,
  'no-operation': {
    '204-preflight': entry('a browser that asks before it calls', () =>
      ask('OPTIONS', path, null, { origin: 'https://app.example', 'access-control-request-method': 'PATCH' }),
    ),
    '404-unknown-path': entry('an unknown path', ({ ada }) => get('/me/emails', ada)),
    '404-slash': entry('a slash too many', ({ ada }) => get('/me/', ada)),
    '405-wrong-method': entry('a method that the path does not answer', ({ ada }) =>
      withJson('PUT', path, ada, { name: 'A' }),
    ),
  },
};

export const bird = scenariosOf(
  'bird',
  together(table, commonEntries(dialect, table, { missing: 401, unknown: 401 })),
);
