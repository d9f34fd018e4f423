/** Deleting an account: everything it owns goes with it, in one transaction, and an inventory of it stays. */
import type { Context } from '../context.ts';
import { type Erasure, Prisma } from '../generated/prisma/client.ts';
import { type AccountToChange, enforce, lockAccount } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { requireAnotherSuperuser, requireOtherOwners } from './guards.ts';
import { anonymous, decide } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

export function deleteMe(context: Context): Promise<Erasure> {
  return deleteUser(context, { id: requireUser(context).id, path: [] });
}

/** Deletes an account with all it owns, the users it manages included. Its credentials stop at once. */
export async function deleteUser(
  context: Context,
  { id, where = {}, path = ['id'] }: AccountToChange,
): Promise<Erasure> {
  requireCaller(context);
  const erasure = await transact(context, async (tx) => {
    const account = await lockAccount(context, tx, { id, where }, { managedUsers: { select: { id: true } } });
    enforce(decide(context.actor, 'delete', account), path);
    if (account.isSuperuser && account.status === 'ACTIVE') await requireAnotherSuperuser(tx, id, path);
    const ids: [string, ...string[]] = [id, ...account.managedUsers.map((managed) => managed.id)];
    await requireOtherOwners(tx, ids, path);
    return erase(context, tx, ids);
  });
  if (context.actor.user?.id === id) context.actor = anonymous;
  return erasure;
}

/** Erases an account, the first of `ids`, and with it those that it manages. */
async function erase(
  context: Context,
  tx: Transaction,
  ids: readonly [string, ...string[]],
): Promise<Erasure> {
  const [id] = ids;
  const inventory = await takeInventory(tx, ids);
  const sessions = await tx.session.findMany({ where: { userId: { in: [...ids] } }, select: { id: true } });
  await tx.invitation.deleteMany({ where: await invitationsOf(tx, ids) }); // no foreign key leads to them
  await tx.user.delete({ where: { id }, select: { id: true } }); // the foreign keys take the rest along
  for (const erased of ids) {
    await record(context, tx, {
      action: 'user.delete',
      subject: { type: 'User', id: erased },
      about: erased,
    });
  }
  await redactTrail(tx, ids, [...ids, ...sessions.map((session) => session.id)]);
  const now = context.now();
  return tx.erasure.create({
    data: {
      id: context.newId(),
      userId: id,
      requestedById: context.actor.user?.id ?? null,
      status: 'COMPLETED',
      inventory,
      requestedAt: now,
      undoUntil: now,
      accountIds: [...ids],
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
    sessions: await tx.session.count({ where: { OR: [ofThem.where, { actorId: { in: [...ids] } }] } }),
    apiTokens: await tx.apiToken.count(ofThem),
    consents: await tx.consent.count(ofThem),
    codes:
      (await tx.challenge.count(ofThem)) +
      (await tx.authorizationCode.count(ofThem)) +
      (await tx.deviceAuthorization.count(ofThem)),
    invitations: await tx.invitation.count({ where: await invitationsOf(tx, ids) }),
    shares: await tx.share.count({
      where: { OR: [{ grantorId: { in: [...ids] } }, { granteeId: { in: [...ids] } }] },
    }),
  };
  const collections = await tx.dataRecord.groupBy({ by: ['collection'], ...ofThem, _count: true });
  const records = collections.map(({ collection, _count }) => [`dataRecords.${collection}`, _count] as const);
  return { ...counts, ...Object.fromEntries(records) };
}

/** The invitations that name the accounts: those that they used, and those to their addresses. */
async function invitationsOf(tx: Transaction, ids: readonly string[]): Promise<Prisma.InvitationWhereInput> {
  const emails = await tx.email.findMany({ where: { userId: { in: [...ids] } }, select: { address: true } });
  return { OR: [{ usedById: { in: [...ids] } }, { email: { in: emails.map(({ address }) => address) } }] };
}

/** The trail keeps what happened: without the values of the erased, and without where they were when they acted. */
async function redactTrail(
  tx: Transaction,
  ids: readonly string[],
  subjectIds: readonly string[],
): Promise<void> {
  await tx.auditEvent.updateMany({
    where: { subjectId: { in: [...ids] } },
    data: { changes: Prisma.DbNull, changesSalt: null },
  });
  await tx.auditEvent.updateMany({
    // Who has a new password sent, or refreshes a session, has not said who it is.
    where: { OR: [{ actorId: { in: [...ids] } }, { actorId: null, subjectId: { in: [...subjectIds] } }] },
    data: { ipAddress: null, userAgent: null, originSalt: null },
  });
}
