/** The members of an organization: what they are there, and that they go. It takes effect at once on all their credentials. */
import type { Context } from '../context.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { Organization } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { requireUser } from './caller.ts';
import { requireAnotherOwner } from './guards.ts';
import { endMembership, findRole, type Member, writeRole } from './membership-changes.ts';
import { changeOrganization, readMemberships } from './organization-lock.ts';
import type { OrganizationQuery } from './organizations.ts';
import { decideChangeMember, decideLeaveOrganization, decideTransferOwnership, type Role } from './policy.ts';
import type { Transaction } from './transaction.ts';

/** Makes a member another thing than it is. Making it what it is already changes nothing. */
export function setMemberRole(
  context: Context,
  { role, ...member }: Member & { readonly role: Role },
  query: () => OrganizationQuery,
): Promise<Organization> {
  const heirId = role === 'OWNER' ? member.userId : null;
  const place = { id: member.organizationId, path: ['input', 'organizationId'], heirId };
  return changeOrganization(context, place, async (tx, organization) => {
    const from = await findRole(tx, member);
    enforce(decideChangeMember(context.actor, organization.id, { from, to: role }));
    if (from === null) throw new NotFoundError(['input', 'userId']);
    if (from !== role) {
      if (role === 'OWNER') await requireActive(tx, member.userId, 'userId');
      if (from === 'OWNER')
        await requireAnotherOwner(tx, { organization, userId: member.userId }, ['input', 'userId']);
      await writeRole(context, tx, { ...member, from, to: role, action: 'member.role' });
    }
    return finish(context, tx, organization.id, query);
  });
}

/** Takes a member out of an organization. @returns the id of the account */
export function removeMember(context: Context, member: Member): Promise<string> {
  const place = { id: member.organizationId, path: ['input', 'organizationId'] };
  return changeOrganization(context, place, async (tx, organization) => {
    const from = await findRole(tx, member);
    enforce(decideChangeMember(context.actor, organization.id, { from, to: null }));
    if (from === null) throw new NotFoundError(['input', 'userId']);
    if (from === 'OWNER')
      await requireAnotherOwner(tx, { organization, userId: member.userId }, ['input', 'userId']);
    await endMembership(context, tx, { ...member, from, action: 'member.remove' });
    await readMemberships(context, tx);
    return member.userId;
  });
}

/** The acting account gives up its membership. @returns the id of the organization */
export async function leaveOrganization(context: Context, id: string): Promise<string> {
  const { id: userId } = requireUser(context);
  return changeOrganization(context, { id, path: ['id'] }, async (tx, organization) => {
    const from = await findRole(tx, { organizationId: id, userId });
    enforce(decideLeaveOrganization(context.actor));
    if (from === null) throw new NotFoundError(['id'], 'You are not a member of this organization.');
    if (from === 'OWNER') await requireAnotherOwner(tx, { organization, userId }, ['id']);
    await endMembership(context, tx, { organizationId: id, userId, from, action: 'member.leave' });
    await readMemberships(context, tx);
    return id;
  });
}

/** Makes another member an owner in place of the acting one, who becomes an admin: both or neither. */
export async function transferOwnership(
  context: Context,
  { organizationId, userId }: Member,
  query: () => OrganizationQuery,
): Promise<Organization> {
  const me = requireUser(context).id;
  const place = { id: organizationId, path: ['id'], heirId: userId };
  return changeOrganization(context, place, async (tx) => {
    enforce(decideTransferOwnership(context.actor, organizationId));
    const from = await findRole(tx, { organizationId, userId });
    if (from === null) throw new NotFoundError(['input', 'userId']);
    if (userId === me) refuse('userId', 'must be another member');
    await requireActive(tx, userId, 'userId');
    if (from !== 'OWNER')
      await writeRole(context, tx, {
        organizationId,
        userId,
        from,
        to: 'OWNER',
        action: 'ownership.transfer',
      });
    const own = { organizationId, userId: me, from: 'OWNER', to: 'ADMIN', action: 'member.role' } as const;
    await writeRole(context, tx, own);
    return finish(context, tx, organizationId, query);
  });
}

/** What owns an organization can act. Its account is locked, so it is not on its way out. */
async function requireActive(tx: Transaction, userId: string, field: string): Promise<void> {
  const found = await tx.user.findUnique({ where: { id: userId }, select: { status: true } });
  if (found?.status !== 'ACTIVE') refuse(field, 'must be an active account');
}

function refuse(field: string, message: string): never {
  throw new InvalidInputError([{ path: ['input', field], code: 'NOT_ALLOWED', message }]);
}

async function finish(
  context: Context,
  tx: Transaction,
  id: string,
  query: () => OrganizationQuery,
): Promise<Organization> {
  await readMemberships(context, tx);
  return (await tx.organization.findUniqueOrThrow({ where: { id }, ...query() })) as Organization;
}
