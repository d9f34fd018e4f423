/** Deleting accounts. */
import { type Deletion, deleteMe, deleteUser } from '../domain/erasure.ts';
import { deleteManagedUser } from '../domain/managed-users.ts';
import { LastOwnerError, LastSuperuserError, NotFoundError, ProtectedAccountError } from '../errors.ts';
import { builder } from './builder.ts';
import { Erasure } from './erasure.ts';
import { User } from './user.ts';

function deletionSuccess(name: string, description: string, undoCode?: string) {
  return builder.objectRef<Deletion>(name).implement({
    description,
    fields: (t) => ({
      erasure: t.field({
        type: Erasure,
        description: 'What goes on in the background from here on, until nothing is left.',
        resolve: ({ erasure }) => erasure,
      }),
      ...(undoCode && { undoCode: t.exposeString('undoCode', { nullable: true, description: undoCode }) }),
    }),
  });
}

const undoes = 'What `restoreMe` undoes it with. Shown this once: only a hash of it is kept.';

const DeleteMeSuccess = deletionSuccess(
  'DeleteMeSuccess',
  'Your account is gone for everybody, and everything it owned is being erased.',
  `${undoes} Null where this server leaves no time to undo it.`,
);
const DeleteUserSuccess = deletionSuccess(
  'DeleteUserSuccess',
  'The account is gone for everybody, and everything it owned is being erased.',
  `${undoes} Null unless it was your own account and this server leaves time to undo it.`,
);
const DeleteManagedUserSuccess = deletionSuccess(
  'DeleteManagedUserSuccess',
  'The managed user is gone for everybody, and all its activities, traces and other data are being erased.',
);

const deletes =
  'Everything it owns goes with it, and its credentials stop at once. Irreversible, unless this server leaves time to undo it (`undoUntil` of the erasure).';

builder.mutationFields((t) => ({
  deleteMe: t.field({
    type: DeleteMeSuccess,
    description: `Deletes your own account. ${deletes} Needs the scope \`users:write\`.`,
    errors: {
      types: [ProtectedAccountError, LastOwnerError, LastSuperuserError],
      union: { description: 'What came of `deleteMe`.' },
    },
    resolve: (_root, _args, context) => deleteMe(context),
  }),
  deleteUser: t.field({
    type: DeleteUserSuccess,
    description: `Deletes an account: your own, one that you manage, a service account that you run; any but internal ones, for superusers. ${deletes} Needs the scope \`users:write\`.`,
    errors: {
      types: [NotFoundError, ProtectedAccountError, LastOwnerError, LastSuperuserError],
      union: { description: 'What came of `deleteUser`.' },
    },
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The account.' }) },
    resolve: (_root, { id }, context) => deleteUser(context, { id: id.id }),
  }),
  deleteManagedUser: t.field({
    type: DeleteManagedUserSuccess,
    description: `Deletes a user that you manage. ${deletes} Needs the scope \`users:write\`.`,
    errors: {
      types: [NotFoundError, LastOwnerError],
      union: { description: 'What came of `deleteManagedUser`.' },
    },
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The managed user.' }) },
    resolve: (_root, { id }, context) => deleteManagedUser(context, { id: id.id }),
  }),
}));
