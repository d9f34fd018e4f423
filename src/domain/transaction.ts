import type { Context } from '../context.ts';
import { NotFoundError, UnauthenticatedError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { recordedIn } from './audit.ts';
import { danglingReference, isRetryable } from './database-errors.ts';
import type { Actor } from './policy.ts';

/** The client inside a transaction. On the embedded database nothing else may be queried meanwhile. */
export type Transaction = Prisma.TransactionClient;

const attempts = 4;

/**
 * Runs `work` in one transaction, as long as the credential is still good: one operation can hold many writes, and a
 * credential that ends must not act to the end of it. What lost a deadlock runs again, so `work` has no effect elsewhere.
 */
export async function transact<T>(context: Context, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const checked = async (tx: Transaction) => {
    await requireGoodCredential(context, tx);
    return work(tx);
  };
  return context.transaction ? checked(context.transaction) : persist(context, checked);
}

/** Runs `work` in a transaction of the request's own, and once more where it lost a deadlock. */
export async function persist<T>(context: Context, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commit(context, work);
    } catch (error) {
      if (danglingReference(error)) await explainDangling(context);
      if (attempt === attempts || !isRetryable(error)) throw error;
    }
  }
}

/** Runs `work` in a transaction of its own. What it recorded is told to whoever waits for it, once it is committed. */
export async function commit<T>(
  { prisma, feed, jobs }: Pick<Context, 'prisma' | 'feed' | 'jobs'>,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let used: Transaction | undefined;
  const result = await prisma.$transaction((tx) => {
    used = tx;
    return work(tx);
  });
  const events = used === undefined ? [] : recordedIn(used);
  if (events.length > 0) feed.tell(events);
  jobs.wake();
  return result;
}

/** @throws {UnauthenticatedError} when the credential is over, or its account is no longer what the actor was made of */
async function requireGoodCredential({ actor, now }: Context, tx: Transaction): Promise<void> {
  const { kind, id, expiresAt } = actor.credential;
  if (kind === 'ANONYMOUS' || kind === 'CONSOLE' || kind === 'SYSTEM' || id === null) return;
  const isOver = expiresAt !== null && expiresAt <= now();
  for (const account of [actor.delegate, actor.user]) if (account) await beActing(tx, account.id);
  if (isOver || !(await lookups[kind](id, actor, { tx, now: now() })))
    throw new UnauthenticatedError('The credential has ended.');
}

const actingLock = (accountId: string) => `usergraph:acting:${accountId}`;

/** Holds off the erasure of an account until what it does now is committed: nothing of it comes to the tables afterwards. */
async function beActing(tx: Transaction, accountId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock_shared(hashtextextended(${actingLock(accountId)}, 0))`;
}

/** Waits until nothing is under way that the account began. From then on all of it is refused, if its credentials have ended. */
export async function awaitActing(tx: Transaction, accountId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM pg_advisory_xact_lock(hashtextextended(${actingLock(accountId)}, 0))`;
}

type Lookup = (id: string, actor: Actor, at: { tx: Transaction; now: Date }) => Promise<unknown>;

/** What a credential rests on, as long as that is good. */
const lookups: Record<'SESSION' | 'API_TOKEN' | 'CAPABILITY_TOKEN' | 'EXTERNAL_TOKEN', Lookup> = {
  SESSION: (id, actor, { tx, now }) =>
    tx.session.findFirst({
      where: { id, user: activeUser(actor), ...unendedSessionWhere(now) },
      select: { id: true },
    }),
  API_TOKEN: (id, actor, { tx, now }) =>
    tx.apiToken.findFirst({
      where: { id, ...isOpen(now), ...(actor.user && { user: activeUser(actor) }) },
      select: { id: true },
    }),
  CAPABILITY_TOKEN: async (id, actor, { tx }) =>
    (await tx.signingKey.findFirst({ where: { id, retiredAt: null }, select: { id: true } })) !== null &&
    (actor.user === null ||
      (await tx.user.findFirst({
        where: { id: actor.user.id, ...activeUser(actor) },
        select: { id: true },
      }))),
  EXTERNAL_TOKEN: (id, actor, { tx }) =>
    tx.oAuthIdentity.findFirst({ where: { id, user: activeUser(actor) }, select: { id: true } }),
};

const isOpen = (now: Date) => ({ revokedAt: null, expiresAt: { gt: now } });

/** The sessions that nothing has ended: neither they nor what they were made by. */
export const unendedSessionWhere = (now: Date) =>
  ({
    ...isOpen(now),
    AND: [
      { OR: [{ clientId: null }, { client: { revokedAt: null } }] },
      { OR: [{ parentSessionId: null }, { parentSession: isOpen(now) }] },
      { OR: [{ parentApiTokenId: null }, { parentApiToken: isOpen(now) }] },
    ],
  }) satisfies Prisma.SessionWhereInput;

function activeUser({ user, delegate }: Actor): Prisma.UserWhereInput {
  return { status: 'ACTIVE', ...(!delegate && { isSuperuser: user?.isSuperuser ?? false }) };
}

/** A row that a write refers to went away meanwhile: the actor's own, or another. */
async function explainDangling(context: Context): Promise<never> {
  await requireGoodCredential(context, context.prisma);
  throw new NotFoundError([]);
}
