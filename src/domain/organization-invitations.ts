/** Invitations to an organization: sent to an address, and good for whoever proves that it is theirs. */
import { hashSecret, issueSecret, secretKind } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { day } from '../durations.ts';
import { InvalidCodeError, InvalidInputError } from '../errors.ts';
import type { Invitation, Organization } from '../generated/prisma/client.ts';
import { memberInvitation } from '../messages/texts.ts';
import { enforce, lockAccount } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller, requirePerson } from './caller.ts';
import { countCodeRequest, countCodeTo } from './challenges.ts';
import { acceptInvitationInput, inviteMemberInput, parseInput } from './input.ts';
import { discardInvitation, spendInvitation } from './invitations.ts';
import { addMember, findRole } from './membership-changes.ts';
import { changeOrganization, keepingActor, lockOrganization, readMemberships } from './organization-lock.ts';
import type { OrganizationQuery } from './organizations.ts';
import { decideChangeMember, type Role } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

const days = 7;
/** How many invitations of an organization may be open at once. */
const mostOpen = 1000;
/** How many organizations a person may be in, all of which are read with each of its requests. */
const mostMemberships = 1000;

export interface InviteMemberInput {
  readonly organizationId: string;
  readonly email: string;
  readonly role: Role;
}

/**
 * Sends an invitation to an address, whoever has it: the answer is the same whether anybody does, or is a member already.
 * Inviting an address again voids what was sent to it before.
 * @throws {RateLimitedError} after too many messages
 */
export async function inviteMember(
  context: Context,
  { organizationId, role, ...input }: InviteMemberInput,
): Promise<Invitation> {
  requireCaller(context);
  await countCodeRequest(context);
  const { secret, hash } = issueSecret('invitation', context.randomBytes);
  const place = { id: organizationId, path: ['input', 'organizationId'] };
  const { invitation, organization } = await changeOrganization(context, place, async (tx, organization) => {
    enforce(decideChangeMember(context.actor, organizationId, { from: null, to: role }));
    const { email } = parseInput(inviteMemberInput, input);
    await tx.invitation.deleteMany({ where: { organizationId, email, usedAt: null } });
    await requireFewOpen(context, tx, organizationId);
    await countCodeTo(context, `INVITATION ${email.toLowerCase()}`);
    const row = { organizationId, email, role, codeHash: hash };
    return { organization, invitation: await writeInvitation(context, tx, row) };
  });
  const { messages, issuer } = context;
  const message = memberInvitation({
    to: invitation.email ?? '',
    organization: organization.name,
    role,
    code: secret,
    days,
    issuer,
  });
  context.background.start('sending an invitation to an organization', () => messages.send(message));
  return invitation;
}

async function requireFewOpen({ now }: Context, tx: Transaction, organizationId: string): Promise<void> {
  const open = await tx.invitation.count({
    where: { organizationId, usedAt: null, expiresAt: { gt: now() } },
  });
  if (open < mostOpen) return;
  const message = `has ${mostOpen} open invitations; revoke some first`;
  throw new InvalidInputError([{ path: ['input', 'organizationId'], code: 'NOT_ALLOWED', message }]);
}

/** The trail names the role and nobody: the address stands in the invitation alone, and goes with it. */
async function writeInvitation(
  context: Context,
  tx: Transaction,
  row: Required<Pick<Invitation, 'organizationId' | 'email' | 'role'>> & {
    codeHash: Uint8Array<ArrayBuffer>;
  },
): Promise<Invitation> {
  const id = context.newId();
  const createdAt = context.now();
  const expiresAt = new Date(createdAt.getTime() + days * day);
  const { organizationId, role } = row;
  await record(context, tx, {
    action: 'member.invite',
    subject: { type: 'Invitation', id },
    about: organizationId ?? id,
    organizationId,
    changes: { role: { before: null, after: role } },
  });
  const createdById = context.actor.user?.id ?? null;
  return tx.invitation.create({ data: { ...row, id, createdById, createdAt, expiresAt } });
}

/**
 * Makes the acting person a member, if the invitation is for a verified address of theirs. Who is a member already stays
 * what it is.
 * @throws {InvalidCodeError} for any other code, whatever is wrong with it
 */
export async function acceptInvitation(
  context: Context,
  input: { readonly code: string },
  query: () => OrganizationQuery,
): Promise<Organization> {
  const { id: userId } = requirePerson(context);
  const { code } = parseInput(acceptInvitationInput, input);
  if (secretKind(code.trim()) !== 'invitation') throw new InvalidCodeError();
  const codeHash = hashSecret(code.trim());
  return keepingActor(context, () =>
    transact(context, async (tx) => {
      await lockAccount(context, tx, { id: userId, path: [] }, {});
      const invitation = await lockInvitation(context, tx, { codeHash, userId });
      if (invitation === null) throw new InvalidCodeError();
      await takeInvitation(context, tx, { ...invitation, userId });
      await readMemberships(context, tx);
      const where = { id: invitation.organizationId };
      return (await tx.organization.findUniqueOrThrow({ where, ...query() })) as Organization;
    }),
  );
}

interface Joining {
  readonly id: string;
  readonly organizationId: string;
  readonly role: Role;
}

/** The open invitation of this code to an address that the account has proven, with its organization locked. */
async function lockInvitation(
  { now }: Context,
  tx: Transaction,
  { codeHash, userId }: { codeHash: Uint8Array<ArrayBuffer>; userId: string },
): Promise<Joining | null> {
  const place = await tx.invitation.findUnique({ where: { codeHash }, select: { organizationId: true } });
  if (!place?.organizationId || (await lockOrganization(tx, place.organizationId)) === null) return null;
  const where = { codeHash, usedAt: null, expiresAt: { gt: now() } };
  const found = await tx.invitation.findFirst({ where });
  if (!found?.organizationId || found.role === null || found.email === null) return null;
  const proven = { userId, address: found.email, verifiedAt: { not: null } };
  if ((await tx.email.count({ where: proven })) === 0) return null;
  return { id: found.id, organizationId: found.organizationId, role: found.role };
}

async function takeInvitation(
  context: Context,
  tx: Transaction,
  { id, userId, organizationId, role }: Joining & { readonly userId: string },
): Promise<void> {
  if ((await findRole(tx, { organizationId, userId })) !== null) {
    await discardInvitation(context, tx, { id, organizationId });
    return;
  }
  if ((await tx.membership.count({ where: { userId } })) >= mostMemberships) {
    const message = `would be one more than the ${mostMemberships} organizations that a person may be in`;
    throw new InvalidInputError([{ path: ['input'], code: 'NOT_ALLOWED', message }]);
  }
  await spendInvitation(context, tx, { id, userId });
  await addMember(context, tx, { organizationId, userId, role });
}
