/** Deleting an account: everything it owns goes with it, in one transaction, and an inventory of it stays. */
import type { Context } from '../context.ts';
import type { Erasure, Prisma } from '../generated/prisma/client.ts';
import { enforce, lockAccount } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { requireAnotherSuperuser, requireOtherOwners } from './guards.ts';
import { decide } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

export function deleteMe(context: Context): Promise<Erasure> {
  return deleteUser(context, requireUser(context).id);
}

/** Deletes an account with all it owns, the users it manages included. Its credentials stop at once. */
export function deleteUser(
  context: Context,
  id: string,
  where: Prisma.UserWhereInput = {},
): Promise<Erasure> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const account = await lockAccount(context, tx, { id, where }, { managedUsers: { select: { id: true } } });
    enforce(decide(context.actor, 'delete', account));
    if (account.isSuperuser && account.status === 'ACTIVE') await requireAnotherSuperuser(tx, id);
    await requireOtherOwners(tx, id);
    return erase(context, tx, { id, managedIds: account.managedUsers.map((managed) => managed.id) });
  });
}

async function erase(
  context: Context,
  tx: Transaction,
  { id, managedIds }: { id: string; managedIds: readonly string[] },
): Promise<Erasure> {
  const ids = [id, ...managedIds];
  const inventory = await takeInventory(tx, ids);
  await tx.user.delete({ where: { id }, select: { id: true } }); // the foreign keys take the rest along
  await redactTrail(tx, ids);
  for (const erased of ids) {
    await record(context, tx, {
      action: 'user.delete',
      subject: { type: 'User', id: erased },
      about: erased,
    });
  }
  const now = context.now();
  return tx.erasure.create({
    data: {
      id: context.newId(),
      userId: id,
      requestedById: context.actor.user?.id ?? null,
      status: 'COMPLETED',
      inventory,
      requestedAt: now,
      completedAt: now,
    },
  });
}

/** Counts what the accounts own, by kind; data records by their collection. */
async function takeInventory(tx: Transaction, ids: readonly string[]): Promise<Record<string, number>> {
  const ofThem = { where: { userId: { in: [...ids] } } };
  const counts = {
    users: ids.length,
    emails: await tx.email.count(ofThem),
    phoneNumbers: await tx.phoneNumber.count(ofThem),
    identities: await tx.oAuthIdentity.count(ofThem),
    memberships: await tx.membership.count(ofThem),
    sessions: await tx.session.count(ofThem),
    apiTokens: await tx.apiToken.count(ofThem),
    shares: await tx.share.count({
      where: { OR: [{ grantorId: { in: [...ids] } }, { granteeId: { in: [...ids] } }] },
    }),
  };
  const collections = await tx.dataRecord.groupBy({ by: ['collection'], ...ofThem, _count: true });
  const records = collections.map(({ collection, _count }) => [`dataRecords.${collection}`, _count] as const);
  return { ...counts, ...Object.fromEntries(records) };
}

/** The trail keeps what happened, without the values, addresses and programs of the erased. */
async function redactTrail(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    UPDATE audit_events SET changes = NULL, ip_address = NULL, user_agent = NULL
    WHERE subject_id = ANY(${[...ids]}::uuid[]) OR actor_id = ANY(${[...ids]}::uuid[])`;
}
