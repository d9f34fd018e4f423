/** Which delivery comes next: the oldest of an account that is not over yet, and no other until it is. */
import type { WorkContext } from '../context.ts';
import { Prisma } from '../generated/prisma/client.ts';

/** How long a process has a delivery for itself, in milliseconds: much longer than sending takes. */
const lease = 60_000;

/** A delivery that this process has for itself. */
export interface Claim {
  readonly id: string;
  readonly webhookId: string;
  readonly subjectId: string;
  readonly attempts: number;
  /** Tells this claim from a later one. */
  readonly leasedUntil: Date;
}

/** Due, in nobody's hands, and not behind another one of the same account to the same webhook. */
const isNext = (now: Date) => Prisma.sql`
  d.status = 'PENDING' AND d.next_attempt_at <= ${now}::timestamptz
  AND (d.leased_until IS NULL OR d.leased_until <= ${now}::timestamptz)
  AND EXISTS (SELECT 1 FROM webhooks w WHERE w.id = d.webhook_id AND w.disabled_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM webhook_deliveries e
    WHERE e.webhook_id = d.webhook_id AND e.subject_id = d.subject_id AND e.status = 'PENDING' AND e.id <> d.id
      AND (e.sequence < d.sequence OR e.leased_until > ${now}::timestamptz)
  )`;

/** The webhooks that something is due for. */
export async function webhooksWithDue({ prisma, now }: WorkContext): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT d.webhook_id::text AS id FROM webhook_deliveries d WHERE ${isNext(now())}`;
  return rows.map(({ id }) => id);
}

/** Takes the delivery that comes next, so that no other process does; null when none is due. */
export async function claimNext({ prisma, now }: WorkContext, webhookId: string): Promise<Claim | null> {
  const at = now();
  const leasedUntil = new Date(at.getTime() + lease);
  const [claim] = await prisma.$queryRaw<Omit<Claim, 'leasedUntil'>[]>`
    WITH next AS (
      SELECT d.id FROM webhook_deliveries d WHERE d.webhook_id = ${webhookId}::uuid AND ${isNext(at)}
      ORDER BY d.next_attempt_at, d.sequence LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE webhook_deliveries d
    SET leased_until = ${leasedUntil}::timestamptz, attempted_at = ${at}::timestamptz, attempts = d.attempts + 1
    FROM next WHERE d.id = next.id
    RETURNING d.id::text, d.webhook_id::text AS "webhookId", d.subject_id::text AS "subjectId", d.attempts`;
  return claim === undefined ? null : { ...claim, leasedUntil };
}
