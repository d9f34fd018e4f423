/** Loads what the policy must know of accounts, and turns its visibility into a query. */
import type { Context } from '../context.ts';
import { ForbiddenError, InsufficientScopeError, NotFoundError, ProtectedAccountError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { type Account, type ActingUser, type Decision, type Scope, visibility } from './policy.ts';
import type { Transaction } from './transaction.ts';

/** The columns of a user that the policy decides on. */
export const accountSelect = {
  id: true,
  kind: true,
  status: true,
  username: true,
  isSuperuser: true,
  managerId: true,
  organizationId: true,
} as const satisfies Prisma.UserSelect & Record<keyof Account, true>;

const everythingButInternal: Prisma.UserWhereInput = { kind: { not: 'INTERNAL' } };
const nothing: Prisma.UserWhereInput = { id: { in: [] } };

/** The accounts that a list shows: the actor itself, those it manages, and those who share with it. */
export function listedWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
  if (visibility(actor).everything) return everythingButInternal;
  return actor.user === null ? nothing : { OR: ownWhere(actor.user) };
}

/** The accounts that exist for the actor: the listed ones, those it lets in, and those of its organizations. */
export function visibleWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
  const sees = visibility(actor);
  if (sees.everything) return everythingButInternal;
  const organizations = { in: [...sees.organizationIds] };
  const { user } = actor;
  return {
    OR: [
      ...(user ? [...ownWhere(user), { sharesReceived: { some: { grantorId: user.id } } }] : []),
      { memberships: { some: { organizationId: organizations } } },
      { organizationId: organizations },
    ],
  };
}

/** The accounts whose private facts the actor may read: nothing may be found by a private fact among others. */
export function privatelyVisibleWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
  if (!actor.scopes.has('profile')) return nothing;
  if (visibility(actor).everything) return everythingButInternal;
  return actor.user === null ? nothing : { OR: ownWhere(actor.user, 'profile') };
}

/** By id and by manager, so that the database finds them by index, however many accounts there are. */
function ownWhere({ id, shares }: ActingUser, scope?: Scope): Prisma.UserWhereInput[] {
  const grantors = shares.filter(({ scopes }) => scope === undefined || scopes.includes(scope));
  return [{ id: { in: [id, ...grantors.map(({ grantorId }) => grantorId)] } }, { managerId: id }];
}

/** Locks a visible account for the rest of the transaction, so that what is decided on it stays true. */
export async function lockAccount<Extra extends Prisma.UserSelect>(
  context: Context,
  tx: Transaction,
  { id, where = {} }: { id: string; where?: Prisma.UserWhereInput },
  extra: Extra,
) {
  await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${id}::uuid FOR UPDATE`;
  const row = await tx.user.findFirst({
    where: { AND: [{ id }, visibleWhere(context), where] },
    select: { ...accountSelect, ...extra },
  });
  if (row === null) throw new NotFoundError(['id']);
  return row;
}

/** @throws the error that says why not */
export function enforce(decision: Decision, path: readonly string[] = ['id']): void {
  if (decision.allowed) return;
  if (decision.scope) throw new InsufficientScopeError(decision.scope);
  if (decision.code === 'PROTECTED_ACCOUNT') throw new ProtectedAccountError(decision.message, path);
  throw new ForbiddenError(decision.message);
}
