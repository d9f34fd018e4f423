/** What a webhook is sent: an event, signed to the Standard Webhooks specification. */
import { Webhook as Signer } from 'standardwebhooks';
import type { WorkContext } from '../context.ts';
import { signingSecrets } from '../domain/webhook-secrets.ts';
import type { OutboxEvent } from '../generated/prisma/client.ts';
import { version } from '../version.ts';
import type { Claim } from './claims.ts';
import { type ErasureRequest, findErasureRequest } from './erasure-requests.ts';
import type { Outcome, Outgoing } from './send.ts';

export interface Message {
  /** Null where the secret to sign with was sealed by another secret of the server than it has now. */
  readonly outgoing: Outgoing | null;
  /** Does what follows from the answer, before it is noted. */
  answered(outcome: Outcome): Promise<void>;
}

/** The message of a delivery as it is to be sent now; null when there is nothing to send any more. */
export async function composeMessage(context: WorkContext, claim: Claim): Promise<Message | null> {
  const delivery = await context.prisma.webhookDelivery.findUnique({
    where: { id: claim.id },
    select: { event: true, webhook: { select: { id: true, url: true, encryptedSecret: true } } },
  });
  if (delivery === null) return null;
  const { event, webhook } = delivery;
  const request = await findErasureRequest(context, { webhookId: webhook.id, event });
  const body = bodyOf(event, request);
  const signature = signatureHeaders(context, { ...webhook, eventId: event.id, body });
  const headers = {
    'content-type': 'application/json',
    'user-agent': `Usergraph/${version}`,
    ...signature,
  };
  return {
    outgoing: signature && { url: webhook.url, headers, body },
    answered: async (outcome) => request?.answered(outcome),
  };
}

/** Ids and names of fields: what happened to whom is for the receiver to ask, as far as it may. */
function bodyOf(event: OutboxEvent, request: ErasureRequest | null): string {
  return JSON.stringify({
    type: event.type,
    timestamp: event.occurredAt.toISOString(),
    data: {
      subjectId: event.subjectId,
      ...(event.payload as object),
      ...(request && { acknowledgeUrl: request.acknowledgeUrl }),
    },
  });
}

/** The same id at each attempt, by which a receiver knows what it has had already. */
function signatureHeaders(
  context: WorkContext,
  {
    id,
    encryptedSecret,
    eventId,
    body,
  }: { id: string; encryptedSecret: Uint8Array; eventId: string; body: string },
): Record<string, string> | null {
  const now = context.now();
  const signatures = signingSecrets(context, id, encryptedSecret)?.map((secret) =>
    new Signer(secret).sign(eventId, now, body),
  );
  return signatures === undefined
    ? null
    : {
        'webhook-id': eventId,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': signatures.join(' '),
      };
}
