/** What a new password must be, wherever its owner chooses it. */
import type { InputProblem } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { newPasswordInput, parseInput } from './input.ts';
import type { Transaction } from './transaction.ts';

/** The columns that an account's own names are made of. */
const ownNamesSelect = {
  username: true,
  name: true,
  firstName: true,
  lastName: true,
  emails: { select: { address: true } },
} as const satisfies Prisma.UserSelect;

interface Named {
  readonly username?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly emails: readonly { readonly address: string }[];
}

/** What an account is called, which makes no password: whoever attacks it tries that first. */
export function ownNamesOf({ username, name, firstName, lastName, emails }: Named): ReadonlySet<string> {
  const addresses = emails.flatMap(({ address }) => [address, address.replace(/@[^@]*$/, '')]);
  const whole = [firstName, lastName].filter((part) => part != null);
  const names = [username, name, ...whole, whole.join(' '), whole.join(''), ...addresses];
  return new Set(names.flatMap((own) => (own == null ? [] : [own.toLowerCase()])));
}

export async function readOwnNames(
  prisma: Pick<Transaction, 'user'>,
  id: string,
): Promise<ReadonlySet<string>> {
  const row = await prisma.user.findUnique({ where: { id }, select: ownNamesSelect });
  return row === null ? new Set() : ownNamesOf(row);
}

export function ownNameProblems(
  field: string,
  password: string,
  ownNames: ReadonlySet<string>,
): InputProblem[] {
  if (!ownNames.has(password.toLowerCase())) return [];
  const message = 'must not be the name, the username or an e-mail address of the account';
  return [{ path: ['input', field], code: 'NOT_ALLOWED', message }];
}

/** @throws {InvalidInputError} for one that is too short or too long, too common, the present one, or a name of the account */
export function parseNewPassword(
  newPassword: string,
  { current, ownNames = new Set() }: { current?: string; ownNames?: ReadonlySet<string> } = {},
): void {
  const also = ownNameProblems('newPassword', newPassword, ownNames);
  if (newPassword === current) {
    const message = 'must differ from the password';
    also.push({ path: ['input', 'newPassword'], code: 'NOT_ALLOWED', message });
  }
  parseInput(newPasswordInput, { newPassword }, { also });
}
