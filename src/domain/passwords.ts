/** Passwords that their owner changes. */
import { hashPassword, verifyPassword } from '../auth/passwords.ts';
import type { Context } from '../context.ts';
import { InvalidCredentialsError } from '../errors.ts';
import type { User } from '../generated/prisma/client.ts';
import { countAttempt } from './attempts.ts';
import { requirePerson } from './caller.ts';
import { tellOfNewPassword } from './password-notice.ts';
import { parseNewPassword, readOwnNames } from './password-rules.ts';
import { replacePassword, requireSamePassword } from './sessions.ts';
import { transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

export interface ChangePasswordInput {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * Changes the password of the person who asks. All sessions but this one end, and the account is told by message.
 * @throws {InvalidCredentialsError} when the current password is wrong, which counts like an attempt to sign in
 */
export async function changePassword(
  context: Context,
  { currentPassword, newPassword }: ChangePasswordInput,
  query: UserQuery,
): Promise<User> {
  const { id } = requirePerson(context);
  await countAttempt(context, 'password-change', id);
  const ownNames = await readOwnNames(context.prisma, id);
  parseNewPassword(newPassword, { current: currentPassword, ownNames });
  const stored = await context.prisma.password.findUnique({ where: { userId: id }, select: { hash: true } });
  if (!(await verifyPassword(stored?.hash, currentPassword)) || stored === null) {
    const path = ['input', 'currentPassword'];
    throw new InvalidCredentialsError({ path, message: 'The current password is wrong.' });
  }
  const hash = await hashPassword(newPassword, context.randomBytes);
  const user = await transact(context, async (tx) => {
    await requireSamePassword(tx, id, stored.hash);
    await replacePassword(context, tx, { userId: id, hash, keep: context.actor.credential.id });
    return (await tx.user.findUniqueOrThrow({ where: { id }, ...query })) as User;
  });
  tellOfNewPassword(context, id);
  return user;
}
