import { actingUserSelect, allScopes, toActingUser } from '../auth/authenticate.ts';
import { verifyPassword } from '../auth/passwords.ts';
import { issueSecret } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { AccountNotActiveError, ForbiddenError, InvalidCredentialsError } from '../errors.ts';
import type { User } from '../generated/prisma/client.ts';
import { record } from './audit.ts';
import { requireCaller } from './caller.ts';
import { type ActingUser, anonymous } from './policy.ts';
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

/**
 * Opens a session for a person by e-mail address or username and password, and acts as that person from here on.
 * An unknown login takes as long as a wrong password and answers the same.
 */
export async function signIn(
  context: Context,
  { login, password }: { login: string; password: string },
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
  return openSession(context, { user: toActingUser(user), hash }, query);
}

async function openSession(
  context: Context,
  { user, hash }: { user: ActingUser; hash: string },
  query: () => UserQuery,
): Promise<SignedIn> {
  const { secret, hash: tokenHash } = issueSecret('session', context.randomBytes);
  const now = context.now();
  const expiresAt = new Date(now.getTime() + context.settings.sessionDays * day);
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
