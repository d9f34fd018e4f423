import { hashPassword } from '../auth/passwords.ts';
import type { Context } from '../context.ts';
import { UnauthenticatedError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { defaultChanged } from '../messages/texts.ts';
import { applyUpdate, writeUser } from './account-update.ts';
import {
  type AccountToChange,
  enforce,
  existing,
  listedWhere,
  lockAccount,
  visibleWhere,
} from './accounts.ts';
import { requireCaller, requireUser } from './caller.ts';
import { type AccountUpdate, limits } from './input.ts';
import { type Keeping, readOwnAccount } from './own-account.ts';
import {
  type LazyConnection,
  type Order,
  once,
  type PageArgs,
  pageOf,
  pageQuery,
  readingOf,
  toPage,
} from './page.ts';
import { type Actor, actsAsSuperuser, anonymous, decide } from './policy.ts';
import { inOrder, selecting } from './selection.ts';
import { transact } from './transaction.ts';
import { parseUpdate, type UpdatableRow, updatableSelect } from './update-rules.ts';
import { filterWhere, keyWhere, type UserFilter, type UserKey } from './user-filters.ts';
import { canSeek, countListed, narrows, readAtOnce, readStretch } from './user-seek.ts';
import type { ExpectedVersion } from './versions.ts';

/** What Pothos asks of a user: made of the GraphQL selection, so that exactly that is read. */
export interface UserQuery {
  readonly select?: Prisma.UserSelect;
  readonly include?: Prisma.UserInclude;
}

export type UserOrder = Order & {
  readonly column: 'createdAt' | 'updatedAt' | 'sortName';
  readonly tie: 'id';
};

/** The acting account, or null where none stands behind the credential. */
export function findMe(context: Context, query: UserQuery): Promise<User | null> {
  return readOwnAccount(context, query);
}

/** The acting account. @throws when none stands behind the credential, or it is gone */
export async function requireMe(
  context: Context,
  query: UserQuery | ((within: Context) => UserQuery),
  keeping?: Keeping,
): Promise<User> {
  requireUser(context);
  const me = await readOwnAccount(context, query, keeping);
  if (me === null) throw new UnauthenticatedError('The account is gone.');
  return me;
}

/** The account by a unique key; null when there is none that the actor may find by it. */
export async function findUser(context: Context, key: UserKey, query: UserQuery): Promise<User | null> {
  requireCaller(context);
  const where = { AND: [visibleWhere(context), keyWhere(context, key)] };
  return (await context.prisma.user.findFirst({ where, ...query })) as User | null;
}

/** Accounts by id, in the order asked; null for each that the actor cannot see. */
export async function findUsersById(context: Context, ids: readonly string[], query: UserQuery) {
  requireCaller(context);
  const rows = (await context.prisma.user.findMany({
    where: { AND: [visibleWhere(context), { id: { in: [...ids] } }] },
    ...selecting(query, { id: true }),
  })) as User[];
  return inOrder(ids, rows);
}

/** Lists the accounts that the policy lets the actor list. Rows and count are read only when asked for. */
export function listUsers(
  context: Context,
  { filter, order, ...args }: PageArgs & { filter?: UserFilter | null; order: UserOrder },
  query: UserQuery,
) {
  requireCaller(context);
  const withDeleting = filter?.statuses?.includes('DELETING') ?? false;
  const visible = listedWhere(context, { withDeleting });
  const where: Prisma.UserWhereInput = { AND: [visible, ...filterWhere(context, filter ?? {})] };
  const sought = filter ?? {};
  if (!canSeek(context, sought)) return userConnection(context, { where, order, args }, query);
  const listed = { filter: sought, withDeleting };
  const totalCount = once(() => countListed(context, listed));
  const columns = selecting(query, { id: true, [order.column]: true });
  const written = readAtOnce(columns);
  if (written === null && !narrows(sought))
    return { ...userConnection(context, { where, order, args }, query), totalCount };
  const { take, bounds, direction } = readingOf(args, order);
  const stretch = { ...listed, order: { column: order.column, direction }, bounds, take };
  const reading = { query: columns, written, where: visible, shown: take - 1 };
  return {
    page: once(async () => {
      const { rows, isFull } = await readStretch(context, stretch, reading);
      return pageOf({ rows, more: isFull }, args, order);
    }),
    totalCount,
  };
}

/** The accounts that the actor manages itself. */
export function listManagedUsers(
  context: Context,
  { order, search, ...args }: PageArgs & { order: UserOrder; search?: string | null | undefined },
  query: UserQuery,
) {
  const { id } = requireUser(context);
  const where = { AND: [{ managerId: id, ...existing }, ...filterWhere(context, { search })] };
  return userConnection(context, { where, order, args }, query);
}

function userConnection(
  { prisma }: Context,
  { where, order, args }: { where: Prisma.UserWhereInput; order: UserOrder; args: PageArgs },
  query: UserQuery,
): LazyConnection<User> {
  const keyset = pageQuery(args, order);
  return {
    page: once(async () => {
      const rows = await prisma.user.findMany({
        where: { AND: [where, ...keyset.where.AND] },
        orderBy: keyset.orderBy,
        take: keyset.take,
        ...selecting(query, { id: true, [order.column]: true }),
      });
      return toPage(rows as User[], args, order);
    }),
    totalCount: once(() => prisma.user.count({ where })),
  };
}

export interface UpdateInput extends Record<string, unknown> {
  readonly expectedVersion?: number | null | undefined;
  /** The same, where a caller means more than one version. */
  readonly expects?: ExpectedVersion | undefined;
}

/** Changes the acting account. */
export function updateMe(context: Context, input: UpdateInput, query: UserQuery): Promise<User> {
  return updateUser(context, { id: requireUser(context).id, input, path: [] }, query);
}

/** Changes an account: absent keeps, null clears. One transaction with its audit row; a stale version changes nothing. */
export async function updateUser(
  context: Context,
  { id, input, where = {}, path = ['id'] }: AccountToChange & { input: UpdateInput },
  query: UserQuery,
): Promise<User> {
  requireCaller(context);
  const hash = await hashNewPassword(context, input.password);
  const { user, update, told } = await transact(context, async (tx) => {
    const row = await lockAccount(context, tx, { id, where }, updatableSelect);
    enforce(decide(context.actor, 'update', row), path);
    const update = parseUpdate(context, row, input);
    const user = await applyUpdate(context, tx, { row, update, passwordHash: hash }, query);
    return { user, update, told: losesDefault(row, update) };
  });
  if (id === context.actor.user?.id) context.actor = actorAfter(update, context.actor);
  if (told !== undefined) await context.messages.send(defaultChanged({ to: told, issuer: context.issuer }));
  return user;
}

/** The proven address that an update takes the account away from. Others are not told: they may be a stranger's. */
function losesDefault({ emails }: UpdatableRow, { email }: AccountUpdate): string | undefined {
  const before = emails.find(({ isDefault, verifiedAt }) => isDefault && verifiedAt !== null)?.address;
  return email === undefined || before?.toLowerCase() === email?.toLowerCase() ? undefined : before;
}

/** Hashes before the transaction, which would hold its locks for as long; and only for those who may set passwords. */
async function hashNewPassword(
  { actor, randomBytes }: Context,
  password: unknown,
): Promise<string | undefined> {
  const { min, max } = limits.password;
  const isUsable = typeof password === 'string' && password.length >= min && password.length <= max;
  return isUsable && actsAsSuperuser(actor) ? hashPassword(password, randomBytes) : undefined;
}

/** Who changed its own account goes on as what it is now; a new password or status has ended its credentials. */
function actorAfter({ password, status, isSuperuser }: AccountUpdate, actor: Actor): Actor {
  if (password !== undefined || (status !== undefined && status !== 'ACTIVE')) return anonymous;
  if (isSuperuser === undefined || actor.user === null) return actor;
  return { ...actor, user: { ...actor.user, isSuperuser } };
}

/** Marks the acting person's onboarding as done; doing it again changes nothing. */
export function completeOnboarding(context: Context, query: UserQuery): Promise<User> {
  const { id } = requireUser(context);
  return transact(context, async (tx) => {
    const row = await lockAccount(context, tx, { id }, { isOnboarded: true });
    enforce(decide(context.actor, 'update', row));
    if (row.isOnboarded) return (await tx.user.findUniqueOrThrow({ where: { id }, ...query })) as User;
    const changes = { isOnboarded: { before: false, after: true } };
    return writeUser(context, tx, { row, data: { isOnboarded: true }, changes }, query);
  });
}
