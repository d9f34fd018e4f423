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
  'token.create': 'token.created',
  'token.revoke': 'token.revoked',
} as const;

export interface Change {
  readonly action: keyof typeof actions;
  readonly subject: { readonly type: 'User' | 'Session' | 'ApiToken' | 'Organization'; readonly id: string };
  /** The account that the event is about; the organization, for its own tokens. */
  readonly about: string;
  readonly organizationId?: string | null;
  readonly changes?: FieldChanges;
}

/** Each changed field with its value before and after. Values that nobody may read are `true`. */
export type FieldChanges = Readonly<
  Record<string, { before: Prisma.InputJsonValue | null; after: Prisma.InputJsonValue | null }>
>;

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
      organizationId: change.organizationId ?? null,
      actorId: actor.user?.id ?? null,
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
      payload: { id: change.subject.id, fields: Object.keys(change.changes ?? {}) },
      occurredAt,
    },
    select: { id: true },
  });
}
