/** Making an account for oneself. */
import type { SignedIn } from '../domain/sessions.ts';
import { signUp } from '../domain/sign-up.ts';
import { InvalidInputError, LoginNameTakenError, SignUpRefusedError } from '../errors.ts';
import { builder } from './builder.ts';
import { payloadQuery } from './node-query.ts';
import { signedInFields } from './session.ts';

const SignUpInput = builder.inputType('SignUpInput', {
  description: 'Who makes an account.',
  fields: (t) => ({
    email: t.string({
      required: true,
      description:
        'The e-mail address, which becomes the default one. A code that verifies it is sent there.',
    }),
    password: t.string({
      required: true,
      description:
        'The password, 8 to 256 characters: none of the common ones, and no name, username or e-mail address of the account.',
    }),
    username: t.string({
      description:
        'A name to sign in with besides the address: 1 to 50 letters, digits and `_ - @ .`, unique among all usernames and e-mail addresses. None when absent.',
    }),
    name: t.string({
      description: 'The name as the person writes it, 1 to 50 characters. None when absent.',
    }),
    firstName: t.string({ description: 'The given name, 1 to 50 characters. None when absent.' }),
    lastName: t.string({ description: 'The family name, 1 to 50 characters. None when absent.' }),
    locale: t.string({
      description: 'The preferred language as a BCP 47 tag, such as `en-US`. None when absent.',
    }),
    timeZone: t.string({
      description: 'The IANA time zone, such as `Europe/Berlin`. None when absent.',
    }),
    invitation: t.string({
      description:
        'The secret of an invitation. Needed where sign-up is by invitation. One to an organization, for this address, makes the account a member of it and the address verified, where sign-up is open or a superuser made it.',
    }),
  }),
});

const SignUpSuccess = builder.objectRef<SignedIn>('SignUpSuccess').implement({
  description: 'The account was made, and a session of it is open.',
  fields: (t) => signedInFields(t),
});

builder.mutationField('signUp', (t) =>
  t.field({
    type: SignUpSuccess,
    description:
      'Makes an account and opens a session for it, where the operator lets people do so (`SIGN_UP`). The rest of this operation acts as that person.',
    errors: {
      types: [SignUpRefusedError, InvalidInputError, LoginNameTakenError],
      union: { description: 'What came of `signUp`.' },
    },
    args: { input: t.arg({ type: SignUpInput, required: true, description: 'Who makes an account.' }) },
    resolve: (_root, { input }, context, info) =>
      signUp(context, input, () => payloadQuery(context, info, 'SignUpSuccess', 'user')),
  }),
);
