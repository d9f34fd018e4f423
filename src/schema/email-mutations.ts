/** Changing the e-mail addresses of an account. */
import {
  addEmail,
  type EmailChanged,
  makeEmailDefault,
  removeEmail,
  requestEmailVerification,
  verifyEmail,
} from '../domain/emails.ts';
import type { Account } from '../domain/policy.ts';
import {
  InvalidCodeError,
  InvalidInputError,
  LoginNameTakenError,
  NotFoundError,
  ProtectedAccountError,
} from '../errors.ts';
import type { Email as EmailRow } from '../generated/prisma/client.ts';
import { may } from './access.ts';
import { builder } from './builder.ts';
import { Email } from './contact.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';
import { userSuccess } from './user-success.ts';

const AddEmailInput = builder.inputType('AddEmailInput', {
  description: 'A new e-mail address of an account.',
  fields: (t) => ({
    address: t.string({
      required: true,
      description: 'The address, up to 254 characters, unique among all usernames and e-mail addresses.',
    }),
    userId: t.globalID({
      for: [User],
      description: 'The account, if you may change it; your own when absent.',
    }),
  }),
});

const VerifyEmailInput = builder.inputType('VerifyEmailInput', {
  description: 'What proves that mail to an address reaches you.',
  fields: (t) => ({
    code: t.string({
      required: true,
      description: 'The newest code that was sent to the address, in either case, with or without hyphens.',
    }),
  }),
});

const hidden = 'Private: null for a credential that lacks the scope `profile`.';

/** The success of a mutation that answers with the address and its account. */
function emailSuccess(name: string, description: string) {
  return builder.objectRef<EmailChanged>(name).implement({
    description,
    fields: (t) => ({
      email: t.field({
        type: Email,
        nullable: true,
        description: `The address as it is now. ${hidden}`,
        resolve: ({ email, owner }, _args, context) => (may(context, 'readPrivate', owner) ? email : null),
      }),
      user: t.field({
        type: User,
        description: 'The account as it is now.',
        resolve: (payload) => payload.user,
      }),
    }),
  });
}

const AddEmailSuccess = emailSuccess(
  'AddEmailSuccess',
  "The address is the account's, unverified, and a code is on its way to it.",
);
const VerifyEmailSuccess = emailSuccess('VerifyEmailSuccess', 'The address is verified.');
const MakeEmailDefaultSuccess = emailSuccess('MakeEmailDefaultSuccess', 'The address is the default one.');
const RemoveEmailSuccess = userSuccess(
  'RemoveEmailSuccess',
  'The address is gone, and no longer signs in.',
  'The account as it is now.',
);

const RequestEmailVerificationSuccess = builder
  .objectRef<{ email: EmailRow; owner: Account; expiresAt: Date }>('RequestEmailVerificationSuccess')
  .implement({
    description: 'A code is on its way to the address; codes sent before are void.',
    fields: (t) => ({
      email: t.field({
        type: Email,
        nullable: true,
        description: `The address that the code goes to. ${hidden}`,
        resolve: ({ email, owner }, _args, context) => (may(context, 'readPrivate', owner) ? email : null),
      }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when the code is good.' }),
    }),
  });

const errors = [InvalidInputError, NotFoundError, ProtectedAccountError];

builder.mutationFields((t) => {
  const idArg = () => t.arg.globalID({ for: [Email], required: true, description: 'The e-mail address.' });
  return {
    addEmail: t.field({
      type: AddEmailSuccess,
      description:
        'Adds an e-mail address, up to 20, and sends it a code that proves it: up to 5 codes an hour. It becomes the default one where there is neither a default nor a verified one. Needs the scope `users:write`.',
      errors: { types: [...errors, LoginNameTakenError], union: { description: 'What came of `addEmail`.' } },
      args: { input: t.arg({ type: AddEmailInput, required: true, description: 'The address to add.' }) },
      resolve: (_root, { input: { address, userId } }, context, info) =>
        addEmail(
          context,
          { address, userId: userId?.id },
          payloadQuery(context, info, 'AddEmailSuccess', 'user'),
        ),
    }),
    requestEmailVerification: t.field({
      type: RequestEmailVerificationSuccess,
      description:
        'Sends a new code to an unverified address, good for 30 minutes: up to 5 codes an hour. Needs the scope `users:write`.',
      errors: { types: errors, union: { description: 'What came of `requestEmailVerification`.' } },
      args: { id: idArg() },
      resolve: (_root, { id }, context) => requestEmailVerification(context, id.id),
    }),
    verifyEmail: t.field({
      type: VerifyEmailSuccess,
      description:
        'Takes the code that was sent to an address for the proof that mail to it reaches you. A code stands 5 wrong tries. Needs the scope `users:write`.',
      errors: { types: [...errors, InvalidCodeError], union: { description: 'What came of `verifyEmail`.' } },
      args: {
        id: idArg(),
        input: t.arg({ type: VerifyEmailInput, required: true, description: 'The proof.' }),
      },
      resolve: (_root, { id, input }, context, info) =>
        verifyEmail(context, { id: id.id, input }, payloadQuery(context, info, 'VerifyEmailSuccess', 'user')),
    }),
    removeEmail: t.field({
      type: RemoveEmailSuccess,
      description:
        "Removes an address, and tells the default address of it. The default one only goes last, and the provider's of an OAuth2 account not at all. Needs the scope `users:write`.",
      errors: { types: errors, union: { description: 'What came of `removeEmail`.' } },
      args: { id: idArg() },
      resolve: (_root, { id }, context, info) =>
        removeEmail(context, id.id, payloadQuery(context, info, 'RemoveEmailSuccess', 'user')),
    }),
    makeEmailDefault: t.field({
      type: MakeEmailDefaultSuccess,
      description:
        'Makes an address the one that the account is written to, and tells the one that was. It must be verified where any address of the account is. Needs the scope `users:write`.',
      errors: { types: errors, union: { description: 'What came of `makeEmailDefault`.' } },
      args: { id: idArg() },
      resolve: (_root, { id }, context, info) =>
        makeEmailDefault(context, id.id, payloadQuery(context, info, 'MakeEmailDefaultSuccess', 'user')),
    }),
  };
});
