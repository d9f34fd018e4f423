/** Undoing the deletion of an account. */
import { restoreMe, restoreUser } from '../domain/restore.ts';
import { InvalidCodeError, NotFoundError } from '../errors.ts';
import type { Erasure as ErasureRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { Erasure } from './erasure.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';

function restoreSuccess(name: string, description: string) {
  return builder.objectRef<{ erasure: ErasureRow }>(name).implement({
    description,
    fields: (t) => ({
      erasure: t.field({
        type: Erasure,
        description: 'The erasure that was undone.',
        resolve: ({ erasure }) => erasure,
      }),
    }),
  });
}

const RestoreMeSuccess = restoreSuccess(
  'RestoreMeSuccess',
  'Your account is as it was: sign in again, since its sessions and tokens stay ended.',
);
const RestoreUserSuccess = restoreSuccess(
  'RestoreUserSuccess',
  'The account is as it was, with the users that it manages. Its sessions and tokens stay ended.',
);

const RestoreMeInput = builder.inputType('RestoreMeInput', {
  description: 'What undoes the deletion of an account.',
  fields: (t) => ({
    code: t.string({
      required: true,
      description: 'The code that the deletion was answered with, and that came by mail.',
    }),
  }),
});

builder.mutationFields((t) => ({
  restoreMe: t.field({
    type: RestoreMeSuccess,
    description:
      'Undoes the deletion of your own account, until `undoUntil` of its erasure. Needs no credential: there is none any more.',
    errors: { types: [InvalidCodeError], union: { description: 'What came of `restoreMe`.' } },
    args: {
      input: t.arg({ type: RestoreMeInput, required: true, description: 'What undoes it.' }),
    },
    resolve: async (_root, { input }, context, info) => ({
      erasure: await restoreMe(context, input, payloadQuery(context, info, 'RestoreMeSuccess', 'erasure')),
    }),
  }),
  restoreUser: t.field({
    type: RestoreUserSuccess,
    description:
      'Undoes the deletion of an account, until `undoUntil` of its erasure: of one that you managed, a service account that you run; any but internal ones, for superusers, who find them in `users` by the status `DELETING`. Needs the scope `users:write`.',
    errors: { types: [NotFoundError], union: { description: 'What came of `restoreUser`.' } },
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The account.' }) },
    resolve: async (_root, { id }, context, info) => ({
      erasure: await restoreUser(
        context,
        id.id,
        payloadQuery(context, info, 'RestoreUserSuccess', 'erasure'),
      ),
    }),
  }),
}));
