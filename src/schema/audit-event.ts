/** What happened: to an account, in an organization, on the whole server. */
import { accountSelect } from '../domain/accounts.ts';
import {
  type FieldChange,
  listAccountTrail,
  listOrganizationTrail,
  listTrail,
  type TrailEvent,
} from '../domain/audit-trail.ts';
import type { PageArgs } from '../domain/page.ts';
import { builder } from './builder.ts';
import { defineConnection, pageArgs, pageComplexity } from './connection.ts';
import { CredentialKind, credentialOwner } from './credential.ts';
import { nestedQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { User } from './user.ts';

const FieldChangeRef = builder.objectRef<FieldChange>('FieldChange').implement({
  description: 'What a field was, and what it became.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The field, as the product names it.' }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Its value before; null when it had none. `true` stands for one that nobody may read.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Its value after; null when it has none. `true` stands for one that nobody may read.',
      resolve: ({ after }) => after,
    }),
  }),
});

const ofMe = 'Null for others than who acted and superusers';

const AuditEvent = builder.objectRef<TrailEvent>('AuditEvent').implement({
  description:
    'That something happened, written with the change itself. Nobody can alter it: each event carries the hash of the one before, which `usergraph audit verify` proves.',
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the event, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'AuditEvent', id }) as never,
    }),
    sequence: t.exposeString('sequence', {
      description: 'Its place among all events of the server: a whole number from 1, without a gap.',
    }),
    hash: t.exposeString('hash', {
      description: 'The SHA-256 over the event and the hash of the one before, in hexadecimal.',
    }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
    action: t.exposeString('action', { description: 'What was done, such as `user.update`.' }),
    subjectType: t.exposeString('subjectType', {
      description: 'The type of what it was done to, such as `User` or `Session`.',
    }),
    subjectId: t.globalID({
      description: 'The global id of what it was done to, which may be gone.',
      resolve: ({ subjectType, subjectId }) => ({ type: subjectType, id: subjectId }) as never,
    }),
    accountId: t.globalID({
      nullable: true,
      description: 'The global id of the account that it is about. Null where it is about none.',
      resolve: ({ accountId: id }) => (id === null ? null : { type: 'User', id }) as never,
    }),
    actorId: t.globalID({
      nullable: true,
      description:
        'The global id of the account that acted. Null for the token of an organization, for the server itself, and for who had not said who it is.',
      resolve: ({ actorId: id }) => (id === null ? null : { type: 'User', id }) as never,
    }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'The account that acted. Null where there is none, it is gone, or you cannot see it.',
      resolve: ({ actor }) => actor,
    }),
    onBehalfOfId: t.globalID({
      nullable: true,
      description: 'The global id of the account that the actor acted for. Null where it acted for itself.',
      resolve: ({ onBehalfOfId: id }) => (id === null ? null : { type: 'User', id }) as never,
    }),
    credentialKind: t.field({
      type: CredentialKind,
      description: 'What the actor said by who it is.',
      resolve: ({ credentialKind }) => credentialKind,
    }),
    credentialId: t.globalID({
      nullable: true,
      description:
        'The global id of the session, the API token, the key or the identity. Null where there is none.',
      resolve: ({ credentialKind, credentialId }) => credentialOwner(credentialKind, credentialId) as never,
    }),
    changes: t.field({
      type: [FieldChangeRef],
      nullable: true,
      description: 'The changed fields. Null once they are forgotten, as those of an erased account are.',
      complexity: { multiplier: 1 },
      resolve: ({ changes }) => changes && [...changes],
    }),
    isRedacted: t.boolean({
      description: 'Whether what was changed is forgotten, because the account is erased.',
      resolve: ({ changes }) => changes === null,
    }),
    ipAddress: t.exposeString('ipAddress', {
      nullable: true,
      description: `The address that it was done from. ${ofMe}; and once it is forgotten.`,
    }),
    userAgent: t.exposeString('userAgent', {
      nullable: true,
      description: `The program that it was done with. ${ofMe}; and once it is forgotten.`,
    }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: 'The id of the request, as its answer and the log have it. Null where there was none.',
    }),
  }),
});

const AuditEventConnection = defineConnection('AuditEvent', { type: AuditEvent, of: 'events' });

const TrailFilter = builder.inputType('AuditTrailFilter', {
  description: 'Which events to list: those for which every given condition holds.',
  fields: (t) => ({
    actions: t.stringList({ description: 'Is one of these actions, such as `user.update`.' }),
    from: t.field({ type: 'DateTime', description: 'Happened at this moment or after it.' }),
    until: t.field({ type: 'DateTime', description: 'Happened before this moment.' }),
  }),
});

const trailArgs = () => ({
  ...pageArgs(),
  ...builder.args((t) => ({
    filter: t.field({ type: TrailFilter, description: 'Which events; all of them when absent.' }),
  })),
});

const actorOf = { field: 'actor', type: 'User' } as const;
/** No relation leads to the events, so a trail costs a query for each account that it is asked of. */
const trailComplexity = (args: PageArgs) => ({ ...pageComplexity(args), field: 10 });

builder.prismaObjectField(User, 'auditTrail', (t) =>
  t.field({
    type: AuditEventConnection,
    description:
      'What happened to the account and by whom, newest first. Private: empty for all but the account itself, its manager, who runs its organization, for a service account, and superusers.',
    args: trailArgs(),
    complexity: trailComplexity,
    select: accountSelect,
    resolve: (account, args, context, info) =>
      listAccountTrail(context, { account, ...args }, nestedQuery(context, info, actorOf)),
  }),
);

builder.prismaObjectField(Organization, 'auditTrail', (t) =>
  t.field({
    type: AuditEventConnection,
    description:
      'What happened in the organization: to its members as such, its service accounts, tokens, keys and webhooks, newest first. Empty for those who do not run it.',
    args: trailArgs(),
    complexity: trailComplexity,
    resolve: ({ id }, args, context, info) =>
      listOrganizationTrail(context, { organizationId: id, ...args }, nestedQuery(context, info, actorOf)),
  }),
);

builder.queryField('auditEvents', (t) =>
  t.field({
    type: AuditEventConnection,
    description:
      'Everything that happened on the server, newest first. For superusers. Needs the scope `admin`.',
    args: {
      ...trailArgs(),
      accountId: t.arg.globalID({
        for: [User],
        description: 'Is about this account, which may be gone; about any or none, when absent.',
      }),
      actorId: t.arg.globalID({
        for: [User],
        description: 'Was done by this account, which may be gone; by any or none, when absent.',
      }),
    },
    complexity: trailComplexity,
    resolve: (_root, { accountId, actorId, ...args }, context, info) =>
      listTrail(
        context,
        { ...args, accountId: accountId?.id, actorId: actorId?.id },
        nestedQuery(context, info, actorOf),
      ),
  }),
);
