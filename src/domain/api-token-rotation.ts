import { issueSecret } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { minute } from '../durations.ts';
import { ForbiddenError, type InputProblem, NotFoundError } from '../errors.ts';
import type { ApiToken } from '../generated/prisma/client.ts';
import { accountSelect, enforce } from './accounts.ts';
import { reachesFurther } from './api-token-bounds.ts';
import { type ApiTokenQuery, visibleTokenWhere } from './api-tokens.ts';
import { record } from './audit.ts';
import { requireCaller } from './caller.ts';
import { parseInput, rotateApiTokenInput } from './input.ts';
import { decide, decideGrantScopes, decideRunOrganization, type Scope } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

export interface RotateApiTokenInput {
  readonly id: string;
  /** How long the secret before still works; it stops at once when absent. */
  readonly overlapMinutes?: number | null | undefined;
}

/**
 * Gives a token a new secret, which is in this answer only; all else of the token stays. Whoever may not make such a
 * token may not have its secret either.
 */
export async function rotateApiToken(
  context: Context,
  { id, ...input }: RotateApiTokenInput,
  query: ApiTokenQuery,
): Promise<{ secret: string; apiToken: ApiToken }> {
  requireCaller(context);
  const { secret, hash, prefix } = issueSecret('apiToken', context.randomBytes);
  const apiToken = await transact(context, async (tx) => {
    const token = await lockToken(context, tx, id);
    const now = context.now();
    const { overlapMinutes } = parseInput(rotateApiTokenInput, input, { also: stateProblems(token, now) });
    const previousExpiresAt = new Date(now.getTime() + (overlapMinutes ?? 0) * minute);
    const isAtOnce = !overlapMinutes;
    await tx.apiToken.update({
      where: { id },
      data: { tokenHash: hash, prefix, previousHash: isAtOnce ? null : token.tokenHash, previousExpiresAt },
      select: { id: true },
    });
    await endDescendants(tx, { id, endsAll: isAtOnce, bounded: token.previousExpiresAt }, now);
    await record(context, tx, {
      action: 'token.rotate',
      subject: { type: 'ApiToken', id },
      about: token.userId ?? token.organizationId ?? id,
      organizationId: token.organizationId ?? token.user?.organizationId ?? null,
      changes: {
        prefix: { before: token.prefix, after: prefix },
        previousExpiresAt: {
          before: token.previousExpiresAt?.toISOString() ?? null,
          after: previousExpiresAt.toISOString(),
        },
      },
    });
    return (await tx.apiToken.findUniqueOrThrow({ where: { id }, ...query })) as ApiToken;
  });
  return { secret, apiToken };
}

/** Two rotations at once take turns: each replaces the secret that the other one made, or left. */
async function lockToken(context: Context, tx: Transaction, id: string) {
  await tx.$queryRaw`SELECT 1 FROM api_tokens WHERE id = ${id}::uuid FOR UPDATE`;
  const token = await tx.apiToken.findFirst({
    where: { AND: [{ id }, visibleTokenWhere(context)] },
    include: { user: { select: accountSelect } },
  });
  if (token === null) throw new NotFoundError(['input', 'id']);
  if (token.user) enforce(decide(context.actor, 'issueToken', token.user));
  if (token.organizationId)
    enforce(decideRunOrganization(context.actor, token.organizationId, 'tokens:write'));
  enforce(decideGrantScopes(context.actor, token.scopes as Scope[]));
  if (reachesFurther(context, token))
    throw new ForbiddenError('The token may be used longer, from more networks or more often than your own.');
  return token;
}

function stateProblems({ revokedAt, expiresAt }: ApiToken, now: Date): InputProblem[] {
  const isOver = revokedAt !== null ? 'is revoked' : expiresAt <= now ? 'has expired' : null;
  if (isOver === null) return [];
  return [{ path: ['input', 'id'], code: 'NOT_ALLOWED', message: `${isOver}; make a new token` }];
}

/**
 * A secret that stops may have leaked, so what it may have opened stops as well: all where the secret stops at once, and
 * else what the rotation before bounded, which the new overlap must not revive.
 */
async function endDescendants(
  tx: Transaction,
  { id, endsAll, bounded }: { id: string; endsAll: boolean; bounded: Date | null },
  revokedAt: Date,
): Promise<void> {
  if (!endsAll && bounded === null) return;
  await tx.session.updateMany({
    where: {
      parentApiTokenId: id,
      revokedAt: null,
      ...(!endsAll && bounded && { createdAt: { lt: bounded } }),
    },
    data: { revokedAt },
  });
}
