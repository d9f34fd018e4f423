/** Who is calling. */
import type { Context } from '../context.ts';
import { listOwnOrganizations, type OwnOrganization } from '../domain/organizations.ts';
import { findMe } from '../domain/users.ts';
import { builder } from './builder.ts';
import { CredentialKind, credentialOwner } from './credential.ts';
import { MembershipRole, ScopeEnum } from './enums.ts';
import { nodeQuery, payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { User } from './user.ts';

const Credential = builder.objectRef<Context['actor']>('Credential').implement({
  description: 'What a request came with to say who it is from.',
  fields: (t) => ({
    kind: t.field({
      type: CredentialKind,
      description: 'Which kind.',
      resolve: ({ credential }) => credential.kind,
    }),
    id: t.globalID({
      nullable: true,
      description:
        'The global id of what it rests on: the session, the API token, the key of the organization, or the identity; null when anonymous.',
      resolve: ({ credential: { kind, id } }) => credentialOwner(kind, id) as never,
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description:
        'What it may be used for, as far as the account may: a scope is no permission. A session has all scopes.',
      resolve: ({ scopes }) => [...scopes],
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it stops working; null when anonymous.',
      resolve: ({ credential }) => credential.expiresAt,
    }),
  }),
});

const RateLimit = builder.objectRef<Context['rateLimit']>('RateLimit').implement({
  description: 'Where you stand within your rate limit, this request included.',
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'Requests per minute.' }),
    remaining: t.exposeInt('remaining', { description: 'Requests left in this minute.' }),
    resetAt: t.expose('resetAt', { type: 'DateTime', description: 'When the count starts again.' }),
  }),
});

const ViewerOrganization = builder.objectRef<OwnOrganization>('ViewerOrganization').implement({
  description: 'An organization of the caller.',
  fields: (t) => ({
    organization: t.field({
      type: Organization,
      description: 'The organization.',
      resolve: ({ organization }) => organization,
    }),
    role: t.field({
      type: MembershipRole,
      nullable: true,
      description:
        'What the caller is there; null for the token of the organization itself and for its service accounts.',
      resolve: ({ role }) => role,
    }),
  }),
});

const Viewer = builder.objectRef<Context>('Viewer').implement({
  description: 'Who is calling, with what, and how much more it may.',
  fields: (t) => ({
    user: t.field({
      type: User,
      nullable: true,
      description:
        'The account that acts; null when anonymous, or when the token belongs to an organization.',
      resolve: (_viewer, _args, context, info) => findMe(context, nodeQuery(context, info, 'User')),
    }),
    credential: t.field({
      type: Credential,
      description: 'What the request came with.',
      resolve: ({ actor }) => actor,
    }),
    organizations: t.field({
      type: [ViewerOrganization],
      description:
        'The organizations of the caller: its memberships; that of an organization token or a service account.',
      resolve: (_viewer, _args, context, info) =>
        listOwnOrganizations(context, payloadQuery(context, info, 'ViewerOrganization', 'organization')),
    }),
    rateLimit: t.field({
      type: RateLimit,
      description: 'Where the caller stands within its rate limit.',
      resolve: ({ rateLimit }) => rateLimit,
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({ type: Viewer, description: 'Who is calling.', resolve: (_root, _args, context) => context }),
);
