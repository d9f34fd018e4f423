import type { Context } from '../context.ts';
import { NotFoundError, UnauthenticatedError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { danglingReference, isRetryable } from './database-errors.ts';
import type { Actor } from './policy.ts';

/** The client inside a transaction. On the embedded database nothing else may be queried meanwhile. */
export type Transaction = Prisma.TransactionClient;

const attempts = 4;

/**
 * Runs `work` in one transaction, as long as the credential is still good: one operation can hold many writes, and a
 * credential that ends must not act to the end of it. What lost a deadlock runs again, so `work` has no effect elsewhere.
 */
export async function transact<T>(context: Context, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await context.prisma.$transaction(async (tx) => {
        await requireGoodCredential(context, tx);
        return work(tx);
      });
    } catch (error) {
      if (danglingReference(error)) await explainDangling(context);
      if (attempt === attempts || !isRetryable(error)) throw error;
    }
  }
}

/** @throws {UnauthenticatedError} when the credential is over, or its account is no longer what the actor was made of */
async function requireGoodCredential({ actor, now }: Context, tx: Transaction): Promise<void> {
  const { kind, id } = actor.credential;
  if (kind === 'ANONYMOUS' || id === null) return;
  const good = { id, revokedAt: null, expiresAt: { gt: now() } };
  const found =
    kind === 'SESSION'
      ? await tx.session.findFirst({ where: { ...good, user: activeUser(actor) }, select: { id: true } })
      : await tx.apiToken.findFirst({
          where: { ...good, ...(actor.user && { user: activeUser(actor) }) },
          select: { id: true },
        });
  if (found === null) throw new UnauthenticatedError('The credential has ended.');
}

function activeUser({ user }: Actor): Prisma.UserWhereInput {
  return { status: 'ACTIVE', isSuperuser: user?.isSuperuser ?? false };
}

/** A row that a write refers to went away meanwhile: the actor's own, or another. */
async function explainDangling(context: Context): Promise<never> {
  await requireGoodCredential(context, context.prisma);
  throw new NotFoundError([]);
}
