/** The identities at OpenID providers that an account is signed in to with. They are linked on the page of the provider. */
import { unlinkIdentity } from '../domain/identity-links.ts';
import { NotFoundError, ProtectedAccountError } from '../errors.ts';
import { builder } from './builder.ts';
import { OAuthIdentity } from './contact.ts';
import { payloadQuery } from './node-query.ts';
import { userSuccess } from './user-success.ts';

const UnlinkIdentitySuccess = userSuccess(
  'UnlinkIdentitySuccess',
  'The identity no longer signs in to the account.',
  'The account as it is now.',
);

builder.mutationField('unlinkIdentity', (t) =>
  t.field({
    type: UnlinkIdentitySuccess,
    description:
      'Ends that an identity at an OpenID provider signs in to your account, and all your other sessions; of any account, for superusers. The identity that made an account, and the last way to sign in, stay. Only for the person itself, signed in.',
    errors: {
      types: [NotFoundError, ProtectedAccountError],
      union: { description: 'What came of `unlinkIdentity`.' },
    },
    args: {
      id: t.arg.globalID({ for: [OAuthIdentity], required: true, description: 'The identity.' }),
    },
    resolve: async (_root, { id }, context, info) => ({
      user: await unlinkIdentity(
        context,
        { id: id.id },
        payloadQuery(context, info, 'UnlinkIdentitySuccess', 'user'),
      ),
    }),
  }),
);
