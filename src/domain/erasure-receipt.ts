/** The receipt of a complete erasure: what was erased, when, and by whom, signed, for anybody to verify by the published keys. */
import type { WorkContext } from '../context.ts';
import type { Erasure, ErasureOwner } from '../generated/prisma/client.ts';
import type { Transaction } from './transaction.ts';

/** What the signed token says it is (RFC 8725, section 3.11), so that it is taken for nothing else. */
export const receiptType = 'erasure-receipt+jwt';

type Owner = Pick<ErasureOwner, 'name' | 'acknowledgedAt' | 'withdrawnAt'>;

/** The claims of the receipt. `audit` is the head of the trail at this moment: what came before cannot be rewritten unnoticed. */
export async function receiptClaims(
  { issuer }: Pick<WorkContext, 'issuer'>,
  tx: Transaction,
  { erasure, owners, completedAt }: { erasure: Erasure; owners: readonly Owner[]; completedAt: Date },
): Promise<Record<string, unknown>> {
  const head = await tx.auditEvent.findFirst({
    where: { sequence: { not: null } },
    orderBy: { sequence: 'desc' },
    select: { sequence: true, hash: true },
  });
  return {
    iss: issuer,
    iat: Math.floor(completedAt.getTime() / 1000),
    jti: erasure.id,
    sub: erasure.userId,
    requestedAt: erasure.requestedAt.toISOString(),
    startedAt: erasure.startedAt?.toISOString(),
    erasedAt: erasure.erasedAt?.toISOString(),
    completedAt: completedAt.toISOString(),
    inventory: erasure.inventory,
    owners: owners.map(({ name, acknowledgedAt, withdrawnAt }) => ({
      name,
      ...(acknowledgedAt
        ? { acknowledgedAt: acknowledgedAt.toISOString() }
        : { withdrawnAt: withdrawnAt?.toISOString() }),
    })),
    audit: head && {
      sequence: Number(head.sequence),
      hash: Buffer.from(head.hash ?? []).toString('hex'),
    },
  };
}
