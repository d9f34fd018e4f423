/** How a webhook that owns data takes part in an erasure: it is told to erase, and says when it has. */
import type { WorkContext } from '../context.ts';
import { acknowledgeErasure, acknowledgementUrl } from '../domain/erasure-owners.ts';
import type { OutboxEvent } from '../generated/prisma/client.ts';
import type { Outcome } from './send.ts';

export interface ErasureRequest {
  /** Where it says later that it has erased. */
  readonly acknowledgeUrl: string;
  answered(outcome: Outcome): Promise<void>;
}

/** The erasure that an event asks this webhook to take part in; null for any other event, and for who owns no data. */
export async function findErasureRequest(
  context: WorkContext,
  { webhookId, event }: { webhookId: string; event: OutboxEvent },
): Promise<ErasureRequest | null> {
  if (event.type !== 'erasure.requested') return null;
  const { id: erasureId } = event.payload as { id: string };
  const which = { erasureId, webhookId };
  const owner = await context.prisma.erasureOwner.findUnique({
    where: { erasureId_webhookId: which },
    select: { withdrawnAt: true },
  });
  if (owner === null || owner.withdrawnAt !== null) return null;
  return {
    acknowledgeUrl: acknowledgementUrl(context, which),
    /** 202 means that it is on its way: that is said later. */
    async answered({ status }) {
      if (status === 200 || status === 204) await acknowledgeErasure(context, which);
    },
  };
}
