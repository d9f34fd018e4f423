/** The users that a user manages. For everybody but the manager and superusers they do not exist. */
import type { Context } from '../context.ts';
import { ForbiddenError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { type AccountToChange, existing } from './accounts.ts';
import { requireCaller } from './caller.ts';
import { type Deletion, deleteUser } from './erasure.ts';
import { actsAsSuperuser } from './policy.ts';
import { type UpdateInput, type UserQuery, updateUser } from './users.ts';

function managedWhere({ actor }: Context): Prisma.UserWhereInput {
  requireCaller({ actor });
  if (actor.user === null) throw new ForbiddenError('An organization manages no users.');
  return { ...existing, ...(actsAsSuperuser(actor) ? { kind: 'MANAGED' } : { managerId: actor.user.id }) };
}

export async function findManagedUser(context: Context, id: string, query: UserQuery): Promise<User | null> {
  const where = { AND: [{ id }, managedWhere(context)] };
  return (await context.prisma.user.findFirst({ where, ...query })) as User | null;
}

export function updateManagedUser(
  context: Context,
  { id, input }: { id: string; input: UpdateInput },
  query: UserQuery,
): Promise<User> {
  return updateUser(context, { id, input, where: managedWhere(context) }, query);
}

export function deleteManagedUser(
  context: Context,
  { id, expects }: Pick<AccountToChange, 'id' | 'expects'>,
): Promise<Deletion> {
  return deleteUser(context, { id, where: managedWhere(context), expects });
}
