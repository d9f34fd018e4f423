/** One-time codes, which prove that a message reached its reader. Kept only as an HMAC: whoever reads the database has none. */
import { timingSafeEqual } from 'node:crypto';
import type { Context } from '../context.ts';
import { hour } from '../durations.ts';
import { RateLimitedError } from '../errors.ts';
import type { Challenge } from '../generated/prisma/client.ts';
import type { CodeParty } from '../limits.ts';
import type { Transaction } from './transaction.ts';

/** Wrong tries that a code stands, so that it cannot be guessed. */
const mostAttempts = 5;
/** Codes of a kind that an account gets within an hour, so that nobody's mailbox or phone can be flooded. */
const mostPerHour = 5;

interface Subject {
  readonly kind: Challenge['kind'];
  readonly userId: string;
  /** The e-mail address or the phone number that the code proves. */
  readonly targetId?: string | null;
  /** What the code is bound to besides, such as the address: once that differs, the code is void. */
  readonly value: string;
}

/**
 * Counts a code that the actor asks for, whichever account it is for. Do so before anything is looked up or written: what
 * can be asked of addresses is limited by it too.
 * @throws {RateLimitedError} when the actor asked for too many within the hour
 */
export const countCodeRequest = (context: Context): Promise<void> =>
  countCode(context, { actor: context.actor });

/**
 * Counts a code that goes to an address by another way than a challenge, whoever sends it there.
 * @throws {RateLimitedError} when too many went there within the hour
 */
export const countCodeTo = (context: Context, destination: string): Promise<void> =>
  countCode(context, { destination });

async function countCode({ limits }: Context, of: CodeParty): Promise<void> {
  const codes = await limits.consumeCode(of);
  if (codes?.allowed === false) throw new RateLimitedError(codes);
}

/**
 * Makes a code, which voids the one before it. Send it once the transaction is over.
 * @throws {RateLimitedError} when the account, or where it goes, got too many of this kind within the hour
 */
export async function issueChallenge(
  context: Context,
  tx: Transaction,
  {
    kind,
    userId,
    targetId = null,
    value,
    to,
    minutes,
  }: Subject & {
    /** The address or the number that it goes to. */
    readonly to: string;
    readonly minutes: number;
  },
): Promise<string> {
  const id = context.newId();
  const createdAt = context.now();
  // Those who ask at once take turns, so that each counts the codes before it.
  await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;
  await requireFew(tx, { kind, userId, now: createdAt });
  // Accounts come and go, and what floods a phone is all of them; should a deadlock run this again, it counts once more.
  await countCode(context, { destination: `${kind} ${to.toLowerCase()}` });
  const code = kind === 'PHONE_VERIFICATION' ? digits(context) : letters(context);
  await tx.challenge.create({
    data: {
      id,
      kind,
      userId,
      targetId,
      codeHash: codeHash(context, { id, kind, value, code }),
      createdAt,
      expiresAt: new Date(createdAt.getTime() + minutes * 60_000),
    },
    select: { id: true },
  });
  return code;
}

/**
 * Takes a code, once. A wrong one is counted against it, so commit the transaction whatever the answer, and throw after it.
 * @returns whether it is the newest one, for this value, and neither used, over nor guessed at too often
 */
export async function redeemChallenge(
  context: Context,
  tx: Transaction,
  { kind, userId, targetId = null, value, code }: Subject & { readonly code: string },
): Promise<boolean> {
  const now = context.now();
  const newest = await tx.challenge.findFirst({
    where: { kind, userId, targetId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: { id: true, codeHash: true },
  });
  if (newest === null) return false;
  const { id } = newest;
  const tried = await tx.challenge.updateMany({
    where: { id, usedAt: null, expiresAt: { gt: now }, attempts: { lt: mostAttempts } },
    data: { attempts: { increment: 1 } },
  });
  if (tried.count === 0) return false;
  if (!timingSafeEqual(newest.codeHash, codeHash(context, { id, kind, value, code }))) return false;
  await tx.challenge.update({ where: { id }, data: { usedAt: now }, select: { id: true } });
  return true;
}

async function requireFew(
  tx: Transaction,
  { kind, userId, now }: { kind: Challenge['kind']; userId: string; now: Date },
): Promise<void> {
  const hourAgo = new Date(now.getTime() - hour);
  await tx.challenge.deleteMany({ where: { userId, createdAt: { lt: hourAgo }, expiresAt: { lt: now } } });
  const recent = await tx.challenge.findMany({
    where: { userId, kind, createdAt: { gt: hourAgo } },
    orderBy: { createdAt: 'desc' },
    take: mostPerHour,
    select: { createdAt: true },
  });
  const last = recent[mostPerHour - 1];
  if (last === undefined) return;
  const wait = last.createdAt.getTime() - hourAgo.getTime();
  throw new RateLimitedError({ limit: mostPerHour, retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
}

/** However people write a code: with or without its groups, in either case. */
function codeHash(
  { sealing }: Context,
  { id, kind, value, code }: { id: string; kind: string; value: string; code: string },
) {
  const written = code.replace(/[\s-]/g, '').toUpperCase();
  return sealing.mac('code', JSON.stringify([id, kind, value, written]));
}

/** 32 characters that nobody takes for one another: 5 bits each. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

function letters({ randomBytes }: Context): string {
  const text = [...randomBytes(12)].map((byte) => alphabet.charAt(byte & 31)).join('');
  return `${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`;
}

/** Short enough to be typed from a phone; 48 bits make each of them as likely as any other. */
function digits({ randomBytes }: Context): string {
  const number = Buffer.from(randomBytes(6)).readUIntBE(0, 6) % 1_000_000;
  return String(number).padStart(6, '0');
}
