/** Signing in with an identity at an OpenID provider: one that is known here, or can be known by a proven e-mail address. */
import { actingUserSelect, toActingUser } from '../auth/acting-user.ts';
import type { Context } from '../context.ts';
import { AccountNotActiveError, ForbiddenError, LoginNameTakenError, SignUpRefusedError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { isUniqueViolation } from './database-errors.ts';
import {
  addIdentity,
  announceIdentity,
  identityKey,
  labelOf,
  type ProvenIdentity,
} from './identity-links.ts';
import { signUpWithIdentity } from './identity-sign-up.ts';
import type { ActingUser } from './policy.ts';
import { openSession, type SignedIn } from './sessions.ts';
import type { Transaction } from './transaction.ts';
import type { UserQuery } from './users.ts';

/**
 * Opens a session for the person with this identity, and acts as that person from here on. An identity that is new here
 * is linked to the account that proved the same e-mail address, or makes an account where the provider may do that.
 * @throws {SignUpRefusedError} when neither may be
 * @throws {LoginNameTakenError} when the address is the login name of an account that must be signed in to first
 */
export async function signInWithIdentity(
  context: Context,
  identity: ProvenIdentity,
  query: () => UserQuery,
): Promise<SignedIn> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await enter(context, identity, query);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      // Another tab came first with this identity, or somebody else with the address: what it made is found now.
      if (attempt === 3) throw new LoginNameTakenError([]);
    }
  }
}

async function enter(context: Context, identity: ProvenIdentity, query: () => UserQuery): Promise<SignedIn> {
  const known = await context.prisma.oAuthIdentity.findUnique({
    where: identityKey(identity),
    select: {
      id: true,
      name: true,
      email: true,
      avatarUrl: true,
      user: { select: actingUserSelect(context.now()) },
    },
  });
  if (known !== null) {
    const user = requirePerson(known.user, context.now());
    const before = (tx: Transaction) => refresh(context, tx, { ...known, userId: user.id, identity });
    return openSession(context, { user, before }, query);
  }
  const address = requireProvenAddress(identity);
  const owner = await findOwner(context, address);
  if (owner === null) return signUpWithIdentity(context, { identity, address }, query);
  const user = requirePerson(owner, context.now());
  const before = async (tx: Transaction) => {
    await requireAddress(tx, { userId: user.id, address, identity });
    await addIdentity(context, tx, { userId: user.id, identity });
  };
  const signedIn = await openSession(context, { user, before }, query);
  await announceIdentity(context, user.id, { provider: identity.provider, change: 'linked' });
  return signedIn;
}

type ActingRow = Prisma.UserGetPayload<{ select: ReturnType<typeof actingUserSelect> }>;

function requirePerson(row: ActingRow, now: Date): ActingUser {
  if (row.kind !== 'HUMAN') throw new ForbiddenError('Only people sign in.');
  return toActingUser(row, now);
}

interface KnownIdentity {
  readonly id: string;
  readonly userId: string;
  readonly name: string | null;
  readonly email: string | null;
  readonly avatarUrl: string | null;
  readonly identity: ProvenIdentity;
}

/** Notes what the provider says now, if the account may still be signed in to with the identity. */
async function refresh(
  context: Context,
  tx: Transaction,
  { id, userId, identity, ...before }: KnownIdentity,
): Promise<void> {
  const [row] = await tx.$queryRaw<{ status: string }[]>`
    SELECT u.status::text AS status FROM users u JOIN oauth_identities i ON i.user_id = u.id
    WHERE u.id = ${userId}::uuid AND i.id = ${id}::uuid FOR SHARE OF u`;
  if (row === undefined) throw new ForbiddenError('The identity was unlinked meanwhile.');
  if (row.status !== 'ACTIVE') throw new AccountNotActiveError(row.status);
  const { name, avatarUrl } = identity.claims.profile;
  const { email } = identity.claims;
  if (name === before.name && email === before.email && avatarUrl === before.avatarUrl) return;
  const data = { name, email, avatarUrl, updatedAt: context.now() };
  await tx.oAuthIdentity.update({ where: { id }, data, select: { id: true } });
}

/** @throws {SignUpRefusedError} when nothing but the identity, which is unknown here, says who the person is */
function requireProvenAddress({ provider, claims }: ProvenIdentity): string {
  if (claims.email !== null && claims.isEmailVerified) return claims.email;
  throw new SignUpRefusedError(
    `${labelOf(provider)} does not say that it verified your e-mail address, so no account can be found or made by it.`,
  );
}

/** The account that has this address as a login name, whether it proved it or not. */
async function findOwner({ prisma, now }: Context, address: string): Promise<ActingRow | null> {
  const found = await prisma.loginName.findUnique({
    where: { name: address },
    select: { user: { select: actingUserSelect(now()) } },
  });
  return found?.user ?? null;
}

/**
 * Locks an account that proved this address, so that it stays so.
 * @throws {LoginNameTakenError} when the address is not proof enough
 */
async function requireAddress(
  tx: Transaction,
  { userId, address, identity }: { userId: string; address: string; identity: ProvenIdentity },
): Promise<void> {
  const [row] = await tx.$queryRaw<{ status: string }[]>`
    SELECT u.status::text AS status FROM users u JOIN emails e ON e.user_id = u.id
    WHERE u.id = ${userId}::uuid AND e.address = ${address}::citext AND e.verified_at IS NOT NULL
    FOR UPDATE OF u`;
  const { provider, claims } = identity;
  // One who comes with another identity of the provider: it gave the address of somebody who left to somebody new.
  const others = { userId, provider: provider.name, subject: { not: claims.subject } };
  if (row === undefined || (await tx.oAuthIdentity.count({ where: others })) > 0)
    throw new LoginNameTakenError([]);
  if (row.status !== 'ACTIVE') throw new AccountNotActiveError(row.status);
}
