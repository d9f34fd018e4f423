/**
 * What an erasure does in the background, after the deletion was asked for. Each step is one transaction that holds the
 * erasure's row; how far it is stands in that row and in what is left. So it goes on wherever a process was killed, and two
 * that work on it at once take turns.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SignReceipt } from '../auth/keys.ts';
import type { WorkContext } from '../context.ts';
import type { Erasure, Prisma } from '../generated/prisma/client.ts';
import { announce, type Change, record, recordAll } from './audit.ts';
import { isRetryable } from './database-errors.ts';
import {
  addInventory,
  batchSize,
  emptyInventory,
  type Inventory,
  removeAccounts,
  removeBatch,
} from './erasure-inventory.ts';
import { appointOwners, withdrawVanished } from './erasure-owners.ts';
import { receiptClaims, receiptType } from './erasure-receipt.ts';
import { forgetMentions, redactBatch } from './erasure-traces.ts';
import { awaitActing, commit, type Transaction } from './transaction.ts';

/** Who has not worked on an erasure for this long, in milliseconds, works on it no more. */
const patience = 30_000;
/** How long one that failed is left alone, in milliseconds. */
const pause = 60_000;
/** Between two steps others have their turn, also where the database runs in this very process, in milliseconds. */
const breath = 5;
const mostAtOnce = 100;
const attempts = 4;

/** Asks for a job for each erasure that is due, that nobody works on, and that waits for nobody. */
export async function sweepErasures(context: WorkContext): Promise<void> {
  if ((await findDue(context, context.prisma)).length === 0) return;
  await commit(context, async (tx) => {
    const ids = await findDue(context, tx);
    // Noted as worked on, so that others do not ask for the same.
    await tx.erasure.updateMany({ where: { id: { in: ids } }, data: { workedAt: context.now() } });
    for (const erasureId of ids) await context.jobs.enqueue(tx, 'erasures', { erasureId });
  });
}

/** Locked, where that is in a transaction: what another process asks for at this moment is passed over. */
async function findDue({ now }: WorkContext, db: Pick<Transaction, '$queryRaw'>): Promise<string[]> {
  const at = now();
  const idleSince = new Date(at.getTime() - patience);
  const failedSince = new Date(at.getTime() - pause);
  const due = await db.$queryRaw<{ id: string }[]>`
    SELECT e.id FROM erasures e
    WHERE e.status IN ('PENDING', 'RUNNING', 'FAILED') AND e.undo_until <= ${at}
      AND (e.worked_at IS NULL OR e.worked_at <= CASE e.status WHEN 'FAILED' THEN ${failedSince}::timestamptz ELSE ${idleSince}::timestamptz END)
      AND (e.erased_at IS NULL OR NOT EXISTS (
        SELECT 1 FROM erasure_owners o JOIN webhooks w ON w.id = o.webhook_id
        WHERE o.erasure_id = e.id AND o.acknowledged_at IS NULL AND o.withdrawn_at IS NULL))
    ORDER BY e.requested_at LIMIT ${mostAtOnce} FOR UPDATE OF e SKIP LOCKED`;
  return due.map(({ id }) => id);
}

/** Erases, as far as it is not done yet; between two steps it stops where it is told to, and goes on at the next start. */
export async function workOnErasure(
  context: WorkContext,
  { erasureId }: { readonly erasureId: string },
  stop: AbortSignal,
): Promise<void> {
  try {
    const sign = await context.keys.receiptSigner(); // before any transaction: it may have to read the database
    while (!stop.aborted && (await takeStep(context, erasureId, sign))) await sleep(breath);
  } catch (error) {
    await noteFailure(context, erasureId, error);
  }
}

/** @returns whether there may be more to do now */
async function takeStep(context: WorkContext, erasureId: string, sign: SignReceipt): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commit(context, async (tx) => {
        const erasure = await lockDue(context, tx, erasureId);
        if (erasure === null) return false;
        if (erasure.startedAt === null) return begin(context, tx, erasure);
        if (erasure.erasedAt === null) return erase(context, tx, erasure);
        return complete(context, tx, erasure, sign);
      });
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error;
      await sleep(50 * attempt);
    }
  }
}

/** The erasure, locked, if something is to be done for it. */
async function lockDue({ now }: WorkContext, tx: Transaction, id: string): Promise<Erasure | null> {
  await tx.$queryRaw`SELECT 1 FROM erasures WHERE id = ${id}::uuid FOR UPDATE`;
  return tx.erasure.findFirst({
    where: { id, status: { in: ['PENDING', 'RUNNING', 'FAILED'] }, undoUntil: { lte: now() } },
  });
}

/** From here on it cannot be undone: those who own data of the accounts are told to erase it. */
async function begin(context: WorkContext, tx: Transaction, erasure: Erasure): Promise<true> {
  await awaitActing(tx, erasure.userId);
  const found = await withLatecomers(tx, erasure);
  await appointOwners(context, tx, { id: erasure.id, accountIds: found.accountIds });
  const inventory = addInventory(emptyInventory, inventoryOf(erasure));
  const now = context.now();
  await note(context, tx, erasure, { ...found, inventory, startedAt: now, undoCodeHash: null });
  const account = await tx.user.findUnique({
    where: { id: erasure.userId },
    select: { organizationId: true },
  });
  await record(context, tx, {
    action: 'erasure.begin',
    subject: { type: 'Erasure', id: erasure.id },
    about: erasure.userId,
    organizationId: account?.organizationId ?? null,
    accountIds: found.accountIds,
  });
  return true;
}

