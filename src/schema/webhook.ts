import type { EventType as Type } from '../domain/audit.ts';
import { runsOrganization } from '../domain/policy.ts';
import { listWebhooks, mostWebhooks } from '../domain/webhooks.ts';
import { builder } from './builder.ts';
import { defineConnection, pageArgs, pageComplexity, relatedPage } from './connection.ts';
import { EventType } from './event-type.ts';
import { connectionQuery } from './node-query.ts';
import { Organization } from './organization.ts';

export const Webhook = builder.prismaObject('Webhook', {
  description:
    'Where events are sent to: each at least once, signed to the Standard Webhooks specification, and in order for each account. It is told what happened to whom by id, and no personal data.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the webhook, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'Webhook', id }) as never,
    }),
    name: t.exposeString('name'),
    url: t.exposeString('url'),
    eventTypes: t.field({
      type: [EventType],
      description: 'What it is told of; of everything, when empty.',
      select: { eventTypes: true },
      resolve: ({ eventTypes }) => eventTypes as Type[],
    }),
    ownsData: t.exposeBoolean('ownsData'),
    isEnabled: t.boolean({
      description: 'Whether it is sent anything. One that answers 410 is disabled by itself.',
      select: { disabledAt: true },
      resolve: ({ disabledAt }) => disabledAt === null,
    }),
    organization: t.relation('organization', {
      nullable: true,
      description: "Whose it is; null for one of the operator's, which is told of everything.",
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    disabledAt: t.expose('disabledAt', { type: 'DateTime', nullable: true }),
  }),
});

const WebhookConnection = defineConnection('Webhook', { type: Webhook, of: 'webhooks' });

builder.prismaObjectField(Organization, 'webhooks', (t) =>
  t.field(
    relatedPage(
      {
        relation: 'webhooks',
        order: { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' },
        nodeType: 'Webhook',
        visible: ({ actor }, { id }: { id: string }) =>
          runsOrganization(actor, id) && actor.scopes.has('tokens:write'),
      },
      {
        type: WebhookConnection,
        description: `Where it is told of its own, newest first: at most ${mostWebhooks}. Empty for those who do not run it.`,
      },
    ),
  ),
);

builder.queryField('webhooks', (t) =>
  t.field({
    type: WebhookConnection,
    description:
      "The operator's webhooks, which are told of everything, newest first. For superusers; needs the scope `admin`.",
    args: pageArgs(),
    complexity: pageComplexity,
    resolve: (_root, page, context, info) =>
      listWebhooks(context, page, connectionQuery(context, info, 'Webhook')),
  }),
);
