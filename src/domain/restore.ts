/** Undoing the deletion of an account, as long as nothing of it is erased. */
import { hashSecret, secretKind } from '../auth/secrets.ts';
import { type Context, within } from '../context.ts';
import { InvalidCodeError, NotFoundError } from '../errors.ts';
import type { Erasure } from '../generated/prisma/client.ts';
import { accountSelect, deletingWhere, enforce } from './accounts.ts';
import { countAttempt } from './attempts.ts';
import { record } from './audit.ts';
import { requireCaller } from './caller.ts';
import type { ErasureQuery } from './erasure.ts';
import { anonymous, decide } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

/** Undoes the deletion of an account for whoever may delete it. For everybody else there is none. */
export function restoreUser(context: Context, id: string, query: ErasureQuery): Promise<Erasure> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const erasure = await lockUndoable(context, tx, { userId: id });
    const account = await tx.user.findFirst({
      where: { AND: [{ id }, deletingWhere(context)] },
      select: accountSelect,
    });
    if (account === null) throw new NotFoundError(['id']);
    const decision = decide(context.actor, 'delete', account);
    if (!decision.allowed && decision.code === 'FORBIDDEN') throw new NotFoundError(['id']);
    enforce(decision, ['id']);
    if (erasure === null || (await isManagerGoing(tx, account.managerId))) throw new NotFoundError(['id']);
    return restore(context, tx, erasure, query);
  });
}

/**
 * Undoes the deletion of one's own account by the code that it was answered with, or that came by mail.
 * @throws {InvalidCodeError} for any that is unknown, used or too late
 */
export async function restoreMe(
  context: Context,
  { code }: { readonly code: string },
  query: ErasureQuery,
): Promise<Erasure> {
  const secret = code.trim();
  await countAttempt(context, 'undo-code', secret);
  if (secretKind(secret) !== 'undoCode') throw new InvalidCodeError();
  const nobody = within(context, { actor: anonymous });
  return transact(nobody, async (tx) => {
    // By the hash of 256 random bits: how long it takes to find tells nothing of the code.
    const erasure = await lockUndoable(nobody, tx, { undoCodeHash: hashSecret(secret) });
    if (erasure === null) throw new InvalidCodeError();
    return restore(nobody, tx, erasure, query);
  });
}

/** The erasure that waits for its time, locked: from now on it either begins or is undone. */
async function lockUndoable(
  { now }: Context,
  tx: Transaction,
  where: { userId: string } | { undoCodeHash: Uint8Array<ArrayBuffer> },
): Promise<Erasure | null> {
  const undoable = { ...where, status: 'PENDING' as const, undoUntil: { gt: now() } };
  const found = await tx.erasure.findFirst({ where: undoable, select: { id: true } });
  if (found === null) return null;
  await tx.$queryRaw`SELECT 1 FROM erasures WHERE id = ${found.id}::uuid FOR UPDATE`;
  return tx.erasure.findFirst({ where: { ...undoable, id: found.id } });
}

/** A managed user comes back with its manager only. */
async function isManagerGoing(tx: Transaction, managerId: string | null): Promise<boolean> {
  if (managerId === null) return false;
  const [manager] = await tx.$queryRaw<{ status: string }[]>`
    SELECT status::text FROM users WHERE id = ${managerId}::uuid FOR SHARE`;
  return manager?.status === 'DELETING';
}

/** Gives the accounts back what they were. Their sessions and tokens stay ended, with any that was just being made. */
async function restore(
  context: Context,
  tx: Transaction,
  { id, accountIds, accountStatuses }: Erasure,
  query: ErasureQuery,
): Promise<Erasure> {
  const now = context.now();
  const ended = { where: { userId: { in: accountIds }, revokedAt: null }, data: { revokedAt: now } };
  await tx.session.updateMany(ended);
  await tx.apiToken.updateMany(ended);
  for (const [index, userId] of accountIds.entries()) {
    const status = accountStatuses[index] ?? 'ACTIVE';
    if (status === 'DELETING') continue; // an erasure of its own goes on
    const { organizationId } = await tx.user.update({
      where: { id: userId },
      data: { status, version: { increment: 1 }, updatedAt: now },
      select: { organizationId: true },
    });
    await record(context, tx, {
      action: 'user.restore',
      subject: { type: 'User', id: userId },
      about: userId,
      organizationId,
    });
  }
  return (await tx.erasure.update({
    where: { id },
    data: { status: 'UNDONE', undoneAt: now, undoCodeHash: null },
    ...query,
  })) as Erasure;
}
