import { redeliverWebhook } from '../domain/webhook-deliveries.ts';
import { NotFoundError } from '../errors.ts';
import type { WebhookDelivery as WebhookDeliveryRow } from '../generated/prisma/client.ts';
import type { DeliveryStatus as Status } from '../generated/prisma/enums.ts';
import { builder } from './builder.ts';
import { defineConnection, relatedPage } from './connection.ts';
import { EventType } from './event-type.ts';
import { payloadQuery } from './node-query.ts';
import { Webhook } from './webhook.ts';

const DeliveryStatus = builder.enumType('DeliveryStatus', {
  description: 'Where the delivery of an event to a webhook is.',
  values: {
    PENDING: { description: 'To be tried, for the first time or again.' },
    DELIVERED: { description: 'The webhook took it.' },
    DEAD: { description: 'Given up: it is not tried again unless `redeliverWebhook` asks for it.' },
  } as const,
});

const WebhookDelivery = builder.prismaObject('WebhookDelivery', {
  description: 'One event on its way to one webhook. Kept for 30 days.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the delivery, for `redeliverWebhook`; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'WebhookDelivery', id }) as never,
    }),
    eventId: t.field({
      type: 'UUID',
      description:
        'The id of the event, which the webhook is sent as `webhook-id`: the same at each attempt.',
      select: { eventId: true },
      resolve: ({ eventId }) => eventId,
    }),
    eventType: t.field({
      type: EventType,
      description: 'What happened.',
      select: { event: { select: { type: true } } },
      resolve: ({ event }) => event.type as never,
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When it happened.',
      select: { event: { select: { occurredAt: true } } },
      resolve: ({ event }) => event.occurredAt,
    }),
    subjectId: t.field({
      type: 'UUID',
      description: 'What it is about: an account, as a rule. Events about the same are delivered in order.',
      select: { subjectId: true },
      resolve: ({ subjectId }) => subjectId,
    }),
    status: t.expose('status', { type: DeliveryStatus }),
    attempts: t.exposeInt('attempts'),
    nextAttemptAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried next, if nothing before it is in the way. Null once it is over.',
      select: { nextAttemptAt: true, status: true },
      resolve: ({ nextAttemptAt, status }) => (status === 'PENDING' ? nextAttemptAt : null),
    }),
    lastStatus: t.exposeInt('lastStatus', { nullable: true }),
    lastError: t.exposeString('lastError', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    attemptedAt: t.expose('attemptedAt', { type: 'DateTime', nullable: true }),
    deliveredAt: t.expose('deliveredAt', { type: 'DateTime', nullable: true }),
  }),
});

const WebhookDeliveryConnection = defineConnection('WebhookDelivery', {
  type: WebhookDelivery,
  of: 'deliveries',
});

builder.prismaObjectField(Webhook, 'deliveries', (t) =>
  t.field(
    relatedPage(
      {
        relation: 'deliveries',
        order: { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' },
        nodeType: 'WebhookDelivery',
        where: (_context, { status }: { status?: Status | null }) => (status ? { status } : {}),
      },
      {
        type: WebhookDeliveryConnection,
        description: 'What it was sent and is to be sent, newest first.',
        args: {
          status: t.arg({
            type: DeliveryStatus,
            description: 'Those that are there; all of them when absent.',
          }),
        },
      },
    ),
  ),
);

const RedeliverWebhookSuccess = builder
  .objectRef<{ delivery: WebhookDeliveryRow }>('RedeliverWebhookSuccess')
  .implement({
    description: 'The delivery is to be made again, now.',
    fields: (t) => ({
      delivery: t.field({
        type: WebhookDelivery,
        description: 'The delivery.',
        resolve: ({ delivery }) => delivery,
      }),
    }),
  });

builder.mutationField('redeliverWebhook', (t) =>
  t.field({
    type: RedeliverWebhookSuccess,
    description:
      'Sends an event to a webhook again, whether it took it, or it was given up, or it still waits. Who may manage the webhook may do so.',
    errors: { types: [NotFoundError], union: { description: 'What came of `redeliverWebhook`.' } },
    args: {
      id: t.arg.globalID({ for: [WebhookDelivery], required: true, description: 'The delivery.' }),
    },
    resolve: async (_root, { id }, context, info) => ({
      delivery: await redeliverWebhook(
        context,
        id.id,
        payloadQuery(context, info, 'RedeliverWebhookSuccess', 'delivery'),
      ),
    }),
  }),
);
