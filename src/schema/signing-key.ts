import { runsOrganization } from '../domain/policy.ts';
import { registerSigningKey, retireSigningKey } from '../domain/signing-keys.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { SigningKey as SigningKeyRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { defineConnection, relatedPage } from './connection.ts';
import { payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';

const SigningKey = builder.prismaObject('SigningKey', {
  description:
    'A key that programs of an organization sign capability tokens with: JWTs for at most an hour, as narrow as a task needs.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the key, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'SigningKey', id }) as never,
    }),
    keyId: t.exposeString('keyId', {
      description: 'The thumbprint of the key (RFC 7638): tokens name it as `kid` in their header.',
    }),
    name: t.string({
      description: 'What the key is for.',
      select: { name: true },
      resolve: ({ name }) => name ?? '',
    }),
    algorithm: t.exposeString('algorithm', {
      description: 'The one algorithm that it may sign with (`alg`).',
    }),
    publicJwk: t.field({
      type: 'JSONObject',
      description: 'The public half, as a JSON Web Key (RFC 7517).',
      select: { publicJwk: true },
      resolve: ({ publicJwk }) => publicJwk,
    }),
    isActive: t.boolean({
      description: 'Whether what it signs works: it is not retired.',
      select: { retiredAt: true },
      resolve: ({ retiredAt }) => retiredAt === null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the key was registered.' }),
    retiredAt: t.expose('retiredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the key was retired. Null while it was not.',
    }),
  }),
});

const SigningKeyConnection = defineConnection('SigningKey', { type: SigningKey, of: 'keys' });

builder.prismaObjectField(Organization, 'signingKeys', (t) =>
  t.field(
    relatedPage(
      {
        relation: 'signingKeys',
        order: { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' },
        nodeType: 'SigningKey',
        visible: ({ actor }, { id }: { id: string }) =>
          runsOrganization(actor, id) && actor.scopes.has('tokens:write'),
      },
      {
        type: SigningKeyConnection,
        description:
          'The keys that its programs sign capability tokens with, retired ones too, newest first. Empty for those who do not run it.',
      },
    ),
  ),
);

const RegisterSigningKeyInput = builder.inputType('RegisterSigningKeyInput', {
  description: 'A new key of an organization.',
  fields: (t) => ({
    organizationId: t.globalID({
      for: [Organization],
      required: true,
      description: 'The organization, which you run. It has at most ten keys in use.',
    }),
    name: t.string({ required: true, description: 'What it is for, 1 to 50 characters.' }),
    publicJwk: t.field({
      type: 'JSONObject',
      required: true,
      description:
        'The public half as a JSON Web Key: EC P-256 or P-384, Ed25519, or RSA of 2048 to 4096 bits. `alg` may say which algorithm it signs with; RS256 for RSA when absent.',
    }),
  }),
});

const payload = (name: 'RegisterSigningKeySuccess' | 'RetireSigningKeySuccess', description: string) =>
  builder.objectRef<{ signingKey: SigningKeyRow }>(name).implement({
    description,
    fields: (t) => ({
      signingKey: t.field({
        type: SigningKey,
        description: 'The key.',
        resolve: ({ signingKey }) => signingKey,
      }),
    }),
  });

const RegisterSigningKeySuccess = payload(
  'RegisterSigningKeySuccess',
  'What the key signs works from now on.',
);
const RetireSigningKeySuccess = payload(
  'RetireSigningKeySuccess',
  'What the key signed stopped working at once.',
);

builder.mutationFields((t) => ({
  registerSigningKey: t.field({
    type: RegisterSigningKeySuccess,
    description:
      'Registers a key of an organization that you run. Its programs make capability tokens with it, without asking this server. Needs the scope `tokens:write`, and each that a capability can have: `openid`, `profile`, `data:read`, `data:write`, `users:write`.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `registerSigningKey`.' },
    },
    args: {
      input: t.arg({ type: RegisterSigningKeyInput, required: true, description: 'The key to register.' }),
    },
    resolve: async (_root, { input: { organizationId, ...input } }, context, info) => ({
      signingKey: await registerSigningKey(
        context,
        { ...input, organizationId: organizationId.id },
        payloadQuery(context, info, 'RegisterSigningKeySuccess', 'signingKey'),
      ),
    }),
  }),
  retireSigningKey: t.field({
    type: RetireSigningKeySuccess,
    description:
      'Retires a key at once. Register its successor first: both work until then. Retiring it again changes nothing. Needs the scope `tokens:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `retireSigningKey`.' } },
    args: { id: t.arg.globalID({ for: [SigningKey], required: true, description: 'The key.' }) },
    resolve: async (_root, { id }, context, info) => ({
      signingKey: await retireSigningKey(
        context,
        id.id,
        payloadQuery(context, info, 'RetireSigningKeySuccess', 'signingKey'),
      ),
    }),
  }),
}));
