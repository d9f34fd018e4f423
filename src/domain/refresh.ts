/**
 * Refresh tokens: each is good once, and for a moment longer for those who raced for it. One that comes back later was
 * copied, so its session ends (RFC 9700, section 4.14.2).
 */
import { v4 } from 'uuid';
import { sessionActor, sessionSelect } from '../auth/authenticate.ts';
import { hashSecret, secretKind } from '../auth/secrets.ts';
import { type Context, within } from '../context.ts';
import { day } from '../durations.ts';
import { InvalidRefreshTokenError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { record } from './audit.ts';
import { anonymous } from './policy.ts';
import { endSession, refreshTokenOf, type SessionGrant, sessionGrantSelect } from './sessions.ts';
import { type Transaction, transact } from './transaction.ts';

/** How long a used token still leads to its successor: tabs, retries and lost answers take no longer. */
export const refreshGrace = 30_000;

export interface Refreshed {
  readonly session: SessionGrant;
  /** The token that takes the place of the one presented. */
  readonly refreshToken: string;
}

interface Presented {
  readonly refreshToken: string;
  /** The client that presents it, which must be the one that the session was granted to; absent for first parties. */
  readonly clientId?: string | null;
}

/**
 * Takes a refresh token for its successor. All who present one within the grace get the same successor.
 * @throws {InvalidRefreshTokenError} for one that is unknown, over, another client's, or used before; the last ends the session
 */
export async function refreshSession(
  context: Context,
  { refreshToken, clientId = null }: Presented,
): Promise<Refreshed> {
  if (secretKind(refreshToken) !== 'refreshToken') throw new InvalidRefreshTokenError();
  const outcome = await transact(within(context, { actor: anonymous }), async (tx) => {
    const row = await lockToken(tx, refreshToken);
    if (row === null || row.expiresAt <= context.now()) return null;
    const session = await tx.session.findUniqueOrThrow({
      where: { id: row.sessionId },
      select: { ...sessionSelect(context.now()), ...sessionGrantSelect },
    });
    const actor = await sessionActor(session, within(context, { prisma: tx as Context['prisma'] }));
    if (actor === null || session.clientId !== clientId) return null;
    const isReused = row.usedAt !== null && row.usedAt.getTime() + refreshGrace <= context.now().getTime();
    if (isReused) {
      await endFamily(context, tx, session);
      return null;
    }
    const successor = await succeed(context, tx, row);
    return { session, refreshToken: successor };
  });
  if (outcome === null) throw new InvalidRefreshTokenError();
  return outcome;
}

interface Link {
  readonly id: string;
  readonly sessionId: string;
  readonly chainId: string;
  readonly usedAt: Date | null;
  readonly expiresAt: Date;
}

const linkSelect = {
  id: true,
  sessionId: true,
  chainId: true,
  usedAt: true,
  expiresAt: true,
} as const satisfies Prisma.RefreshTokenSelect;

/** Racers take turns here: the first one makes the successor, and the others find it. */
async function lockToken(tx: Transaction, secret: string): Promise<Link | null> {
  const tokenHash = hashSecret(secret);
  await tx.$queryRaw`
    SELECT 1 FROM sessions WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = ${tokenHash}) FOR UPDATE`;
  return tx.refreshToken.findUnique({ where: { tokenHash }, select: linkSelect });
}

/** The token that the session goes on with: one that was made since, for those who raced; else a new one. */
async function succeed(context: Context, tx: Transaction, row: Link): Promise<string> {
  const { sessionId, chainId, expiresAt } = row;
  const newest = row.usedAt === null ? null : await findUnused(tx, chainId);
  if (newest !== null) return refreshTokenOf(context, newest.id).secret;
  const now = context.now();
  const id = context.newId();
  const next = refreshTokenOf(context, id);
  await tx.refreshToken.create({
    data: { id, sessionId, chainId, tokenHash: next.hash, createdAt: now, expiresAt },
    select: { id: true },
  });
  await tx.refreshToken.update({
    where: { id: row.id },
    data: { usedAt: now, replacedById: id },
    select: { id: true },
  });
  await tx.session.update({ where: { id: sessionId }, data: { lastUsedAt: now }, select: { id: true } });
  return next.secret;
}

/** The token that a chain goes on with: each time one is used, exactly one takes its place. */
const findUnused = (tx: Transaction, chainId: string) =>
  tx.refreshToken.findFirst({
    where: { chainId, usedAt: null },
    orderBy: { createdAt: 'desc' },
    select: { id: true },
  });

/**
 * A refresh token of a session for whoever shows that it has the session, and was handed none: in a chain of its own, so
 * that nobody uses up another's. The same one all day, until it is used, and then its successor: a session has few.
 */
export async function standingRefreshToken(
  context: Context,
  tx: Transaction,
  { id: sessionId, expiresAt: sessionEnd }: Pick<SessionGrant, 'id' | 'expiresAt'>,
): Promise<string> {
  const now = context.now();
  const period = Math.floor(now.getTime() / day);
  const chainId = uuidOf(context.sealing.mac('refresh', `standing:${sessionId}:${period}`));
  await tx.$queryRaw`SELECT 1 FROM sessions WHERE id = ${sessionId}::uuid FOR UPDATE`;
  const unused = await findUnused(tx, chainId);
  if (unused !== null) return refreshTokenOf(context, unused.id).secret;
  const id = context.newId();
  const first = refreshTokenOf(context, id);
  const expiresAt = new Date(Math.min(sessionEnd.getTime(), (period + 2) * day));
  await tx.refreshToken.create({
    data: { id, sessionId, chainId, tokenHash: first.hash, createdAt: now, expiresAt },
    select: { id: true },
  });
  return first.secret;
}

/** A UUID of these bits. */
const uuidOf = (bits: Uint8Array) => v4({ random: bits.subarray(0, 16) });

async function endFamily(
  context: Context,
  tx: Transaction,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  context.log.warn({ sessionId: id }, 'a used refresh token came again: its session was ended');
  if (!(await endSession(context, tx, id))) return;
  const changes = { refreshTokenReused: { before: null, after: true } };
  await record(context, tx, {
    action: 'session.revoke',
    subject: { type: 'Session', id },
    about: userId,
    changes,
  });
}
