/** How webhooks change, get new secrets, and go. */
import type { Context } from '../context.ts';
import type { Webhook } from '../generated/prisma/client.ts';
import type { FieldChanges } from './audit.ts';
import { requireCaller } from './caller.ts';
import { withdrawOwner } from './erasure-owners.ts';
import { parseInput, updateWebhookInput } from './input.ts';
import { type Transaction, transact } from './transaction.ts';
import { issueWebhookSecret, sealWebhookSecret } from './webhook-secrets.ts';
import {
  changesOf,
  lockWebhook,
  recordWebhook,
  urlProblems,
  type WebhookQuery,
  type WebhookWithSecret,
} from './webhooks.ts';

/** Changes a webhook: absent keeps. */
export async function updateWebhook(
  context: Context,
  { id, input }: { id: string; input: Record<string, unknown> },
  query: WebhookQuery,
): Promise<Webhook> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const row = await lockWebhook(context, tx, id);
    const { url, ...rest } = parseInput(updateWebhookInput, input, {
      also: urlProblems(context, input.url),
    });
    const update = { ...rest, ...(url !== undefined && { url: new URL(url).href }) };
    const changes = changesOf({ ...row, isEnabled: row.disabledAt === null }, update);
    if (Object.keys(changes).length > 0) {
      await writeWebhook(context, tx, { id, changes });
      if (changes.ownsData?.after === false) await withdrawOwner(context, tx, id);
      await recordWebhook(context, tx, row, 'webhook.update', changes);
    }
    return (await tx.webhook.findUniqueOrThrow({ where: { id }, ...query })) as Webhook;
  });
}

async function writeWebhook(
  { now }: Context,
  tx: Transaction,
  { id, changes: { isEnabled, ...columns } }: { id: string; changes: FieldChanges },
): Promise<void> {
  const data = Object.fromEntries(Object.entries(columns).map(([column, { after }]) => [column, after]));
  const disabledAt = isEnabled?.after === true ? null : now();
  await tx.webhook.update({
    where: { id },
    data: { ...data, ...(isEnabled && { disabledAt }), updatedAt: now() },
    select: { id: true },
  });
}

/** Gives a webhook a new secret. For a day, deliveries are signed with both, so that its program can change over. */
export async function rotateWebhookSecret(
  context: Context,
  id: string,
  query: WebhookQuery,
): Promise<WebhookWithSecret> {
  requireCaller(context);
  const secret = issueWebhookSecret(context.randomBytes);
  const webhook = await transact(context, async (tx) => {
    const row = await lockWebhook(context, tx, id);
    const encryptedSecret = sealWebhookSecret(context, id, { secret, before: row.encryptedSecret });
    await tx.webhook.update({
      where: { id },
      data: { encryptedSecret, updatedAt: context.now() },
      select: { id: true },
    });
    const changes = { secret: { before: true, after: true } };
    await recordWebhook(context, tx, row, 'webhook.rotate-secret', changes);
    return (await tx.webhook.findUniqueOrThrow({ where: { id }, ...query })) as Webhook;
  });
  return { webhook, secret };
}

/** Deletes a webhook with its deliveries. No erasure waits for it any more. */
export async function deleteWebhook(context: Context, id: string): Promise<string> {
  requireCaller(context);
  await transact(context, async (tx) => {
    const row = await lockWebhook(context, tx, id);
    await withdrawOwner(context, tx, id);
    await tx.webhook.delete({ where: { id }, select: { id: true } });
    await recordWebhook(context, tx, row, 'webhook.delete');
  });
  return id;
}
