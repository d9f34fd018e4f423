/** What changes of an account's e-mail addresses and phone numbers have in common. */
import type { Context } from '../context.ts';
import { InvalidInputError, NotFoundError, type ProblemCode } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { enforce, lockAccount } from './accounts.ts';
import { type Change, record } from './audit.ts';
import { type Account, decide } from './policy.ts';
import type { Transaction } from './transaction.ts';
import type { UserQuery } from './users.ts';

/** How many addresses an account may have, and how many numbers. */
export const mostContacts = 20;

/** What is known of an account's contacts while they change. */
const contactSelect = {
  emails: { select: { id: true, address: true, isDefault: true, verifiedAt: true } },
  phoneNumbers: { select: { id: true, number: true, isPrimary: true, verifiedAt: true } },
  identities: { where: { isPrimary: true }, select: { id: true } },
} as const satisfies Prisma.UserSelect;

export type Owner = Account & Prisma.UserGetPayload<{ select: typeof contactSelect }>;

/** Locks an account whose contacts the actor may change. */
export async function lockOwner(
  context: Context,
  tx: Transaction,
  { userId, path }: { userId: string; path: readonly string[] },
): Promise<Owner> {
  const row = await lockAccount(context, tx, { id: userId }, contactSelect).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new NotFoundError(path) : error;
  });
  enforce(decide(context.actor, 'changeContacts', row), path);
  return row;
}

/** Locks the account of a contact. For those who may not read it, there is no such contact. */
export async function lockOwnerOf(
  context: Context,
  tx: Transaction,
  contact: { readonly userId: string } | null,
): Promise<Owner> {
  if (contact === null) throw new NotFoundError(['id']);
  const row = await lockAccount(context, tx, { id: contact.userId }, contactSelect);
  const decision = decide(context.actor, 'changeContacts', row);
  const isKnown = decision.allowed || decision.scope !== undefined;
  if (!isKnown && !decide(context.actor, 'readPrivate', row).allowed) throw new NotFoundError(['id']);
  enforce(decision, ['id']);
  return row;
}

/** Writes what happened to the contacts of an account, as its next version. */
export async function writeOwner(
  context: Context,
  tx: Transaction,
  { row, ...change }: { row: Owner } & Pick<Change, 'action' | 'changes'>,
  query: UserQuery,
): Promise<User> {
  const { id, organizationId } = row;
  const updated = await tx.user.update({
    where: { id },
    data: { version: { increment: 1 }, updatedAt: context.now() },
    ...query,
  });
  await record(context, tx, { ...change, subject: { type: 'User', id }, about: id, organizationId });
  return updated as User;
}

/** @throws {InvalidInputError} that says why the contact at `path` cannot be what it is to become */
export function refuse(path: readonly string[], code: ProblemCode, message: string): never {
  throw new InvalidInputError([{ path, code, message }]);
}

interface Contact {
  readonly verifiedAt: Date | null;
}

/** Only a proven contact may stand for the account, as long as it has one. */
export function requireFitForFirst(all: readonly Contact[], { verifiedAt }: Contact): void {
  if (verifiedAt === null && all.some((contact) => contact.verifiedAt !== null))
    refuse(['id'], 'NOT_ALLOWED', 'is not verified, and others of the account are');
}
