/** The e-mail address and the phone number that an update of an account sets: its default ones. */
import type { Context } from '../context.ts';
import type { FieldChanges } from './audit.ts';
import { claimingName } from './guards.ts';
import type { Transaction } from './transaction.ts';

interface Contacts {
  readonly id: string;
  readonly emails: readonly { readonly id: string; readonly address: string; readonly isDefault: boolean }[];
  readonly phoneNumbers: readonly {
    readonly id: string;
    readonly number: string;
    readonly isPrimary: boolean;
  }[];
}

/** Makes `address` the default: one the account has already, else in place of the present default. Null removes the default. */
export async function writeEmail(
  context: Context,
  tx: Transaction,
  account: Contacts,
  address: string | null | undefined,
): Promise<FieldChanges> {
  const current = account.emails.find((email) => email.isDefault);
  if (address === undefined || address === (current?.address ?? null)) return {};
  const changes = { email: { before: current?.address ?? null, after: address } };
  if (address === null) {
    await tx.email.delete({ where: { id: current?.id ?? '' } });
    return changes;
  }
  const updatedAt = context.now();
  const known = account.emails.find((email) => email.address.toLowerCase() === address.toLowerCase());
  if (known && known !== current) {
    if (current) await tx.email.update({ where: { id: current.id }, data: { isDefault: false, updatedAt } });
    await tx.email.update({ where: { id: known.id }, data: { isDefault: true, updatedAt } });
    return changes;
  }
  await claimingName(['input', 'email'], async () => {
    if (!current) await addEmail(context, tx, account.id, address);
    else {
      const verification = known ? {} : { verifiedAt: null };
      await tx.email.update({ where: { id: current.id }, data: { address, updatedAt, ...verification } });
    }
  });
  return changes;
}

export async function addEmail(
  context: Context,
  tx: Transaction,
  userId: string,
  address: string,
): Promise<void> {
  const now = context.now();
  await tx.email.create({
    data: { id: context.newId(), userId, address, isDefault: true, createdAt: now, updatedAt: now },
  });
}

/** Makes `number` the primary one, like `writeEmail`. */
export async function writePhoneNumber(
  context: Context,
  tx: Transaction,
  account: Contacts,
  number: string | null | undefined,
): Promise<FieldChanges> {
  const current = account.phoneNumbers.find((phone) => phone.isPrimary);
  if (number === undefined || number === (current?.number ?? null)) return {};
  const changes = { phoneNumber: { before: current?.number ?? null, after: number } };
  const updatedAt = context.now();
  const known = account.phoneNumbers.find((phone) => phone.number === number);
  if (number === null) await tx.phoneNumber.delete({ where: { id: current?.id ?? '' } });
  else if (known) {
    if (current)
      await tx.phoneNumber.update({ where: { id: current.id }, data: { isPrimary: false, updatedAt } });
    await tx.phoneNumber.update({ where: { id: known.id }, data: { isPrimary: true, updatedAt } });
  } else if (current) {
    await tx.phoneNumber.update({ where: { id: current.id }, data: { number, verifiedAt: null, updatedAt } });
  } else await addPhoneNumber(context, tx, account.id, number);
  return changes;
}

export async function addPhoneNumber(
  context: Context,
  tx: Transaction,
  userId: string,
  number: string,
): Promise<void> {
  const now = context.now();
  await tx.phoneNumber.create({
    data: { id: context.newId(), userId, number, isPrimary: true, createdAt: now, updatedAt: now },
  });
}
