/** Those downstream who hold data of users, too: an erasure is complete when each of them says that it has erased. */
import { timingSafeEqual } from 'node:crypto';
import type { Context, WorkContext } from '../context.ts';
import { InvalidCodeError, NotFoundError } from '../errors.ts';
import type { Erasure } from '../generated/prisma/client.ts';
import { announce } from './audit.ts';
import type { ErasureQuery } from './erasure.ts';
import { isUuid } from './ids.ts';
import { commit, type Transaction } from './transaction.ts';

interface Participation {
  readonly erasureId: string;
  readonly webhookId: string;
}

/** Notes who must erase, too: the operator's webhooks that own data, and those of the organizations whose accounts go. */
export async function appointOwners(
  context: WorkContext,
  tx: Transaction,
  { id: erasureId, accountIds }: Pick<Erasure, 'id' | 'accountIds'>,
): Promise<void> {
  // Locked, so that one which is deleted at this moment is either not there, or withdrawn with its row.
  const webhooks = await tx.$queryRaw<{ id: string; name: string }[]>`
    SELECT id, name FROM webhooks
    WHERE owns_data AND disabled_at IS NULL AND (organization_id IS NULL OR organization_id IN (
      SELECT organization_id FROM users WHERE id = ANY (${accountIds}::uuid[]) AND organization_id IS NOT NULL))
    ORDER BY created_at, id FOR SHARE`;
  await tx.erasureOwner.createMany({
    data: webhooks.map(({ id, name }) => ({
      id: context.newId(),
      erasureId,
      webhookId: id,
      name,
      toldAt: context.now(),
    })),
  });
}

/** Those of these erasures who have neither said that they erased, nor were taken away. */
export function openOwners(tx: Transaction, erasureIds: readonly string[]): Promise<Participation[]> {
  return tx.erasureOwner.findMany({
    where: { erasureId: { in: [...erasureIds] }, acknowledgedAt: null, withdrawnAt: null },
    select: { erasureId: true, webhookId: true },
  });
}

/** Notes that an owner has erased. Saying so again changes nothing. @throws {NotFoundError} where it takes no part */
export async function acknowledgeErasure(context: WorkContext, which: Participation): Promise<void> {
  await commit(context, async (tx) => {
    const owner = await tx.erasureOwner.findUnique({
      where: { erasureId_webhookId: which },
      select: { id: true, erasure: { select: { userId: true } } },
    });
    if (owner === null) throw new NotFoundError(['erasureId']);
    const { count } = await tx.erasureOwner.updateMany({
      where: { id: owner.id, acknowledgedAt: null, withdrawnAt: null },
      data: { acknowledgedAt: context.now() },
    });
    if (count > 0) await goOn(context, tx, { id: which.erasureId, userId: owner.erasure.userId });
  });
}

/** Where an owner says later that it has erased. Whoever has the URL can say so for that owner, and do nothing else. */
export function acknowledgementUrl(
  context: Pick<WorkContext, 'sealing' | 'issuer'>,
  which: Participation,
): string {
  const proof = proofOf(context, which).toString('base64url');
  const query = new URLSearchParams({ webhook: which.webhookId, proof });
  return `${context.issuer}/v1/erasures/${which.erasureId}/acknowledgements?${query}`;
}

/** Takes the word of an owner by the proof that it was sent. @throws {InvalidCodeError} for any other */
export async function acknowledgeByProof(
  context: Context,
  { proof, ...which }: Participation & { readonly proof: string },
  query: ErasureQuery,
): Promise<Erasure> {
  const given = Buffer.from(proof, 'base64url');
  const wanted = proofOf(context, which);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted) || !isUuid(which.webhookId))
    throw new InvalidCodeError(['proof']);
  await acknowledgeErasure(context, which);
  return (await context.prisma.erasure.findUniqueOrThrow({
    where: { id: which.erasureId },
    ...query,
  })) as Erasure;
}

const proofOf = ({ sealing }: Pick<WorkContext, 'sealing'>, { erasureId, webhookId }: Participation) =>
  Buffer.from(sealing.mac('acknowledgement', JSON.stringify([erasureId, webhookId])));

/** Frees the erasures that wait for a webhook which goes away. Call it before its row is deleted, in that transaction. */
export async function withdrawOwner(context: WorkContext, tx: Transaction, webhookId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM webhooks WHERE id = ${webhookId}::uuid FOR UPDATE`;
  const waiting = await tx.erasureOwner.findMany({
    where: { webhookId, acknowledgedAt: null, withdrawnAt: null },
    select: { erasure: { select: { id: true, userId: true } } },
  });
  await withdraw(context, tx, { webhookId });
  for (const { erasure } of waiting) await goOn(context, tx, erasure);
}

/** Withdraws the owners of an erasure whose webhooks are gone, with their organization for instance. */
export async function withdrawVanished(
  context: WorkContext,
  tx: Transaction,
  erasureId: string,
): Promise<void> {
  await tx.$executeRaw`
    UPDATE erasure_owners SET withdrawn_at = ${context.now()}
    WHERE erasure_id = ${erasureId}::uuid AND acknowledged_at IS NULL AND withdrawn_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.id = webhook_id)`;
}

async function withdraw({ now }: WorkContext, tx: Transaction, where: { webhookId: string }): Promise<void> {
  await tx.erasureOwner.updateMany({
    where: { ...where, acknowledgedAt: null, withdrawnAt: null },
    data: { withdrawnAt: now() },
  });
}

/** Has the erasure looked at again. */
async function goOn(
  { jobs }: WorkContext,
  tx: Transaction,
  { id, userId }: Pick<Erasure, 'id' | 'userId'>,
): Promise<void> {
  await announce(tx, { subjectId: userId, type: 'erasure.progress' });
  await jobs.enqueue(tx, 'erasures', { erasureId: id });
}
