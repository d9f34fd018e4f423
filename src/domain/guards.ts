/** Rules over more than one row, checked under a lock. */
import { LastOwnerError, LastSuperuserError, LoginNameTakenError } from '../errors.ts';
import { isUniqueViolation } from './database-errors.ts';
import type { Transaction } from './transaction.ts';

/** Runs a write that claims a login name; a taken one is told at `path`. */
export async function claimingName<T>(path: readonly string[], write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error)) throw new LoginNameTakenError(path);
    throw error;
  }
}

/** Refuses to lose the last active superuser. The lock makes two that go at once take turns. */
export async function requireAnotherSuperuser(
  tx: Transaction,
  id: string,
  path: readonly string[],
): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtext('usergraph:superusers'))`;
  const others = await tx.user.count({ where: { isSuperuser: true, status: 'ACTIVE', id: { not: id } } });
  if (others === 0) throw new LastSuperuserError(path);
}

/** An owner whose account is being erased owns nothing any more. */
const standingOwner = { role: 'OWNER', user: { status: { not: 'DELETING' } } } as const;

/** Refuses to take the last owner from an organization that the transaction has locked. */
export async function requireAnotherOwner(
  tx: Transaction,
  { organization, userId }: { organization: { readonly id: string; readonly name: string }; userId: string },
  path: readonly string[],
): Promise<void> {
  const others = await tx.membership.count({
    where: { ...standingOwner, organizationId: organization.id, userId: { not: userId } },
  });
  if (others === 0) throw new LastOwnerError([organization], path);
}

/** Refuses to leave an organization without an owner when these accounts go. */
export async function requireOtherOwners(
  tx: Transaction,
  ids: readonly string[],
  path: readonly string[],
): Promise<void> {
  const owned = await tx.$queryRaw<{ id: string; name: string }[]>`
    SELECT o.id, o.name FROM organizations o
    WHERE o.id IN (SELECT organization_id FROM memberships WHERE user_id = ANY(${[...ids]}::uuid[]) AND role = 'OWNER')
    ORDER BY o.id FOR UPDATE`;
  if (owned.length === 0) return;
  const kept = await tx.membership.findMany({
    where: { ...standingOwner, organizationId: { in: owned.map((o) => o.id) }, userId: { notIn: [...ids] } },
    select: { organizationId: true },
  });
  const keptIds = new Set(kept.map((membership) => membership.organizationId));
  const orphaned = owned.filter((organization) => !keptIds.has(organization.id));
  if (orphaned.length > 0) throw new LastOwnerError(orphaned, path);
}
