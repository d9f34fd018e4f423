import { type AccessToken, parseScopes } from '../auth/access-tokens.ts';
import { actingUserSelect, toActingUser } from '../auth/acting-user.ts';
import { allScopes } from '../auth/authenticate.ts';
import { hashPassword, verifyPassword } from '../auth/passwords.ts';
import { type IssuedSecret, issueSecret, secretOf } from '../auth/secrets.ts';
import { type Context, within } from '../context.ts';
import { day } from '../durations.ts';
import {
  AccountNotActiveError,
  ForbiddenError,
  InsufficientScopeError,
  InvalidCredentialsError,
  NotFoundError,
  PasswordExpiredError,
  RateLimitedError,
} from '../errors.ts';
import type { Prisma, Session, User } from '../generated/prisma/client.ts';
import { accountSelect, enforce } from './accounts.ts';
import { creationOf, record } from './audit.ts';
import { requireCaller, requireUser } from './caller.ts';
import { isLoginText } from './input.ts';
import { tellOfNewPassword } from './password-notice.ts';
import { parseNewPassword, readOwnNames } from './password-rules.ts';
import { type ActingUser, anonymous, decide, type Scope, visibility } from './policy.ts';
import { type Transaction, transact, unendedSessionWhere } from './transaction.ts';
import type { UserQuery } from './users.ts';

/** What a session that was just opened, or refreshed, hands to its owner, this once. */
export interface SessionSecrets {
  readonly sessionId: string;
  /** The opaque token of a first-party session; null where there is none. */
  readonly token: string | null;
  readonly refreshToken: string;
  readonly expiresAt: Date;
}

export interface SignedIn extends SessionSecrets {
  readonly token: string;
  readonly user: User;
}

export interface SignInInput {
  /** The username or an e-mail address. */
  readonly login: string;
  readonly password: string;
  /** Replaces the password on the way in, as one that an administrator set must be. */
  readonly newPassword?: string | null | undefined;
  /** How long the session lasts, in milliseconds; as configured when absent. */
  readonly lifetime?: number;
}

/**
 * Opens a session for a person by e-mail address or username and password, and acts as that person from here on.
 * An unknown login takes as long as a wrong password and answers the same.
 * @throws {RateLimitedError} after too many attempts to this account or from this address
 */
export async function signIn(
  context: Context,
  { login, password, newPassword, lifetime }: SignInInput,
  query: () => UserQuery,
): Promise<SignedIn> {
  const attempts = await context.limits.consumeSignIn(login, context.client.ipAddress);
  if (!attempts.allowed) throw new RateLimitedError(attempts);
  const found = await findByLogin(context, login);
  const hash = found?.password?.hash;
  const matches = await verifyPassword(hash, password);
  if (!matches || hash === undefined || found?.kind !== 'HUMAN') throw new InvalidCredentialsError();
  const { password: stored, ...user } = found;
  if (user.status !== 'ACTIVE') throw new AccountNotActiveError(user.status);
  if (newPassword == null && stored?.expired) throw new PasswordExpiredError();
  const next =
    newPassword == null ? null : await hashNext(context, { userId: user.id, password, newPassword });
  const before = async (tx: Transaction) => {
    await requireSamePassword(tx, user.id, hash);
    if (next !== null) await replacePassword(context, tx, { userId: user.id, hash: next });
  };
  const signedIn = await openSession(
    context,
    { user: toActingUser(user, context.now()), lifetime, before },
    query,
  );
  await context.limits.forgiveSignIn(login);
  if (next !== null) tellOfNewPassword(context, user.id);
  return signedIn;
}

async function findByLogin({ prisma, now }: Context, login: string) {
  if (!isLoginText(login)) return null;
  const found = await prisma.loginName.findUnique({
    where: { name: login },
    select: {
      user: {
        select: { ...actingUserSelect(now()), password: { select: { hash: true, expired: true } } },
      },
    },
  });
  return found?.user ?? null;
}

async function hashNext(
  { prisma, randomBytes }: Context,
  { userId, password, newPassword }: { userId: string; password: string; newPassword: string },
): Promise<string> {
  parseNewPassword(newPassword, { current: password, ownNames: await readOwnNames(prisma, userId) });
  return hashPassword(newPassword, randomBytes);
}

