import { Prisma } from '../generated/prisma/client.ts';

/** What a driver adapter says of a failure, beneath Prisma's own error. */
interface AdapterCause {
  readonly kind?: string;
  readonly originalCode?: string;
}

function causeOf(error: unknown): AdapterCause | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return (error.meta?.driverAdapterError as { cause?: AdapterCause } | undefined)?.cause;
  }
  return 'cause' in error ? (error.cause as AdapterCause) : undefined;
}

/** Whether a write ran into a unique constraint. */
export function isUniqueViolation(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return true;
  return causeOf(error)?.originalCode === '23505';
}

/** Whether a write refers to a row that is not there (any more). */
export function danglingReference(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2003';
}

/** Whether the database undid the transaction for another one's sake: a deadlock or a serialization failure. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2034') return true;
  const cause = causeOf(error);
  return (
    cause?.kind === 'TransactionWriteConflict' ||
    cause?.originalCode === '40P01' ||
    cause?.originalCode === '40001'
  );
}
