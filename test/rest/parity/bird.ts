import { encodeId } from '../../../src/domain/ids.ts';
import type { RestAnswer } from '../../setup/app.ts';
import type { Case, Reader } from './case.ts';
import { isToken, mutation, nobody, nothing, ok, readResult, refused, userMutation, viewer } from './case.ts';
import { comparable, type Source, selectionOf, translate } from './mapping.ts';
import { birdProfile, birdSession } from './views.ts';
import type { SessionName } from './world.ts';

const dialect = 'bird' as const;
const tell = ({ body }: RestAnswer) => comparable(birdProfile, body);

const profileOf = (reader: Reader, source: Source) =>
  translate(birdProfile, { ...source, asksByToken: isToken(reader) });

/** Reads what is asked of `me`. Where the graph answers with nulls for want of a scope, the dialect refuses. */
const readMe = (reader: Reader, facts: (me: Source) => unknown) => {
  const { found } = reader.data;
  if (found === null) return nobody(reader);
  return found.viewerCanReadPrivate ? ok(facts(found)) : refused('INSUFFICIENT_SCOPE');
};

const getMe: Case = {
  dialect,
  route: 'GET /me',
  subject: 'the caller',
  call: () => ({ path: '/me' }),
  document: `{ found: me { viewerCanReadPrivate ${selectionOf(birdProfile)} } ${viewer} }`,
  read: (reader) => readMe(reader, (me) => profileOf(reader, me)),
  tell,
};

const updateMe = (subject: string, json: object, input: object): Case => ({
  dialect,
  route: 'PATCH /me',
  subject,
  call: () => ({ path: '/me', json }),
  document: userMutation('updateMe', ['input'], birdProfile),
  variables: () => ({ input }),
  read: (reader) =>
    readResult(reader, ({ user }) => (user.viewerCanReadPrivate ? profileOf(reader, user) : null)),
  tell,
});

const picture = 'https://new.example.com/a.png';
const same = { name: 'New Name', bio: 'New.', avatarUrl: picture, locale: 'EN-gb' };
const cleared = { bio: null, avatarUrl: null, locale: null };

const removeMe: Case = {
  dialect,
  route: 'DELETE /me',
  subject: 'the caller',
  call: () => ({ path: '/me' }),
  document: mutation('deleteMe', []),
  read: (reader) => readResult(reader, nothing),
  tell: nothing,
};

const mySessions = `found: me { uuid viewerCanReadPrivate sessions { ${selectionOf(birdSession)} } }`;
const sessionsOf = (me: Source) => me.sessions.map((session: Source) => translate(birdSession, session, me));

const listSessions: Case = {
  dialect,
  route: 'GET /me/sessions',
  subject: 'the caller',
  call: () => ({ path: '/me/sessions' }),
  document: `{ ${mySessions} ${viewer} }`,
  read: (reader) => readMe(reader, sessionsOf),
  tell: ({ body }) => body.map((view: Source) => comparable(birdSession, view)),
};

const getSession = (name: SessionName): Case => ({
  dialect,
  route: 'GET /me/sessions/{tokenId}',
  subject: name,
  call: ({ sessionUuids }) => ({ path: `/me/sessions/${sessionUuids[name]}` }),
  document: `{ ${mySessions} ${viewer} }`,
  read(reader) {
    const id = reader.world.sessionUuids[name];
    const reading = readMe(reader, (me) => sessionsOf(me).find(({ tokenId }: Source) => tokenId === id));
    return reading.word === 'ok' && reading.facts === undefined ? refused('NOT_FOUND') : reading;
  },
  tell: ({ body }) => comparable(birdSession, body),
});

const endSession = (name: SessionName): Case => ({
  dialect,
  route: 'DELETE /me/sessions/{tokenId}',
  subject: name,
  call: ({ sessionUuids }) => ({ path: `/me/sessions/${sessionUuids[name]}` }),
  document: mutation('revokeSession', ['id']),
  variables: ({ sessionUuids }) => ({ id: encodeId('Session', sessionUuids[name]) }),
  read: (reader) => readResult(reader, nothing),
  tell: nothing,
});

const sessions = ['person', 'inUse', 'expired', 'managed', 'superuser', 'internal', 'unknown'] as const;

export const birdCases: readonly Case[] = [
  getMe,
  updateMe('profile', { ...same, timezone: 'Asia/Tokyo' }, { ...same, timeZone: 'Asia/Tokyo' }),
  updateMe('cleared', { ...cleared, timezone: null }, { ...cleared, timeZone: null }),
  updateMe('nothing', {}, {}),
  updateMe('a bad value', { timezone: 'Nowhere' }, { timeZone: 'Nowhere' }),
  removeMe,
  listSessions,
  ...sessions.map(getSession),
  ...sessions.map(endSession),
];
