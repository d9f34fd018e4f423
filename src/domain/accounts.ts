/** Loads what the policy must know of accounts, and turns its visibility into a query. */
import type { Context } from '../context.ts';
import { ForbiddenError, InsufficientScopeError, NotFoundError, ProtectedAccountError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { type Account, type Actor, type Decision, type Scope, visibility } from './policy.ts';
import type { Transaction } from './transaction.ts';

/** The columns of a user that `toAccount` reads, for this actor. */
export function accountSelect(actor: Actor) {
  return {
    id: true,
    kind: true,
    status: true,
    username: true,
    isSuperuser: true,
    managerId: true,
    organizationId: true,
    sharesGiven: {
      where: { granteeId: actor.user?.id ?? nobody },
      select: { scopes: true, expiresAt: true },
    },
  } as const satisfies Prisma.UserSelect;
}

/** The id of no account: the nil UUID (RFC 9562). */
const nobody = '00000000-0000-0000-0000-000000000000';

export type AccountRow = Prisma.UserGetPayload<{ select: ReturnType<typeof accountSelect> }>;

export function toAccount({ sharesGiven, ...row }: AccountRow, now: Date): Account {
  const share = sharesGiven[0];
  const shared = share !== undefined && (share.expiresAt === null || share.expiresAt > now);
  return { ...row, sharedScopes: shared ? (share.scopes as Scope[]) : [] };
}

/** The accounts that a list shows: the actor itself, those it manages, and those who share with it. */
export function listedWhere({ actor, now }: Pick<Context, 'actor' | 'now'>): Prisma.UserWhereInput {
  const sees = visibility(actor);
  if (sees.everything) return { kind: { not: 'INTERNAL' } };
  if (sees.userId === null) return { id: nobody };
  return { OR: ownWhere(sees.userId, now()) };
}

/** The accounts that exist for the actor: the listed ones, those it lets in, and those of its organizations. */
export function visibleWhere({ actor, now }: Pick<Context, 'actor' | 'now'>): Prisma.UserWhereInput {
  const sees = visibility(actor);
  if (sees.everything) return { kind: { not: 'INTERNAL' } };
  const organizations = { in: [...sees.organizationIds] };
  return {
    OR: [
      ...(sees.userId === null ? [] : ownWhere(sees.userId, now())),
      ...(sees.userId === null ? [] : [{ sharesReceived: { some: { grantorId: sees.userId } } }]),
      { memberships: { some: { organizationId: organizations } } },
      { organizationId: organizations },
    ],
  };
}

/** The accounts whose private facts the actor may read: nothing may be found by a private fact among others. */
export function privatelyVisibleWhere({ actor, now }: Pick<Context, 'actor' | 'now'>): Prisma.UserWhereInput {
  const sees = visibility(actor);
  if (!actor.scopes.has('profile')) return { id: nobody };
  if (sees.everything) return { kind: { not: 'INTERNAL' } };
  if (sees.userId === null) return { id: nobody };
  return { OR: ownWhere(sees.userId, now(), 'profile') };
}

function ownWhere(userId: string, now: Date, scope?: Scope): Prisma.UserWhereInput[] {
  return [
    { id: userId },
    { managerId: userId },
    {
      sharesGiven: {
        some: {
          granteeId: userId,
          OR: [{ expiresAt: null }, { expiresAt: { gt: now } }],
          ...(scope && { scopes: { has: scope } }),
        },
      },
    },
  ];
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
    select: { ...accountSelect(context.actor), ...extra },
  });
  if (row === null) throw new NotFoundError(['id']);
  return { ...row, ...toAccount(row as unknown as AccountRow, context.now()) };
}

/** @throws the error that says why not */
export function enforce(decision: Decision, path: readonly string[] = ['id']): void {
  if (decision.allowed) return;
  if (decision.scope) throw new InsufficientScopeError(decision.scope);
  if (decision.code === 'PROTECTED_ACCOUNT') throw new ProtectedAccountError(decision.message, path);
  throw new ForbiddenError(decision.message);
}
