/** How accounts of each kind come to be. */
import { hashPassword } from '../auth/passwords.ts';
import type { Context } from '../context.ts';
import { IdentityTakenError, type InputProblem, UnauthenticatedError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { enforce, existing } from './accounts.ts';
import { creationOf, record } from './audit.ts';
import { requireUser } from './caller.ts';
import { addEmail, addPhoneNumber } from './contacts.ts';
import { isUniqueViolation } from './database-errors.ts';
import { claimingName } from './guards.ts';
import {
  collectProblems,
  createManagedUserInput,
  createServiceAccountInput,
  createUserInput,
  parseInput,
  usernameForm,
} from './input.ts';
import { requireOrganization } from './organizations.ts';
import {
  decideCreateManagedUser,
  decideCreateUser,
  decideRunOrganization,
  isReservedName,
} from './policy.ts';
import { type Transaction, transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

type Input = Record<string, unknown>;

/** Creates a person's account. For superusers. */
export async function createUser(context: Context, input: Input, query: UserQuery): Promise<User> {
  requireUser(context);
  enforce(decideCreateUser(context.actor));
  const { email, phoneNumber, password, oauthIdentity, metadata, ...columns } = parseInput(
    createUserInput,
    input,
    {
      also: problemsWith(input),
    },
  );
  const hash = password === undefined ? null : await hashPassword(password, context.randomBytes);
  return transact(context, async (tx) => {
    const username = oauthIdentity ? email : columns.username;
    const namedBy = oauthIdentity ? 'email' : 'username';
    const id = await insert(context, tx, { ...columns, username, metadata }, namedBy);
    if (email != null) await claimingName(['input', 'email'], () => addEmail(context, tx, id, email));
    if (phoneNumber != null) await addPhoneNumber(context, tx, id, phoneNumber);
    if (oauthIdentity) await addIdentity(context, tx, id, oauthIdentity);
    if (hash !== null)
      await tx.password.create({ data: { userId: id, hash, expired: true, updatedAt: context.now() } });
    const told = { ...columns, username, metadata, email, phoneNumber, oauthIdentity };
    return created(context, tx, { id, ...told, password: hash === null ? undefined : true }, query);
  });
}

function problemsWith({ username, email, password, oauthIdentity }: Input): InputProblem[] {
  const { problems, problem } = collectProblems();
  if (oauthIdentity == null) {
    if (username == null && email == null)
      problem('username', 'REQUIRED', 'an account needs a username or an e-mail address');
    return problems;
  }
  if (email == null)
    problem('email', 'REQUIRED', 'an OAuth2 account needs the e-mail address of its provider');
  if (username != null && username !== email) {
    problem('username', 'NOT_ALLOWED', 'the username of an OAuth2 account is its e-mail address');
  }
  if (typeof email === 'string' && !usernameForm.safeParse(email).success) {
    problem(
      'email',
      'INVALID',
      'cannot be the username of an OAuth2 account: up to 50 letters, digits and _ - @ .',
    );
  }
  if (password != null) problem('password', 'NOT_ALLOWED', 'an OAuth2 account signs in with its provider');
  return problems;
}

/** Creates a user that the actor manages. It cannot sign in; its data is its manager's to work on. */
export async function createManagedUser(context: Context, input: Input, query: UserQuery): Promise<User> {
  const manager = requireUser(context);
  enforce(decideCreateManagedUser(context.actor));
  const columns = parseInput(createManagedUserInput, input);
  return transact(context, async (tx) => {
    const id = await insert(context, tx, { ...columns, kind: 'MANAGED', managerId: manager.id });
    await requireStaying(tx, manager.id);
    return created(context, tx, { id, ...columns, managerId: manager.id }, query);
  });
}

/**
 * The new row holds its manager: a deletion that comes later waits and takes it along, and one that came before is seen.
 * @throws {UnauthenticatedError} when the manager is being deleted
 */
async function requireStaying(tx: Transaction, id: string): Promise<void> {
  const manager = await tx.user.findFirst({ where: { id, ...existing }, select: { id: true } });
  if (manager === null) throw new UnauthenticatedError('The account is gone.');
}

/** Creates an account for a program of an organization. For its owners and admins. */
export async function createServiceAccount(
  context: Context,
  { organizationId, ...input }: Input & { organizationId: string },
  query: UserQuery,
): Promise<User> {
  await requireOrganization(context, organizationId, ['input', 'organizationId']);
  enforce(decideRunOrganization(context.actor, organizationId, 'users:write'));
  const reserved = { path: ['input', 'username'], code: 'NOT_ALLOWED', message: 'is reserved' } as const;
  const also = isReservedName(input.username) ? [reserved] : [];
  const columns = parseInput(createServiceAccountInput, input, { also });
  return transact(context, async (tx) => {
    const id = await insert(context, tx, { ...columns, kind: 'SERVICE_ACCOUNT', organizationId });
    return created(context, tx, { id, ...columns, organizationId }, query);
  });
}

type Columns = { [Key in keyof Prisma.UserUncheckedCreateInput]?: unknown } & { metadata?: unknown };

async function insert(
  context: Context,
  tx: Transaction,
  { metadata, ...columns }: Columns,
  namedBy = 'username',
): Promise<string> {
  const id = context.newId();
  const now = context.now();
  const data = { ...columns, ...(metadata != null && { metadata }), id, createdAt: now, updatedAt: now };
  await claimingName(['input', namedBy], () =>
    tx.user.create({ data: data as unknown as Prisma.UserUncheckedCreateInput, select: { id: true } }),
  );
  return id;
}

async function addIdentity(
  context: Context,
  tx: Transaction,
  userId: string,
  identity: { provider: string; subject: string },
): Promise<void> {
  const now = context.now();
  const data = { ...identity, id: context.newId(), userId, isPrimary: true, createdAt: now, updatedAt: now };
  try {
    await tx.oAuthIdentity.create({ data });
  } catch (error) {
    if (isUniqueViolation(error)) throw new IdentityTakenError(['input', 'oauthIdentity']);
    throw error;
  }
}

async function created(
  context: Context,
  tx: Transaction,
  { id, organizationId = null, ...told }: Columns & { id: string; organizationId?: string | null },
  query: UserQuery,
): Promise<User> {
  await record(context, tx, {
    action: 'user.create',
    subject: { type: 'User', id },
    about: id,
    organizationId,
    changes: creationOf({ ...told, organizationId }),
  });
  return (await tx.user.findUniqueOrThrow({ where: { id }, ...query })) as User;
}
