/** The users that a user manages: people without a sign-in of their own. */
import { createManagedUser } from '../domain/account-creation.ts';
import { findManagedUser, updateManagedUser } from '../domain/managed-users.ts';
import { listManagedUsers } from '../domain/users.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts';
import { builder } from './builder.ts';
import { pageArgs, pageComplexity } from './connection.ts';
import { connectionQuery, nodeQuery, payloadQuery } from './node-query.ts';
import { expectedVersionField, profileFields } from './profile-input.ts';
import { User } from './user.ts';
import { orderArg, toOrder, UserConnection } from './user-list.ts';
import { userSuccess } from './user-success.ts';

const CreateManagedUserInput = builder.inputType('CreateManagedUserInput', {
  description: 'A new user for you to manage.',
  fields: (t) => ({
    ...profileFields(t, 'None when absent.'),
    firstName: t.string({ required: true, description: 'The given name, 1 to 50 characters.' }),
  }),
});

const UpdateManagedUserInput = builder.inputType('UpdateManagedUserInput', {
  description: 'What to change of a managed user. An absent field keeps its value, null clears it.',
  fields: (t) => ({ ...profileFields(t), expectedVersion: expectedVersionField(t) }),
});

const CreateManagedUserSuccess = userSuccess(
  'CreateManagedUserSuccess',
  'The user was created.',
  'The new managed user.',
);
const UpdateManagedUserSuccess = userSuccess(
  'UpdateManagedUserSuccess',
  'The managed user is as you wanted it.',
  'The managed user as it is now.',
);

builder.queryFields((t) => ({
  managedUser: t.field({
    type: User,
    nullable: true,
    description: 'One of the users that you manage; null when there is none with this id.',
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The managed user.' }) },
    resolve: (_root, { id }, context, info) =>
      findManagedUser(context, id.id, nodeQuery(context, info, 'User')),
  }),
  managedUsers: t.field({
    type: UserConnection,
    description: 'The users that you manage.',
    args: {
      ...pageArgs(),
      search: t.arg.string({
        description:
          'Only those that have every one of these words somewhere in their names, without regard to case.',
      }),
      ...orderArg(),
    },
    complexity: pageComplexity,
    resolve: (_root, { orderBy, ...args }, context, info) =>
      listManagedUsers(context, { ...args, order: toOrder(orderBy) }, connectionQuery(context, info, 'User')),
  }),
}));

builder.mutationFields((t) => ({
  createManagedUser: t.field({
    type: CreateManagedUserSuccess,
    description: 'Creates a user that you manage. It cannot sign in. Needs the scope `users:write`.',
    errors: { types: [InvalidInputError], union: { description: 'What came of `createManagedUser`.' } },
    args: {
      input: t.arg({ type: CreateManagedUserInput, required: true, description: 'The user to create.' }),
    },
    resolve: async (_root, { input }, context, info) => ({
      user: await createManagedUser(
        context,
        input,
        payloadQuery(context, info, 'CreateManagedUserSuccess', 'user'),
      ),
    }),
  }),
  updateManagedUser: t.field({
    type: UpdateManagedUserSuccess,
    description: 'Changes a user that you manage. Needs the scope `users:write`.',
    errors: {
      types: [InvalidInputError, ConflictError, NotFoundError],
      union: { description: 'What came of `updateManagedUser`.' },
    },
    args: {
      id: t.arg.globalID({ for: [User], required: true, description: 'The managed user.' }),
      input: t.arg({ type: UpdateManagedUserInput, required: true, description: 'What to change.' }),
    },
    resolve: async (_root, { id, input }, context, info) => ({
      user: await updateManagedUser(
        context,
        { id: id.id, input },
        payloadQuery(context, info, 'UpdateManagedUserSuccess', 'user'),
      ),
    }),
  }),
}));
