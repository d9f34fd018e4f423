/** Deleting an organization, with its service accounts. */
import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import type { Erasure } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { requireCaller } from './caller.ts';
import { beginErasure } from './erasure.ts';
import { withdrawOwner } from './erasure-owners.ts';
import { recordOrganization } from './organization-changes.ts';
import { changeOrganization, readMemberships } from './organization-lock.ts';
import { decideOwnOrganization } from './policy.ts';
import type { Transaction } from './transaction.ts';

/** As many service accounts as can be stopped in one transaction. */
const mostServiceAccounts = 100;

export interface OrganizationDeletion {
  readonly organizationId: string;
  /** Those of its service accounts, each with the users that it managed. */
  readonly erasures: readonly Erasure[];
}

/**
 * Deletes an organization for good: its memberships, invitations, tokens, keys and webhooks are gone when this is answered.
 * Its service accounts stop at the same moment, and are erased in the background.
 */
export function deleteOrganization(context: Context, id: string): Promise<OrganizationDeletion> {
  requireCaller(context);
  return changeOrganization(context, { id, path: ['id'] }, async (tx) => {
    enforce(decideOwnOrganization(context.actor, id));
    const webhooks = await tx.webhook.findMany({ where: { organizationId: id }, select: { id: true } });
    for (const webhook of webhooks) await withdrawOwner(context, tx, webhook.id);
    const erasures = await eraseServiceAccounts(context, tx, id);
    await tx.organization.delete({ where: { id }, select: { id: true } }); // the foreign keys take the rest along
    await recordOrganization(context, tx, { id, action: 'organization.delete' });
    await readMemberships(context, tx);
    return { organizationId: id, erasures };
  });
}

async function eraseServiceAccounts(
  context: Context,
  tx: Transaction,
  organizationId: string,
): Promise<Erasure[]> {
  const accounts = await tx.user.findMany({
    where: { organizationId, status: { not: 'DELETING' } },
    orderBy: { id: 'asc' },
    take: mostServiceAccounts + 1,
    select: { id: true },
  });
  if (accounts.length > mostServiceAccounts) {
    const message = `has more than ${mostServiceAccounts} service accounts; delete some first`;
    throw new InvalidInputError([{ path: ['id'], code: 'NOT_ALLOWED', message }]);
  }
  const begun: string[] = [];
  for (const { id } of accounts) begun.push((await beginErasure(context, tx, id)).erasure.id);
  // Nobody is left who could undo it, so nothing waits.
  await tx.erasure.updateMany({ where: { id: { in: begun } }, data: { undoUntil: context.now() } });
  // No service account is without an organization: until they are erased, they are the system's own, which nobody sees.
  await tx.user.updateMany({ where: { organizationId }, data: { kind: 'INTERNAL', organizationId: null } });
  return tx.erasure.findMany({ where: { id: { in: begun } }, orderBy: { id: 'asc' } });
}
