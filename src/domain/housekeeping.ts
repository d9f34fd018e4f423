/** Forgets what is over: nothing can be done with it any more, and addresses and programs stand in it. */
import type { Context } from '../context.ts';
import { day } from '../durations.ts';

/** Ended sessions are kept this long, in days, for whoever looks into a misuse. */
export const endedSessionDays = 30;
/** Used refresh tokens are kept this long, in days, to tell when one comes again. */
export const usedTokenDays = 7;
/** Codes and invitations that are over are kept this long, in days. */
export const endedCodeDays = 1;
/** Events are kept this long, in days, with their deliveries, after those were made of them. */
export const publishedEventDays = 30;

/** Deletes sessions, codes and invitations that have been over for a while, and kept answers that are. @returns how many rows went */
export async function forgetEnded({ prisma, now }: Pick<Context, 'prisma' | 'now'>): Promise<number> {
  const before = (days: number) => new Date(now().getTime() - days * day);
  const sessionsBefore = before(endedSessionDays);
  const codesBefore = before(endedCodeDays);
  const isOver = { where: { expiresAt: { lt: codesBefore } } };
  const deleted = [
    await prisma.session.deleteMany({
      where: { OR: [{ expiresAt: { lt: sessionsBefore } }, { revokedAt: { lt: sessionsBefore } }] },
    }),
    await prisma.refreshToken.deleteMany({ where: { usedAt: { lt: before(usedTokenDays) } } }),
    await prisma.authorizationCode.deleteMany(isOver),
    await prisma.deviceAuthorization.deleteMany(isOver),
    await prisma.challenge.deleteMany(isOver),
    await prisma.invitation.deleteMany(isOver),
    await prisma.dataExport.deleteMany({ where: { expiresAt: { lt: sessionsBefore } } }),
    await prisma.idempotentAnswer.deleteMany({ where: { expiresAt: { lte: now() } } }),
  ];
  const events = await forgetEvents(prisma, before(publishedEventDays));
  return deleted.reduce((sum, { count }) => sum + count, events);
}

/**
 * Deletes events with their deliveries, but not while one is to be sent, and not the request to erase while an owner has
 * not answered it: where that was given up or the webhook is disabled, it must be possible to send it again.
 */
function forgetEvents(prisma: Context['prisma'], publishedBefore: Date): Promise<number> {
  return prisma.$executeRaw`
    DELETE FROM outbox_events e
    WHERE e.published_at < ${publishedBefore}::timestamptz
      AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
        WHERE d.event_id = e.id AND d.status = 'PENDING' AND w.disabled_at IS NULL)
      AND NOT (e.type = 'erasure.requested' AND EXISTS (
        SELECT 1 FROM erasures r JOIN erasure_owners o ON o.erasure_id = r.id
        WHERE r.user_id = e.subject_id AND o.acknowledged_at IS NULL AND o.withdrawn_at IS NULL))`;
}
