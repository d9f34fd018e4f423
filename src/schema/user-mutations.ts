/** Changing accounts. */
import { createUser } from '../domain/account-creation.ts';
import { completeOnboarding, updateMe, updateUser } from '../domain/users.ts';
import {
  ConflictError,
  IdentityTakenError,
  InvalidInputError,
  LastSuperuserError,
  LoginNameTakenError,
  NotFoundError,
  ProtectedAccountError,
} from '../errors.ts';
import { builder } from './builder.ts';
import { UserStatus } from './enums.ts';
import { payloadQuery } from './node-query.ts';
import { contactFields, expectedVersionField, profileFields } from './profile-input.ts';
import { User } from './user.ts';
import { userSuccess } from './user-success.ts';

const UpdateMeInput = builder.inputType('UpdateMeInput', {
  description: 'What to change of your account. An absent field keeps its value, null clears it.',
  fields: (t) => ({ ...profileFields(t), ...contactFields(t), expectedVersion: expectedVersionField(t) }),
});

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  description: 'What to change of an account. An absent field keeps its value, null clears it.',
  fields: (t) => ({
    ...profileFields(t),
    ...contactFields(t),
    status: t.field({
      type: UserStatus,
      description:
        "For superusers: the status, except `DELETING`. A suspended account's credentials stop at once. Cannot be null.",
    }),
    isSuperuser: t.boolean({ description: 'For superusers: whether the person is one. Cannot be null.' }),
    password: t.string({
      description: 'For superusers: a new password, 8 to 256 characters. Ends all sessions. Cannot be null.',
    }),
    expectedVersion: expectedVersionField(t),
  }),
});

const OAuthIdentityInput = builder.inputType('OAuthIdentityInput', {
  description: 'The account at an OAuth2 provider that a new account is made for.',
  fields: (t) => ({
    provider: t.string({
      required: true,
      description: 'The provider, such as `github`, 1 to 50 characters.',
    }),
    subject: t.string({
      required: true,
      description: 'The id of the account at the provider, 1 to 255 characters.',
    }),
  }),
});

const CreateUserInput = builder.inputType('CreateUserInput', {
  description: 'A new account for a person. It needs a username or an e-mail address.',
  fields: (t) => ({
    ...profileFields(t, 'None when absent.'),
    ...contactFields(t, 'None when absent.'),
    status: t.field({
      type: UserStatus,
      description: 'The status, except `DELETING`; `ACTIVE` when absent.',
    }),
    isSuperuser: t.boolean({ description: 'Whether the person is a superuser; not when absent.' }),
    password: t.string({
      description:
        'A first password, 8 to 256 characters. Without one the person cannot sign in by password.',
    }),
    oauthIdentity: t.field({
      type: OAuthIdentityInput,
      description:
        'Makes it an OAuth2 account: its username is its e-mail address, neither can change, and it has no password.',
    }),
  }),
});

const UpdateMeSuccess = userSuccess(
  'UpdateMeSuccess',
  'Your account is as you wanted it.',
  'Your account as it is now.',
);
const UpdateUserSuccess = userSuccess(
  'UpdateUserSuccess',
  'The account is as you wanted it.',
  'The account as it is now.',
);
const CreateUserSuccess = userSuccess('CreateUserSuccess', 'The account was created.', 'The new account.');
const CompleteOnboardingSuccess = userSuccess(
  'CompleteOnboardingSuccess',
  'Your onboarding is complete.',
  'Your account as it is now.',
);

const updateErrors = [InvalidInputError, ConflictError, LoginNameTakenError, ProtectedAccountError];

builder.mutationFields((t) => ({
  updateMe: t.field({
    type: UpdateMeSuccess,
    description:
      'Changes your own account. Service accounts cannot change themselves. Needs the scope `users:write`.',
    errors: { types: updateErrors, union: { description: 'What came of `updateMe`.' } },
    args: { input: t.arg({ type: UpdateMeInput, required: true, description: 'What to change.' }) },
    resolve: async (_root, { input }, context, info) => ({
      user: await updateMe(context, input, payloadQuery(context, info, 'UpdateMeSuccess', 'user')),
    }),
  }),
  updateUser: t.field({
    type: UpdateUserSuccess,
    description:
      'Changes an account: your own, one that you manage, a service account that you run; any but internal ones, for superusers. Needs the scope `users:write`.',
    errors: {
      types: [...updateErrors, NotFoundError, LastSuperuserError],
      union: { description: 'What came of `updateUser`.' },
    },
    args: {
      id: t.arg.globalID({ for: [User], required: true, description: 'The account.' }),
      input: t.arg({ type: UpdateUserInput, required: true, description: 'What to change.' }),
    },
    resolve: async (_root, { id, input }, context, info) => ({
      user: await updateUser(
        context,
        { id: id.id, input },
        payloadQuery(context, info, 'UpdateUserSuccess', 'user'),
      ),
    }),
  }),
  createUser: t.field({
    type: CreateUserSuccess,
    description: "Creates a person's account. For superusers. Needs the scopes `admin` and `users:write`.",
    errors: {
      types: [InvalidInputError, LoginNameTakenError, IdentityTakenError],
      union: { description: 'What came of `createUser`.' },
    },
    args: { input: t.arg({ type: CreateUserInput, required: true, description: 'The account to create.' }) },
    resolve: async (_root, { input }, context, info) => ({
      user: await createUser(context, input, payloadQuery(context, info, 'CreateUserSuccess', 'user')),
    }),
  }),
  completeOnboarding: t.field({
    type: CompleteOnboardingSuccess,
    description:
      'Marks your onboarding as done. Doing it again changes nothing. Needs the scope `users:write`.',
    errors: { types: [ProtectedAccountError], union: { description: 'What came of `completeOnboarding`.' } },
    resolve: async (_root, _args, context, info) => ({
      user: await completeOnboarding(
        context,
        payloadQuery(context, info, 'CompleteOnboardingSuccess', 'user'),
      ),
    }),
  }),
}));
