/** The phone numbers of an account, one by one. */
import type { Context } from '../context.ts';
import { InvalidCodeError, NotFoundError } from '../errors.ts';
import type { PhoneNumber, User } from '../generated/prisma/client.ts';
import { phoneCode } from '../messages/texts.ts';
import { requireCaller, requireUser } from './caller.ts';
import { countCodeRequest, issueChallenge, redeemChallenge } from './challenges.ts';
import {
  lockOwner,
  lockOwnerOf,
  mostContacts,
  type Owner,
  refuse,
  requireFitForFirst,
  writeOwner,
} from './contact-changes.ts';
import { addPhoneNumberInput, codeInput, parseInput } from './input.ts';
import { type Transaction, transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

const kind = 'PHONE_VERIFICATION';
/** How long a code is good. */
const minutes = 10;

export interface PhoneNumberChanged {
  readonly phoneNumber: PhoneNumber;
  readonly owner: Owner;
  readonly user: User;
}

/** Adds a number, and sends it a code that proves it. @throws {RateLimitedError} after too many codes */
export async function addPhoneNumber(
  context: Context,
  { userId, ...input }: { readonly number: string; readonly userId?: string | undefined },
  query: UserQuery,
): Promise<PhoneNumberChanged> {
  requireCaller(context);
  const owner = userId ?? requireUser(context).id;
  await countCodeRequest(context);
  const { code, ...added } = await transact(context, async (tx) => {
    const row = await lockOwner(context, tx, {
      userId: owner,
      path: userId === undefined ? [] : ['input', 'userId'],
    });
    const { number } = parseInput(addPhoneNumberInput, input);
    requireRoom(row, number);
    const now = context.now();
    const isPrimary = !row.phoneNumbers.some((phone) => phone.isPrimary || phone.verifiedAt !== null);
    const phoneNumber = await tx.phoneNumber.create({
      data: { id: context.newId(), userId: row.id, number, isPrimary, createdAt: now, updatedAt: now },
    });
    const changes = { phoneNumbers: { before: null, after: number } };
    const user = await writeOwner(context, tx, { row, action: 'phone.add', changes }, query);
    return { phoneNumber, owner: row, user, code: await issueCode(context, tx, phoneNumber) };
  });
  await sendCode(context, added.phoneNumber, code);
  return added;
}

function requireRoom({ phoneNumbers }: Owner, number: string): void {
  const path = ['input', 'number'];
  if (phoneNumbers.some((phone) => phone.number === number))
    refuse(path, 'NOT_ALLOWED', 'is a number of the account already');
  if (phoneNumbers.length >= mostContacts)
    refuse(path, 'NOT_ALLOWED', `would be one more than the ${mostContacts} that an account may have`);
}

/** Sends a new code to a number, which voids the one before. @returns the number, and until when the code is good */
export async function requestPhoneVerification(
  context: Context,
  id: string,
): Promise<{ phoneNumber: PhoneNumber; owner: Owner; expiresAt: Date }> {
  requireCaller(context);
  await countCodeRequest(context);
  const expiresAt = new Date(context.now().getTime() + minutes * 60_000);
  const { phoneNumber, owner, code } = await transact(context, async (tx) => {
    const { row: owner, phoneNumber } = await lockPhoneNumber(context, tx, id);
    if (phoneNumber.verifiedAt !== null) refuse(['id'], 'NOT_ALLOWED', 'is verified already');
    return { phoneNumber, owner, code: await issueCode(context, tx, phoneNumber) };
  });
  await sendCode(context, phoneNumber, code);
  return { phoneNumber, owner, expiresAt };
}

/** Takes the code that was sent to a number for a proof. @throws {InvalidCodeError} */
export async function verifyPhoneNumber(
  context: Context,
  { id, input }: { id: string; input: { readonly code: string } },
  query: UserQuery,
): Promise<PhoneNumberChanged> {
  requireCaller(context);
  const verified = await transact(context, async (tx) => {
    const { row, phoneNumber } = await lockPhoneNumber(context, tx, id);
    const { code } = parseInput(codeInput, input);
    const { userId, number } = phoneNumber;
    if (!(await redeemChallenge(context, tx, { kind, userId, targetId: id, value: number, code })))
      return null;
    const now = context.now();
    const isPrimary = phoneNumber.isPrimary || !row.phoneNumbers.some((other) => other.isPrimary);
    const data = { verifiedAt: now, updatedAt: now, isPrimary };
    const changes = { phoneNumberVerified: { before: null, after: number } };
    return {
      phoneNumber: await tx.phoneNumber.update({ where: { id }, data }),
      owner: row,
      user: await writeOwner(context, tx, { row, action: 'phone.verify', changes }, query),
    };
  });
  if (verified === null) throw new InvalidCodeError(); // after the transaction, which counted the wrong code
  return verified;
}

/** Removes a number. */
export async function removePhoneNumber(
  context: Context,
  id: string,
  query: UserQuery,
): Promise<{ user: User }> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const { row, phoneNumber } = await lockPhoneNumber(context, tx, id);
    if (phoneNumber.isPrimary && row.phoneNumbers.length > 1)
      refuse(['id'], 'NOT_ALLOWED', 'is the primary number: make another one primary first');
    await tx.phoneNumber.delete({ where: { id }, select: { id: true } });
    const changes = { phoneNumbers: { before: phoneNumber.number, after: null } };
    return { user: await writeOwner(context, tx, { row, action: 'phone.remove', changes }, query) };
  });
}

/** Makes a number the one that the account is called at. Doing it again changes nothing. */
export async function makePhoneNumberPrimary(
  context: Context,
  id: string,
  query: UserQuery,
): Promise<PhoneNumberChanged> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const { row, phoneNumber } = await lockPhoneNumber(context, tx, id);
    const before = row.phoneNumbers.find((other) => other.isPrimary);
    if (before?.id === id) {
      const user = (await tx.user.findUniqueOrThrow({ where: { id: row.id }, ...query })) as User;
      return { phoneNumber, owner: row, user };
    }
    requireFitForFirst(row.phoneNumbers, phoneNumber);
    const updatedAt = context.now();
    if (before)
      await tx.phoneNumber.update({ where: { id: before.id }, data: { isPrimary: false, updatedAt } });
    const changes = { phoneNumber: { before: before?.number ?? null, after: phoneNumber.number } };
    return {
      phoneNumber: await tx.phoneNumber.update({ where: { id }, data: { isPrimary: true, updatedAt } }),
      owner: row,
      user: await writeOwner(context, tx, { row, action: 'phone.make-primary', changes }, query),
    };
  });
}

async function lockPhoneNumber(context: Context, tx: Transaction, id: string) {
  const row = await lockOwnerOf(
    context,
    tx,
    await tx.phoneNumber.findUnique({ where: { id }, select: { userId: true } }),
  );
  const phoneNumber = await tx.phoneNumber.findUnique({ where: { id } });
  if (phoneNumber === null) throw new NotFoundError(['id']); // it went away before the account was locked
  return { row, phoneNumber };
}

const issueCode = (context: Context, tx: Transaction, { id, userId, number }: PhoneNumber) =>
  issueChallenge(context, tx, { kind, userId, targetId: id, value: number, to: number, minutes });

const sendCode = ({ messages, issuer }: Context, { number }: PhoneNumber, code: string) =>
  messages.send(phoneCode({ to: number, code, minutes, issuer }));
