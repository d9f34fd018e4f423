/** Deleting an account: it stops at once, with all its credentials; what it owns is erased in the background. */
import { issueSecret } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import type { Erasure, Prisma, User } from '../generated/prisma/client.ts';
import { accountDeleted } from '../messages/erasure-texts.ts';
import type { Message } from '../messages/messages.ts';
import { type AccountToChange, enforce, lockAccount } from './accounts.ts';
import { type Change, recordAll } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { forgetAnswers } from './erasure-traces.ts';
import { requireAnotherSuperuser, requireOtherOwners } from './guards.ts';
import { anonymous, decide } from './policy.ts';
import { inOrder, selecting } from './selection.ts';
import { type Transaction, transact } from './transaction.ts';
import { requireExpected } from './versions.ts';

export interface ErasureQuery {
  readonly select?: Prisma.ErasureSelect;
  readonly include?: Prisma.ErasureInclude;
}

/** What deleting an account began. */
export interface Deletion {
  readonly erasure: Erasure;
  /** What undoes it, for whoever deleted its own account; null where it cannot be undone, or by others only. */
  readonly undoCode: string | null;
}

export function deleteMe(
  context: Context,
  { expects }: Pick<AccountToChange, 'expects'> = {},
): Promise<Deletion> {
  return deleteUser(context, { id: requireUser(context).id, path: [], expects });
}

/** Deletes an account with all it owns, the users it manages included. Its credentials stop at once. */
export async function deleteUser(
  context: Context,
  { id, where = {}, path = ['id'], expects }: AccountToChange,
): Promise<Deletion> {
  requireCaller(context);
  const isOwn = context.actor.user?.id === id;
  const { erasure, undoCode, message } = await transact(context, async (tx) => {
    const account = await lockAccount(context, tx, { id, where }, { version: true });
    enforce(decide(context.actor, 'delete', account), path);
    requireExpected(account, expects);
    return beginErasure(context, tx, id, path);
  });
  if (isOwn) context.actor = anonymous;
  if (message !== null) await context.messages.send(message);
  return { erasure, undoCode: isOwn ? undoCode : null };
}

/** What is begun, with the code for the person alone: by the message, which is to be sent after the transaction. */
interface Begun extends Deletion {
  readonly message: Message | null;
}

/** Deletes an account that the transaction has locked, and that the actor may delete. */
export async function beginErasure(
  context: Context,
  tx: Transaction,
  id: string,
  path: readonly string[] = ['id'],
): Promise<Begun> {
  const accounts = await lockWithManaged(tx, id);
  const [account] = accounts;
  if (account?.isSuperuser && account.status === 'ACTIVE') await requireAnotherSuperuser(tx, id, path);
  const ids = accounts.map((one) => one.id);
  await requireOtherOwners(tx, ids, path);
  const code = canUndo(context, account) ? issueSecret('undoCode', context.randomBytes) : null;
  const now = context.now();
  const undoUntil = new Date(now.getTime() + context.settings.erasureGrace);
  const erasure = await tx.erasure.create({
    data: {
      id: context.newId(),
      userId: id,
      requestedById: context.actor.delegate?.id ?? context.actor.user?.id ?? null,
      inventory: await stopCredentials(context, tx, ids),
      requestedAt: now,
      undoUntil,
      undoCodeHash: code?.hash ?? null,
      accountIds: ids,
      accountStatuses: accounts.map(({ status }) => status),
    },
  });
  await stopAccounts(context, tx, accounts);
  const to = code && (await findProvenAddress(tx, id));
  const { issuer } = context;
  const message = code && to ? accountDeleted({ to, code: code.secret, until: undoUntil, issuer }) : null;
  return { erasure, undoCode: code?.secret ?? null, message };
}

type Stopped = Pick<User, 'id' | 'kind' | 'status' | 'isSuperuser' | 'organizationId'>;

/** The account and those that it manages, locked, so that nothing is created for one of them unseen. */
function lockWithManaged(tx: Transaction, id: string): Promise<Stopped[]> {
  return tx.$queryRaw<Stopped[]>`
    SELECT id, kind::text, status::text, is_superuser AS "isSuperuser", organization_id AS "organizationId"
    FROM users WHERE id = ${id}::uuid OR manager_id = ${id}::uuid
    ORDER BY id <> ${id}::uuid, id FOR UPDATE`;
}

const canUndo = ({ settings }: Context, account: Stopped | undefined) =>
  settings.erasureGrace > 0 && account?.kind === 'HUMAN';

/**
 * Ends what lets anybody in, deletes what would open another one, and empties what others would be told once more.
 * @returns how many of those there were, by kind
 */
async function stopCredentials(
  { now }: Context,
  tx: Transaction,
  ids: readonly string[],
): Promise<{ codes: number; exports: number }> {
  const ofThem = { userId: { in: [...ids] } };
  await tx.session.updateMany({
    where: { OR: [ofThem, { actorId: { in: [...ids] } }], revokedAt: null },
    data: { revokedAt: now() },
  });
  await tx.apiToken.updateMany({ where: { ...ofThem, revokedAt: null }, data: { revokedAt: now() } });
  const codes = [
    await tx.authorizationCode.deleteMany({ where: ofThem }),
    await tx.deviceAuthorization.deleteMany({ where: ofThem }),
    await tx.challenge.deleteMany({ where: ofThem }),
  ];
  // Nobody comes in by the word of somebody who is gone.
  await tx.invitation.deleteMany({
    where: { createdById: { in: [...ids] }, usedAt: null, organizationId: { not: null } },
  });
  const exports = await tx.dataExport.deleteMany({ where: ofThem });
  await forgetAnswers(tx, ids);
  return { codes: codes.reduce((sum, { count }) => sum + count, 0), exports: exports.count };
}

/** From here on the accounts exist for nobody. One that is being deleted already goes with its manager all the same. */
async function stopAccounts(context: Context, tx: Transaction, accounts: readonly Stopped[]): Promise<void> {
  const stopped = accounts.filter(({ status }) => status !== 'DELETING');
  await tx.user.updateMany({
    where: { id: { in: stopped.map(({ id }) => id) } },
    data: { status: 'DELETING', version: { increment: 1 }, updatedAt: context.now() },
  });
  const changes = stopped.map(({ id, organizationId }): Change => {
    return { action: 'user.delete', subject: { type: 'User', id }, about: id, organizationId };
  });
  await recordAll(context, tx, changes);
}

/** Where the person is known to receive mail. */
async function findProvenAddress(tx: Transaction, userId: string): Promise<string | undefined> {
  const email = await tx.email.findFirst({
    where: { userId, isDefault: true, verifiedAt: { not: null } },
    select: { address: true },
  });
  return email?.address;
}

/** How far an erasure is, for whoever knows its id: the person has no credential any more, and nothing personal is in it. */
export async function findErasure(
  { prisma }: Pick<Context, 'prisma'>,
  id: string,
  query: ErasureQuery,
): Promise<Erasure | null> {
  return (await prisma.erasure.findUnique({ where: { id }, ...query })) as Erasure | null;
}

/** Erasures by id, in the order asked; null for each that there is none of. */
export async function findErasures(
  { prisma }: Pick<Context, 'prisma'>,
  ids: readonly string[],
  query: ErasureQuery,
): Promise<(Erasure | null)[]> {
  const rows = (await prisma.erasure.findMany({
    where: { id: { in: [...ids] } },
    ...selecting(query, { id: true }),
  })) as Erasure[];
  return inOrder(ids, rows);
}
