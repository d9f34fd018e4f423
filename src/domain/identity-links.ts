/** Which identities at OpenID providers open an account. */
import type { OidcProvider } from '../config.ts';
import type { Context } from '../context.ts';
import { DomainError, IdentityTakenError, NotFoundError, ProtectedAccountError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { identityLinked, identityUnlinked } from '../messages/identity-texts.ts';
import { accountSelect, enforce, lockAccount, visibleWhere } from './accounts.ts';
import { type Change, record } from './audit.ts';
import { requireCaller, requirePerson } from './caller.ts';
import { isUniqueViolation } from './database-errors.ts';
import type { IdentityClaims } from './identity-claims.ts';
import { type Account, type Actor, decide } from './policy.ts';
import { endSessions } from './sessions.ts';
import { type Transaction, transact } from './transaction.ts';
import type { UserQuery } from './users.ts';

/** What a provider has proved of the person at the other end. */
export interface ProvenIdentity {
  readonly provider: OidcProvider;
  readonly claims: IdentityClaims;
}

/** The provider as people know it. */
export const labelOf = ({ name, label }: Pick<OidcProvider, 'name' | 'label'>): string => label ?? name;

/** How many identities an account may have. */
const mostIdentities = 20;

export const identityKey = ({ provider, claims }: ProvenIdentity) => ({
  provider_subject: { provider: provider.name, subject: claims.subject },
});

/** Lets the person who is signed in sign in with this identity too. Doing it again changes nothing. */
export async function linkIdentity(context: Context, identity: ProvenIdentity): Promise<void> {
  const { id: userId } = requirePerson(context);
  const isNew = await transact(context, async (tx) => {
    const row = await lockAccount(context, tx, { id: userId }, { _count: { select: { identities: true } } });
    enforce(decide(context.actor, 'update', row));
    const known = await tx.oAuthIdentity.findUnique({
      where: identityKey(identity),
      select: { userId: true },
    });
    if (known !== null && known.userId !== userId) throw new IdentityTakenError([]);
    if (known !== null) return false;
    if (row._count.identities >= mostIdentities)
      throw new DomainError('FORBIDDEN', { message: `An account has at most ${mostIdentities} identities.` });
    await addIdentity(context, tx, { userId, identity });
    return true;
  }).catch((error: unknown) => {
    if (isUniqueViolation(error)) throw new IdentityTakenError([]);
    throw error;
  });
  if (isNew) await announceIdentity(context, userId, { provider: identity.provider, change: 'linked' });
}

/** The account must be locked, or new. */
export async function addIdentity(
  context: Context,
  tx: Transaction,
  {
    userId,
    identity: { provider, claims },
    isPrimary = false,
  }: { userId: string; identity: ProvenIdentity; isPrimary?: boolean },
): Promise<void> {
  const now = context.now();
  const { subject, email, profile } = claims;
  await tx.oAuthIdentity.create({
    data: {
      id: context.newId(),
      userId,
      provider: provider.name,
      subject,
      isPrimary,
      email,
      name: profile.name,
      avatarUrl: profile.avatarUrl,
      createdAt: now,
      updatedAt: now,
    },
    select: { id: true },
  });
  const changes = { identity: { before: null, after: provider.name } };
  await recordLink(context, tx, { action: 'identity.link', userId, changes });
  if (!isPrimary) await writeVersion(context, tx, userId);
}

/**
 * Ends that an identity opens an account, and all sessions of the account but the caller's own: any of them may have been
 * opened with it. For the account itself, and superusers.
 * @throws {ProtectedAccountError} when the account could not be signed in to without it
 */
export async function unlinkIdentity(
  context: Context,
  { id }: { readonly id: string },
  query: UserQuery,
): Promise<User> {
  requireCaller(context);
  const { actor, prisma, settings } = context;
  const found = await prisma.oAuthIdentity.findFirst({
    where: { id, user: visibleWhere(context) },
    select: { userId: true, provider: true, user: { select: accountSelect } },
  });
  const isOwn = found !== null && found.userId === actor.user?.id;
  if (isOwn) requirePerson(context);
  const isKnown = found !== null && (isOwn || maySee(actor, found.user));
  if (!isKnown) throw new NotFoundError(['id']);
  const { userId, provider } = found;
  const user = await transact(context, async (tx) => {
    const row = await lockAccount(context, tx, { id: userId }, unlinkSelect);
    enforce(decide(actor, isOwn ? 'update' : 'administer', row), ['id']);
    requireOtherWay(row, id, settings.oidcProviders);
    const { count } = await tx.oAuthIdentity.deleteMany({ where: { id, userId } });
    if (count === 0) throw new NotFoundError(['id']);
    const changes = { identity: { before: provider, after: null } };
    await recordLink(context, tx, { action: 'identity.unlink', userId, changes });
    await endSessions(context, tx, userId, isOwn ? actor.credential.id : null);
    return writeVersion(context, tx, userId, query);
  });
  const of = settings.oidcProviders.find(({ name }) => name === provider) ?? { name: provider };
  await announceIdentity(context, userId, { provider: of, change: 'unlinked' });
  return user;
}

/** Whether the actor may know of the identities of somebody else's account. */
function maySee(actor: Actor, account: Account): boolean {
  const administers = decide(actor, 'administer', account);
  if (administers.allowed || administers.scope !== undefined) return true;
  return decide(actor, 'readPrivate', account).allowed;
}

const unlinkSelect = {
  password: { select: { userId: true } },
  identities: { select: { id: true, provider: true, isPrimary: true } },
} as const satisfies Prisma.UserSelect;

type Unlinking = Account & Prisma.UserGetPayload<{ select: typeof unlinkSelect }>;

/** Nobody locks themselves out, and what an account was made by stays. */
function requireOtherWay(
  { kind, password, identities }: Unlinking,
  id: string,
  providers: readonly { readonly name: string }[],
): void {
  if (identities.find((identity) => identity.id === id)?.isPrimary)
    throw new ProtectedAccountError('The account was made by this identity, and stays linked to it.', ['id']);
  const others = identities.filter(
    (identity) => identity.id !== id && providers.some(({ name }) => name === identity.provider),
  );
  if (kind === 'HUMAN' && password === null && others.length === 0)
    throw new ProtectedAccountError('Nothing else signs in to the account. Set a password first.', ['id']);
}

function recordLink(
  context: Context,
  tx: Transaction,
  { userId, ...change }: { userId: string } & Pick<Change, 'action' | 'changes'>,
): Promise<void> {
  return record(context, tx, { ...change, subject: { type: 'User', id: userId }, about: userId });
}

async function writeVersion(
  context: Context,
  tx: Transaction,
  id: string,
  query: UserQuery = { select: { id: true } },
): Promise<User> {
  const data = { version: { increment: 1 }, updatedAt: context.now() };
  return (await tx.user.update({ where: { id }, data, ...query })) as User;
}

/** Tells the account's default address, so that its owner learns of what somebody else did. */
export async function announceIdentity(
  { prisma, messages, issuer }: Context,
  userId: string,
  { provider, change }: { provider: Pick<OidcProvider, 'name' | 'label'>; change: 'linked' | 'unlinked' },
): Promise<void> {
  const email = await prisma.email.findFirst({
    where: { userId, isDefault: true },
    select: { address: true },
  });
  if (email === null) return;
  const text = change === 'linked' ? identityLinked : identityUnlinked;
  await messages.send(text({ to: email.address, issuer, provider: labelOf(provider) }));
}
