/** How superusers run the OAuth2 clients. */
import {
  type ClientWithSecret,
  registerClient,
  revokeClient,
  rotateClientSecret,
  updateClient,
} from '../domain/oauth/clients.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { OAuthClient as OAuthClientRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { ScopeEnum } from './enums.ts';
import { payloadQuery } from './node-query.ts';
import { OAuthClient } from './oauth-client.ts';

const redirectUris =
  'Where users are sent back to, up to 20 URIs: https, http on a loopback address, or of a scheme such as `com.example.app`; without a fragment.';
const trusted = "Whether users are not asked, since the client is the operator's own.";

const RegisterOAuthClientInput = builder.inputType('RegisterOAuthClientInput', {
  description: 'A new OAuth2 client.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name that users are shown, 1 to 50 characters.' }),
    isConfidential: t.boolean({
      required: true,
      description: 'Whether it can keep a secret, as programs on servers can, and apps and web pages cannot.',
    }),
    redirectUris: t.stringList({
      required: true,
      description: `${redirectUris} None for a client that uses the device flow alone.`,
    }),
    scopes: t.field({ type: [ScopeEnum], required: true, description: 'What it may ask users for.' }),
    isTrusted: t.boolean({ description: `${trusted} No, when absent.` }),
  }),
});

const UpdateOAuthClientInput = builder.inputType('UpdateOAuthClientInput', {
  description: 'What to change of an OAuth2 client: an absent field keeps its value.',
  fields: (t) => ({
    name: t.string({
      description: 'The name that users are shown, 1 to 50 characters. Cannot be null.',
    }),
    redirectUris: t.stringList({ description: `${redirectUris} Cannot be null.` }),
    scopes: t.field({
      type: [ScopeEnum],
      description:
        'What it may ask users for. Sessions that have one which is gone from the list end at once. Cannot be null.',
    }),
    isTrusted: t.boolean({ description: `${trusted} Cannot be null.` }),
  }),
});

const client = (type: string) => builder.objectRef<{ client: OAuthClientRow }>(type);

const clientField = { type: OAuthClient, description: 'What is known of it.' } as const;

const RegisterOAuthClientSuccess = builder
  .objectRef<ClientWithSecret>('RegisterOAuthClientSuccess')
  .implement({
    description: 'The client is registered.',
    fields: (t) => ({
      secret: t.exposeString('secret', {
        nullable: true,
        description:
          'The `client_secret`. Shown this once: only a hash of it is kept. Null for a client that cannot keep one.',
      }),
      client: t.field({ ...clientField, resolve: ({ client }) => client }),
    }),
  });

const RotateOAuthClientSecretSuccess = builder
  .objectRef<{ client: OAuthClientRow; secret: string }>('RotateOAuthClientSecretSuccess')
  .implement({
    description: 'The client has a new secret; the one before stopped working at once.',
    fields: (t) => ({
      secret: t.exposeString('secret', {
        description: 'The new `client_secret`. Shown this once: only a hash of it is kept.',
      }),
      client: t.field({ ...clientField, resolve: ({ client }) => client }),
    }),
  });

const UpdateOAuthClientSuccess = client('UpdateOAuthClientSuccess').implement({
  description: 'The client is changed.',
  fields: (t) => ({ client: t.field({ ...clientField, resolve: ({ client }) => client }) }),
});

const RevokeOAuthClientSuccess = client('RevokeOAuthClientSuccess').implement({
  description: 'The client is revoked; what it was granted stopped working at once.',
  fields: (t) => ({ client: t.field({ ...clientField, resolve: ({ client }) => client }) }),
});

const forSuperusers = 'For superusers; needs the scope `admin`.';

builder.mutationFields((t) => {
  const idArg = () => t.arg.globalID({ for: [OAuthClient], required: true, description: 'The client.' });
  return {
    registerOAuthClient: t.field({
      type: RegisterOAuthClientSuccess,
      description: `Registers a program that users can let act for them. ${forSuperusers}`,
      errors: { types: [InvalidInputError], union: { description: 'What came of `registerOAuthClient`.' } },
      args: {
        input: t.arg({
          type: RegisterOAuthClientInput,
          required: true,
          description: 'The client to register.',
        }),
      },
      resolve: (_root, { input }, context, info) =>
        registerClient(context, input, payloadQuery(context, info, 'RegisterOAuthClientSuccess', 'client')),
    }),
    updateOAuthClient: t.field({
      type: UpdateOAuthClientSuccess,
      description: `Changes an OAuth2 client. ${forSuperusers}`,
      errors: {
        types: [InvalidInputError, NotFoundError],
        union: { description: 'What came of `updateOAuthClient`.' },
      },
      args: {
        id: idArg(),
        input: t.arg({ type: UpdateOAuthClientInput, required: true, description: 'What to change.' }),
      },
      resolve: async (_root, { id, input }, context, info) => ({
        client: await updateClient(
          context,
          { id: id.id, input },
          payloadQuery(context, info, 'UpdateOAuthClientSuccess', 'client'),
        ),
      }),
    }),
    rotateOAuthClientSecret: t.field({
      type: RotateOAuthClientSecretSuccess,
      description: `Gives an OAuth2 client a new secret. ${forSuperusers}`,
      errors: {
        types: [InvalidInputError, NotFoundError],
        union: { description: 'What came of `rotateOAuthClientSecret`.' },
      },
      args: { id: idArg() },
      resolve: (_root, { id }, context, info) =>
        rotateClientSecret(
          context,
          id.id,
          payloadQuery(context, info, 'RotateOAuthClientSecretSuccess', 'client'),
        ),
    }),
    revokeOAuthClient: t.field({
      type: RevokeOAuthClientSuccess,
      description: `Ends an OAuth2 client and all that it was granted, at once. Revoking it again changes nothing. ${forSuperusers}`,
      errors: { types: [NotFoundError], union: { description: 'What came of `revokeOAuthClient`.' } },
      args: { id: idArg() },
      resolve: async (_root, { id }, context, info) => ({
        client: await revokeClient(
          context,
          id.id,
          payloadQuery(context, info, 'RevokeOAuthClientSuccess', 'client'),
        ),
      }),
    }),
  };
});
