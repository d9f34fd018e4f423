/**
 * Acting for another account: for a user that one manages, or one that shares. Who does gets a session of that account, with
 * the actor in it, which reaches no further than that account and ends with what it was opened by.
 */
import { lentScopes as lentNow } from '../auth/authenticate.ts';
import { type Context, within } from '../context.ts';
import { day } from '../durations.ts';
import { InvalidInputError, NotFoundError, UnauthenticatedError } from '../errors.ts';
import type { User } from '../generated/prisma/client.ts';
import { accountSelect, enforce, visibleWhere } from './accounts.ts';
import { requireUser } from './caller.ts';
import { type Account, decide, decideGrantScopes, lentScopes, type Scope } from './policy.ts';
import { selecting } from './selection.ts';
import { createSession, type SessionGrant, type SessionSecrets } from './sessions.ts';
import { type Transaction, transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

export interface Delegation extends SessionSecrets {
  /** The account that is acted for. */
  readonly user: User;
  readonly session: SessionGrant;
  readonly scopes: readonly Scope[];
}

export interface DelegationInput {
  /** The account to act for. */
  readonly userId: string;
  /** What to do there; all that is lent and that the credential itself may, when absent. */
  readonly scopes?: readonly Scope[] | null | undefined;
}

/**
 * Opens a session in which the acting account acts for another one.
 * @throws {NotFoundError} for an account that the actor cannot see
 */
export async function delegateAccess(
  context: Context,
  { userId, scopes: wanted }: DelegationInput,
  query: UserQuery,
): Promise<Delegation> {
  const { id: actorId } = requireUser(context);
  return transact(context, async (tx) => {
    const where = { AND: [{ id: userId }, visibleWhere(context)] };
    const row = await tx.user.findFirst({ where, ...selecting(query, accountSelect) });
    if (row === null) throw new NotFoundError(['input', 'userId']);
    const user = row as User;
    enforce(decide(context.actor, 'actFor', user));
    await requireStillLent(context, tx, { actorId, account: user });
    const scopes = scopesOf(context, user, wanted ?? null);
    const parent = await parentOf(context, tx);
    const longest = context.now().getTime() + context.settings.sessionDays * day;
    const columns = {
      userId,
      actorId,
      scopes,
      clientId: context.actor.credential.clientId ?? null,
      expiresAt: new Date(Math.min(parent.expiresAt.getTime(), longest)),
    };
    const secrets = await createSession(context, tx, { ...columns, ...parent.reference });
    return { ...secrets, user, scopes, session: { ...columns, id: secrets.sessionId } };
  });
}

/** What is asked for, as far as it is lent; without a wish, all that is lent and that the credential itself may. */
function scopesOf({ actor }: Context, account: Account, wanted: readonly Scope[] | null): Scope[] {
  const lent = lentScopes(actor, account);
  if (wanted === null) return lent.filter((scope) => actor.scopes.has(scope));
  const path = ['input', 'scopes'];
  if (wanted.length === 0)
    throw new InvalidInputError([{ path, code: 'TOO_SHORT', message: 'must name at least one scope' }]);
  const foreign = wanted.find((scope) => !lent.includes(scope));
  if (foreign !== undefined) {
    const message = `the account does not lend you ${foreign}`;
    throw new InvalidInputError([{ path, code: 'NOT_ALLOWED', message }]);
  }
  enforce(decideGrantScopes(actor, wanted));
  return lent.filter((scope) => wanted.includes(scope));
}

/** Holds the share, so that it cannot be withdrawn without ending the session that is about to be. */
async function requireStillLent(
  context: Context,
  tx: Transaction,
  { actorId, account }: { actorId: string; account: Account },
): Promise<void> {
  await tx.$queryRaw`
    SELECT 1 FROM shares WHERE grantor_id = ${account.id}::uuid AND grantee_id = ${actorId}::uuid FOR SHARE`;
  const lent = await lentNow(actorId, account, within(context, { prisma: tx as Context['prisma'] }));
  if (lent === null) throw new NotFoundError(['input', 'userId']);
}

/** What the new session ends with: the session or the API token that it is asked for with. */
async function parentOf({ actor }: Context, tx: Transaction) {
  const id = actor.credential.id ?? '';
  const isSession = actor.credential.kind === 'SESSION';
  const select = { expiresAt: true } as const;
  const row = isSession
    ? await tx.session.findUnique({ where: { id }, select })
    : await tx.apiToken.findUnique({ where: { id }, select });
  if (row === null) throw new UnauthenticatedError('The credential has ended.');
  const reference = isSession ? { parentSessionId: id } : { parentApiTokenId: id };
  const ends = actor.credential.expiresAt;
  // A token's own end, or that of a secret that was replaced: an access token of a session ends sooner than the session.
  return { expiresAt: !isSession && ends !== null && ends < row.expiresAt ? ends : row.expiresAt, reference };
}