/** Removes a batch; where that was the last one, the accounts go, too. */
async function erase(context: WorkContext, tx: Transaction, erasure: Erasure): Promise<true> {
  const { removed, count } = await removeBatch(tx, erasure.accountIds);
  const redacted = count < batchSize ? await redactBatch(tx, erasure.accountIds) : 0;
  const inventory = addInventory(inventoryOf(erasure), removed);
  if (count >= batchSize || redacted >= batchSize) {
    await note(context, tx, erasure, { inventory });
    return true;
  }
  await finish(context, tx, { ...erasure, inventory });
  return true;
}

/** Little is left: all of it goes with the accounts, which are locked, so that nothing is added to them meanwhile. */
async function finish(context: WorkContext, tx: Transaction, erasure: Erasure): Promise<void> {
  const found = await withLatecomers(tx, erasure);
  const ids = found.accountIds;
  let inventory = inventoryOf(erasure);
  for (let count = 1; count > 0; ) {
    const batch = await removeBatch(tx, ids);
    inventory = addInventory(inventory, batch.removed);
    count = batch.count;
  }
  while ((await redactBatch(tx, ids)) > 0);
  await forgetMentions(tx, ids);
  const organizationIds = await organizationsOf(tx, ids);
  const gone = await removeAccounts(tx, ids);
  inventory = addInventory(inventory, { users: gone.length });
  const changes = gone.map((id): Change => {
    const organizationId = organizationIds.get(id) ?? null;
    return { action: 'user.erase', subject: { type: 'User', id }, about: id, organizationId };
  });
  await recordAll(context, tx, changes);
  await note(context, tx, erasure, { ...found, inventory, erasedAt: context.now() });
}

async function organizationsOf(tx: Transaction, ids: readonly string[]): Promise<Map<string, string | null>> {
  const rows = await tx.user.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, organizationId: true },
  });
  return new Map(rows.map(({ id, organizationId }) => [id, organizationId]));
}

/** Signs the receipt, once nobody is waited for. @returns false: there is nothing more to do now */
async function complete(
  context: WorkContext,
  tx: Transaction,
  erasure: Erasure,
  sign: SignReceipt,
): Promise<false> {
  await withdrawVanished(context, tx, erasure.id);
  const owners = await tx.erasureOwner.findMany({
    where: { erasureId: erasure.id },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
  });
  if (owners.some(({ acknowledgedAt, withdrawnAt }) => acknowledgedAt === null && withdrawnAt === null)) {
    await note(context, tx, erasure, {});
    return false;
  }
  while ((await redactBatch(tx, erasure.accountIds)) > 0); // what came to the trail while the accounts went
  const completedAt = context.now();
  const claims = await receiptClaims(context, tx, { erasure, owners, completedAt });
  const receipt = await sign(claims, receiptType);
  await note(context, tx, erasure, { status: 'COMPLETED', completedAt, receipt });
  await record(context, tx, {
    action: 'erasure.complete',
    subject: { type: 'Erasure', id: erasure.id },
    about: erasure.userId,
  });
  return false;
}

/** The accounts, locked, with those that were created under them, or had an erasure of their own, at the last moment. */
async function withLatecomers(
  tx: Transaction,
  { accountIds, accountStatuses }: Erasure,
): Promise<Pick<Erasure, 'accountIds' | 'accountStatuses'>> {
  const rows = await tx.$queryRaw<{ id: string; status: Erasure['accountStatuses'][number] }[]>`
    SELECT id, status::text FROM users
    WHERE id = ANY (${accountIds}::uuid[]) OR manager_id = ANY (${accountIds}::uuid[])
    ORDER BY manager_id IS NOT NULL, id FOR UPDATE`;
  const late = rows.filter(({ id }) => !accountIds.includes(id));
  return {
    accountIds: [...accountIds, ...late.map(({ id }) => id)],
    accountStatuses: [...accountStatuses, ...late.map(({ status }) => status)],
  };
}

const inventoryOf = ({ inventory }: Erasure): Inventory => (inventory ?? {}) as Inventory;

/** Notes how far it is, and tells those who follow it. */
async function note(
  context: WorkContext,
  tx: Transaction,
  { id, userId }: Erasure,
  data: Prisma.ErasureUpdateInput,
): Promise<void> {
  await tx.erasure.update({
    where: { id },
    data: { status: 'RUNNING', workedAt: context.now(), ...data },
    select: { id: true },
  });
  await announce(tx, { subjectId: userId, type: 'erasure.progress' });
}

/** Says where it failed and not with which words, since those of a database may hold values. It is tried again later. */
async function noteFailure(context: WorkContext, erasureId: string, error: unknown): Promise<void> {
  const { name, code, stack = '' } = error as Error & { code?: string };
  const at = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8);
  context.log.error({ erasureId, error: name, code, at }, 'an erasure failed; it is tried again');
  await commit(context, async (tx) => {
    await tx.erasure.updateMany({
      where: { id: erasureId, status: { in: ['PENDING', 'RUNNING', 'FAILED'] } },
      data: { status: 'FAILED', workedAt: context.now() },
    });
  });
}
