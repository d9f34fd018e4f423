/** Deleting accounts, and what the deletion was. */
import { deleteMe, deleteUser } from '../domain/erasure.ts';
import { deleteManagedUser } from '../domain/managed-users.ts';
import { LastOwnerError, LastSuperuserError, NotFoundError, ProtectedAccountError } from '../errors.ts';
import type { Erasure as ErasureRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { User } from './user.ts';

const ErasureStatus = builder.enumType('ErasureStatus', {
  description: 'How far an erasure has come.',
  values: {
    PENDING: { description: 'Asked for, not begun.' },
    RUNNING: { description: 'Under way.' },
    COMPLETED: { description: 'Everything is gone.' },
    FAILED: { description: 'Stopped by an error; it will be tried again.' },
    UNDONE: { description: 'Undone in time: the account was restored.' },
  } as const,
});

const ErasedKind = builder.objectRef<{ kind: string; count: number }>('ErasedKind').implement({
  description: 'How many things of one kind were erased.',
  fields: (t) => ({
    kind: t.exposeString('kind', {
      description: 'The kind, such as `sessions` or `dataRecords.activities`.',
    }),
    count: t.exposeInt('count', { description: 'How many there were.' }),
  }),
});

const Erasure = builder.prismaObject('Erasure', {
  description: 'The deletion of an account and of everything it owned.',
  select: { id: true, userId: true },
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the erasure, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'Erasure', id }) as never,
    }),
    userId: t.globalID({
      description: 'The global id that the account had.',
      resolve: ({ userId }) => ({ type: 'User', id: userId }) as never,
    }),
    status: t.expose('status', { type: ErasureStatus }),
    inventory: t.field({
      type: [ErasedKind],
      description: 'What was found and erased, by kind. Empty until it is complete.',
      select: { inventory: true },
      resolve: ({ inventory }) =>
        Object.entries((inventory ?? {}) as Record<string, number>).map(([kind, count]) => ({ kind, count })),
    }),
    requestedAt: t.expose('requestedAt', { type: 'DateTime' }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true }),
  }),
});

function erasureSuccess(name: string, description: string) {
  return builder.objectRef<{ erasure: ErasureRow }>(name).implement({
    description,
    fields: (t) => ({
      erasure: t.field({
        type: Erasure,
        description: 'What the deletion was.',
        resolve: ({ erasure }) => erasure,
      }),
    }),
  });
}

const DeleteMeSuccess = erasureSuccess(
  'DeleteMeSuccess',
  'Your account is gone, and with it everything it owned.',
);
const DeleteUserSuccess = erasureSuccess(
  'DeleteUserSuccess',
  'The account is gone, and with it everything it owned.',
);
const DeleteManagedUserSuccess = erasureSuccess(
  'DeleteManagedUserSuccess',
  'The managed user is gone, and with it all activities, traces and other data.',
);

const deletes = 'Irreversible. Everything it owns goes with it, and its credentials stop at once.';

builder.mutationFields((t) => ({
  deleteMe: t.field({
    type: DeleteMeSuccess,
    description: `Deletes your own account. ${deletes} Needs the scope \`users:write\`.`,
    errors: {
      types: [ProtectedAccountError, LastOwnerError, LastSuperuserError],
      union: { description: 'What came of `deleteMe`.' },
    },
    resolve: async (_root, _args, context) => ({ erasure: await deleteMe(context) }),
  }),
  deleteUser: t.field({
    type: DeleteUserSuccess,
    description: `Deletes an account: your own, one that you manage, a service account that you run; any but internal ones, for superusers. ${deletes} Needs the scope \`users:write\`.`,
    errors: {
      types: [NotFoundError, ProtectedAccountError, LastOwnerError, LastSuperuserError],
      union: { description: 'What came of `deleteUser`.' },
    },
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The account.' }) },
    resolve: async (_root, { id }, context) => ({ erasure: await deleteUser(context, { id: id.id }) }),
  }),
  deleteManagedUser: t.field({
    type: DeleteManagedUserSuccess,
    description: `Deletes a user that you manage. ${deletes} Needs the scope \`users:write\`.`,
    errors: {
      types: [NotFoundError, LastOwnerError],
      union: { description: 'What came of `deleteManagedUser`.' },
    },
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The managed user.' }) },
    resolve: async (_root, { id }, context) => ({ erasure: await deleteManagedUser(context, id.id) }),
  }),
}));
