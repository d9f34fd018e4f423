/** Accounts as plain lists, for surfaces that have no cursors. */
import type { Context } from '../context.ts';
import type { User } from '../generated/prisma/client.ts';
import { listedWhere } from './accounts.ts';
import { requireCaller } from './caller.ts';
import { filterWhere, type UserFilter, type UserRelation } from './user-filters.ts';
import { canSeek, readAtOnce, readStretch } from './user-seek.ts';
import type { UserQuery } from './users.ts';

const oldestFirst = [{ createdAt: 'asc' as const }, { id: 'asc' as const }];

/** The accounts that the policy lets the actor list, from an offset: the oldest first, so that new ones move none. */
export async function listUsersFrom(
  context: Context,
  { filter, offset, limit }: { filter: UserFilter; offset: number; limit: number },
  query: UserQuery,
): Promise<User[]> {
  requireCaller(context);
  const visible = listedWhere(context);
  const where = { AND: [visible, ...filterWhere(context, filter)] };
  if (!canSeek(context, filter)) {
    const page = { orderBy: oldestFirst, skip: offset, take: limit };
    return (await context.prisma.user.findMany({ where, ...page, ...query })) as User[];
  }
  const order = { column: 'createdAt', direction: 'asc' } as const;
  const stretch = { filter, order, skip: offset, take: limit };
  return (
    await readStretch(context, stretch, { query, written: readAtOnce(query), where: visible, shown: limit })
  ).rows;
}

/** All accounts that are related to the actor: itself first, then those it manages, then those that share with it. */
export async function listRelatedUsers(
  context: Context,
  { relations, displayName }: { relations: readonly UserRelation[]; displayName?: string | undefined },
  query: UserQuery,
): Promise<User[]> {
  requireCaller(context);
  const rows = (await context.prisma.user.findMany({
    where: { AND: [listedWhere(context), ...filterWhere(context, { relations, displayName })] },
    orderBy: oldestFirst,
    ...query,
  })) as User[];
  const own = context.actor.user?.id;
  const rank = ({ id, managerId }: User) => (id === own ? 0 : managerId === own ? 1 : 2);
  return rows.sort((a, b) => rank(a) - rank(b));
}
