/** What an actor may know of an account that was read for it: for surfaces whose views show many facts at once. */
import type { Prisma, User } from '../generated/prisma/client.ts';
import { type Account, type Actor, canSeeOrganization, decide, isPublicUsername } from './policy.ts';

/** The facts that only the account itself, its manager and those it lets in may read. */
type PrivateColumn =
  | 'emails'
  | 'phoneNumbers'
  | 'identities'
  | 'metadata'
  | 'locale'
  | 'timeZone'
  | 'password'
  | 'apiTokens'
  | 'sessions'
  | '_count';

/** A row without its private facts, which stand apart: a view cannot show them by accident. */
export type Disclosed<Row> = Omit<Row, PrivateColumn> & {
  /** Null for whoever may not read them. */
  readonly private: Pick<Row, PrivateColumn & keyof Row> | null;
};

export type RowOf<Select extends Prisma.UserSelect> = Prisma.UserGetPayload<{ select: Select }>;

/** The facts of a row that the actor may read. `select` is what the row was read with. */
export function disclose<Select extends Prisma.UserSelect>(
  actor: Actor,
  _select: Select,
  user: User,
): Disclosed<RowOf<Select>> {
  const account: Account = user;
  const isReadable = decide(actor, 'readPrivate', account).allowed;
  const { username, organizationId } = account;
  return {
    ...user,
    username: username !== null && (isReadable || isPublicUsername(username)) ? username : null,
    organizationId:
      organizationId !== null && canSeeOrganization(actor, organizationId) ? organizationId : null,
    private: isReadable ? user : null,
  } as unknown as Disclosed<RowOf<Select>>;
}
