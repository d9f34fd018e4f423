import { Prisma } from '../generated/prisma/client.ts';

/** What a driver adapter says of a failure, beneath Prisma's own error. */
interface AdapterCause {
  readonly kind?: string;
  readonly originalCode?: string;
  readonly originalMessage?: string;
  readonly constraint?: { readonly fields?: readonly string[]; readonly index?: string };
}

function causeOf(error: unknown): AdapterCause | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    return (error.meta?.driverAdapterError as { cause?: AdapterCause } | undefined)?.cause;
  }
  return 'cause' in error ? (error.cause as AdapterCause) : undefined;
}

/** The names of the unique constraint or columns that a write ran into, or null for another error. */
export function uniqueViolation(error: unknown): string | null {
  const cause = causeOf(error);
  const isUnique =
    (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') ||
    cause?.originalCode === '23505';
  if (!isUnique) return null;
  const { fields, index } = cause?.constraint ?? {};
  return [index, ...(fields ?? []), cause?.originalMessage].filter(Boolean).join(' ');
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
