import { accountSelect } from '../domain/accounts.ts';
import { consentListing, withdrawConsent } from '../domain/oauth/consents.ts';
import type { Scope } from '../domain/policy.ts';
import { NotFoundError } from '../errors.ts';
import type { OAuthClient as OAuthClientRow } from '../generated/prisma/client.ts';
import { may } from './access.ts';
import { builder } from './builder.ts';
import { ScopeEnum } from './enums.ts';
import { payloadQuery } from './node-query.ts';
import { OAuthClient } from './oauth-client.ts';
import { User } from './user.ts';

const Consent = builder.prismaObject('Consent', {
  description: 'What a user allowed an OAuth2 client, and is not asked for again.',
  select: { userId: true, clientId: true },
  fields: (t) => ({
    client: t.relation('client', { description: 'The client.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What it was allowed.',
      select: { scopes: true },
      resolve: ({ scopes }) => scopes as Scope[],
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user first allowed it.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When the user last allowed it more.',
    }),
  }),
});

builder.prismaObjectField(User, 'consents', (t) =>
  t.field({
    type: [Consent],
    nullable: true,
    description:
      'The OAuth2 clients that the account allowed to act for it, the one allowed last first, up to 100. Null for all but the account itself and superusers.',
    select: (_args, _context, nested) => ({ ...accountSelect, consents: nested(consentListing) }),
    resolve: (user, _args, context) => (may(context, 'readSessions', user) ? user.consents : null),
  }),
);

const WithdrawConsentSuccess = builder
  .objectRef<{ client: OAuthClientRow }>('WithdrawConsentSuccess')
  .implement({
    description: 'The client may no more: its sessions for you are over.',
    fields: (t) => ({
      client: t.field({ type: OAuthClient, description: 'The client.', resolve: ({ client }) => client }),
    }),
  });

builder.mutationField('withdrawConsent', (t) =>
  t.field({
    type: WithdrawConsentSuccess,
    description:
      'Takes back what you allowed an OAuth2 client. Its sessions for you end at once, and it must ask you anew. Needs the scope `users:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `withdrawConsent`.' } },
    args: { id: t.arg.globalID({ for: [OAuthClient], required: true, description: 'The client.' }) },
    resolve: async (_root, { id }, context, info) => ({
      client: await withdrawConsent(
        context,
        id.id,
        payloadQuery(context, info, 'WithdrawConsentSuccess', 'client'),
      ),
    }),
  }),
);
