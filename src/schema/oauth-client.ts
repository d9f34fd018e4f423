import { listClients } from '../domain/oauth/clients.ts';
import type { Scope } from '../domain/policy.ts';
import { builder } from './builder.ts';
import { defineConnection, pageArgs, pageComplexity } from './connection.ts';
import { ScopeEnum } from './enums.ts';
import { connectionQuery } from './node-query.ts';

export const OAuthClient = builder.prismaObject('OAuthClient', {
  description: 'A program that users can let act for them, by OAuth2. Superusers register it.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description:
        'The global id of the client, for `withdrawConsent` and client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'OAuthClient', id }) as never,
    }),
    clientId: t.field({
      type: 'UUID',
      description: 'The id that the client names itself by in OAuth2: its `client_id`.',
      resolve: ({ id }) => id,
    }),
    name: t.exposeString('name'),
    isConfidential: t.boolean({
      description: 'Whether it proves itself by a secret. Others prove each exchange by PKCE alone.',
      select: { secretHash: true },
      resolve: ({ secretHash }) => secretHash !== null,
    }),
    redirectUris: t.exposeStringList('redirectUris', {
      description:
        'Where users are sent back to: one of these, exactly. On a loopback address any port will do.',
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What it may ask users for.',
      select: { scopes: true },
      resolve: ({ scopes }) => scopes as Scope[],
    }),
    isTrusted: t.exposeBoolean('isTrusted', {
      description: 'Whether users are not asked: the client belongs to the operator.',
    }),
    isActive: t.boolean({
      description: 'Whether it works: it is not revoked.',
      select: { revokedAt: true },
      resolve: ({ revokedAt }) => revokedAt === null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
  }),
});

const OAuthClientConnection = defineConnection('OAuthClient', { type: OAuthClient, of: 'OAuth2 clients' });

builder.queryField('oauthClients', (t) =>
  t.field({
    type: OAuthClientConnection,
    description:
      'All OAuth2 clients, the newest first, revoked ones too. For superusers; needs the scope `admin`.',
    args: pageArgs(),
    complexity: pageComplexity,
    resolve: (_root, page, context, info) =>
      listClients(context, page, connectionQuery(context, info, 'OAuthClient')),
  }),
);