/** Writes a password that its owner chose, and ends all sessions of the account but this one. */
export async function replacePassword(
  context: Context,
  tx: Transaction,
  {
    userId,
    hash,
    keep = null,
    action = 'password.change',
  }: {
    userId: string;
    hash: string;
    keep?: string | null;
    action?: 'password.change' | 'password.reset';
  },
): Promise<void> {
  const values = { hash, expired: false, updatedAt: context.now() };
  // Whoever signs in by the old password at this moment holds the account: that session is there then, to be ended.
  await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR UPDATE`;
  await tx.password.upsert({ where: { userId }, create: { userId, ...values }, update: values });
  const version = { version: { increment: 1 }, updatedAt: context.now() };
  await tx.user.update({ where: { id: userId }, data: version, select: { id: true } });
  await endSessions(context, tx, userId, keep);
  const changes = { password: { before: null, after: true } };
  await record(context, tx, {
    action,
    subject: { type: 'User', id: userId },
    about: userId,
    changes,
  });
}

/** Ends the sessions of an account, those of its clients and delegates among them, and what would open another one. */
export async function endSessions(
  { now }: Pick<Context, 'now'>,
  tx: Transaction,
  userId: string,
  keep: string | null = null,
): Promise<void> {
  const unused = { userId, usedAt: null };
  await tx.authorizationCode.updateMany({ where: unused, data: { usedAt: now() } });
  await tx.deviceAuthorization.updateMany({ where: unused, data: { status: 'DENIED' } });
  await tx.session.updateMany({
    where: { userId, revokedAt: null, ...(keep !== null && { id: { not: keep } }) },
    data: { revokedAt: now() },
  });
}

/** Opens a first-party session for a person who has proved who they are, and acts as that person from here on. */
export async function openSession(
  context: Context,
  {
    user,
    lifetime = context.settings.sessionDays * day,
    before = async () => {},
  }: {
    readonly user: ActingUser;
    /** In milliseconds. */
    readonly lifetime?: number | undefined;
    /** What must happen first, in the same transaction. */
    readonly before?: (tx: Transaction) => Promise<void>;
  },
  query: () => UserQuery,
): Promise<SignedIn> {
  const id = context.newId();
  const previous = context.actor;
  const expiresAt = new Date(context.now().getTime() + lifetime);
  context.actor = {
    user,
    organizationId: null,
    credential: { kind: 'SESSION', id, expiresAt },
    scopes: allScopes,
  };
  try {
    const asked = query();
    return await transact(within(context, { actor: anonymous }), async (tx) => {
      await before(tx);
      const secrets = await createSession(context, tx, { id, userId: user.id, expiresAt, hasToken: true });
      const row = await tx.user.findUniqueOrThrow({ where: { id: user.id }, ...asked });
      return { ...secrets, token: secrets.token ?? '', user: row as User };
    });
  } catch (error) {
    context.actor = previous;
    throw error;
  }
}

export interface NewSession {
  readonly id?: string;
  readonly userId: string;
  readonly expiresAt: Date;
  /** Whether it has an opaque token besides access tokens. */
  readonly hasToken?: boolean;
  readonly clientId?: string | null;
  /** For a session of a client or a delegate. */
  readonly scopes?: readonly Scope[];
  /** Who acts for the user. */
  readonly actorId?: string | null;
  readonly parentSessionId?: string | null;
  readonly parentApiTokenId?: string | null;
  /** When the person proved who they are; now, when absent. */
  readonly authenticatedAt?: Date;
}

/** A refresh token follows from its id and the server's secret, so that it can be told again without being kept. */
export function refreshTokenOf({ sealing }: Pick<Context, 'sealing'>, id: string): IssuedSecret {
  return secretOf('refreshToken', sealing.mac('refresh', id));
}

/** Writes a session with its first refresh token. */
export async function createSession(
  context: Context,
  tx: Transaction,
  { id = context.newId(), hasToken = false, scopes = [], ...columns }: NewSession,
): Promise<SessionSecrets> {
  const now = context.now();
  const token = hasToken ? issueSecret('session', context.randomBytes) : null;
  const refreshTokenId = context.newId();
  const refreshToken = refreshTokenOf(context, refreshTokenId);
  const { expiresAt, clientId, actorId } = columns;
  await tx.session.create({
    data: {
      authenticatedAt: now,
      ...columns,
      id,
      scopes: [...scopes],
      tokenHash: token?.hash ?? null,
      ...context.client,
      createdAt: now,
      lastUsedAt: now,
      refreshTokens: {
        create: { id: refreshTokenId, tokenHash: refreshToken.hash, createdAt: now, expiresAt },
      },
    },
    select: { id: true },
  });
  await record(context, tx, {
    action: 'session.create',
    subject: { type: 'Session', id },
    about: columns.userId,
    changes: creationOf({ clientId, actorId, scopes: scopes.length === 0 ? null : scopes, expiresAt }),
  });
  return { sessionId: id, token: token?.secret ?? null, refreshToken: refreshToken.secret, expiresAt };
}

/** What an access token of a session says. */
export interface SessionGrant {
  readonly id: string;
  readonly userId: string;
  readonly clientId: string | null;
  readonly scopes: readonly string[];
  readonly actorId: string | null;
  readonly expiresAt: Date;
}

/** The columns that an access token is made of. */
export const sessionGrantSelect = {
  id: true,
  userId: true,
  clientId: true,
  scopes: true,
  actorId: true,
  expiresAt: true,
} as const satisfies Prisma.SessionSelect;

/** What a session may be used for. */
export function sessionScopes({
  clientId,
  actorId,
  scopes,
}: Pick<SessionGrant, 'clientId' | 'actorId' | 'scopes'>): Scope[] {
  const isWhole = clientId === null && actorId === null;
  return isWhole ? [...allScopes] : [...parseScopes(scopes.join(' '))];
}

/** An access token of a session: with all that the session may, or less. */
export function issueSessionToken(
  { accessTokens }: Pick<Context, 'accessTokens'>,
  { id, ...session }: SessionGrant,
  narrowedTo?: readonly Scope[],
): Promise<AccessToken> {
  const all = sessionScopes(session);
  const granted = narrowedTo === undefined ? all : all.filter((scope) => narrowedTo.includes(scope));
  return accessTokens.issue({ ...session, sessionId: id, scopes: granted });
}

/** Verifying took a while: whoever changed the password or stopped the account meanwhile must not be outrun. */
export async function requireSamePassword(tx: Transaction, userId: string, hash: string): Promise<void> {
  const [row] = await tx.$queryRaw<{ status: string; hash: string }[]>`
    SELECT u.status::text AS status, p.hash FROM users u JOIN passwords p ON p.user_id = u.id
    WHERE u.id = ${userId}::uuid FOR UPDATE OF u`;
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
  // What was handed less than the whole session must not end it; what acts for somebody, or for a client, ends its own.
  const isWhole =
    credential.clientId != null || context.actor.delegate || context.actor.scopes.has('users:write');
  if (!isWhole) throw new InsufficientScopeError('users:write');
  const id = credential.id;
  await transact(context, async (tx) => {
    if (!(await endSession(context, tx, id))) return;
    await record(context, tx, { action: 'session.revoke', subject: { type: 'Session', id }, about: user.id });
  });
  context.actor = anonymous;
}

/** Ends a session, and those that were opened by it. @returns whether it was open */
export async function endSession(
  { now }: Pick<Context, 'now'>,
  tx: Transaction,
  id: string,
): Promise<boolean> {
  const { count } = await tx.session.updateMany({
    where: { id, revokedAt: null },
    data: { revokedAt: now() },
  });
  await tx.session.updateMany({
    where: { parentSessionId: id, revokedAt: null },
    data: { revokedAt: now() },
  });
  return count > 0;
}

/** The sessions that are open. */
export const openSessionWhere = ({ now, settings }: Pick<Context, 'now' | 'settings'>) =>
  ({
    ...unendedSessionWhere(now()),
    lastUsedAt: { gt: new Date(now().getTime() - settings.sessionIdleDays * day) },
  }) satisfies Prisma.SessionWhereInput;

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
  const session = await transact(context, async (tx) => {
    const found = await tx.session.findFirst({
      where: { AND: [{ id, user: owner }, openSessionWhere(context), where] },
      select: { userId: true, user: { select: accountSelect } },
    });
    if (found === null) throw new NotFoundError(['id']);
    enforce(decide(actor, 'endSession', found.user));
    if (!(await endSession(context, tx, id))) throw new NotFoundError(['id']);
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
