import { type Refreshed, refreshSession } from '../domain/refresh.ts';
import {
  issueSessionToken,
  revokeSession,
  type SignedIn,
  sessionScopes,
  signIn,
  signOut,
} from '../domain/sessions.ts';
import {
  AccountNotActiveError,
  InvalidCredentialsError,
  InvalidInputError,
  InvalidRefreshTokenError,
  NotFoundError,
  PasswordExpiredError,
} from '../errors.ts';
import type { Session as SessionRow } from '../generated/prisma/client.ts';
import { AccessToken } from './access-token.ts';
import { builder } from './builder.ts';
import { ScopeEnum } from './enums.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';

export const Session = builder.prismaObject('Session', {
  description:
    'A sign-in of a user, from one browser or program; what a user granted to an OAuth2 client; or the access of somebody who acts for the user.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the session, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'Session', id }) as never,
    }),
    ipAddress: t.exposeString('ipAddress', {
      nullable: true,
      description: 'The address that the session was opened from. Null when unknown.',
    }),
    userAgent: t.exposeString('userAgent', {
      nullable: true,
      description: 'The program that opened the session, as it named itself. Null when it did not.',
    }),
    isCurrent: t.boolean({
      description: 'Whether this very request came with the session.',
      resolve: ({ id }, _args, { actor }) => actor.credential.id === id,
    }),
    client: t.relation('client', {
      nullable: true,
      description: 'The OAuth2 client that it was granted to. Null for a sign-in of the account itself.',
    }),
    actor: t.relation('actor', {
      nullable: true,
      description: 'Who acts for the account in this session. Null where the account acts itself.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What it may be used for. A sign-in of the account itself has all scopes.',
      select: { scopes: true, clientId: true, actorId: true },
      resolve: (session) => sessionScopes(session),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the session was opened.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      description: 'When the session was last used, to the minute.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the session ends by itself.' }),
  }),
});

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    login: t.string({
      required: true,
      description: 'The username or an e-mail address, without regard to case.',
    }),
    password: t.string({ required: true, description: 'The password.' }),
    newPassword: t.string({
      description:
        'A new password, 8 to 256 characters, that replaces the password on the way in and ends all other sessions. Needed where `PasswordExpiredError` asks for it.',
    }),
  }),
});

const refreshTokenDescription =
  'What `refreshSession` takes for a new access token, once. Shown this once: only a hash of it is kept.';

/** What every success says that opened a session. */
export function signedInFields(
  t: PothosSchemaTypes.ObjectFieldBuilder<typeof builder.$inferSchemaTypes, SignedIn>,
) {
  return {
    token: t.exposeString('token', {
      description:
        "The session's token, for `Authorization: Bearer …`: one secret for as long as the session lasts. Shown this once: only a hash of it is kept.",
    }),
    accessToken: t.field({
      type: AccessToken,
      description:
        'A token for ten minutes instead, for programs that hand it to others: a JWT that they can verify by `/.well-known/jwks.json`.',
      resolve: ({ sessionId, user, expiresAt }, _args, context) =>
        issueSessionToken(context, {
          id: sessionId,
          userId: user.id,
          clientId: null,
          actorId: null,
          scopes: [],
          expiresAt,
        }),
    }),
    refreshToken: t.exposeString('refreshToken', { description: refreshTokenDescription }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the session ends by itself.' }),
    user: t.field({ type: User, description: 'Who signed in.', resolve: ({ user }) => user }),
  };
}

const SignInSuccess = builder.objectRef<SignedIn>('SignInSuccess').implement({
  description: 'A session is open.',
  fields: (t) => signedInFields(t),
});

const RefreshSessionInput = builder.inputType('RefreshSessionInput', {
  description: 'Which session goes on.',
  fields: (t) => ({
    refreshToken: t.string({
      required: true,
      description: 'The refresh token of the session, which is good once.',
    }),
  }),
});

const RefreshSessionSuccess = builder.objectRef<Refreshed>('RefreshSessionSuccess').implement({
  description: 'The session goes on.',
  fields: (t) => ({
    accessToken: t.field({
      type: AccessToken,
      description: 'A new access token.',
      resolve: ({ session }, _args, context) => issueSessionToken(context, session),
    }),
    refreshToken: t.exposeString('refreshToken', { description: refreshTokenDescription }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the session ends by itself.',
      resolve: ({ session }) => session.expiresAt,
    }),
  }),
});

const SignOutSuccess = builder.objectRef<{ signedOut: true }>('SignOutSuccess').implement({
  description: 'The session is over; its token stopped working at once.',
  fields: (t) => ({ signedOut: t.exposeBoolean('signedOut', { description: 'Always true.' }) }),
});

const RevokeSessionSuccess = builder.objectRef<{ session: SessionRow }>('RevokeSessionSuccess').implement({
  description: 'The session is over; its token stopped working at once.',
  fields: (t) => ({
    session: t.field({
      type: Session,
      description: 'The session that was ended.',
      resolve: ({ session }) => session,
    }),
  }),
});

builder.mutationFields((t) => ({
  signIn: t.field({
    type: SignInSuccess,
    description:
      'Opens a session for a person by username or e-mail address and password. The rest of this operation acts as that person.',
    errors: {
      types: [InvalidCredentialsError, AccountNotActiveError, PasswordExpiredError, InvalidInputError],
      union: { description: 'What came of `signIn`.' },
    },
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who signs in.' }) },
    resolve: (_root, { input }, context, info) =>
      signIn(context, input, () => payloadQuery(context, info, 'SignInSuccess', 'user')),
  }),
  refreshSession: t.field({
    type: RefreshSessionSuccess,
    description:
      'Takes a refresh token for the next one, with a new access token. Whoever presents the same one within 30 seconds, such as another tab, gets the same successor; after that it ends the session, since it was copied.',
    errors: {
      types: [InvalidRefreshTokenError],
      union: { description: 'What came of `refreshSession`.' },
    },
    args: {
      input: t.arg({ type: RefreshSessionInput, required: true, description: 'Which session goes on.' }),
    },
    resolve: (_root, { input }, context) => refreshSession(context, input),
  }),
  signOut: t.field({
    type: SignOutSuccess,
    description: 'Ends the session that this request came with.',
    errors: { types: [], union: { description: 'What came of `signOut`.' } },
    resolve: async (_root, _args, context) => {
      await signOut(context);
      return { signedOut: true } as const;
    },
  }),
  revokeSession: t.field({
    type: RevokeSessionSuccess,
    description:
      'Ends an open session of your own at once; any session, for superusers. Needs the scope `users:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `revokeSession`.' } },
    args: { id: t.arg.globalID({ for: [Session], required: true, description: 'The session.' }) },
    resolve: async (_root, { id }, context) => ({ session: await revokeSession(context, { id: id.id }) }),
  }),
}));
