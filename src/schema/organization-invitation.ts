/** Inviting people to an organization, and joining one. */
import type { Context } from '../context.ts';
import { acceptInvitation, inviteMember } from '../domain/organization-invitations.ts';
import { canReadInvitations } from '../domain/policy.ts';
import { InvalidCodeError, InvalidInputError, NotFoundError } from '../errors.ts';
import type { Invitation as InvitationRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { defineConnection, relatedPage } from './connection.ts';
import { MembershipRole } from './enums.ts';
import { Invitation } from './invitation.ts';
import { payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { organizationSuccess } from './organization-success.ts';

const InvitationConnection = defineConnection('Invitation', { type: Invitation, of: 'invitations' });

builder.prismaObjectField(Organization, 'invitations', (t) =>
  t.field(
    relatedPage(
      {
        relation: 'invitations',
        order: { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' },
        nodeType: 'Invitation',
        where: ({ now }: Context) => ({ usedAt: null, expiresAt: { gt: now() } }),
        visible: ({ actor }, { id }: { id: string }) => canReadInvitations(actor, id),
      },
      {
        type: InvitationConnection,
        description:
          'The invitations that nobody accepted yet, newest first. Private: empty for those who do not run the organization, and for a credential that lacks the scope `profile`.',
      },
    ),
  ),
);

const InviteMemberInput = builder.inputType('InviteMemberInput', {
  description: 'Whom to invite, and as what.',
  fields: (t) => ({
    organizationId: t.globalID({ for: [Organization], required: true, description: 'The organization.' }),
    email: t.string({ required: true, description: 'The e-mail address that the invitation is sent to.' }),
    role: t.field({
      type: MembershipRole,
      required: true,
      description: 'What the person becomes there. Only owners invite owners.',
    }),
  }),
});

const AcceptInvitationInput = builder.inputType('AcceptInvitationInput', {
  description: 'What lets you join an organization.',
  fields: (t) => ({
    code: t.string({ required: true, description: 'The code that was sent to a verified address of yours.' }),
  }),
});

const InviteMemberSuccess = builder
  .objectRef<{ invitation: InvitationRow }>('InviteMemberSuccess')
  .implement({
    description: 'The invitation is on its way to the address, whoever has it.',
    fields: (t) => ({
      invitation: t.field({
        type: Invitation,
        description: 'The invitation, without its code.',
        resolve: ({ invitation }) => invitation,
      }),
    }),
  });

const AcceptInvitationSuccess = organizationSuccess(
  'AcceptInvitationSuccess',
  'You are a member of the organization.',
);

builder.mutationFields((t) => ({
  inviteMember: t.field({
    type: InviteMemberSuccess,
    description:
      'Sends an invitation to an e-mail address, good for 7 days, and voids the one that was sent there before. Whether anybody has the address is not told. For owners and admins of the organization, owners being invited by owners alone, with a session of their own; needs the scope `users:write`.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `inviteMember`.' },
    },
    args: { input: t.arg({ type: InviteMemberInput, required: true, description: 'Whom, and as what.' }) },
    resolve: async (_root, { input: { organizationId, ...input } }, context) => ({
      invitation: await inviteMember(context, { ...input, organizationId: organizationId.id }),
    }),
  }),
  acceptInvitation: t.field({
    type: AcceptInvitationSuccess,
    description:
      'Joins the organization that you are invited to. The invitation must be for a verified e-mail address of yours. Who is a member already stays what it is. Needs a session of your own.',
    errors: {
      types: [InvalidInputError, InvalidCodeError],
      union: { description: 'What came of `acceptInvitation`.' },
    },
    args: { input: t.arg({ type: AcceptInvitationInput, required: true, description: 'The code.' }) },
    resolve: async (_root, { input }, context, info) => ({
      organization: await acceptInvitation(context, input, () =>
        payloadQuery(context, info, 'AcceptInvitationSuccess', 'organization'),
      ),
    }),
  }),
}));
