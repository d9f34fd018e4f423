/** Invitations: what lets a person make an account where that needs one. */
import { hashSecret, issueSecret, secretKind } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { day } from '../durations.ts';
import { type InputProblem, NotFoundError, SignUpRefusedError } from '../errors.ts';
import type { Invitation } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller } from './caller.ts';
import { createInvitationInput, parseInput } from './input.ts';
import { decideCreateUser, decideRunOrganization, type Role, runsOrganization } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

const defaultDays = 7;
const mostDays = 90;

export interface CreateInvitationInput {
  /** The only address that may sign up with it; any, when absent. */
  readonly email?: string | null | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/** Makes an invitation; its secret is in this answer only. For superusers. */
export async function createInvitation(
  context: Context,
  { expiresAt, ...input }: CreateInvitationInput,
): Promise<{ secret: string; invitation: Invitation }> {
  requireCaller(context);
  enforce(decideCreateUser(context.actor));
  const { email = null } = parseInput(createInvitationInput, input, {
    also: expiryProblems(context, expiresAt),
  });
  const now = context.now();
  const { secret, hash } = issueSecret('invitation', context.randomBytes);
  const id = context.newId();
  const invitation = await transact(context, async (tx) => {
    await record(context, tx, {
      action: 'invitation.create',
      subject: { type: 'Invitation', id },
      about: id,
    });
    return tx.invitation.create({
      data: {
        id,
        codeHash: hash,
        email,
        createdById: context.actor.user?.id ?? null,
        createdAt: now,
        expiresAt: expiresAt ?? inDays(now, defaultDays),
      },
    });
  });
  return { secret, invitation };
}

function expiryProblems({ now }: Context, expiresAt: Date | null | undefined): InputProblem[] {
  const path = ['input', 'expiresAt'];
  if (expiresAt == null) return [];
  if (expiresAt <= now()) return [{ path, code: 'INVALID', message: 'must be in the future' }];
  if (expiresAt <= inDays(now(), mostDays)) return [];
  return [{ path, code: 'NOT_ALLOWED', message: `must be within ${mostDays} days` }];
}

const inDays = (from: Date, days: number) => new Date(from.getTime() + days * day);

/**
 * Takes back an invitation that nobody used; with it goes the address that it was for. For superusers, and for those who run
 * the organization that it leads to: to all others each id says the same.
 */
export async function revokeInvitation(context: Context, id: string): Promise<Invitation> {
  requireCaller(context);
  const { actor } = context;
  return transact(context, async (tx) => {
    const invitation = await tx.invitation.findFirst({ where: { id } });
    const organizationId = invitation?.organizationId ?? null;
    if (organizationId !== null && runsOrganization(actor, organizationId))
      enforce(decideRunOrganization(actor, organizationId, 'users:write'));
    else enforce(decideCreateUser(actor));
    if (invitation === null || !(await discardInvitation(context, tx, invitation)))
      throw new NotFoundError(['id']);
    return invitation;
  });
}

/** Deletes an invitation that nobody used. @returns whether there was one */
export async function discardInvitation(
  context: Context,
  tx: Transaction,
  { id, organizationId }: Pick<Invitation, 'id' | 'organizationId'>,
): Promise<boolean> {
  const { count } = await tx.invitation.deleteMany({ where: { id, usedAt: null } });
  if (count === 0) return false;
  const subject = { type: 'Invitation', id } as const;
  const about = organizationId ?? id;
  await record(context, tx, { action: 'invitation.revoke', subject, about, organizationId });
  return true;
}

const refusal = () =>
  new SignUpRefusedError('The invitation is unknown, used, over, or for another e-mail address.');

/** What a good invitation is for. */
export interface Admission {
  readonly id: string;
  /** Where the new account is a member from the start; null where the invitation lets one sign up and nothing else. */
  readonly membership: { readonly organizationId: string; readonly role: Role } | null;
}

/**
 * The invitation of this secret, if an account with this address can be made by it: where nobody else can make one, a
 * superuser must have made it.
 * @throws {SignUpRefusedError}
 */
export async function findInvitation(
  context: Pick<Context, 'prisma' | 'now'>,
  sent: { secret: string; email: string },
): Promise<Admission> {
  const found = await findGood(context, sent);
  if (found === null || !(await isSuperusers(context, found))) throw refusal();
  return admissionOf(found);
}

/** The invitation of this secret to an organization, if it is for this address; null for any other. */
export async function findMemberInvitation(
  context: Pick<Context, 'prisma' | 'now'>,
  sent: { secret: string; email: string },
): Promise<Admission | null> {
  const found = await findGood(context, sent);
  return found === null || found.organizationId === null ? null : admissionOf(found);
}

async function findGood(
  { prisma, now }: Pick<Context, 'prisma' | 'now'>,
  { secret, email }: { secret: string; email: string },
): Promise<Invitation | null> {
  if (secretKind(secret) !== 'invitation') return null;
  const found = await prisma.invitation.findUnique({ where: { codeHash: hashSecret(secret) } });
  if (found === null || found.usedAt !== null || found.expiresAt <= now()) return null;
  return found.email === null || found.email.toLowerCase() === email.toLowerCase() ? found : null;
}

/** Those to an organization are made by whoever runs it: who may sign up is not for them to say. */
async function isSuperusers({ prisma }: Pick<Context, 'prisma'>, invitation: Invitation): Promise<boolean> {
  const { organizationId, createdById } = invitation;
  if (organizationId === null) return true;
  if (createdById === null) return false; // somebody who is erased by now
  const where = { id: createdById, isSuperuser: true, status: 'ACTIVE' } as const;
  return (await prisma.user.count({ where })) > 0;
}

function admissionOf({ id, organizationId, role }: Invitation): Admission {
  return { id, membership: organizationId === null || role === null ? null : { organizationId, role } };
}

/** Spends an invitation. Of those who do so at once, one succeeds. @throws {SignUpRefusedError} */
export async function spendInvitation(
  { now }: Pick<Context, 'now'>,
  tx: Transaction,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  const { count } = await tx.invitation.updateMany({
    where: { id, usedAt: null, expiresAt: { gt: now() } },
    data: { usedAt: now(), usedById: userId },
  });
  if (count === 0) throw refusal();
}
