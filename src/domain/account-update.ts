/** How an update of an account is written. */
import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context.ts';
import { Prisma, type User } from '../generated/prisma/client.ts';
import { type FieldChanges, record } from './audit.ts';
import { writeEmail, writePhoneNumber } from './contacts.ts';
import { claimingName, requireAnotherSuperuser } from './guards.ts';
import type { AccountUpdate } from './input.ts';
import type { Account } from './policy.ts';
import { endSessions } from './sessions.ts';
import type { Transaction } from './transaction.ts';
import type { UpdatableRow } from './update-rules.ts';
import type { UserQuery } from './users.ts';

/** The columns that an update sets as they come. */
const columns = [
  'name',
  'firstName',
  'lastName',
  'bio',
  'company',
  'jobTitle',
  'avatarUrl',
  'metadata',
  'locale',
  'timeZone',
  'username',
  'status',
  'isSuperuser',
] as const;

/** Writes an update with its audit row and its event; one that changes nothing writes nothing. */
export async function applyUpdate(
  context: Context,
  tx: Transaction,
  {
    row,
    update,
    passwordHash,
  }: { row: UpdatableRow; update: AccountUpdate; passwordHash: string | undefined },
  query: UserQuery,
): Promise<User> {
  const { data, changes } = compare(row, update);
  await keepSuperusers(tx, row, data);
  Object.assign(changes, await writeEmail(context, tx, row, update.email));
  Object.assign(changes, await writePhoneNumber(context, tx, row, update.phoneNumber));
  Object.assign(changes, await writePassword(context, tx, row, passwordHash));
  // Sessions do not come back with the account, and do not outlive its password.
  if (changes.password || (data.status !== undefined && data.status !== 'ACTIVE'))
    await endSessions(context, tx, row.id);
  if (Object.keys(changes).length === 0) {
    return (await tx.user.findUniqueOrThrow({ where: { id: row.id }, ...query })) as User;
  }
  return writeUser(context, tx, { row, data: toData(data), changes }, query);
}

/** Writes the columns of an account as its next version, with the audit row and the event. */
export async function writeUser(
  context: Context,
  tx: Transaction,
  { row, data, changes }: { row: Account; data: Prisma.UserUpdateInput; changes: FieldChanges },
  query: UserQuery,
): Promise<User> {
  const updated = await claimingName(['input', 'username'], () =>
    tx.user.update({
      where: { id: row.id },
      data: { ...data, version: { increment: 1 }, updatedAt: context.now() },
      ...query,
    }),
  );
  await record(context, tx, {
    action: 'user.update',
    subject: { type: 'User', id: row.id },
    about: row.id,
    organizationId: row.organizationId,
    changes,
    event: changes.status?.after === 'SUSPENDED' ? 'user.suspended' : undefined,
  });
  return updated as User;
}

/** The columns that an update changes, as data to write and as changes to record. */
function compare(row: UpdatableRow, update: AccountUpdate) {
  const changes: Record<string, FieldChanges[string]> = {};
  const data: Record<string, unknown> = {};
  for (const column of columns) {
    const [before, after] = [row[column], update[column]];
    if (after === undefined || same(before, after)) continue;
    data[column] = after;
    changes[column] = { before: before as never, after: after as never };
  }
  return { data, changes };
}

/** An active superuser who is demoted or stopped must not be the last. */
async function keepSuperusers(
  tx: Transaction,
  row: UpdatableRow,
  data: Record<string, unknown>,
): Promise<void> {
  if (!row.isSuperuser || row.status !== 'ACTIVE') return;
  const field = ['isSuperuser', 'status'].find((column) => data[column] !== undefined);
  if (field !== undefined) await requireAnotherSuperuser(tx, row.id, ['input', field]);
}

/** A password that somebody else set is marked as one to change. */
async function writePassword(
  context: Context,
  tx: Transaction,
  row: UpdatableRow,
  hash: string | undefined,
): Promise<FieldChanges> {
  if (hash === undefined) return {};
  const values = { hash, expired: context.actor.user?.id !== row.id, updatedAt: context.now() };
  await tx.password.upsert({
    where: { userId: row.id },
    create: { userId: row.id, ...values },
    update: values,
  });
  return { password: { before: null, after: true } };
}

function toData({ metadata, ...rest }: Record<string, unknown>): Prisma.UserUpdateInput {
  if (metadata === undefined) return rest;
  return { ...rest, metadata: metadata === null ? Prisma.DbNull : (metadata as Prisma.InputJsonObject) };
}

const same = (a: unknown, b: unknown) => a === b || (typeof a === 'object' && isDeepStrictEqual(a, b));
