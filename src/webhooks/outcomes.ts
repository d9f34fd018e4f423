/** What becomes of a delivery after an attempt. */
import type { WorkContext } from '../context.ts';
import { record } from '../domain/audit.ts';
import { commit, type Transaction } from '../domain/transaction.ts';
import { hour, minute, second } from '../durations.ts';
import type { Claim } from './claims.ts';
import type { Outcome } from './send.ts';

/** How long after a failed attempt the next one is made; after the last of them there is none. */
export const backOff = [
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  24 * hour,
] as const;
/** How much later it may be made, so that what failed together does not come again together. */
const jitter = 0.1;

const isSuccess = ({ status }: Outcome) => status !== null && status >= 200 && status < 300;

/** Notes how an attempt ended, unless the delivery is in other hands by now. */
export async function noteOutcome(context: WorkContext, claim: Claim, outcome: Outcome): Promise<void> {
  if (isSuccess(outcome)) return noteSuccess(context, claim, outcome);
  await commit(context, async (tx) => {
    if (outcome.status === 410) await disableWebhook(context, tx, claim.webhookId);
    await noteFailure(context, tx, claim, outcome);
  });
}

const whileClaimed = ({ id, leasedUntil }: Claim) => ({ id, status: 'PENDING' as const, leasedUntil });

async function noteSuccess({ prisma, now }: WorkContext, claim: Claim, outcome: Outcome): Promise<void> {
  await prisma.webhookDelivery.updateMany({
    where: whileClaimed(claim),
    data: {
      status: 'DELIVERED',
      leasedUntil: null,
      lastStatus: outcome.status,
      lastError: null,
      deliveredAt: now(),
    },
  });
}

async function noteFailure(
  context: WorkContext,
  tx: Transaction,
  claim: Claim,
  outcome: Outcome,
): Promise<void> {
  const wait = outcome.status === 410 ? undefined : backOff[claim.attempts - 1];
  const nextAttemptAt = wait === undefined ? undefined : laterBy(context, wait);
  const { count } = await tx.webhookDelivery.updateMany({
    where: whileClaimed(claim),
    data: {
      leasedUntil: null,
      lastStatus: outcome.status,
      lastError: outcome.status === null ? outcome.reason : `answered ${outcome.status}`,
      ...(nextAttemptAt ? { nextAttemptAt } : { status: 'DEAD' as const }),
    },
  });
  if (count === 0 || nextAttemptAt === undefined) return;
  const { webhookId, subjectId } = claim;
  // What waits behind it is not due before it is: so it is not looked at again and again meanwhile.
  await tx.webhookDelivery.updateMany({
    where: { webhookId, subjectId, status: 'PENDING', nextAttemptAt: { lt: nextAttemptAt } },
    data: { nextAttemptAt },
  });
  await context.jobs.enqueue(tx, 'deliveries', { webhookId }, { startAfter: nextAttemptAt });
}

function laterBy({ now, randomBytes }: WorkContext, wait: number): Date {
  const [random = 0] = randomBytes(1);
  return new Date(now().getTime() + Math.round(wait * (1 + (jitter * random) / 255)));
}

/** Gives a delivery back that was interrupted: another process can make it at once. */
export async function giveBack({ prisma }: WorkContext, claim: Claim): Promise<void> {
  await prisma.webhookDelivery.updateMany({ where: whileClaimed(claim), data: { leasedUntil: null } });
}

/** A webhook that says that it is gone is sent nothing any more. */
async function disableWebhook(context: WorkContext, tx: Transaction, id: string): Promise<void> {
  const { count } = await tx.webhook.updateMany({
    where: { id, disabledAt: null },
    data: { disabledAt: context.now(), updatedAt: context.now() },
  });
  if (count === 0) return;
  const { organizationId } = await tx.webhook.findUniqueOrThrow({
    where: { id },
    select: { organizationId: true },
  });
  await record(context, tx, {
    action: 'webhook.disable',
    subject: { type: 'Webhook', id },
    about: organizationId ?? id,
    organizationId,
  });
}
