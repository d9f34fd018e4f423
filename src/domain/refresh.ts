/**
 * Refresh tokens: each is good once, and for a moment longer for those who raced for it. One that comes back later was
 * copied, so its session ends (RFC 9700, section 4.14.2).
 */
import { sessionActor, sessionSelect } from '../auth/authenticate.ts';
import { hashSecret, secretKind, secretOf } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { InvalidRefreshTokenError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { record } from './audit.ts';
import { anonymous } from './policy.ts';
import { endSession, type SessionGrant, sessionGrantSelect } from './sessions.ts';
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
  const outcome = await transact({ ...context, actor: anonymous }, async (tx) => {
    const row = await lockToken(tx, refreshToken);
    if (row === null || row.expiresAt <= context.now()) return null;
    const session = await tx.session.findUniqueOrThrow({
      where: { id: row.sessionId },
      select: { ...sessionSelect(context.now()), ...sessionGrantSelect },
    });
    const actor = await sessionActor(session, { ...context, prisma: tx as Context['prisma'] });
    if (actor === null || session.clientId !== clientId) return null;
    const isReused = row.usedAt !== null && row.usedAt.getTime() + refreshGrace <= context.now().getTime();
    if (isReused) {
      await endFamily(context, tx, session);
      return null;
    }
    const successor = await succeed(context, tx, { row, secret: refreshToken });
    return { session, refreshToken: successor };
  });
  if (outcome === null) throw new InvalidRefreshTokenError();
  return outcome;
}

interface Link {
  readonly id: string;
  readonly sessionId: string;
  readonly replacedById: string | null;
  readonly usedAt: Date | null;
  readonly expiresAt: Date;
}

const linkSelect = {
  id: true,
  sessionId: true,
  replacedById: true,
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

/** The newest token of the chain that begins here; a new one where this is the newest. */
async function succeed(
  context: Context,
  tx: Transaction,
  { row, secret }: { row: Link; secret: string },
): Promise<string> {
  let [link, text] = [row, secret];
  while (link.replacedById !== null) {
    text = successorOf(context, text, link.replacedById).secret;
    link = await tx.refreshToken.findUniqueOrThrow({ where: { id: link.replacedById }, select: linkSelect });
    if (link.usedAt === null) return text;
  }
  const now = context.now();
  const id = context.newId();
  const next = successorOf(context, text, id);
  const { sessionId, expiresAt } = link;
  await tx.refreshToken.create({
    data: { id, sessionId, tokenHash: next.hash, createdAt: now, expiresAt },
    select: { id: true },
  });
  await tx.refreshToken.update({
    where: { id: link.id },
    data: { usedAt: now, replacedById: id },
    select: { id: true },
  });
  await tx.session.update({ where: { id: sessionId }, data: { lastUsedAt: now }, select: { id: true } });
  return next.secret;
}

/** A successor follows from its predecessor and the server's secret, so that it can be told again without being kept. */
function successorOf({ sealing }: Context, secret: string, id: string) {
  return secretOf('refreshToken', sealing.mac('refresh', `${id}:${secret}`));
}

const day = 24 * 60 * 60 * 1000;

/**
 * A refresh token of a session for whoever shows that it has the session, and was handed none: the same one all day, until
 * it is used, and then its successor. So however often it is asked for, a session has few.
 */
export async function standingRefreshToken(
  context: Context,
  tx: Transaction,
  { id: sessionId, expiresAt: sessionEnd }: Pick<SessionGrant, 'id' | 'expiresAt'>,
): Promise<string> {
  const now = context.now();
  const period = Math.floor(now.getTime() / day);
  const first = secretOf('refreshToken', context.sealing.mac('refresh', `standing:${sessionId}:${period}`));
  await tx.$queryRaw`SELECT 1 FROM sessions WHERE id = ${sessionId}::uuid FOR UPDATE`;
  const expiresAt = new Date(Math.min(sessionEnd.getTime(), (period + 2) * day));
  let link: Link = await tx.refreshToken.upsert({
    where: { tokenHash: first.hash },
    create: { id: context.newId(), sessionId, tokenHash: first.hash, createdAt: now, expiresAt },
    update: {},
    select: linkSelect,
  });
  let text = first.secret;
  while (link.replacedById !== null) {
    text = successorOf(context, text, link.replacedById).secret;
    link = await tx.refreshToken.findUniqueOrThrow({ where: { id: link.replacedById }, select: linkSelect });
  }
  return text;
}

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
