/**
 * Proves that the audit trail is whole. Everything is computed here anew from what the rows say: of the database, only the
 * values themselves are believed. Reads page by page, holds no transaction, and so can run beside a busy server.
 */
import type { Prisma } from '../generated/prisma/client.ts';
import { bytes, type ChainRow, chainPages, chainText, jsonbText, sha256 } from './audit-chain-rows.ts';
import { receiptProblems } from './audit-receipts.ts';

/** A place in the chain and what stood there: the trail up to it cannot change without changing the hash. */
export interface Head {
  readonly sequence: bigint;
  /** In hexadecimal. */
  readonly hash: string;
}

export interface Break {
  /** Where in the chain; null where it is at no place of it. */
  readonly sequence: bigint | null;
  readonly problem: string;
}

export interface Verification {
  /** How many events were looked at. */
  readonly events: number;
  /** The last of them; null where there are none. */
  readonly head: Head | null;
  /** What is wrong, in the order of the chain; at most as many as were asked for. */
  readonly breaks: readonly Break[];
}

interface VerifyOptions {
  /** The place to begin at; the one before it is believed. */
  readonly from?: bigint;
  /** What stood at a place when somebody noted it elsewhere. */
  readonly expect?: Head | null;
  readonly mostBreaks?: number;
  readonly pageSize?: number;
}

const beforeTheFirst = '00'.repeat(32);

/** Looks at every event from `from` on, and at the receipts of erasures, which were signed over what stood there. */
export async function verifyChain(
  prisma: Prisma.TransactionClient,
  { from = 1n, expect = null, mostBreaks = 20, pageSize = 500 }: VerifyOptions = {},
): Promise<Verification> {
  const breaks: Break[] = await strays(prisma);
  let events = 0;
  let before: Head = await headBefore(prisma, from);
  let expected = expect;
  for await (const rows of chainPages(prisma, from, pageSize)) {
    const forgotten = await wronglyForgotten(prisma, rows);
    for (const row of rows) {
      const problems = [
        ...linkProblems(row, before),
        ...contentProblems(row),
        ...(forgotten.get(row.id) ?? []),
      ];
      const sequence = BigInt(row.sequence);
      if (expected?.sequence === sequence) {
        if (row.hash !== expected.hash) problems.push('the hash is not the expected one');
        expected = null;
      }
      breaks.push(...problems.map((problem) => ({ sequence, problem })));
      before = { sequence, hash: row.hash ?? '' };
      events += 1;
    }
    if (breaks.length >= mostBreaks) break;
  }
  if (expected !== null && breaks.length < mostBreaks)
    breaks.push({ sequence: expected.sequence, problem: 'the expected event is not among those looked at' });
  if (breaks.length < mostBreaks) breaks.push(...(await receiptProblems(prisma, from)));
  return { events, head: events === 0 ? null : before, breaks: breaks.slice(0, mostBreaks) };
}

/** Events without a place in the chain: what is committed has one, from 1. */
async function strays(prisma: Prisma.TransactionClient): Promise<Break[]> {
  const rows = await prisma.$queryRaw<{ id: string; sequence: string | null }[]>`
    SELECT e.id::text, e.sequence::text FROM audit_events e
    WHERE e.sequence IS NULL OR e.sequence < 1 ORDER BY e.id LIMIT 20`;
  return rows.map(({ id, sequence }) => ({
    sequence: sequence === null ? null : BigInt(sequence),
    problem: `the event ${id} is not in the chain`,
  }));
}

async function headBefore(prisma: Prisma.TransactionClient, from: bigint): Promise<Head> {
  const sequence = from - 1n;
  const [row] = await prisma.$queryRaw<{ hash: string | null }[]>`
    SELECT encode(hash, 'hex') AS hash FROM audit_events WHERE sequence = ${sequence}`;
  return { sequence, hash: sequence === 0n ? beforeTheFirst : (row?.hash ?? '') };
}

/** What is wrong with where the event stands. */
function linkProblems(row: ChainRow, before: Head): string[] {
  const expected = before.sequence + 1n;
  const problems: string[] = [];
  if (BigInt(row.sequence) !== expected) problems.push(`${expected} should follow ${before.sequence}`);
  if (row.previousHash !== before.hash) problems.push('it does not continue the event before');
  if (row.hash !== sha256(bytes(row.previousHash), chainText(row)))
    problems.push('its hash does not fit what it says');
  return problems;
}

/** What is wrong with what can be forgotten, where it is not. */
function contentProblems(row: ChainRow): string[] {
  const problems: string[] = [];
  const { changes, changesSalt, ipAddress, userAgent, originSalt } = row;
  if (changesSalt === null) {
    if (changes !== null) problems.push('its changes cannot be checked');
  } else if (row.changesDigest !== sha256(bytes(changesSalt), changes ?? 'null'))
    problems.push('its changes are not those that were recorded');
  if (originSalt === null) {
    if (ipAddress !== null || userAgent !== null) problems.push('its origin cannot be checked');
  } else if (row.originDigest !== sha256(bytes(originSalt), jsonbText([ipAddress, userAgent])))
    problems.push('its origin is not the one that was recorded');
  return problems;
}

/** What was forgotten although the one whom it is about is not erased, by the id of the event. */
async function wronglyForgotten(
  prisma: Prisma.TransactionClient,
  rows: readonly ChainRow[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const redacted = rows.filter(({ changesSalt, originSalt }) => changesSalt === null || originSalt === null);
  if (redacted.length === 0) return new Map();
  const named = redacted
    .flatMap(({ accountId, actorId, subjectId }) => [accountId, actorId, subjectId])
    .filter((id) => id !== null);
  const erasures = await prisma.erasure.findMany({
    where: { accountIds: { hasSome: [...new Set(named)] }, startedAt: { not: null } },
    select: { accountIds: true },
  });
  const erased = new Set(erasures.flatMap(({ accountIds }) => accountIds));
  const isErased = (id: string | null) => id !== null && erased.has(id);
  return new Map(
    redacted.map((row) => [
      row.id,
      [
        ...(row.changesSalt === null && !isErased(row.accountId) && !isErased(row.subjectId)
          ? ['its changes are forgotten, and no erasure says why']
          : []),
        ...(row.originSalt === null && ![row.actorId, row.accountId, row.subjectId].some(isErased)
          ? ['its origin is forgotten, and no erasure says why']
          : []),
      ],
    ]),
  );
}
