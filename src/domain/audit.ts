import type { WorkContext } from '../context.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { Transaction } from './transaction.ts';

/** Every action that is recorded, with the event that tells others of it. */
export const actions = {
  'user.create': 'user.created',
  'user.update': 'user.updated',
  'user.delete': 'user.deleting',
  'user.restore': 'user.restored',
  'user.erase': 'user.deleted',
  'erasure.begin': 'erasure.requested',
  'erasure.complete': 'erasure.completed',
  'session.create': 'session.created',
  'session.revoke': 'session.revoked',
  'password.change': 'user.password_changed',
  'password.reset': 'user.password_changed',
  'email.add': 'user.updated',
  'email.verify': 'user.updated',
  'email.remove': 'user.updated',
  'email.make-default': 'user.updated',
  'phone.add': 'user.updated',
  'phone.verify': 'user.updated',
  'phone.remove': 'user.updated',
  'phone.make-primary': 'user.updated',
  'identity.link': 'user.updated',
  'identity.unlink': 'user.updated',
  'invitation.create': 'invitation.created',
  'invitation.revoke': 'invitation.revoked',
  'token.create': 'token.created',
  'token.rotate': 'token.rotated',
  'token.revoke': 'token.revoked',
  'share.create': 'share.created',
  'share.update': 'share.updated',
  'share.revoke': 'share.revoked',
  'key.register': 'key.registered',
  'key.retire': 'key.retired',
  'client.register': 'client.registered',
  'client.update': 'client.updated',
  'client.revoke': 'client.revoked',
  'consent.give': 'consent.given',
  'consent.withdraw': 'consent.withdrawn',
  'organization.create': 'organization.created',
  'organization.update': 'organization.updated',
  'organization.delete': 'organization.deleted',
  'member.invite': 'member.invited',
  'member.join': 'member.joined',
  'member.role': 'member.role_changed',
  'member.remove': 'member.removed',
  'member.leave': 'member.left',
  'ownership.transfer': 'ownership.transferred',
  'record.create': 'record.created',
  'record.replace': 'record.replaced',
  'record.delete': 'record.deleted',
  'records.import': 'records.imported',
  'webhook.create': 'webhook.created',
  'webhook.update': 'webhook.updated',
  'webhook.rotate-secret': 'webhook.updated',
  'webhook.redeliver': 'webhook.updated',
  'webhook.disable': 'webhook.disabled',
  'webhook.delete': 'webhook.deleted',
  'export.create': 'export.created',
  'export.download': 'export.downloaded',
} as const;

/** An event that tells more than its action does. */
type SpecialEvent = 'user.suspended';
export type EventType = (typeof actions)[keyof typeof actions] | SpecialEvent;

/** The types of all events, each once. */
export const eventTypes: readonly EventType[] = [
  ...new Set<EventType>([...Object.values(actions), 'user.suspended']),
].sort();

type SubjectType =
  | 'User'
  | 'Session'
  | 'ApiToken'
  | 'Organization'
  | 'Share'
  | 'SigningKey'
  | 'OAuthClient'
  | 'Invitation'
  | 'Erasure'
  | 'DataRecord'
  | 'Webhook'
  | 'DataExport';

export interface Change {
  readonly action: keyof typeof actions;
  readonly subject: { readonly type: SubjectType; readonly id: string };
  /** The account that the event is about; the organization, for its own tokens and keys; else the subject itself. */
  readonly about: string;
  /** The organization that it concerns: its admins see it in their trail, and its webhooks are told. */
  readonly organizationId?: string | null;
  readonly changes?: FieldChanges;
  /** What others are told, where that is more than the action's own event. */
  readonly event?: SpecialEvent | undefined;
  /** The accounts that others are told of, besides: by id. */
  readonly accountIds?: readonly string[];
}

