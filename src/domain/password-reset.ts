/** Passwords that their owner lost: a code by e-mail lets in a new one. */
import { hashPassword } from '../auth/passwords.ts';
import { type Context, within } from '../context.ts';
import { InvalidCodeError, RateLimitedError } from '../errors.ts';
import { resetCode } from '../messages/password-texts.ts';
import { countAttempt } from './attempts.ts';
import { issueChallenge, redeemChallenge } from './challenges.ts';
import { isLoginText } from './input.ts';
import { tellOfNewPassword } from './password-notice.ts';
import { parseNewPassword, readOwnNames } from './password-rules.ts';
import { anonymous } from './policy.ts';
import { replacePassword } from './sessions.ts';
import { type Transaction, transact } from './transaction.ts';

/** How long a code is good. */
const minutes = 30;

/**
 * Sends a code for a new password to an account that can have one. The answer tells nothing of the account, and waits for
 * nothing that depends on it.
 * @throws {RateLimitedError} after too many for this login or from this address, whether or not there is such an account
 */
export async function requestPasswordReset(context: Context, { login }: { login: string }): Promise<void> {
  await countAttempt(context, 'password-reset', login);
  const nobody = within(context, { actor: anonymous });
  context.background.start('sending the code for a new password', () => issueReset(nobody, login));
}

async function issueReset(context: Context, login: string): Promise<void> {
  const message = await transact(context, async (tx) => {
    const account = await findRecoverable(tx, login);
    if (account === null) return null;
    const code = await issueChallenge(context, tx, { ...reset(account), to: account.address, minutes });
    return resetCode({ to: account.address, code, minutes, issuer: context.issuer });
  }).catch((error: unknown) => {
    if (error instanceof RateLimitedError) return null; // its mailbox has enough of them
    throw error;
  });
  if (message !== null) await context.messages.send(message);
}

export interface ResetPasswordInput {
  readonly login: string;
  /** As it stood in the message, with or without its groups. */
  readonly code: string;
  readonly newPassword: string;
}

/**
 * Sets a new password by a code. All sessions of the account end, and none opens.
 * @throws {InvalidCodeError} for a wrong code, and for a login that never got one
 */
export async function resetPassword(
  context: Context,
  { login, code, newPassword }: ResetPasswordInput,
): Promise<void> {
  await countAttempt(context, 'reset-code', login);
  parseNewPassword(newPassword);
  // Before anything is looked up, so that what takes longest takes as long for every login.
  const hash = await hashPassword(newPassword, context.randomBytes);
  const nobody = within(context, { actor: anonymous });
  const userId = await transact(nobody, async (tx) => {
    const account = await findRecoverable(tx, login);
    const subject = reset(account ?? { userId: context.newId(), address: '', passwordHash: '' });
    if (!(await redeemChallenge(nobody, tx, { ...subject, code })) || account === null) return null;
    parseNewPassword(newPassword, { ownNames: await readOwnNames(tx, account.userId) }); // keeps the code good
    await replacePassword(nobody, tx, { userId: account.userId, hash, action: 'password.reset' });
    return account.userId;
  });
  if (userId === null) throw new InvalidCodeError();
  if (context.actor.user?.id === userId) context.actor = anonymous;
  await context.limits.forgiveSignIn(login);
  tellOfNewPassword(nobody, userId);
}

interface Recoverable {
  readonly userId: string;
  /** Where its codes go: the default address, else the oldest, among those that are known to be its own. */
  readonly address: string;
  readonly passwordHash: string;
}

/** What a code is bound to: any other way to a new password, or another address, voids it. */
const reset = ({ userId, address, passwordHash }: Recoverable) =>
  ({ kind: 'PASSWORD_RESET', userId, value: JSON.stringify([address, passwordHash]) }) as const;

/** An active person who signs in by password, or might, and proved to receive mail at an address. */
async function findRecoverable(tx: Transaction, login: string): Promise<Recoverable | null> {
  if (!isLoginText(login)) return null;
  const found = await tx.loginName.findFirst({
    where: {
      name: login,
      user: { kind: 'HUMAN', status: 'ACTIVE', identities: { none: { isPrimary: true } } },
    },
    select: {
      userId: true,
      user: {
        select: {
          password: { select: { hash: true } },
          emails: {
            where: { verifiedAt: { not: null } },
            orderBy: [{ isDefault: 'desc' }, { createdAt: 'asc' }, { id: 'asc' }],
            select: { address: true },
            take: 1,
          },
        },
      },
    },
  });
  const address = found?.user.emails[0]?.address;
  if (found === null || address === undefined) return null;
  return { userId: found.userId, address, passwordHash: found.user.password?.hash ?? '' };
}
