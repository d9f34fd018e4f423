import type { Context } from '../context.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { Transaction } from './transaction.ts';

/** Every action that is recorded, with the event that tells others of it. */
export const actions = {
  'user.create': 'user.created',
  'user.update': 'user.updated',
  'user.delete': 'user.deleted',
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
} as const;

type SubjectType =
  | 'User'
  | 'Session'
  | 'ApiToken'
  | 'Organization'
  | 'Share'
  | 'SigningKey'
  | 'OAuthClient'
  | 'Invitation';

export interface Change {
  readonly action: keyof typeof actions;
  readonly subject: { readonly type: SubjectType; readonly id: string };
  /** The account that the event is about; the organization, for its own tokens and keys; else the subject itself. */
  readonly about: string;
  /** The organization that it concerns: its admins see it in their trail, and its webhooks are told. */
  readonly organizationId?: string | null;
  readonly changes?: FieldChanges;
}

/** Each changed field with its value before and after. Values that nobody may read are `true`. */
export type FieldChanges = Readonly<
  Record<string, { before: Prisma.InputJsonValue | null; after: Prisma.InputJsonValue | null }>
>;

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

/** Writes what happened, in the transaction in which it happens: the audit row, and the event for others. */
export async function record(context: Context, tx: Transaction, change: Change): Promise<void> {
  const { actor, client, requestId } = context;
  const occurredAt = context.now();
  await tx.auditEvent.create({
    data: {
      id: context.newId(),
      occurredAt,
      action: change.action,
      subjectType: change.subject.type,
      subjectId: change.subject.id,
      accountId: change.about === change.organizationId ? null : change.about,
      organizationId: change.organizationId ?? null,
      actorId: actor.delegate?.id ?? actor.user?.id ?? null,
      onBehalfOfId: actor.delegate ? (actor.user?.id ?? null) : null,
      credentialKind: actor.credential.kind,
      credentialId: actor.credential.id,
      ...(change.changes && { changes: change.changes as Prisma.InputJsonObject }),
      ipAddress: client.ipAddress,
      userAgent: client.userAgent,
      requestId,
    },
    select: { id: true },
  });
  await tx.outboxEvent.create({
    data: {
      id: context.newId(),
      type: actions[change.action],
      subjectId: change.about,
      organizationId: change.organizationId ?? null,
      payload: {
        id: change.subject.id,
        objectType: change.subject.type,
        fields: Object.keys(change.changes ?? {}),
      },
      occurredAt,
    },
    select: { id: true },
  });
  recorded.set(tx, [...recordedIn(tx), { subjectId: change.about, type: actions[change.action] }]);
}
