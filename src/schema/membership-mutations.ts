/** What members are, and that they go. */
import { leaveOrganization, removeMember, setMemberRole, transferOwnership } from '../domain/memberships.ts';
import { InvalidInputError, LastOwnerError, NotFoundError } from '../errors.ts';
import { builder } from './builder.ts';
import { MembershipRole } from './enums.ts';
import { payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { organizationSuccess } from './organization-success.ts';
import { User } from './user.ts';

const SetMemberRoleInput = builder.inputType('SetMemberRoleInput', {
  description: 'Which member becomes what.',
  fields: (t) => ({
    organizationId: t.globalID({ for: [Organization], required: true, description: 'The organization.' }),
    userId: t.globalID({ for: [User], required: true, description: 'The member.' }),
    role: t.field({ type: MembershipRole, required: true, description: 'What the member becomes there.' }),
  }),
});

const RemoveMemberInput = builder.inputType('RemoveMemberInput', {
  description: 'Which member goes.',
  fields: (t) => ({
    organizationId: t.globalID({ for: [Organization], required: true, description: 'The organization.' }),
    userId: t.globalID({ for: [User], required: true, description: 'The member.' }),
  }),
});

const TransferOwnershipInput = builder.inputType('TransferOwnershipInput', {
  description: 'Who becomes an owner in your place.',
  fields: (t) => ({
    userId: t.globalID({
      for: [User],
      required: true,
      description: 'Another member, with an active account.',
    }),
  }),
});

const SetMemberRoleSuccess = organizationSuccess('SetMemberRoleSuccess', 'The member is what it should be.');
const TransferOwnershipSuccess = organizationSuccess(
  'TransferOwnershipSuccess',
  'The other member is an owner, and you are an admin.',
);

const RemoveMemberSuccess = builder.objectRef<{ userId: string }>('RemoveMemberSuccess').implement({
  description: 'The account is no member any more, whichever of its credentials it uses.',
  fields: (t) => ({
    userId: t.globalID({
      description: 'The global id of the account.',
      resolve: ({ userId }) => ({ type: 'User', id: userId }) as never,
    }),
  }),
});

const LeaveOrganizationSuccess = builder
  .objectRef<{ organizationId: string }>('LeaveOrganizationSuccess')
  .implement({
    description: 'You are no member any more.',
    fields: (t) => ({
      organizationId: t.globalID({
        description: 'The global id of the organization.',
        resolve: ({ organizationId }) => ({ type: 'Organization', id: organizationId }) as never,
      }),
    }),
  });

const withOwners =
  'Owners are made and unmade by owners alone, with a session of their own, and by superusers.';

builder.mutationFields((t) => ({
  setMemberRole: t.field({
    type: SetMemberRoleSuccess,
    description: `Makes a member another thing than it is. For owners and admins of the organization; needs the scope \`users:write\`. ${withOwners}`,
    errors: {
      types: [InvalidInputError, NotFoundError, LastOwnerError],
      union: { description: 'What came of `setMemberRole`.' },
    },
    args: { input: t.arg({ type: SetMemberRoleInput, required: true, description: 'Who, and what.' }) },
    resolve: async (_root, { input: { organizationId, userId, role } }, context, info) => ({
      organization: await setMemberRole(
        context,
        { organizationId: organizationId.id, userId: userId.id, role },
        () => payloadQuery(context, info, 'SetMemberRoleSuccess', 'organization'),
      ),
    }),
  }),
  removeMember: t.field({
    type: RemoveMemberSuccess,
    description: `Takes a member out of an organization, at once. Invitations that it made and that nobody used go with it. For owners and admins; needs the scope \`users:write\`. ${withOwners}`,
    errors: {
      types: [NotFoundError, LastOwnerError],
      union: { description: 'What came of `removeMember`.' },
    },
    args: { input: t.arg({ type: RemoveMemberInput, required: true, description: 'Who.' }) },
    resolve: async (_root, { input: { organizationId, userId } }, context) => ({
      userId: await removeMember(context, { organizationId: organizationId.id, userId: userId.id }),
    }),
  }),
  leaveOrganization: t.field({
    type: LeaveOrganizationSuccess,
    description:
      'Gives up your membership, at once, and with it the invitations that you made and that nobody used. The last owner cannot leave. Needs the scope `users:write`.',
    errors: {
      types: [NotFoundError, LastOwnerError],
      union: { description: 'What came of `leaveOrganization`.' },
    },
    args: { id: t.arg.globalID({ for: [Organization], required: true, description: 'The organization.' }) },
    resolve: async (_root, { id }, context) => ({ organizationId: await leaveOrganization(context, id.id) }),
  }),
  transferOwnership: t.field({
    type: TransferOwnershipSuccess,
    description:
      'Makes another member an owner in your place, and you an admin: both or neither. For owners, with a session of their own.',
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `transferOwnership`.' },
    },
    args: {
      id: t.arg.globalID({
        for: [Organization],
        required: true,
        description: 'The organization, which you own.',
      }),
      input: t.arg({ type: TransferOwnershipInput, required: true, description: 'To whom.' }),
    },
    resolve: async (_root, { id, input: { userId } }, context, info) => ({
      organization: await transferOwnership(context, { organizationId: id.id, userId: userId.id }, () =>
        payloadQuery(context, info, 'TransferOwnershipSuccess', 'organization'),
      ),
    }),
  }),
}));
