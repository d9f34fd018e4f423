/** Loads what the policy must know of accounts, and turns its visibility into a query. */
import type { Context } from '../context.ts';
import {
  ForbiddenError,
  InsufficientScopeError,
  NotFoundError,
  ProtectedAccountError,
  UnauthenticatedError,
} from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import {
  type Account,
  type ActingUser,
  type Actor,
  actsAsSuperuser,
  type Decision,
  organizationsRunBy,
  type Scope,
  visibility,
} from './policy.ts';
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

/** Nobody sees the accounts of the system itself. */
const notInternal: Prisma.UserWhereInput = { kind: { not: 'INTERNAL' } };
const nothing: Prisma.UserWhereInput = { id: { in: [] } };
const anyOf = (...conditions: Prisma.UserWhereInput[]): Prisma.UserWhereInput => ({
  AND: [notInternal, { OR: conditions }],
});

/** The accounts that a list shows: the actor itself, those it manages, and those who share with it. */
export function listedWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
  if (visibility(actor).everything) return notInternal;
  return actor.user === null ? nothing : anyOf(...ownWhere(actor, actor.user));
}

/** The accounts that exist for the actor: the listed ones, those it lets in, and those of its organizations. */
export function visibleWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
  const sees = visibility(actor);
  if (sees.everything) return notInternal;
  const organizations = { in: [...sees.organizationIds] };
  const { user } = actor;
  const others = anyOf(
    ...(user ? ownWhere(actor, user) : []),
    ...(user && !actor.delegate ? [{ sharesReceived: { some: { grantorId: user.id } } }] : []),
    { memberships: { some: { organizationId: organizations } } },
    { organizationId: organizations },
  );
  return user ? { OR: [{ id: user.id }, others] } : others;
}

/** The accounts whose private facts the actor may read: nothing may be found by a private fact among others. */
export function privatelyVisibleWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
  if (!actor.scopes.has('profile')) return nothing;
  if (visibility(actor).everything) return notInternal;
  if (actor.user === null) return nothing;
  const run = organizationsRunBy(actor);
  return anyOf(...ownWhere(actor, actor.user, 'profile'), {
    kind: 'SERVICE_ACCOUNT',
    organizationId: { in: run },
  });
}

/** By id and by manager, so that the database finds them by index, however many accounts there are. */
function ownWhere({ delegate }: Actor, { id, shares }: ActingUser, scope?: Scope): Prisma.UserWhereInput[] {
  if (delegate) return [{ id }];
  const grantors = [...shares].filter(([, scopes]) => scope === undefined || scopes.includes(scope));
  return [{ id: { in: [id, ...grantors.map(([grantorId]) => grantorId)] } }, { managerId: id }];
}

/** The account that a call is about. */
export interface AccountToChange {
  readonly id: string;
  /** What it must be besides visible; otherwise it is not found. */
  readonly where?: Prisma.UserWhereInput;
  /** The argument that names it; empty when the caller itself is meant. */
  readonly path?: readonly string[];
}

/** Locks a visible account for the rest of the transaction, so that what is decided on it stays true. */
export async function lockAccount<Extra extends Prisma.UserSelect>(
  context: Context,
  tx: Transaction,
  { id, where = {} }: AccountToChange,
  extra: Extra,
) {
  const locked = await tx.$queryRaw<unknown[]>`SELECT 1 FROM users WHERE id = ${id}::uuid FOR UPDATE`;
  const isOwn = id === context.actor.user?.id;
  if (locked.length === 0 && isOwn) throw new UnauthenticatedError('The account is gone.');
  const row = await tx.user.findFirst({
    where: { AND: [{ id }, visibleWhere(context), where] },
    select: { ...accountSelect, ...extra },
  });
  if (row === null) throw new NotFoundError(['id']);
  return row;
}

/** @throws the error that says why not */
export function enforce(decision: Decision, path: readonly string[] = []): void {
  if (decision.allowed) return;
  if (decision.scope) throw new InsufficientScopeError(decision.scope);
  if (decision.code === 'PROTECTED_ACCOUNT') throw new ProtectedAccountError(decision.message, path);
  throw new ForbiddenError(decision.message);
}

/**
 * Tells a superuser that an account is one of the system's own; for everybody else it does not exist.
 * @throws {ProtectedAccountError}
 */
export async function refuseInternal({ actor, prisma }: Context, id: string): Promise<void> {
  if (!actsAsSuperuser(actor)) return;
  const found = await prisma.user.findFirst({ where: { id, kind: 'INTERNAL' }, select: { id: true } });
  if (found) throw new ProtectedAccountError('Internal accounts are managed by the system.', ['id']);
}
