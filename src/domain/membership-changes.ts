/** How memberships are written, with what they leave in the trail. */
import type { Context } from '../context.ts';
import { type Change, record } from './audit.ts';
import { type Role, type RoleChange, rolesGivenBy } from './policy.ts';
import type { Transaction } from './transaction.ts';

export interface Member {
  readonly organizationId: string;
  readonly userId: string;
}

/** Makes an account a member. The organization and the account must be locked, or new. */
export async function addMember(
  context: Context,
  tx: Transaction,
  { organizationId, userId, role }: Member & { readonly role: Role },
): Promise<void> {
  const data = { organizationId, userId, role, createdAt: context.now() };
  await tx.membership.create({ data, select: { userId: true } });
  await recordMember(context, tx, { organizationId, userId, from: null, to: role, action: 'member.join' });
}

export async function findRole(tx: Transaction, member: Member): Promise<Role | null> {
  const where = { organizationId_userId: { organizationId: member.organizationId, userId: member.userId } };
  return (await tx.membership.findUnique({ where, select: { role: true } }))?.role ?? null;
}

type Recorded = Member & RoleChange & Pick<Change, 'action'>;

export async function writeRole(
  context: Context,
  tx: Transaction,
  change: Recorded & { readonly to: Role },
): Promise<void> {
  const { organizationId, userId, to: role } = change;
  const where = { organizationId_userId: { organizationId, userId } };
  await tx.membership.update({ where, data: { role }, select: { userId: true } });
  await withdrawInvitations(tx, change);
  await recordMember(context, tx, change);
}

export async function endMembership(
  context: Context,
  tx: Transaction,
  { action, from, ...member }: Member & Pick<Change, 'action'> & { readonly from: Role },
): Promise<void> {
  await tx.membership.delete({ where: { organizationId_userId: member }, select: { userId: true } });
  const change = { ...member, from, to: null, action };
  await withdrawInvitations(tx, change);
  await recordMember(context, tx, change);
}

/** Nobody comes in by an invitation that its maker could no longer make. */
async function withdrawInvitations(tx: Transaction, { organizationId, userId, to }: Recorded): Promise<void> {
  const kept = to === null ? [] : rolesGivenBy[to];
  await tx.invitation.deleteMany({
    where: { organizationId, createdById: userId, usedAt: null, role: { notIn: [...kept] } },
  });
}

function recordMember(context: Context, tx: Transaction, change: Recorded): Promise<void> {
  const { action, organizationId, userId, from, to } = change;
  return record(context, tx, {
    action,
    subject: { type: 'Organization', id: organizationId },
    about: userId,
    organizationId,
    changes: { role: { before: from, after: to } },
  });
}
