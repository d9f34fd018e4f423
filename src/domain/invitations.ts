/** Invitations: what lets a person make an account where that needs one. */
import { hashSecret, issueSecret, secretKind } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { type InputProblem, NotFoundError, SignUpRefusedError } from '../errors.ts';
import type { Invitation } from '../generated/prisma/client.ts';
import { enforce } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller } from './caller.ts';
import { createInvitationInput, parseInput } from './input.ts';
import { decideCreateUser } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

const day = 24 * 60 * 60 * 1000;
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

/** Takes back an invitation that nobody used; with it goes the address that it was for. For superusers. */
export async function revokeInvitation(context: Context, id: string): Promise<Invitation> {
  requireCaller(context);
  enforce(decideCreateUser(context.actor));
  return transact(context, async (tx) => {
    const invitation = await tx.invitation.findFirst({ where: { id } });
    const { count } = await tx.invitation.deleteMany({ where: { id, usedAt: null } });
    if (invitation === null || count === 0) throw new NotFoundError(['id']);
    await record(context, tx, {
      action: 'invitation.revoke',
      subject: { type: 'Invitation', id },
      about: id,
    });
    return invitation;
  });
}

const refusal = () =>
  new SignUpRefusedError('The invitation is unknown, used, over, or for another e-mail address.');

/** The invitation of this secret, if an account with this address can be made by it. @throws {SignUpRefusedError} */
export async function findInvitation(
  { prisma, now }: Pick<Context, 'prisma' | 'now'>,
  { secret, email }: { secret: string; email: string },
): Promise<{ id: string }> {
  if (secretKind(secret) !== 'invitation') throw refusal();
  const found = await prisma.invitation.findUnique({ where: { codeHash: hashSecret(secret) } });
  const isGood = found !== null && found.usedAt === null && found.expiresAt > now();
  if (!isGood || !(found.email === null || found.email.toLowerCase() === email.toLowerCase()))
    throw refusal();
  return { id: found.id };
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
