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
import type { ExpectedVersion } from './versions.ts';

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
/** An account that is being deleted exists for nobody, whatever it was to them. */
export const existing = { status: { not: 'DELETING' } } as const satisfies Prisma.UserWhereInput;
const existingExternal: Prisma.UserWhereInput = { ...notInternal, ...existing };
const nothing: Prisma.UserWhereInput = { id: { in: [] } };
const anyOf = (...conditions: Prisma.UserWhereInput[]): Prisma.UserWhereInput => ({
  AND: [notInternal, { OR: conditions }],
});

/**
 * The accounts that a list shows: the actor itself, those it manages, and those who share with it. Superusers alone find
 * those that are being deleted, where they ask for them.
 */
export function listedWhere(
  { actor }: Pick<Context, 'actor'>,
  { withDeleting = false }: { withDeleting?: boolean } = {},
): Prisma.UserWhereInput {
  if (visibility(actor).everything) return withDeleting ? notInternal : existingExternal;
  return actor.user === null ? nothing : { AND: [existing, anyOf(...ownWhere(actor, actor.user))] };
}

/** The accounts that exist for the actor: the listed ones, those it lets in, and those of its organizations. */
export const visibleWhere = (context: Pick<Context, 'actor'>): Prisma.UserWhereInput => ({
  AND: [existing, inSightWhere(context)],
});

/** The accounts that would exist for the actor, were they not being deleted. */
export const deletingWhere = (context: Pick<Context, 'actor'>): Prisma.UserWhereInput => ({
  AND: [{ status: 'DELETING' }, inSightWhere(context)],
});

function inSightWhere({ actor }: Pick<Context, 'actor'>): Prisma.UserWhereInput {
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
  if (visibility(actor).everything) return notInternal; // which of them there are is for its caller to say
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
  /** The versions that a deletion is meant for; absent where any is. */
  readonly expects?: ExpectedVersion | undefined;
}

/** Locks a visible account for the rest of the transaction, so that what is decided on it stays true. */
export async function lockAccount<Extra extends Prisma.UserSelect>(
  context: Context,
  tx: Transaction,
  { id, where = {} }: AccountToChange,
  extra: Extra,
) {
  const [locked] = await tx.$queryRaw<
    { status: string }[]
  >`SELECT status::text FROM users WHERE id = ${id}::uuid FOR UPDATE`;
  const isGone = locked === undefined || locked.status === 'DELETING';
  if (isGone && id === context.actor.user?.id) throw new UnauthenticatedError('The account is gone.');
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
