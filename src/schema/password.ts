/** Passwords, as their owners change them. */
import { requestPasswordReset, resetPassword } from '../domain/password-reset.ts';
import { changePassword } from '../domain/passwords.ts';
import { InvalidCodeError, InvalidCredentialsError, InvalidInputError } from '../errors.ts';
import { builder } from './builder.ts';
import { payloadQuery } from './node-query.ts';
import { userSuccess } from './user-success.ts';

const newPasswordDescription =
  'The new password, 8 to 256 characters: none of the common ones, and no name, username or e-mail address of the account.';

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'The password that you have, and the one that you want.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'The password until now.' }),
    newPassword: t.string({ required: true, description: newPasswordDescription }),
  }),
});

const RequestPasswordResetInput = builder.inputType('RequestPasswordResetInput', {
  description: 'Who lost a password.',
  fields: (t) => ({
    login: t.string({
      required: true,
      description: 'The username or an e-mail address, without regard to case.',
    }),
  }),
});

const ResetPasswordInput = builder.inputType('ResetPasswordInput', {
  description: 'The code that came by e-mail, and the new password.',
  fields: (t) => ({
    login: t.string({
      required: true,
      description: 'The username or an e-mail address, without regard to case.',
    }),
    code: t.string({
      required: true,
      description: 'The code, with or without its hyphens, in either case.',
    }),
    newPassword: t.string({ required: true, description: newPasswordDescription }),
  }),
});

const ChangePasswordSuccess = userSuccess(
  'ChangePasswordSuccess',
  'The new password works, the old one no more, and all other sessions of the account are over.',
  'Your account.',
);

const RequestPasswordResetSuccess = builder
  .objectRef<{ requested: true }>('RequestPasswordResetSuccess')
  .implement({
    description:
      'If there is such an account, it signs in by password and it has a verified e-mail address, then a code is on its way there.',
    fields: (t) => ({
      requested: t.exposeBoolean('requested', {
        description: 'Always true, whether or not there is such an account.',
      }),
    }),
  });

const ResetPasswordSuccess = builder.objectRef<{ reset: true }>('ResetPasswordSuccess').implement({
  description:
    'The new password works, the old one no more, and all sessions of the account are over: sign in.',
  fields: (t) => ({ reset: t.exposeBoolean('reset', { description: 'Always true.' }) }),
});

builder.mutationFields((t) => ({
  changePassword: t.field({
    type: ChangePasswordSuccess,
    description:
      'Changes your password and ends all your sessions but this one. Needs a session of your own, not of a client; a wrong password counts like an attempt to sign in.',
    errors: {
      types: [InvalidCredentialsError, InvalidInputError],
      union: { description: 'What came of `changePassword`.' },
    },
    args: {
      input: t.arg({ type: ChangePasswordInput, required: true, description: 'The old and the new one.' }),
    },
    resolve: async (_root, { input }, context, info) => ({
      user: await changePassword(
        context,
        input,
        payloadQuery(context, info, 'ChangePasswordSuccess', 'user'),
      ),
    }),
  }),
  requestPasswordReset: t.field({
    type: RequestPasswordResetSuccess,
    description:
      'Sends a code for a new password by e-mail, good for 30 minutes. The answer is the same for accounts that do not exist.',
    errors: { types: [], union: { description: 'What came of `requestPasswordReset`.' } },
    args: {
      input: t.arg({ type: RequestPasswordResetInput, required: true, description: 'Who lost a password.' }),
    },
    resolve: async (_root, { input }, context) => {
      await requestPasswordReset(context, input);
      return { requested: true } as const;
    },
  }),
  resetPassword: t.field({
    type: ResetPasswordSuccess,
    description:
      'Sets a new password by the code that `requestPasswordReset` sent, and ends all sessions of the account. It opens none.',
    errors: {
      types: [InvalidCodeError, InvalidInputError],
      union: { description: 'What came of `resetPassword`.' },
    },
    args: {
      input: t.arg({ type: ResetPasswordInput, required: true, description: 'The code and the password.' }),
    },
    resolve: async (_root, { input }, context) => {
      await resetPassword(context, input);
      return { reset: true } as const;
    },
  }),
}));
