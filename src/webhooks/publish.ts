/** Makes deliveries of the events that were committed. */
import type { WorkContext } from '../context.ts';
import { openOwners } from '../domain/erasure-owners.ts';
import { commit, type Transaction } from '../domain/transaction.ts';
import type { OutboxEvent, Webhook } from '../generated/prisma/client.ts';

/** So many that all their deliveries, to as many webhooks as there can be, fit into one statement. */
const batchSize = 100;

type Told = Pick<Webhook, 'id' | 'organizationId' | 'eventTypes' | 'ownsData' | 'disabledAt'>;
type Happened = Pick<OutboxEvent, 'id' | 'sequence' | 'type' | 'subjectId' | 'organizationId' | 'payload'>;

/**
 * Makes, for each event that has none yet, a delivery to each webhook that is told of it. Processes take turns: were the
 * events of an account published by two at once, a later one could be sent before an earlier one is known.
 */
export async function publishEvents(context: WorkContext): Promise<void> {
  for (;;) {
    const waiting = await context.prisma.outboxEvent.findFirst({
      where: { publishedAt: null },
      select: { id: true },
    });
    if (waiting === null) return;
    const published = await commit(context, (tx) => publishSome(context, tx));
    if (published < batchSize) return;
  }
}

async function publishSome(context: WorkContext, tx: Transaction): Promise<number> {
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtext('usergraph:publish'))`;
  const events: Happened[] = await tx.outboxEvent.findMany({
    where: { publishedAt: null },
    orderBy: { sequence: 'asc' },
    take: batchSize,
    select: { id: true, sequence: true, type: true, subjectId: true, organizationId: true, payload: true },
  });
  const receiversOf = await findReceivers(tx, events);
  const now = context.now();
  const deliveries = events.flatMap((event) =>
    receiversOf(event).map((webhookId) => {
      const { id: eventId, subjectId, sequence } = event;
      return {
        id: context.newId(),
        webhookId,
        eventId,
        subjectId,
        sequence,
        nextAttemptAt: now,
        createdAt: now,
      };
    }),
  );
  if (deliveries.length > 0) await tx.webhookDelivery.createMany({ data: deliveries, skipDuplicates: true });
  await tx.outboxEvent.updateMany({
    where: { id: { in: events.map(({ id }) => id) } },
    data: { publishedAt: now },
  });
  return events.length;
}

/**
 * Finds the ids of the webhooks that are told of each event. Those that an erasure waits for are told to erase even while
 * they are disabled: the delivery waits until they are enabled, since without it the erasure could never complete.
 */
async function findReceivers(
  tx: Transaction,
  events: readonly Happened[],
): Promise<(event: Happened) => string[]> {
  const erasureIds = events.map(erasureIdOf).filter((id) => id !== null);
  const owners = await openOwners(tx, erasureIds);
  const webhooks: Told[] = await tx.webhook.findMany({
    where: { OR: [{ disabledAt: null }, { id: { in: owners.map(({ webhookId }) => webhookId) } }] },
    select: { id: true, organizationId: true, eventTypes: true, ownsData: true, disabledAt: true },
  });
  return (event) => {
    const erasureId = erasureIdOf(event);
    const awaited = owners.filter((owner) => owner.erasureId === erasureId);
    return webhooks
      .filter(
        (webhook) => awaited.some(({ webhookId }) => webhookId === webhook.id) || isTold(webhook, event),
      )
      .map(({ id }) => id);
  };
}

const erasureIdOf = ({ type, payload }: Happened) =>
  type === 'erasure.requested' ? (payload as { id: string }).id : null;

/** An organization's webhook is told of the organization's own. Who owns data is told to erase, whatever else it asked for. */
function isTold(
  { organizationId, eventTypes, ownsData, disabledAt }: Told,
  event: Pick<Happened, 'type' | 'organizationId'>,
): boolean {
  if (disabledAt !== null) return false;
  if (organizationId !== null && organizationId !== event.organizationId) return false;
  if (ownsData && event.type === 'erasure.requested') return true;
  return eventTypes.length === 0 || eventTypes.includes(event.type);
}
