import type { SignedIn } from '../domain/sessions.ts';
import { revokeSession, signIn, signOut } from '../domain/sessions.ts';
import { AccountNotActiveError, InvalidCredentialsError, NotFoundError } from '../errors.ts';
import type { Session as SessionRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';

export const Session = builder.prismaObject('Session', {
  description: 'A sign-in of a user, from one browser or program.',
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
  }),
});

const SignInSuccess = builder.objectRef<SignedIn>('SignInSuccess').implement({
  description: 'A session is open.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description:
        "The session's token, for `Authorization: Bearer …`. Shown this once: only a hash of it is kept.",
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the session ends by itself.' }),
    user: t.field({ type: User, description: 'Who signed in.', resolve: ({ user }) => user }),
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
      types: [InvalidCredentialsError, AccountNotActiveError],
      union: { description: 'What came of `signIn`.' },
    },
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who signs in.' }) },
    resolve: (_root, { input }, context, info) =>
      signIn(context, input, () => payloadQuery(context, info, 'SignInSuccess', 'user')),
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
