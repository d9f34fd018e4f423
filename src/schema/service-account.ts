import { createServiceAccount } from '../domain/account-creation.ts';
import { InvalidInputError, LoginNameTakenError, NotFoundError } from '../errors.ts';
import { builder } from './builder.ts';
import { payloadQuery } from './node-query.ts';
import { Organization } from './organization.ts';
import { userSuccess } from './user-success.ts';

const CreateServiceAccountInput = builder.inputType('CreateServiceAccountInput', {
  description: 'A new account for a program of an organization.',
  fields: (t) => ({
    organizationId: t.globalID({
      for: [Organization],
      required: true,
      description: 'The organization it belongs to.',
    }),
    name: t.string({ required: true, description: 'What the program is called, 1 to 50 characters.' }),
    username: t.string({
      description: 'A unique name to find it by: 1 to 50 letters, digits and `_ - @ .`. None when absent.',
    }),
    bio: t.string({ description: 'What the program does, up to 1,000 characters. None when absent.' }),
    metadata: t.field({
      type: 'JSONObject',
      description: 'Free-form facts: an object of at most 16 KiB and 8 levels. None when absent.',
    }),
  }),
});

const CreateServiceAccountSuccess = userSuccess(
  'CreateServiceAccountSuccess',
  'The service account was created. It acts with tokens that `createApiToken` makes for it.',
  'The new service account.',
);

builder.mutationField('createServiceAccount', (t) =>
  t.field({
    type: CreateServiceAccountSuccess,
    description:
      'Creates an account for a program of an organization that you run. Needs the scope `users:write`.',
    errors: {
      types: [InvalidInputError, LoginNameTakenError, NotFoundError],
      union: { description: 'What came of `createServiceAccount`.' },
    },
    args: {
      input: t.arg({
        type: CreateServiceAccountInput,
        required: true,
        description: 'The account to create.',
      }),
    },
    resolve: async (_root, { input: { organizationId, ...input } }, context, info) => ({
      user: await createServiceAccount(
        context,
        { ...input, organizationId: organizationId.id },
        payloadQuery(context, info, 'CreateServiceAccountSuccess', 'user'),
      ),
    }),
  }),
);