/** Each changed field with its value before and after. Values that nobody may read are `true`. */
export type FieldChanges = Readonly<
  Record<string, { before: Prisma.InputJsonValue | null; after: Prisma.InputJsonValue | null }>
>;

/** What something that was just made is: each value that it was given. */
export function creationOf(values: Readonly<Record<string, unknown>>): FieldChanges {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    given.map(([field, value]) => [
      field,
      { before: null, after: value instanceof Date ? value.toISOString() : value },
    ]),
  ) as FieldChanges;
}

/** An event as those hear of it who wait for one: what it is about, and its type. */
export interface ToldEvent {
  readonly subjectId: string;
  readonly type: string;
}

const recorded = new WeakMap<Transaction, ToldEvent[]>();

/** The events that a transaction has recorded. */
export const recordedIn = (tx: Transaction): readonly ToldEvent[] => recorded.get(tx) ?? [];

/** Tells who listens, and nobody else, when the transaction is committed: for progress that is no change of its own. */
export async function announce(tx: Transaction, event: ToldEvent): Promise<void> {
  recorded.set(tx, [...recordedIn(tx), event]);
  await tx.$executeRaw`SELECT pg_notify('usergraph_events', ${`${event.subjectId} ${event.type}`})`;
}

/** The account in whose trail a change stands; null where it is about none, as an OAuth2 client or an invitation is. */
function accountOf({ subject, about, organizationId }: Change): string | null {
  const isAccount = subject.type === 'User' || (about !== subject.id && about !== organizationId);
  return isAccount ? about : null;
}

/** Writes what happened, in the transaction in which it happens: the audit row, and the event for others. */
export function record(context: WorkContext, tx: Transaction, change: Change): Promise<void> {
  return recordAll(context, tx, [change]);
}

/** The same of many things that happened at once. */
export async function recordAll(
  context: WorkContext,
  tx: Transaction,
  changes: readonly Change[],
): Promise<void> {
  const occurredAt = context.now();
  for (let start = 0; start < changes.length; start += batchSize) {
    const batch = changes.slice(start, start + batchSize);
    await tx.auditEvent.createMany({ data: batch.map((change) => trailRow(context, change, occurredAt)) });
    await tx.outboxEvent.createMany({ data: batch.map((change) => eventRow(context, change, occurredAt)) });
  }
  const told = changes.map((change) => ({ subjectId: change.about, type: typeOf(change) }));
  recorded.set(tx, [...recordedIn(tx), ...told]);
}

/** Rows of one statement: each has about twenty parameters, of 65,535. */
const batchSize = 1_000;

const typeOf = ({ event, action }: Change): EventType => event ?? actions[action];

function trailRow(
  { actor, client, requestId, newId }: WorkContext,
  change: Change,
  occurredAt: Date,
): Prisma.AuditEventCreateManyInput {
  return {
    id: newId(),
    occurredAt,
    action: change.action,
    subjectType: change.subject.type,
    subjectId: change.subject.id,
    accountId: accountOf(change),
    organizationId: change.organizationId ?? null,
    actorId: actor.delegate?.id ?? actor.user?.id ?? null,
    onBehalfOfId: actor.delegate ? (actor.user?.id ?? null) : null,
    credentialKind: actor.credential.kind,
    credentialId: actor.credential.id,
    ...(change.changes && { changes: change.changes as Prisma.InputJsonObject }),
    ipAddress: client.ipAddress,
    userAgent: client.userAgent,
    requestId,
  };
}

function eventRow(
  { newId }: WorkContext,
  change: Change,
  occurredAt: Date,
): Prisma.OutboxEventCreateManyInput {
  return {
    id: newId(),
    type: typeOf(change),
    subjectId: change.about,
    organizationId: change.organizationId ?? null,
    payload: {
      id: change.subject.id,
      objectType: change.subject.type,
      fields: Object.keys(change.changes ?? {}),
      ...(change.accountIds && { accountIds: [...change.accountIds] }),
    },
    occurredAt,
  };
}
