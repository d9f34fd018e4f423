/** What can be followed: one's account, or another's, and an erasure. */
import { type UserChange, watchErasure, watchUser } from '../domain/subscriptions.ts';
import { builder } from './builder.ts';
import { Erasure } from './erasure.ts';
import { nodeQuery, payloadQuery } from './node-query.ts';
import { User } from './user.ts';

const UserChanged = builder.objectRef<UserChange>('UserChanged').implement({
  description: 'An account as it is now, and what happened to it.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'The account as it is now, as far as you may see it now.',
      resolve: ({ user }) => user,
    }),
    events: t.stringList({
      description:
        'The types of the events since the last time, each once, such as `user.updated` or `session.created`; `resync` when some may have been missed. Empty the first time.',
      resolve: ({ events }) => [...events],
    }),
  }),
});

const ends =
  'It ends with the error `UNAUTHENTICATED` when your credential ends, and with `complete` when the server stops: subscribe again then.';

builder.subscriptionFields((t) => ({
  userChanged: t.field({
    type: UserChanged,
    description: `Follows an account: its own facts, its sessions, tokens and shares. ${ends} With \`NOT_FOUND\` when the account is no longer there for you.`,
    args: { id: t.arg.globalID({ for: [User], description: 'The account; your own, when absent.' }) },
    subscribe: (_root, { id }, context, info) =>
      watchUser(context, id?.id, (now) => payloadQuery(now, info, 'UserChanged', 'user')) as never,
    resolve: (change) => change as UserChange,
  }),
  erasureProgress: t.field({
    type: Erasure,
    description: `Follows an erasure to its end, for whoever knows its id: the erased person has no credential any more. ${ends}`,
    args: { id: t.arg.globalID({ for: [Erasure], required: true, description: 'The erasure.' }) },
    subscribe: (_root, { id }, context, info) =>
      watchErasure(context, id.id, (now) => nodeQuery(now, info, 'Erasure')) as never,
    resolve: (erasure) => erasure as never,
  }),
}));
