/** The receipts of erasures as witnesses of the trail: each was signed over the head of the chain at that moment. */
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose';
import type { Prisma } from '../generated/prisma/client.ts';
import type { Break } from './audit-chain.ts';

const pageSize = 100;

/** Where a receipt and the trail do not agree, for the receipts that name a place from `from` on. */
export async function receiptProblems(prisma: Prisma.TransactionClient, from: bigint): Promise<Break[]> {
  const breaks: Break[] = [];
  let after: string | null = null;
  for (;;) {
    const erasures: { id: string; receipt: string | null }[] = await prisma.erasure.findMany({
      where: { receipt: { not: null }, ...(after !== null && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: pageSize,
      select: { id: true, receipt: true },
    });
    for (const { id, receipt } of erasures) {
      const found = await compare(prisma, receipt ?? '');
      if (found.problem !== null && (found.sequence === null || found.sequence >= from))
        breaks.push({
          sequence: found.sequence,
          problem: `the receipt of the erasure ${id} ${found.problem}`,
        });
    }
    after = erasures.at(-1)?.id ?? null;
    if (after === null) return breaks;
  }
}

async function compare(
  prisma: Prisma.TransactionClient,
  receipt: string,
): Promise<{ sequence: bigint | null; problem: string | null }> {
  const head = await readHead(prisma, receipt);
  if (head === null) return { sequence: null, problem: 'is not one that this server signed' };
  const row = await prisma.auditEvent.findUnique({
    where: { sequence: head.sequence },
    select: { hash: true },
  });
  const hash = row?.hash == null ? null : Buffer.from(row.hash).toString('hex');
  return { sequence: head.sequence, problem: hash === head.hash ? null : 'was signed over another event' };
}

/** What a receipt says of the trail; null where its signature is not good. */
async function readHead(
  prisma: Prisma.TransactionClient,
  receipt: string,
): Promise<{ sequence: bigint; hash: string } | null> {
  try {
    const key = await prisma.signingKey.findFirst({
      where: { keyId: decodeProtectedHeader(receipt).kid ?? '', purpose: 'receipts' },
      select: { publicJwk: true, algorithm: true },
    });
    if (key === null) return null;
    const { payload } = await compactVerify(receipt, await importJWK(key.publicJwk as JWK, key.algorithm));
    const { audit } = JSON.parse(new TextDecoder().decode(payload));
    return { sequence: BigInt(audit.sequence), hash: String(audit.hash) };
  } catch {
    return null; // cut, changed, or signed by somebody else: whatever it is, it is no witness
  }
}
