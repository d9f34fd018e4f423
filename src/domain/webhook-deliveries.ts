/** What was sent to webhooks, and how it went. */
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { Prisma, WebhookDelivery } from '../generated/prisma/client.ts';
import { requireCaller } from './caller.ts';
import { transact } from './transaction.ts';
import { lockWebhook, recordWebhook } from './webhooks.ts';

export interface WebhookDeliveryQuery {
  readonly select?: Prisma.WebhookDeliverySelect;
  readonly include?: Prisma.WebhookDeliveryInclude;
}

/** Has a delivery made again from the first attempt on, now; one that is just being made is left at that. */
export async function redeliverWebhook(
  context: Context,
  id: string,
  query: WebhookDeliveryQuery,
): Promise<WebhookDelivery> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const delivery = await tx.webhookDelivery.findUnique({
      where: { id },
      select: { webhookId: true },
    });
    if (delivery === null) throw new NotFoundError(['id']);
    const webhook = await lockWebhook(context, tx, delivery.webhookId);
    const now = context.now();
    const { count } = await tx.webhookDelivery.updateMany({
      where: { id, OR: [{ leasedUntil: null }, { leasedUntil: { lte: now } }] },
      data: {
        status: 'PENDING',
        attempts: 0,
        nextAttemptAt: now,
        leasedUntil: null,
        lastStatus: null,
        lastError: null,
        deliveredAt: null,
      },
    });
    if (count > 0) await recordWebhook(context, tx, webhook, 'webhook.redeliver');
    return (await tx.webhookDelivery.findUniqueOrThrow({
      where: { id },
      ...query,
    })) as WebhookDelivery;
  });
}
