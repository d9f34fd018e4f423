/** Which changes of an account are allowed. */
import type { Context } from '../context.ts';
import { type InputProblem, ProtectedAccountError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { type AccountUpdate, collectProblems, parseInput, updateAccountInput } from './input.ts';
import { type Account, actsAsSuperuser, decide, isReserved, isReservedName } from './policy.ts';
import type { UpdateInput } from './users.ts';
import { requireExpected } from './versions.ts';

/** What an update must know of an account besides what the policy knows. */
export const updatableSelect = {
  version: true,
  name: true,
  firstName: true,
  lastName: true,
  bio: true,
  company: true,
  jobTitle: true,
  avatarUrl: true,
  metadata: true,
  locale: true,
  timeZone: true,
  emails: { select: { id: true, address: true, isDefault: true, verifiedAt: true } },
  phoneNumbers: { select: { id: true, number: true, isPrimary: true } },
  identities: { where: { isPrimary: true }, select: { id: true } },
} as const satisfies Prisma.UserSelect;

export type UpdatableRow = Account & Prisma.UserGetPayload<{ select: typeof updatableSelect }>;

/** Parses an update and checks it against the account, after the actor was allowed to update it at all. */
export function parseUpdate(context: Context, row: UpdatableRow, input: UpdateInput): AccountUpdate {
  const { expectedVersion, expects, ...fields } = input;
  const administers = ['status', 'isSuperuser', 'password'].some((field) => fields[field] !== undefined);
  if (administers) enforce(decide(context.actor, 'administer', row));
  const update = parseInput(updateAccountInput, fields, { also: problemsWith(context, row, fields) });
  if (isReserved(row)) refuseToDemote(update);
  if (expectedVersion != null) requireExpected(row, (version) => version === expectedVersion);
  requireExpected(row, expects);
  return update;
}

function problemsWith(
  { actor }: Context,
  row: UpdatableRow,
  fields: Record<string, unknown>,
): InputProblem[] {
  const { username, email } = fields;
  const { problems, problem } = collectProblems();
  const isOAuth = row.identities.length > 0;
  if (isOAuth && username !== undefined && username !== row.username) {
    problem(
      'username',
      'IMMUTABLE',
      "is the e-mail address of the account's OAuth2 provider and cannot change",
    );
  }
  if (isOAuth && email !== undefined && email !== defaultEmail(row)) {
    problem('email', 'IMMUTABLE', "comes from the account's OAuth2 provider and cannot change");
  }
  if (isOAuth && fields.password !== undefined) {
    problem('password', 'NOT_ALLOWED', 'an OAuth2 account signs in with its provider');
  }
  if (isReservedName(username) && !isReserved(row) && !(row.kind === 'HUMAN' && actsAsSuperuser(actor))) {
    problem('username', 'NOT_ALLOWED', 'is reserved');
  }
  if (row.kind !== 'HUMAN' && fields.isSuperuser === true) {
    problem('isSuperuser', 'NOT_ALLOWED', 'only a person can be a superuser');
  }
  if (row.kind !== 'HUMAN' && fields.password !== undefined) {
    problem('password', 'NOT_ALLOWED', 'only a person can sign in');
  }
  if (row.kind === 'HUMAN' && !keepsLoginName(row, fields)) {
    problem(
      username === null ? 'username' : 'email',
      'REQUIRED',
      'an account needs a username or an e-mail address',
    );
  }
  return problems;
}

function defaultEmail(row: UpdatableRow): string | null {
  return row.emails.find((email) => email.isDefault)?.address ?? null;
}

function keepsLoginName(row: UpdatableRow, { username, email }: Record<string, unknown>): boolean {
  if (username !== null && email !== null) return true; // nothing is cleared, so nothing is lost
  const hasUsername = username === undefined ? row.username !== null : username !== null;
  const others = row.emails.filter((address) => email !== null || !address.isDefault).length;
  return hasUsername || others > 0 || typeof email === 'string';
}

function refuseToDemote({ username, isSuperuser, status }: AccountUpdate): void {
  if (username !== undefined && !isReservedName(username)) {
    throw new ProtectedAccountError('The reserved admin account cannot be renamed.', ['input', 'username']);
  }
  if (isSuperuser === false) {
    throw new ProtectedAccountError('The reserved admin account stays a superuser.', [
      'input',
      'isSuperuser',
    ]);
  }
  if (status !== undefined && status !== 'ACTIVE') {
    throw new ProtectedAccountError('The reserved admin account stays active.', ['input', 'status']);
  }
}
