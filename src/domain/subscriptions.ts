/** What can be followed: accounts, and erasures. */
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { Erasure, User } from '../generated/prisma/client.ts';
import { requireCaller, requireUser } from './caller.ts';
import { type ErasureQuery, findErasure } from './erasure.ts';
import { follow, type Told } from './following.ts';
import { selecting } from './selection.ts';
import { findUsersById, type UserQuery } from './users.ts';

export interface UserChange {
  /** As it is now. */
  readonly user: User;
  /** The types of the events since the last time, each once. */
  readonly events: readonly string[];
}

type Follower<Value> = Promise<AsyncIterableIterator<Told<Value>, void>>;

/**
 * Follows an account: the acting one where no id is given. Each step is read under the policy as it is then.
 * @throws {NotFoundError} when the account is not, or no longer, there for the actor
 */
export async function watchUser(
  context: Context,
  id: string | null | undefined,
  query: (context: Context) => UserQuery,
): Follower<UserChange> {
  requireCaller(context);
  const subjectId = id ?? requireUser(context).id;
  const find = async (now: Context, asked: UserQuery): Promise<User> => {
    const [user] = await findUsersById(now, [subjectId], asked);
    if (user == null) throw new NotFoundError(['id']);
    return user;
  };
  const check = async (now: Context) => void (await find(now, { select: { id: true } }));
  await check(context);
  return follow(context, {
    subjectId,
    look: async (now, events) => ({ value: { user: await find(now, query(now)), events } }),
    check,
  });
}

/** Follows an erasure to its end, for whoever knows its id: the person that asked for it has no credential any more. */
export async function watchErasure(
  context: Context,
  id: string,
  query: (context: Context) => ErasureQuery,
): Follower<Erasure> {
  const find = async (now: Context, asked: ErasureQuery): Promise<Erasure> => {
    const columns = { id: true, userId: true, status: true };
    const erasure = await findErasure(now, id, selecting(asked, columns));
    if (erasure === null) throw new NotFoundError(['id']);
    return erasure;
  };
  const { userId } = await find(context, { select: {} });
  return follow(context, {
    subjectId: userId,
    look: async (now) => {
      const value = await find(now, query(now));
      return { value, isLast: value.status === 'COMPLETED' || value.status === 'UNDONE' };
    },
  });
}
