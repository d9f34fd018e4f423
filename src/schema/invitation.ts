/** What lets people make an account for themselves, where superusers say who may, or join an organization. */
import { createInvitation, revokeInvitation } from '../domain/invitations.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import type { Invitation as InvitationRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { MembershipRole } from './enums.ts';

export const Invitation = builder.prismaObject('Invitation', {
  description:
    'What lets one person make an account where sign-up is by invitation, or join an organization.',
  select: { id: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the invitation, by which it is revoked; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'Invitation', id }) as never,
    }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'The only e-mail address that can use it. Null for any.',
    }),
    role: t.expose('role', {
      type: MembershipRole,
      nullable: true,
      description:
        'What the person becomes in the organization that it leads to. Null where it only lets sign up.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it stops working.' }),
  }),
});

const CreateInvitationInput = builder.inputType('CreateInvitationInput', {
  description: 'A new invitation.',
  fields: (t) => ({
    email: t.string({ description: 'The only e-mail address that can sign up with it. Any when absent.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it stops working: within 90 days. 7 days from now when absent.',
    }),
  }),
});

const CreateInvitationSuccess = builder
  .objectRef<{ secret: string; invitation: InvitationRow }>('CreateInvitationSuccess')
  .implement({
    description: 'The invitation was made. It is good for one account.',
    fields: (t) => ({
      secret: t.exposeString('secret', {
        description:
          'The invitation itself, for `signUp`: give it to the person. Shown this once: only a hash of it is kept.',
      }),
      invitation: t.field({
        type: Invitation,
        description: 'What is known of it.',
        resolve: ({ invitation }) => invitation,
      }),
    }),
  });

const RevokeInvitationSuccess = builder
  .objectRef<{ invitation: InvitationRow }>('RevokeInvitationSuccess')
  .implement({
    description: 'The invitation is gone.',
    fields: (t) => ({
      invitation: t.field({
        type: Invitation,
        description: 'The invitation that was revoked.',
        resolve: ({ invitation }) => invitation,
      }),
    }),
  });

builder.mutationFields((t) => ({
  createInvitation: t.field({
    type: CreateInvitationSuccess,
    description:
      'Makes an invitation for one person to sign up with. For superusers; needs the scopes `admin` and `users:write`.',
    errors: { types: [InvalidInputError], union: { description: 'What came of `createInvitation`.' } },
    args: {
      input: t.arg({ type: CreateInvitationInput, required: true, description: 'The invitation to make.' }),
    },
    resolve: (_root, { input }, context) => createInvitation(context, input),
  }),
  revokeInvitation: t.field({
    type: RevokeInvitationSuccess,
    description:
      'Takes back an invitation that nobody used. For superusers, with the scopes `admin` and `users:write`, and for owners and admins of the organization that it leads to, with the scope `users:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `revokeInvitation`.' } },
    args: { id: t.arg.globalID({ for: [Invitation], required: true, description: 'The invitation.' }) },
    resolve: async (_root, { id }, context) => ({ invitation: await revokeInvitation(context, id.id) }),
  }),
}));
