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
    where: { organizationId: { in: owned.map((o) => o.id) }, role: 'OWNER', userId: { notIn: [...ids] } },
    select: { organizationId: true },
  });
  const keptIds = new Set(kept.map((membership) => membership.organizationId));
  const orphaned = owned.filter((organization) => !keptIds.has(organization.id));
  if (orphaned.length > 0) throw new LastOwnerError(orphaned, path);
}
