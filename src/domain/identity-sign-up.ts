/** An account that is made by the first sign-in with an identity. */
import type { Context } from '../context.ts';
import { SignUpRefusedError } from '../errors.ts';
import { creationOf, record } from './audit.ts';
import { addIdentity, labelOf, type ProvenIdentity } from './identity-links.ts';
import { usernameForm } from './input.ts';
import type { ActingUser } from './policy.ts';
import { openSession, type SignedIn } from './sessions.ts';
import type { Transaction } from './transaction.ts';
import type { UserQuery } from './users.ts';

/**
 * Opens a session of a new OAuth2 account: its username is its e-mail address, where that has the form of one, and it has
 * no password.
 * @throws {SignUpRefusedError} when the provider makes no accounts
 */
export function signUpWithIdentity(
  context: Context,
  { identity, address }: { identity: ProvenIdentity; address: string },
  query: () => UserQuery,
): Promise<SignedIn> {
  const { provider, claims } = identity;
  if (!provider.signUp)
    throw new SignUpRefusedError(
      `No account here belongs to this identity. Ask an administrator for one, or sign in another way and link ${labelOf(provider)} to it.`,
    );
  const username = usernameForm.safeParse(address).data ?? null;
  const user: ActingUser = {
    id: context.newId(),
    kind: 'HUMAN',
    username,
    isSuperuser: false,
    organizationId: null,
    memberships: [],
    shares: new Map(),
  };
  const before = async (tx: Transaction) => {
    const { id } = user;
    const now = context.now();
    const times = { createdAt: now, updatedAt: now };
    await tx.user.create({ data: { id, username, ...claims.profile, ...times }, select: { id: true } });
    await tx.email.create({
      data: { id: context.newId(), userId: id, address, isDefault: true, verifiedAt: now, ...times },
      select: { id: true },
    });
    const changes = creationOf({ username, ...claims.profile, email: address });
    await record(context, tx, { action: 'user.create', subject: { type: 'User', id }, about: id, changes });
    await addIdentity(context, tx, { userId: id, identity, isPrimary: true });
  };
  return openSession(context, { user, before }, query);
}
