/** People who make an account for themselves. */
import { hashPassword } from '../auth/passwords.ts';
import type { Context } from '../context.ts';
import { type InputProblem, SignUpRefusedError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { emailCode } from '../messages/texts.ts';
import { countAttempt } from './attempts.ts';
import { creationOf, record } from './audit.ts';
import { issueChallenge } from './challenges.ts';
import { claimingName } from './guards.ts';
import { collectProblems, parseInput, signUpInput } from './input.ts';
import { type Admission, findInvitation, findMemberInvitation, spendInvitation } from './invitations.ts';
import { addMember } from './membership-changes.ts';
import { lockOrganization } from './organization-lock.ts';
import { ownNameProblems, ownNamesOf } from './password-rules.ts';
import { isReservedName } from './policy.ts';
import { openSession, type SignedIn } from './sessions.ts';
import type { Transaction } from './transaction.ts';
import type { UserQuery } from './users.ts';

export interface SignUpInput {
  readonly email: string;
  readonly password: string;
  readonly username?: string | null | undefined;
  readonly name?: string | null | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly locale?: string | null | undefined;
  readonly timeZone?: string | null | undefined;
  /** The secret of an invitation: needed where sign-up is by invitation; elsewhere good for joining an organization. */
  readonly invitation?: string | null | undefined;
}

/** How long the code is good that proves the address. */
const minutes = 30;

/**
 * Makes an active account, opens a session for it, and acts as it from here on. A code goes to its address, which is not
 * verified until then, unless it came with an invitation to an organization, which went to that address alone. A taken address is told like a taken username: both sign in, so an account cannot be made beside
 * either, and the session in the answer could not hide it. How many anybody can ask about is limited by their address.
 * @throws {SignUpRefusedError} where sign-up is closed, or the invitation is no good
 */
export async function signUp(
  context: Context,
  { invitation: secret, ...input }: SignUpInput,
  query: () => UserQuery,
): Promise<SignedIn> {
  const invitation = await requireAdmission(context, { secret, email: input.email });
  const { password, ...columns } = parseInput(signUpInput, input, { also: problemsWith(input) });
  const hash = await hashPassword(password, context.randomBytes);
  const id = context.newId();
  const membership = invitation?.membership ?? null;
  let code: string | null = null;
  const before = async (tx: Transaction) => {
    // Gone or not, the organization stays so: an invitation goes with it, and is refused below.
    if (membership !== null) await lockOrganization(tx, membership.organizationId);
    if (invitation !== null) await spendInvitation(context, tx, { id: invitation.id, userId: id });
    code = await createAccount(context, tx, { id, hash, ...columns, isProven: membership !== null });
    if (membership !== null) await addMember(context, tx, { ...membership, userId: id });
  };
  const user = {
    id,
    kind: 'HUMAN',
    username: columns.username ?? null,
    isSuperuser: false,
    organizationId: null,
    memberships: membership === null ? [] : [membership],
    shares: new Map(),
  } as const;
  const signedIn = await openSession(context, { user, before }, query);
  if (code !== null) sendCode(context, columns.email, code);
  return signedIn;
}

function sendCode({ messages, issuer, background }: Context, to: string, code: string): void {
  background.start('sending the code for a new account', () =>
    messages.send(emailCode({ to, code, minutes, issuer })),
  );
}

/** @returns the invitation to spend; null where none is needed */
async function requireAdmission(
  context: Context,
  { secret, email }: { secret: string | null | undefined; email: string },
): Promise<Admission | null> {
  const { signUp: mode } = context.settings;
  if (mode === 'closed') throw new SignUpRefusedError('Nobody can make an account here by themselves.');
  await countAttempt(context, 'sign-up', email);
  if (mode === 'open') return secret == null ? null : findMemberInvitation(context, { secret, email });
  if (secret == null) throw new SignUpRefusedError();
  return findInvitation(context, { secret, email });
}

function problemsWith({ username, email, password, ...names }: SignUpInput): InputProblem[] {
  const { problems, problem } = collectProblems();
  if (isReservedName(username)) problem('username', 'NOT_ALLOWED', 'is reserved');
  if (username?.includes('@') && username.toLowerCase() !== email.toLowerCase())
    problem('username', 'NOT_ALLOWED', 'can be an e-mail address only if it is the one of the account');
  const ownNames = ownNamesOf({ username, ...names, emails: [{ address: email }] });
  return [...problems, ...ownNameProblems('password', password, ownNames)];
}

interface NewAccount {
  readonly id: string;
  readonly hash: string;
  readonly email: string;
  readonly username?: string | null | undefined;
  /** Whether it is known that mail to the address reaches the person. */
  readonly isProven: boolean;
}

/** Writes the account. @returns the code that proves its address; null where it is proven */
async function createAccount(
  context: Context,
  tx: Transaction,
  { id, hash, email, isProven, ...columns }: NewAccount,
): Promise<string | null> {
  const at = { createdAt: context.now(), updatedAt: context.now() };
  const data = { ...columns, id, ...at } as Prisma.UserUncheckedCreateInput;
  await claimingName(['input', 'username'], () => tx.user.create({ data, select: { id: true } }));
  const emailId = context.newId();
  await claimingName(['input', 'email'], () =>
    tx.email.create({
      data: {
        id: emailId,
        userId: id,
        address: email,
        isDefault: true,
        verifiedAt: isProven ? at.createdAt : null,
        ...at,
      },
    }),
  );
  await tx.password.create({ data: { userId: id, hash, updatedAt: at.updatedAt } });
  const changes = creationOf({ ...columns, email, password: true });
  await record(context, tx, { action: 'user.create', subject: { type: 'User', id }, about: id, changes });
  if (isProven) return null;
  const kind = 'EMAIL_VERIFICATION';
  return issueChallenge(context, tx, {
    kind,
    userId: id,
    targetId: emailId,
    value: email,
    to: email,
    minutes,
  });
}
