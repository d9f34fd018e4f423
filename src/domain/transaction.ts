import type { Context } from '../context.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { isRetryable } from './database-errors.ts';

/** The client inside a transaction. On the embedded database nothing else may be queried meanwhile. */
export type Transaction = Prisma.TransactionClient;

const attempts = 4;

/** Runs `work` in one transaction; when it lost a deadlock, all of it again. `work` must have no effect elsewhere. */
export async function transact<T>(
  { prisma }: Pick<Context, 'prisma'>,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await prisma.$transaction(work);
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error;
    }
  }
}
