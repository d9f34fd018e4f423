/** Changing the phone numbers of an account. */
import { decodeId } from '../domain/ids.ts';
import {
  addPhoneNumber,
  makePhoneNumberPrimary,
  type PhoneNumberChanged,
  removePhoneNumber,
  requestPhoneVerification,
  verifyPhoneNumber,
} from '../domain/phone-numbers.ts';
import type { Account } from '../domain/policy.ts';
import {
  InvalidCodeError,
  InvalidIdError,
  InvalidInputError,
  NotFoundError,
  ProtectedAccountError,
} from '../errors.ts';
import type { PhoneNumber as PhoneNumberRow } from '../generated/prisma/client.ts';
import { may } from './access.ts';
import { builder } from './builder.ts';
import { PhoneNumber } from './contact.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';
import { userSuccess } from './user-success.ts';

const AddPhoneNumberInput = builder.inputType('AddPhoneNumberInput', {
  description: 'A new phone number of an account.',
  fields: (t) => ({
    number: t.string({
      required: true,
      description: 'The number in E.164 form, such as `+4930123456`.',
    }),
    userId: t.globalID({
      for: [User],
      description: 'The account, if you may change it; your own when absent.',
    }),
  }),
});

const VerifyPhoneNumberInput = builder.inputType('VerifyPhoneNumberInput', {
  description: 'What proves that messages to a number reach you.',
  fields: (t) => ({
    code: t.string({ required: true, description: 'The newest code that was sent to the number: 6 digits.' }),
  }),
});

const hidden = 'Private: null for a credential that lacks the scope `profile`.';

/** The success of a mutation that answers with the number and its account. */
function phoneNumberSuccess(name: string, description: string) {
  return builder.objectRef<PhoneNumberChanged>(name).implement({
    description,
    fields: (t) => ({
      phoneNumber: t.field({
        type: PhoneNumber,
        nullable: true,
        description: `The number as it is now. ${hidden}`,
        resolve: ({ phoneNumber, owner }, _args, context) =>
          may(context, 'readPrivate', owner) ? phoneNumber : null,
      }),
      user: t.field({
        type: User,
        description: 'The account as it is now.',
        resolve: (payload) => payload.user,
      }),
    }),
  });
}

const AddPhoneNumberSuccess = phoneNumberSuccess(
  'AddPhoneNumberSuccess',
  "The number is the account's, unverified, and a code is on its way to it.",
);
const VerifyPhoneNumberSuccess = phoneNumberSuccess('VerifyPhoneNumberSuccess', 'The number is verified.');
const MakePhoneNumberPrimarySuccess = phoneNumberSuccess(
  'MakePhoneNumberPrimarySuccess',
  'The number is the primary one.',
);
const RemovePhoneNumberSuccess = userSuccess(
  'RemovePhoneNumberSuccess',
  'The number is gone.',
  'The account as it is now.',
);

const RequestPhoneVerificationSuccess = builder
  .objectRef<{ phoneNumber: PhoneNumberRow; owner: Account; expiresAt: Date }>(
    'RequestPhoneVerificationSuccess',
  )
  .implement({
    description: 'A code is on its way to the number; codes sent before are void.',
    fields: (t) => ({
      phoneNumber: t.field({
        type: PhoneNumber,
        nullable: true,
        description: `The number that the code goes to. ${hidden}`,
        resolve: ({ phoneNumber, owner }, _args, context) =>
          may(context, 'readPrivate', owner) ? phoneNumber : null,
      }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when the code is good.' }),
    }),
  });

const errors = [InvalidInputError, NotFoundError, ProtectedAccountError];

/** The type is named otherwise than its ids, since a scalar has its name: so the ids are checked here. */
function idOf(globalId: string | number): string {
  const { type, uuid } = decodeId(String(globalId));
  if (type !== 'PhoneNumber') throw new InvalidIdError(`ID: ${globalId} is not of type: UserPhoneNumber`);
  return uuid;
}

builder.mutationFields((t) => {
  const idArg = () => t.arg.id({ required: true, description: 'The phone number.' });
  return {
    addPhoneNumber: t.field({
      type: AddPhoneNumberSuccess,
      description:
        'Adds a phone number, up to 20, and sends it a code that proves it: up to 5 codes an hour. It becomes the primary one where there is neither a primary nor a verified one. Needs the scope `users:write`.',
      errors: { types: errors, union: { description: 'What came of `addPhoneNumber`.' } },
      args: {
        input: t.arg({ type: AddPhoneNumberInput, required: true, description: 'The number to add.' }),
      },
      resolve: (_root, { input: { number, userId } }, context, info) =>
        addPhoneNumber(
          context,
          { number, userId: userId?.id },
          payloadQuery(context, info, 'AddPhoneNumberSuccess', 'user'),
        ),
    }),
    requestPhoneVerification: t.field({
      type: RequestPhoneVerificationSuccess,
      description:
        'Sends a new code to an unverified number, good for 10 minutes: up to 5 codes an hour. Needs the scope `users:write`.',
      errors: { types: errors, union: { description: 'What came of `requestPhoneVerification`.' } },
      args: { id: idArg() },
      resolve: (_root, { id }, context) => requestPhoneVerification(context, idOf(id)),
    }),
    verifyPhoneNumber: t.field({
      type: VerifyPhoneNumberSuccess,
      description:
        'Takes the code that was sent to a number for the proof that messages to it reach you. A code stands 5 wrong tries. Needs the scope `users:write`.',
      errors: {
        types: [...errors, InvalidCodeError],
        union: { description: 'What came of `verifyPhoneNumber`.' },
      },
      args: {
        id: idArg(),
        input: t.arg({ type: VerifyPhoneNumberInput, required: true, description: 'The proof.' }),
      },
      resolve: (_root, { id, input }, context, info) =>
        verifyPhoneNumber(
          context,
          { id: idOf(id), input },
          payloadQuery(context, info, 'VerifyPhoneNumberSuccess', 'user'),
        ),
    }),
    removePhoneNumber: t.field({
      type: RemovePhoneNumberSuccess,
      description: 'Removes a number. The primary one only goes last. Needs the scope `users:write`.',
      errors: { types: errors, union: { description: 'What came of `removePhoneNumber`.' } },
      args: { id: idArg() },
      resolve: (_root, { id }, context, info) =>
        removePhoneNumber(context, idOf(id), payloadQuery(context, info, 'RemovePhoneNumberSuccess', 'user')),
    }),
    makePhoneNumberPrimary: t.field({
      type: MakePhoneNumberPrimarySuccess,
      description:
        'Makes a number the one that the account is called at. It must be verified where any number of the account is. Needs the scope `users:write`.',
      errors: { types: errors, union: { description: 'What came of `makePhoneNumberPrimary`.' } },
      args: { id: idArg() },
      resolve: (_root, { id }, context, info) =>
        makePhoneNumberPrimary(
          context,
          idOf(id),
          payloadQuery(context, info, 'MakePhoneNumberPrimarySuccess', 'user'),
        ),
    }),
  };
});
