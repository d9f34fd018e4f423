/** The e-mail addresses of an account, one by one. */
import type { Context } from '../context.ts';
import { InvalidCodeError, NotFoundError } from '../errors.ts';
import type { Email, User } from '../generated/prisma/client.ts';
import { defaultChanged, emailCode, emailRemoved } from '../messages/texts.ts';
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
import { claimingName } from './guards.ts';
import { addEmailInput, codeInput, parseInput } from './input.ts';
import { type Transaction, transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

const kind = 'EMAIL_VERIFICATION';
/** How long a code is good. */
const minutes = 30;

export interface EmailChanged {
  readonly email: Email;
  readonly owner: Owner;
  readonly user: User;
}

/** Adds an address, and sends it a code that proves it. @throws {RateLimitedError} after too many codes */
export async function addEmail(
  context: Context,
  { userId, ...input }: { readonly address: string; readonly userId?: string | undefined },
  query: UserQuery,
): Promise<EmailChanged> {
  requireCaller(context);
  const owner = userId ?? requireUser(context).id;
  await countCodeRequest(context);
  const { code, ...added } = await transact(context, async (tx) => {
    const row = await lockOwner(context, tx, {
      userId: owner,
      path: userId === undefined ? [] : ['input', 'userId'],
    });
    const { address } = parseInput(addEmailInput, input);
    requireRoom(row, address);
    const now = context.now();
    const isDefault = !row.emails.some((email) => email.isDefault || email.verifiedAt !== null);
    const email = await claimingName(['input', 'address'], () =>
      tx.email.create({
        data: { id: context.newId(), userId: row.id, address, isDefault, createdAt: now, updatedAt: now },
      }),
    );
    const changes = { emails: { before: null, after: address } };
    const user = await writeOwner(context, tx, { row, action: 'email.add', changes }, query);
    return { email, owner: row, user, code: await issueCode(context, tx, email) };
  });
  await sendCode(context, added.email, code);
  return added;
}

function requireRoom({ emails }: Owner, address: string): void {
  const path = ['input', 'address'];
  if (emails.some((email) => email.address.toLowerCase() === address.toLowerCase()))
    refuse(path, 'NOT_ALLOWED', 'is an address of the account already');
  if (emails.length >= mostContacts)
    refuse(path, 'NOT_ALLOWED', `would be one more than the ${mostContacts} that an account may have`);
}

/** Sends a new code to an address, which voids the one before. @returns the address, and until when the code is good */
export async function requestEmailVerification(
  context: Context,
  id: string,
): Promise<{ email: Email; owner: Owner; expiresAt: Date }> {
  requireCaller(context);
  await countCodeRequest(context);
  const expiresAt = new Date(context.now().getTime() + minutes * 60_000);
  const { email, owner, code } = await transact(context, async (tx) => {
    const { row: owner, email } = await lockEmail(context, tx, id);
    if (email.verifiedAt !== null) refuse(['id'], 'NOT_ALLOWED', 'is verified already');
    return { email, owner, code: await issueCode(context, tx, email) };
  });
  await sendCode(context, email, code);
  return { email, owner, expiresAt };
}

/** Takes the code that was sent to an address for a proof. @throws {InvalidCodeError} */
export async function verifyEmail(
  context: Context,
  { id, input }: { id: string; input: { readonly code: string } },
  query: UserQuery,
): Promise<EmailChanged> {
  requireCaller(context);
  const verified = await transact(context, async (tx) => {
    const { row, email } = await lockEmail(context, tx, id);
    const { code } = parseInput(codeInput, input);
    const { userId, address } = email;
    if (!(await redeemChallenge(context, tx, { kind, userId, targetId: id, value: address, code })))
      return null;
    const now = context.now();
    const isDefault = email.isDefault || !row.emails.some((other) => other.isDefault);
    const data = { verifiedAt: now, updatedAt: now, isDefault };
    const changes = { emailVerified: { before: null, after: address } };
    return {
      email: await tx.email.update({ where: { id }, data }),
      owner: row,
      user: await writeOwner(context, tx, { row, action: 'email.verify', changes }, query),
    };
  });
  if (verified === null) throw new InvalidCodeError(); // after the transaction, which counted the wrong code
  return verified;
}

/** Removes an address, and tells the account's default address of it. */
export async function removeEmail(context: Context, id: string, query: UserQuery): Promise<{ user: User }> {
  requireCaller(context);
  const { user, address, to } = await transact(context, async (tx) => {
    const { row, email } = await lockEmail(context, tx, id);
    requireRemovable(row, email);
    await tx.email.delete({ where: { id }, select: { id: true } });
    const changes = { emails: { before: email.address, after: null } };
    const to = row.emails.find((other) => other.isDefault)?.address;
    const user = await writeOwner(context, tx, { row, action: 'email.remove', changes }, query);
    return { user, address: email.address, to };
  });
  if (to !== undefined) await context.messages.send(emailRemoved({ to, address, issuer: context.issuer }));
  return { user };
}

function requireRemovable(owner: Owner, { isDefault }: Email): void {
  const { username, emails, identities } = owner;
  if (isDefault && identities.length > 0)
    refuse(['id'], 'IMMUTABLE', "comes from the account's OAuth2 provider and cannot change");
  if (isDefault && emails.length > 1)
    refuse(['id'], 'NOT_ALLOWED', 'is the default address: make another one the default first');
  if (owner.kind === 'HUMAN' && username === null && emails.length === 1)
    refuse(['id'], 'REQUIRED', 'an account needs a username or an e-mail address');
}

/** Makes an address the one that the account is written to, and tells the one that was. Doing it again changes nothing. */
export async function makeEmailDefault(
  context: Context,
  id: string,
  query: UserQuery,
): Promise<EmailChanged> {
  requireCaller(context);
  const { told, ...made } = await transact(context, async (tx) => {
    const { row, email } = await lockEmail(context, tx, id);
    const before = row.emails.find((other) => other.isDefault);
    if (before?.id === id) {
      const user = (await tx.user.findUniqueOrThrow({ where: { id: row.id }, ...query })) as User;
      return { email, owner: row, user, told: null };
    }
    if (row.identities.length > 0)
      refuse(['id'], 'NOT_ALLOWED', "the default address comes from the account's OAuth2 provider");
    requireFitForFirst(row.emails, email);
    const updatedAt = context.now();
    if (before) await tx.email.update({ where: { id: before.id }, data: { isDefault: false, updatedAt } });
    const changes = { email: { before: before?.address ?? null, after: email.address } };
    // Between addresses that nobody proved this could go to and fro, and write to strangers each time.
    const isProven = email.verifiedAt !== null || (before?.verifiedAt ?? null) !== null;
    return {
      email: await tx.email.update({ where: { id }, data: { isDefault: true, updatedAt } }),
      owner: row,
      user: await writeOwner(context, tx, { row, action: 'email.make-default', changes }, query),
      told: isProven ? (before?.address ?? null) : null,
    };
  });
  if (told !== null) await context.messages.send(defaultChanged({ to: told, issuer: context.issuer }));
  return made;
}

async function lockEmail(context: Context, tx: Transaction, id: string) {
  const row = await lockOwnerOf(
    context,
    tx,
    await tx.email.findUnique({ where: { id }, select: { userId: true } }),
  );
  const email = await tx.email.findUnique({ where: { id } });
  if (email === null) throw new NotFoundError(['id']); // it went away before the account was locked
  return { row, email };
}

const issueCode = (context: Context, tx: Transaction, { id, userId, address }: Email) =>
  issueChallenge(context, tx, { kind, userId, targetId: id, value: address, to: address, minutes });

const sendCode = ({ messages, issuer }: Context, { address }: Email, code: string) =>
  messages.send(emailCode({ to: address, code, minutes, issuer }));
