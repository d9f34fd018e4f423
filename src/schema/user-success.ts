import type { User as UserRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { User } from './user.ts';

/** The success of a mutation that answers with the account. */
export function userSuccess(name: string, description: string, user: string) {
  return builder.objectRef<{ user: UserRow }>(name).implement({
    description,
    fields: (t) => ({ user: t.field({ type: User, description: user, resolve: (payload) => payload.user }) }),
  });
}
