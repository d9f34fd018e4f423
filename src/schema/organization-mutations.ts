/** Making, changing and deleting organizations. */
import { createOrganization, updateOrganization } from '../domain/organization-changes.ts';
import { deleteOrganization, type OrganizationDeletion } from '../domain/organization-deletion.ts';
import {
  ConflictError,
  InvalidInputError,
  LastOwnerError,
  NotFoundError,
  SubDomainTakenError,
} from '../errors.ts';
import { builder } from './builder.ts';
import { Erasure } from './erasure.ts';
import { payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { organizationSuccess } from './organization-success.ts';

const CreateOrganizationInput = builder.inputType('CreateOrganizationInput', {
  description: 'A new organization.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name, 1 to 50 characters.' }),
    subDomain: t.string({
      description:
        'The label of the organization in addresses: 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end, unique. Made of the name when absent.',
    }),
  }),
});

const UpdateOrganizationInput = builder.inputType('UpdateOrganizationInput', {
  description: 'What to change of an organization. Absent fields stay as they are.',
  fields: (t) => ({
    name: t.string({ description: 'The name, 1 to 50 characters. Cannot be null.' }),
    subDomain: t.string({
      description:
        'The label of the organization in addresses: 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end, unique. Cannot be null.',
    }),
    expectedVersion: t.int({
      description:
        'The version that you read. When the organization is no longer at it, nothing changes and a `ConflictError` tells. Any version will do when absent.',
    }),
  }),
});

const CreateOrganizationSuccess = organizationSuccess(
  'CreateOrganizationSuccess',
  'The organization was made, and you own it.',
);
const UpdateOrganizationSuccess = organizationSuccess(
  'UpdateOrganizationSuccess',
  'The organization is as it should be.',
);

const DeleteOrganizationSuccess = builder
  .objectRef<OrganizationDeletion>('DeleteOrganizationSuccess')
  .implement({
    description: 'The organization is gone.',
    fields: (t) => ({
      organizationId: t.globalID({
        description: 'The global id that the organization had.',
        resolve: ({ organizationId }) => ({ type: 'Organization', id: organizationId }) as never,
      }),
      erasures: t.field({
        type: [Erasure],
        description: 'How its service accounts, and the users that these managed, are erased.',
        resolve: ({ erasures }) => [...erasures],
      }),
    }),
  });

builder.mutationFields((t) => ({
  createOrganization: t.field({
    type: CreateOrganizationSuccess,
    description:
      'Makes an organization that you own: one of at most 100. For people; needs the scope `users:write`.',
    errors: {
      types: [InvalidInputError, SubDomainTakenError],
      union: { description: 'What came of `createOrganization`.' },
    },
    args: {
      input: t.arg({ type: CreateOrganizationInput, required: true, description: 'The organization.' }),
    },
    resolve: async (_root, { input }, context, info) => ({
      organization: await createOrganization(context, input, () =>
        payloadQuery(context, info, 'CreateOrganizationSuccess', 'organization'),
      ),
    }),
  }),
  updateOrganization: t.field({
    type: UpdateOrganizationSuccess,
    description:
      'Changes what an organization is called. For its owners and admins; needs the scope `users:write`.',
    errors: {
      types: [InvalidInputError, NotFoundError, ConflictError, SubDomainTakenError],
      union: { description: 'What came of `updateOrganization`.' },
    },
    args: {
      id: t.arg.globalID({ for: [Organization], required: true, description: 'The organization.' }),
      input: t.arg({ type: UpdateOrganizationInput, required: true, description: 'What to change.' }),
    },
    resolve: async (_root, { id, input }, context, info) => ({
      organization: await updateOrganization(context, { id: id.id, input }, () =>
        payloadQuery(context, info, 'UpdateOrganizationSuccess', 'organization'),
      ),
    }),
  }),
  deleteOrganization: t.field({
    type: DeleteOrganizationSuccess,
    description:
      'Deletes an organization with its memberships, invitations, tokens, keys and webhooks, at once, and erases its service accounts: at most 100. Irreversible. For its owners, with a session of their own, and superusers; needs the scope `users:write`.',
    errors: {
      types: [InvalidInputError, NotFoundError, LastOwnerError],
      union: { description: 'What came of `deleteOrganization`.' },
    },
    args: { id: t.arg.globalID({ for: [Organization], required: true, description: 'The organization.' }) },
    resolve: (_root, { id }, context) => deleteOrganization(context, id.id),
  }),
}));
