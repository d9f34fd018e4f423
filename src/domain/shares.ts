/** Sharing: a person lets another account at its own, as far as scopes say, until it is withdrawn, renounced or over. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { type InputProblem, NotFoundError } from '../errors.ts';
import type { Prisma, Share } from '../generated/prisma/client.ts';
import { enforce, existing, lockAccount } from './accounts.ts';
import { type FieldChanges, record } from './audit.ts';
import { requireUser } from './caller.ts';
import { parseInput } from './input.ts';
import { type ActingUser, decide, decideRenounceShare, delegableScopes, type Scope } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

export interface ShareQuery {
  readonly select?: Prisma.ShareSelect;
  readonly include?: Prisma.ShareInclude;
}

export interface ShareAccessInput {
  readonly granteeId: string;
  readonly scopes: readonly Scope[];
  /** When it ends by itself; never, when absent. */
  readonly expiresAt?: Date | null | undefined;
}

const shareInput = z.object({
  scopes: z.array(z.enum(delegableScopes, 'cannot be shared')).min(1, 'must name at least one scope'),
});

/** The shares that are not over, between accounts that are there. */
export const openShareWhere = ({ now }: Pick<Context, 'now'>) =>
  ({
    OR: [{ expiresAt: null }, { expiresAt: { gt: now() } }],
    grantor: existing,
    grantee: existing,
  }) satisfies Prisma.ShareWhereInput;

/** Lets another active account at that of the acting person. Sharing with it again replaces what was shared. */
export function shareAccess(
  context: Context,
  { granteeId, scopes, expiresAt }: ShareAccessInput,
  query: ShareQuery,
): Promise<Share> {
  const { id: grantorId } = requireUser(context);
  return transact(context, async (tx) => {
    const me = await lockAccount(context, tx, { id: grantorId, path: [] }, {});
    enforce(decide(context.actor, 'share', me));
    await requireGrantee(tx, granteeId);
    const parsed = parseInput(
      shareInput,
      { scopes },
      { also: problemsWith(context, { granteeId, expiresAt }) },
    );
    const next = {
      scopes: delegableScopes.filter((scope) => parsed.scopes.includes(scope)),
      expiresAt: expiresAt ?? null,
    };
    const id = await writeShare(context, tx, { grantorId, granteeId, next });
    return (await tx.share.findUniqueOrThrow({ where: { id }, ...query })) as Share;
  });
}

/** An account that acts by itself. Whoever shares must know its id: nobody is found out by a name. */
async function requireGrantee(tx: Transaction, id: string): Promise<void> {
  const kinds = { in: ['HUMAN' as const, 'SERVICE_ACCOUNT' as const] };
  const found = await tx.user.findFirst({
    where: { id, kind: kinds, status: 'ACTIVE' },
    select: { id: true },
  });
  if (found === null) throw new NotFoundError(['input', 'granteeId']);
}

function problemsWith(
  { actor, now }: Context,
  { granteeId, expiresAt }: Pick<ShareAccessInput, 'granteeId' | 'expiresAt'>,
): InputProblem[] {
  const problems: InputProblem[] = [];
  const problem = (field: string, code: InputProblem['code'], message: string) =>
    problems.push({ path: ['input', field], code, message });
  if (granteeId === actor.user?.id) problem('granteeId', 'NOT_ALLOWED', 'must be another account');
  if (expiresAt != null && expiresAt <= now()) problem('expiresAt', 'INVALID', 'must be in the future');
  return problems;
}

interface Terms {
  readonly scopes: readonly string[];
  readonly expiresAt: Date | null;
}

/** Makes the share, or makes it what it should be. @returns its id */
async function writeShare(
  context: Context,
  tx: Transaction,
  { grantorId, granteeId, next }: { grantorId: string; granteeId: string; next: Terms },
): Promise<string> {
  const found = await tx.share.findUnique({ where: { grantorId_granteeId: { grantorId, granteeId } } });
  const id = found?.id ?? context.newId();
  const changes = changesOf(found, next);
  if (Object.keys(changes).length === 0) return id;
  const data = { ...next, scopes: [...next.scopes] };
  if (found) await tx.share.update({ where: { id }, data, select: { id: true } });
  else
    await tx.share.create({
      data: { id, grantorId, granteeId, createdAt: context.now(), ...data },
      select: { id: true },
    });
  const action = found ? 'share.update' : 'share.create';
  await record(context, tx, { action, subject: { type: 'Share', id }, about: grantorId, changes });
  return id;
}

function changesOf(before: Terms | null, after: Terms): FieldChanges {
  const values = (terms: Terms | null) => ({
    scopes: terms === null ? null : [...terms.scopes],
    expiresAt: terms?.expiresAt?.toISOString() ?? null,
  });
  const [old, next] = [values(before), values(after)];
  const changed = (['scopes', 'expiresAt'] as const).filter(
    (field) => JSON.stringify(old[field]) !== JSON.stringify(next[field]),
  );
  return Object.fromEntries(changed.map((field) => [field, { before: old[field], after: next[field] }]));
}

/** Who no longer has access, or whose account one no longer wants access to. */
export type RevokeAccessInput = { readonly granteeId: string } | { readonly grantorId: string };

/**
 * Ends a share of the acting account at once, and with it the sessions of the one who acted by it: the grantor withdraws
 * what it shared, the grantee gives up what was shared with it.
 * @returns the id that the share had
 */
export async function revokeAccess(context: Context, input: RevokeAccessInput): Promise<string> {
  const user = requireUser(context);
  const isGrantor = 'granteeId' in input;
  const pair = isGrantor
    ? { grantorId: user.id, granteeId: input.granteeId }
    : { grantorId: input.grantorId, granteeId: user.id };
  const id = await transact(context, async (tx) => {
    const me = await lockAccount(context, tx, { id: user.id, path: [] }, {});
    const found = await tx.share.findUnique({
      where: { grantorId_granteeId: pair },
      select: { id: true, scopes: true, expiresAt: true },
    });
    if (found === null) throw new NotFoundError(['input', isGrantor ? 'granteeId' : 'grantorId']);
    enforce(isGrantor ? decide(context.actor, 'share', me) : decideRenounceShare(context.actor));
    // First, since whoever is being let in by the share at this moment holds it: then that session is there to be ended.
    await tx.share.delete({ where: { id: found.id }, select: { id: true } });
    await endDelegations(context, tx, pair);
    const changes = { scopes: { before: found.scopes, after: null } };
    const subject = { type: 'Share', id: found.id } as const;
    await record(context, tx, { action: 'share.revoke', subject, about: pair.grantorId, changes });
    return found.id;
  });
  if (!isGrantor) context.actor = { ...context.actor, user: without(user, pair.grantorId) };
  return id;
}

/** Ends the sessions in which one account acts for another by a share. */
async function endDelegations(
  { now }: Pick<Context, 'now'>,
  tx: Transaction,
  { grantorId, granteeId }: { grantorId: string; granteeId: string },
): Promise<void> {
  await tx.session.updateMany({
    where: { userId: grantorId, actorId: granteeId, revokedAt: null },
    data: { revokedAt: now() },
  });
}

/** The rest of the operation must not see what was just given up. */
function without(user: ActingUser, grantorId: string): ActingUser {
  return { ...user, shares: new Map([...user.shares].filter(([id]) => id !== grantorId)) };
}
