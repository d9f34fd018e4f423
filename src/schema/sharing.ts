/** Sharing an account with others, and acting for one that is managed or shared. */
import type { Context } from '../context.ts';
import { accountSelect } from '../domain/accounts.ts';
import { type Delegation, delegateAccess } from '../domain/delegation.ts';
import type { Account, Scope } from '../domain/policy.ts';
import { issueSessionToken } from '../domain/sessions.ts';
import { openShareWhere, revokeAccess, shareAccess } from '../domain/shares.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { Share as ShareRow } from '../generated/prisma/client.ts';
import { may } from './access.ts';
import { AccessToken } from './access-token.ts';
import { builder } from './builder.ts';
import { defineConnection, relatedPage } from './connection.ts';
import { ScopeEnum } from './enums.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';

const Share = builder.prismaObject('Share', {
  description: 'That one account lets another at itself, as far as the scopes say.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the share, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'Share', id }) as never,
    }),
    grantor: t.relation('grantor', { description: 'The account that lets the other one at itself.' }),
    grantee: t.relation('grantee', { description: 'The account that is let in.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the grantee may do.',
      select: { scopes: true },
      resolve: ({ scopes }) => scopes as Scope[],
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself. Null when it does not.',
    }),
  }),
});

const ShareConnection = defineConnection('Share', { type: Share, of: 'shares' });

const shares = {
  order: { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' },
  nodeType: 'Share',
  where: openShareWhere,
  parentSelect: accountSelect,
  visible: (context: Context, user: Account) => may(context, 'readShares', user),
} as const;
const hidden = 'Private: empty for all but the account itself and superusers.';

builder.prismaObjectFields(User, (t) => ({
  sharesGiven: t.field(
    relatedPage(
      { relation: 'sharesGiven', ...shares },
      { type: ShareConnection, description: `Whom the account lets at itself, newest first. ${hidden}` },
    ),
  ),
  sharesReceived: t.field(
    relatedPage(
      { relation: 'sharesReceived', ...shares },
      { type: ShareConnection, description: `Who lets the account at theirs, newest first. ${hidden}` },
    ),
  ),
}));

const ShareAccessInput = builder.inputType('ShareAccessInput', {
  description: 'Whom to let at your account, and how far.',
  fields: (t) => ({
    granteeId: t.globalID({
      for: [User],
      required: true,
      description: 'The account to let in: an active person or service account.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      required: true,
      description: 'What it may do: at least one of `PROFILE`, `DATA_READ` and `DATA_WRITE`.',
    }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends by itself; never, when absent.' }),
  }),
});

const RevokeAccessInput = builder.inputType('RevokeAccessInput', {
  description: 'Which share ends; exactly one must be given.',
  isOneOf: true,
  fields: (t) => ({
    granteeId: t.globalID({ for: [User], description: 'The account that you let at yours.' }),
    grantorId: t.globalID({ for: [User], description: 'The account that lets you at itself.' }),
  }),
});

const DelegatedTokenInput = builder.inputType('DelegatedTokenInput', {
  description: 'For whom to act.',
  fields: (t) => ({
    userId: t.globalID({
      for: [User],
      required: true,
      description: 'A user that you manage, or an account that shares with you.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What to do there; all that it lends you and that your own credential may, when absent.',
    }),
  }),
});

const ShareAccessSuccess = builder.objectRef<{ share: ShareRow }>('ShareAccessSuccess').implement({
  description: 'The account is shared.',
  fields: (t) => ({
    share: t.field({ type: Share, description: 'What is shared.', resolve: ({ share }) => share }),
  }),
});

const RevokeAccessSuccess = builder.objectRef<{ shareId: string }>('RevokeAccessSuccess').implement({
  description: 'The share is over, and with it all access by it, at once.',
  fields: (t) => ({
    shareId: t.globalID({
      description: 'The global id that the share had.',
      resolve: ({ shareId }) => ({ type: 'Share', id: shareId }) as never,
    }),
  }),
});

const DelegatedTokenSuccess = builder.objectRef<Delegation>('DelegatedTokenSuccess').implement({
  description: 'You may act for the account: with this token, and no further than that account.',
  fields: (t) => ({
    accessToken: t.field({
      type: AccessToken,
      description:
        'A token that acts for the account. It tells who really acts, as every change does that is made with it.',
      resolve: ({ session }, _args, context) => issueSessionToken(context, session),
    }),
    refreshToken: t.exposeString('refreshToken', {
      description:
        'What `refreshSession` takes for a new access token, once. Shown this once: only a hash of it is kept.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the access ends by itself: at the latest with the credential that you asked with.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What you may do there.',
      resolve: ({ scopes }) => [...scopes],
    }),
    user: t.field({ type: User, description: 'For whom you act.', resolve: ({ user }) => user }),
  }),
});

builder.mutationFields((t) => ({
  shareAccess: t.field({
    type: ShareAccessSuccess,
    description:
      'Lets another account at yours. Sharing with it again replaces what was shared. Needs a session of your own.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `shareAccess`.' },
    },
    args: { input: t.arg({ type: ShareAccessInput, required: true, description: 'Whom, and how far.' }) },
    resolve: async (_root, { input: { granteeId, ...input } }, context, info) => ({
      share: await shareAccess(
        context,
        { ...input, granteeId: granteeId.id },
        payloadQuery(context, info, 'ShareAccessSuccess', 'share'),
      ),
    }),
  }),
  revokeAccess: t.field({
    type: RevokeAccessSuccess,
    description:
      'Ends a share: what you share, with a session of your own; or what is shared with you. Who acted by it is stopped at once. Needs the scope `users:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `revokeAccess`.' } },
    args: { input: t.arg({ type: RevokeAccessInput, required: true, description: 'Which share.' }) },
    resolve: async (_root, { input: { granteeId, grantorId } }, context) => ({
      shareId: await revokeAccess(
        context,
        granteeId ? { granteeId: granteeId.id } : { grantorId: grantorId?.id ?? '' },
      ),
    }),
  }),
  delegatedToken: t.field({
    type: DelegatedTokenSuccess,
    description:
      'Lets you act for a user that you manage, or for an account that shares with you: a token with which you are that account, as far as it lends you, while the trail tells that it was you. Whoever acts for another account cannot act for a third.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `delegatedToken`.' },
    },
    args: { input: t.arg({ type: DelegatedTokenInput, required: true, description: 'For whom.' }) },
    resolve: (_root, { input: { userId, scopes } }, context, info) =>
      delegateAccess(
        context,
        { userId: userId.id, scopes },
        payloadQuery(context, info, 'DelegatedTokenSuccess', 'user'),
      ),
  }),
}));
