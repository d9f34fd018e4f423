import { rotateApiToken } from '../domain/api-token-rotation.ts';
import { createApiToken, findApiTokens, revokeApiToken } from '../domain/api-tokens.ts';
import type { Scope } from '../domain/policy.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { ApiToken as ApiTokenRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { defineConnection } from './connection.ts';
import { defineNode } from './define-node.ts';
import { ScopeEnum } from './enums.ts';
import { nodeQuery, payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { User } from './user.ts';

export const ApiToken = builder.prismaObject('ApiToken', {
  description: 'A long-lived credential for programs, owned by a user, a service account or an organization.',
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name'),
    prefix: t.exposeString('prefix'),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the token may be used for.',
      select: { scopes: true },
      resolve: ({ scopes }) => scopes as Scope[],
    }),
    allowedNetworks: t.exposeStringList('allowedNetworks', {
      description: 'The networks that the token may be used from, in CIDR notation; empty for anywhere.',
    }),
    rateLimit: t.exposeInt('rateLimit', {
      nullable: true,
      description:
        'Requests per minute that the token may make, besides the limit of its account. Null when it has no limit of its own.',
    }),
    user: t.relation('user', {
      nullable: true,
      description: 'The account that owns it; null when an organization does.',
    }),
    organization: t.relation('organization', {
      nullable: true,
      description: 'The organization that owns it; null when an account does.',
    }),
    isActive: t.boolean({
      description: 'Whether the token works: neither expired nor revoked.',
      select: { expiresAt: true, revokedAt: true },
      resolve: ({ expiresAt, revokedAt }, _args, context) => revokedAt === null && expiresAt > context.now(),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true }),
    previousSecretExpiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'Until when the secret before the last rotation works as well. Null when only the present one does.',
      select: { previousHash: true, previousExpiresAt: true },
      resolve: ({ previousHash, previousExpiresAt }, _args, context) =>
        previousHash !== null && previousExpiresAt && previousExpiresAt > context.now()
          ? previousExpiresAt
          : null,
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
  }),
});

defineNode(ApiToken, (context, ids, info) =>
  findApiTokens(context, ids, nodeQuery(context, info, 'ApiToken')),
);

export const ApiTokenConnection = defineConnection('ApiToken', { type: ApiToken, of: 'API tokens' });

const CreateApiTokenInput = builder.inputType('CreateApiTokenInput', {
  description: 'A new API token.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'What it is for, 1 to 50 characters.' }),
    scopes: t.field({
      type: [ScopeEnum],
      required: true,
      description:
        'What it may be used for; none that your own credential lacks. Without `PROFILE` it reads public facts only.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'When it stops working: within ten years, and not after the token that makes it. One year from now when absent.',
    }),
    allowedNetworks: t.stringList({
      description:
        'The networks that it may be used from, up to 100 addresses or blocks in CIDR notation, IPv4 or IPv6. Anywhere when absent or empty; where the token that makes it may be used, when that is bound.',
    }),
    rateLimit: t.int({
      description: 'Requests per minute, at most what every caller has. No limit of its own when absent.',
    }),
    ownerId: t.globalID({
      for: [User, Organization],
      description:
        "The service account or organization that owns it, if you run that; you yourself when absent. An organization's own token reads the organization and changes nothing.",
    }),
  }),
});

const RotateApiTokenInput = builder.inputType('RotateApiTokenInput', {
  description: 'A token that gets a new secret.',
  fields: (t) => ({
    id: t.globalID({ for: [ApiToken], required: true, description: 'The token.' }),
    overlapMinutes: t.int({
      description:
        'For how many minutes the secret before still works, 0 to 1440. It stops at once when absent or 0, with the sessions and access tokens that were opened with it.',
    }),
  }),
});

const withSecret = (name: 'CreateApiTokenSuccess' | 'RotateApiTokenSuccess', description: string) =>
  builder.objectRef<{ secret: string; apiToken: ApiTokenRow }>(name).implement({
    description,
    fields: (t) => ({
      secret: t.exposeString('secret', {
        description:
          'The token itself, for `Authorization: Bearer …`. Shown this once: only a hash of it is kept.',
      }),
      apiToken: t.field({
        type: ApiToken,
        description: 'What is known of it.',
        resolve: ({ apiToken }) => apiToken,
      }),
    }),
  });

const CreateApiTokenSuccess = withSecret('CreateApiTokenSuccess', 'The token was made.');
const RotateApiTokenSuccess = withSecret('RotateApiTokenSuccess', 'The token has a new secret.');

const RevokeApiTokenSuccess = builder
  .objectRef<{ apiToken: ApiTokenRow }>('RevokeApiTokenSuccess')
  .implement({
    description: 'The token is revoked; it stopped working at once.',
    fields: (t) => ({
      apiToken: t.field({
        type: ApiToken,
        description: 'The revoked token.',
        resolve: ({ apiToken }) => apiToken,
      }),
    }),
  });

builder.mutationFields((t) => ({
  createApiToken: t.field({
    type: CreateApiTokenSuccess,
    description:
      'Makes an API token for yourself, or for a service account or organization that you run. Needs the scope `tokens:write`.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `createApiToken`.' },
    },
    args: { input: t.arg({ type: CreateApiTokenInput, required: true, description: 'The token to make.' }) },
    resolve: (_root, { input: { ownerId, ...input } }, context, info) =>
      createApiToken(
        context,
        { ...input, owner: ownerId && { type: ownerId.typename as 'User' | 'Organization', id: ownerId.id } },
        payloadQuery(context, info, 'CreateApiTokenSuccess', 'apiToken'),
      ),
  }),
  rotateApiToken: t.field({
    type: RotateApiTokenSuccess,
    description:
      'Gives an API token a new secret; its name, scopes, bounds and expiry stay. For those who could make such a token. Needs the scope `tokens:write`.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `rotateApiToken`.' },
    },
    args: {
      input: t.arg({ type: RotateApiTokenInput, required: true, description: 'The token to rotate.' }),
    },
    resolve: (_root, { input: { id, ...input } }, context, info) =>
      rotateApiToken(
        context,
        { ...input, id: id.id },
        payloadQuery(context, info, 'RotateApiTokenSuccess', 'apiToken'),
      ),
  }),
  revokeApiToken: t.field({
    type: RevokeApiTokenSuccess,
    description:
      'Ends an API token at once. Revoking it again changes nothing. Needs the scope `tokens:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `revokeApiToken`.' } },
    args: { id: t.arg.globalID({ for: [ApiToken], required: true, description: 'The token.' }) },
    resolve: async (_root, { id }, context, info) => ({
      apiToken: await revokeApiToken(
        context,
        id.id,
        payloadQuery(context, info, 'RevokeApiTokenSuccess', 'apiToken'),
      ),
    }),
  }),
}));
