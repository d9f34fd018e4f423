/** What others' rows and the trail say of accounts that go: forgotten, while what happened stays. */

import { batchSize } from './erasure-inventory.ts';
import { encodeId } from './ids.ts';
import type { Transaction } from './transaction.ts';

type Rows = Promise<number>;

/**
 * Forgets a batch of what the trail says of the accounts: the values of what is about them, and where they were when they
 * acted. Who has a new password sent, or refreshes a session, has not said who it is. @returns how many rows it changed
 */
export async function redactBatch(tx: Transaction, ids: readonly string[]): Rows {
  const values = await tx.$executeRaw`
    UPDATE audit_events SET changes = NULL, changes_salt = NULL WHERE id IN (
      SELECT id FROM audit_events
      WHERE (account_id = ANY (${ids}::uuid[]) OR subject_id = ANY (${ids}::uuid[])) AND changes_salt IS NOT NULL
      LIMIT ${batchSize})`;
  const origins = await tx.$executeRaw`
    UPDATE audit_events SET ip_address = NULL, user_agent = NULL, origin_salt = NULL WHERE id IN (
      SELECT id FROM audit_events
      WHERE (actor_id = ANY (${ids}::uuid[])
          OR (actor_id IS NULL AND (account_id = ANY (${ids}::uuid[]) OR subject_id = ANY (${ids}::uuid[]))))
        AND origin_salt IS NOT NULL
      LIMIT ${batchSize})`;
  return Math.max(values, origins);
}

/** Forgets who of the accounts made what belongs to others, and the answers that are kept for their requests, or name one. */
export async function forgetMentions(tx: Transaction, ids: readonly string[]): Promise<void> {
  const byThem = { where: { createdById: { in: [...ids] } }, data: { createdById: null } };
  await tx.invitation.updateMany(byThem);
  await tx.apiToken.updateMany(byThem);
  await tx.oAuthClient.updateMany(byThem);
  await tx.webhook.updateMany(byThem);
  // Their links to what others are end with them.
  await tx.dataExport.deleteMany({ where: { requestedById: { in: [...ids] } } });
  await tx.idempotentAnswer.deleteMany({ where: { actorId: { in: [...ids] } } });
  await forgetAnswers(tx, ids);
}

/**
 * Empties the answers that are kept for others and name one of the accounts. Their keys stay until they are over, so that
 * a request which comes again makes nothing a second time.
 */
export async function forgetAnswers(tx: Transaction, ids: readonly string[]): Promise<void> {
  const names = ids.flatMap((id) => [`%${id}%`, `%${encodeId('User', id)}%`]);
  await tx.$executeRaw`
    UPDATE idempotent_answers SET request_hash = ''::bytea, headers = '{}'::jsonb, body = ''
    WHERE actor_id <> ALL (${ids}::uuid[])
      AND (body ILIKE ANY (${names}::text[]) OR headers::text ILIKE ANY (${names}::text[]))`;
}
