/** What all changes of an organization have in common: they take turns, and each decides by what the caller is by then. */
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { Organization } from '../generated/prisma/client.ts';
import { requireCaller } from './caller.ts';
import { canSeeOrganization } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

interface OrganizationChange {
  readonly id: string;
  /** The argument that names it. */
  readonly path: readonly string[];
  /** The account that is to become its owner: it must not go away meanwhile. */
  readonly heirId?: string | null;
}

/**
 * Changes an organization that the caller can see, locked, with the memberships of the caller as they are by then. The rest
 * of the operation acts with those that the change leaves.
 * @throws {NotFoundError} when the caller cannot see it
 */
export async function changeOrganization<T>(
  context: Context,
  { id, path, heirId = null }: OrganizationChange,
  change: (tx: Transaction, organization: Organization) => Promise<T>,
): Promise<T> {
  requireCaller(context);
  return keepingActor(context, () =>
    transact(context, async (tx) => {
      // Accounts come before organizations, as where an account goes: those who wait for each other do not wait for ever.
      if (heirId !== null) await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${heirId}::uuid FOR SHARE`;
      const organization = await lockOrganization(tx, id);
      await readMemberships(context, tx);
      if (organization === null || !canSeeOrganization(context.actor, id)) throw new NotFoundError(path);
      return change(tx, organization);
    }),
  );
}

/** Whoever changes an organization, or joins it, takes turns. @returns null when it is gone */
export async function lockOrganization(tx: Transaction, id: string): Promise<Organization | null> {
  await tx.$queryRaw`SELECT 1 FROM organizations WHERE id = ${id}::uuid FOR UPDATE`;
  return tx.organization.findUnique({ where: { id } });
}

/** Makes the actor what the account is now, in its organizations. A delegate never stands for the account there. */
export async function readMemberships(context: Context, tx: Transaction): Promise<void> {
  const { actor } = context;
  if (actor.user === null || actor.delegate) return;
  const memberships = await tx.membership.findMany({
    where: { userId: actor.user.id },
    orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
    select: { organizationId: true, role: true },
  });
  context.actor = { ...actor, user: { ...actor.user, memberships } };
}

/** Runs work that may make the actor another one; what fails leaves it as it was. */
export async function keepingActor<T>(context: Context, work: () => Promise<T>): Promise<T> {
  const before = context.actor;
  try {
    return await work();
  } catch (error) {
    context.actor = before;
    throw error;
  }
}
