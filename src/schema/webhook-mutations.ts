/** How webhooks are made, changed and deleted. */
import { deleteWebhook, rotateWebhookSecret, updateWebhook } from '../domain/webhook-changes.ts';
import { createWebhook, mostWebhooks, type WebhookWithSecret } from '../domain/webhooks.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { Webhook as WebhookRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { EventType } from './event-type.ts';
import { payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { Webhook } from './webhook.ts';

const urlDescription =
  'Where events are sent: https, at a public address; or in a network that the operator allows.';
const owningData =
  'Whether its program holds data of users: then it is told to erase them, and an erasure completes when it has said that it did.';
const whoMay =
  "For those who run the organization, with the scope `tokens:write`; for the operator's own, superusers with the scope `admin`.";

const CreateWebhookInput = builder.inputType('CreateWebhookInput', {
  description: 'A new webhook.',
  fields: (t) => ({
    organizationId: t.globalID({
      for: [Organization],
      description: `The organization, which you run, of whose own it is told; at most ${mostWebhooks} of each. Absent for one of the operator's, which is told of everything.`,
    }),
    name: t.string({ required: true, description: 'What it is for, 1 to 50 characters.' }),
    url: t.string({ required: true, description: urlDescription }),
    eventTypes: t.field({
      type: [EventType],
      description: 'What it is told of; of everything, when empty or absent.',
    }),
    ownsData: t.boolean({ description: `${owningData} No, when absent.` }),
  }),
});

const UpdateWebhookInput = builder.inputType('UpdateWebhookInput', {
  description: 'What to change of a webhook: an absent field keeps its value.',
  fields: (t) => ({
    name: t.string({ description: 'What it is for, 1 to 50 characters. Cannot be null.' }),
    url: t.string({ description: `${urlDescription} Cannot be null.` }),
    eventTypes: t.field({
      type: [EventType],
      description: 'What it is told of; of everything, when empty. Cannot be null.',
    }),
    ownsData: t.boolean({
      description: `${owningData} When it no longer does, no erasure waits for it. Cannot be null.`,
    }),
    isEnabled: t.boolean({
      description:
        'Whether it is sent anything. While it is disabled nothing is gathered for it; what it was to be sent before waits. Cannot be null.',
    }),
  }),
});

const webhookField = { type: Webhook, description: 'What is known of it.' } as const;

const withSecret = (
  name: 'CreateWebhookSuccess' | 'RotateWebhookSecretSuccess',
  texts: { description: string; secret: string },
) =>
  builder.objectRef<WebhookWithSecret>(name).implement({
    description: texts.description,
    fields: (t) => ({
      secret: t.exposeString('secret', { description: texts.secret }),
      webhook: t.field({ ...webhookField, resolve: ({ webhook }) => webhook }),
    }),
  });

const CreateWebhookSuccess = withSecret('CreateWebhookSuccess', {
  description: 'The webhook is made, and told of what happens from now on.',
  secret:
    'What it verifies signatures with: `whsec_…`, for any library of Standard Webhooks. Shown this once.',
});
const RotateWebhookSecretSuccess = withSecret('RotateWebhookSecretSuccess', {
  description: 'The webhook has a new secret. For 24 hours, what it is sent is signed with the old one, too.',
  secret: 'The new secret: `whsec_…`. Shown this once.',
});

const UpdateWebhookSuccess = builder.objectRef<{ webhook: WebhookRow }>('UpdateWebhookSuccess').implement({
  description: 'The webhook is changed.',
  fields: (t) => ({ webhook: t.field({ ...webhookField, resolve: ({ webhook }) => webhook }) }),
});

const DeleteWebhookSuccess = builder.objectRef<{ webhookId: string }>('DeleteWebhookSuccess').implement({
  description: 'The webhook is gone, with what it was to be sent. No erasure waits for it any more.',
  fields: (t) => ({
    webhookId: t.globalID({
      description: 'The global id that the webhook had.',
      resolve: ({ webhookId }) => ({ type: 'Webhook', id: webhookId }) as never,
    }),
  }),
});

builder.mutationFields((t) => {
  const id = t.arg.globalID({ for: [Webhook], required: true, description: 'The webhook.' });
  return {
    createWebhook: t.field({
      type: CreateWebhookSuccess,
      description: `Has events sent to a URL. ${whoMay}`,
      errors: {
        types: [InvalidInputError, NotFoundError],
        union: { description: 'What came of `createWebhook`.' },
      },
      args: {
        input: t.arg({ type: CreateWebhookInput, required: true, description: 'The webhook to make.' }),
      },
      resolve: (_root, { input: { organizationId, ...input } }, context, info) =>
        createWebhook(
          context,
          { ...input, organizationId: organizationId?.id },
          payloadQuery(context, info, 'CreateWebhookSuccess', 'webhook'),
        ),
    }),
    updateWebhook: t.field({
      type: UpdateWebhookSuccess,
      description: `Changes a webhook, disables it or enables it again. ${whoMay}`,
      errors: {
        types: [InvalidInputError, NotFoundError],
        union: { description: 'What came of `updateWebhook`.' },
      },
      args: {
        id,
        input: t.arg({ type: UpdateWebhookInput, required: true, description: 'What to change.' }),
      },
      resolve: async (_root, { id, input }, context, info) => ({
        webhook: await updateWebhook(
          context,
          { id: id.id, input },
          payloadQuery(context, info, 'UpdateWebhookSuccess', 'webhook'),
        ),
      }),
    }),
    rotateWebhookSecret: t.field({
      type: RotateWebhookSecretSuccess,
      description: `Gives a webhook a new secret. ${whoMay}`,
      errors: { types: [NotFoundError], union: { description: 'What came of `rotateWebhookSecret`.' } },
      args: { id },
      resolve: (_root, { id }, context, info) =>
        rotateWebhookSecret(
          context,
          id.id,
          payloadQuery(context, info, 'RotateWebhookSecretSuccess', 'webhook'),
        ),
    }),
    deleteWebhook: t.field({
      type: DeleteWebhookSuccess,
      description: `Deletes a webhook. ${whoMay}`,
      errors: { types: [NotFoundError], union: { description: 'What came of `deleteWebhook`.' } },
      args: { id },
      resolve: async (_root, { id }, context) => ({ webhookId: await deleteWebhook(context, id.id) }),
    }),
  };
});
