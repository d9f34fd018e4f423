import { actingUserSelect, allScopes, toActingUser } from '../auth/authenticate.ts';
import { verifyPassword } from '../auth/passwords.ts';
import { issueSecret } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { AccountNotActiveError, ForbiddenError, InvalidCredentialsError, NotFoundError } from '../errors.ts';
import type { Prisma, Session, User } from '../generated/prisma/client.ts';
import { accountSelect, enforce } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { type ActingUser, anonymous, decide, visibility } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

const day = 24 * 60 * 60 * 1000;

export interface SignedIn {
  /** The session's token, shown this once. */
  readonly token: string;
  readonly sessionId: string;
  readonly expiresAt: Date;
  readonly user: User;
}

export interface SignInInput {
  /** The username or an e-mail address. */
  readonly login: string;
  readonly password: string;
  /** How long the session lasts, in milliseconds; as configured when absent. */
  readonly lifetime?: number;
}

/**
 * Opens a session for a person by e-mail address or username and password, and acts as that person from here on.
 * An unknown login takes as long as a wrong password and answers the same.
 */
export async function signIn(
  context: Context,
  { login, password, lifetime = context.settings.sessionDays * day }: SignInInput,
  query: () => UserQuery,
): Promise<SignedIn> {
  const found = login.includes('\u0000')
    ? null
    : await context.prisma.loginName.findUnique({
        where: { name: login },
        select: {
          user: { select: { ...actingUserSelect(context.now()), password: { select: { hash: true } } } },
        },
      });
  const hash = found?.user.password?.hash;
  const matches = await verifyPassword(hash, password);
  if (!matches || hash === undefined || found?.user.kind !== 'HUMAN') throw new InvalidCredentialsError();
  const { password: _, ...user } = found.user;
  if (user.status !== 'ACTIVE') throw new AccountNotActiveError(user.status);
  return openSession(context, { user: toActingUser(user), hash, lifetime }, query);
}

async function openSession(
  context: Context,
  { user, hash, lifetime }: { user: ActingUser; hash: string; lifetime: number },
  query: () => UserQuery,
): Promise<SignedIn> {
  const { secret, hash: tokenHash } = issueSecret('session', context.randomBytes);
  const now = context.now();
  const expiresAt = new Date(now.getTime() + lifetime);
  const id = context.newId();
  const before = context.actor;
  const actor = {
    user,
    organizationId: null,
    credential: { kind: 'SESSION', id, expiresAt },
    scopes: allScopes,
  } as const;
  context.actor = actor;
  try {
    const asked = query();
    const row = await transact({ ...context, actor: anonymous }, async (tx) => {
      await requireSamePassword(tx, user.id, hash);
      await tx.session.create({
        data: {
          id,
          userId: user.id,
          tokenHash,
          ...context.client,
          createdAt: now,
          lastUsedAt: now,
          expiresAt,
        },
        select: { id: true },
      });
      const subject = { type: 'Session', id } as const;
      await record(context, tx, { action: 'session.create', subject, about: user.id });
      return tx.user.findUniqueOrThrow({ where: { id: user.id }, ...asked });
    });
    return { token: secret, sessionId: id, expiresAt, user: row as User };
  } catch (error) {
    context.actor = before;
    throw error;
  }
}

/** Verifying took a while: whoever changed the password or stopped the account meanwhile must not be outrun. */
async function requireSamePassword(tx: Transaction, userId: string, hash: string): Promise<void> {
  const [row] = await tx.$queryRaw<{ status: string; hash: string }[]>`
    SELECT u.status::text AS status, p.hash FROM users u JOIN passwords p ON p.user_id = u.id
    WHERE u.id = ${userId}::uuid FOR SHARE OF u`;
  if (row?.hash !== hash) throw new InvalidCredentialsError();
  if (row.status !== 'ACTIVE') throw new AccountNotActiveError(row.status);
}

/** Ends the session that the request came with. */
export async function signOut(context: Context): Promise<void> {
  const { credential, user } = context.actor;
  requireCaller(context);
  if (credential.kind !== 'SESSION' || credential.id === null || user === null) {
    throw new ForbiddenError('Only a session can be signed out; revoke an API token with revokeApiToken.');
  }
  const id = credential.id;
  await transact(context, async (tx) => {
    const { count } = await tx.session.updateMany({
      where: { id, revokedAt: null },
      data: { revokedAt: context.now() },
    });
    if (count === 0) return;
    await record(context, tx, { action: 'session.revoke', subject: { type: 'Session', id }, about: user.id });
  });
  context.actor = anonymous;
}

/** The sessions that are open. */
export const openSessionWhere = ({ now }: Pick<Context, 'now'>) =>
  ({ revokedAt: null, expiresAt: { gt: now() } }) satisfies Prisma.SessionWhereInput;

/** A list of sessions: the one used last first, and no more than anybody can read. */
export const sessionListing = {
  orderBy: [{ lastUsedAt: 'desc' }, { id: 'asc' }],
  take: 100,
} as const satisfies Prisma.User$sessionsArgs;

/** The open sessions of the acting account, the one used last first. */
export async function listOwnSessions(
  context: Context,
  where: Prisma.SessionWhereInput = {},
): Promise<Session[]> {
  const { id } = requireUser(context);
  const user = await context.prisma.user.findUniqueOrThrow({
    where: { id },
    select: {
      ...accountSelect,
      sessions: { where: { AND: [openSessionWhere(context), where] }, ...sessionListing },
    },
  });
  enforce(decide(context.actor, 'readSessions', user));
  return user.sessions;
}

/** An open session of the acting account. @throws {NotFoundError} */
export async function findOwnSession(context: Context, id: string): Promise<Session> {
  const [session] = await listOwnSessions(context, { id });
  if (session === undefined) throw new NotFoundError(['id']);
  return session;
}

/** Ends a session at once: one's own; any, for superusers. */
export async function revokeSession(
  context: Context,
  { id, where = {} }: { id: string; where?: Prisma.SessionWhereInput },
): Promise<Session> {
  requireCaller(context);
  const { actor } = context;
  const owner = visibility(actor).everything
    ? { kind: { not: 'INTERNAL' as const } }
    : { id: { in: actor.user === null ? [] : [actor.user.id] } };
  const revokedAt = context.now();
  const session = await transact(context, async (tx) => {
    const found = await tx.session.findFirst({
      where: { AND: [{ id, user: owner }, openSessionWhere(context), where] },
      select: { userId: true, user: { select: accountSelect } },
    });
    if (found === null) throw new NotFoundError(['id']);
    enforce(decide(actor, 'endSession', found.user));
    const { count } = await tx.session.updateMany({ where: { id, revokedAt: null }, data: { revokedAt } });
    if (count === 0) throw new NotFoundError(['id']);
    await record(context, tx, {
      action: 'session.revoke',
      subject: { type: 'Session', id },
      about: found.userId,
    });
    return tx.session.findUniqueOrThrow({ where: { id } });
  });
  if (actor.credential.id === id) context.actor = anonymous;
  return session;
}

/** Ends an open session of the acting account at once. @throws {NotFoundError} */
export function revokeOwnSession(context: Context, id: string): Promise<Session> {
  return revokeSession(context, { id, where: { userId: requireUser(context).id } });
}
