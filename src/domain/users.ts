import type { Context } from '../context.ts';
import { ForbiddenError, UnauthenticatedError } from '../errors.ts';
import type { Prisma, User } from '../generated/prisma/client.ts';
import { applyUpdate, parseUpdate, updatableSelect } from './account-update.ts';
import { enforce, listedWhere, lockAccount, privatelyVisibleWhere, visibleWhere } from './accounts.ts';
import { record } from './audit.ts';
import { type LazyConnection, type Order, once, type PageArgs, pageQuery, toPage } from './page.ts';
import { decide } from './policy.ts';
import { transact } from './transaction.ts';

/** What Pothos asks of a user: made of the GraphQL selection, so that exactly that is read. */
export interface UserQuery {
  readonly select?: Prisma.UserSelect;
  readonly include?: Prisma.UserInclude;
}

export interface UserFilter {
  readonly ids?: readonly string[] | null | undefined;
  readonly username?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly oauthProvider?: string | null | undefined;
  readonly oauthId?: string | null | undefined;
  readonly isActive?: boolean | null | undefined;
  readonly kinds?: readonly User['kind'][] | null | undefined;
  readonly statuses?: readonly User['status'][] | null | undefined;
  readonly organizationId?: string | null | undefined;
  readonly search?: string | null | undefined;
}

export type UserOrder = Order & {
  readonly column: 'createdAt' | 'updatedAt' | 'sortName';
  readonly tie: 'id';
};

/** The account that acts. */
export function requireUser({ actor }: Pick<Context, 'actor'>) {
  if (actor.user !== null) return actor.user;
  if (actor.credential.kind === 'ANONYMOUS') throw new UnauthenticatedError();
  throw new ForbiddenError('This credential belongs to an organization; no user stands behind it.');
}

function requireCaller({ actor }: Pick<Context, 'actor'>): void {
  if (actor.credential.kind === 'ANONYMOUS') throw new UnauthenticatedError();
}

/** The acting account, or null where none stands behind the credential. */
export async function findMe(context: Context, query: UserQuery): Promise<User | null> {
  const id = context.actor.user?.id;
  return id === undefined
    ? null
    : ((await context.prisma.user.findUnique({ where: { id }, ...query })) as User | null);
}

export type UserKey =
  | { readonly id: string }
  | { readonly username: string }
  | { readonly email: string }
  | { readonly oauthIdentity: { readonly provider: string; readonly subject: string } };

/** The account by a unique key; null when there is none that the actor may find by it. */
export async function findUser(context: Context, key: UserKey, query: UserQuery): Promise<User | null> {
  requireCaller(context);
  const where = { AND: [visibleWhere(context), keyWhere(context, key)] };
  return (await context.prisma.user.findFirst({ where, ...query })) as User | null;
}

function keyWhere(context: Context, key: UserKey): Prisma.UserWhereInput {
  if ('id' in key) return { id: key.id };
  if ('username' in key) return usernameWhere(context, key.username);
  if ('email' in key) return emailWhere(context, key.email);
  const { provider, subject } = key.oauthIdentity;
  return identityWhere(context, { provider, subject });
}

/** Accounts by id, in the order asked; null for each that the actor cannot see. */
export async function findUsersById(context: Context, ids: readonly string[], query: UserQuery) {
  requireCaller(context);
  const rows = (await context.prisma.user.findMany({
    where: { AND: [visibleWhere(context), { id: { in: [...ids] } }] },
    ...selecting(query, { id: true }),
  })) as User[];
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Lists the accounts that the policy lets the actor list. Rows and count are read only when asked for. */
export function listUsers(
  context: Context,
  { filter, order, ...args }: PageArgs & { filter?: UserFilter | null; order: UserOrder },
  query: UserQuery,
) {
  requireCaller(context);
  const where: Prisma.UserWhereInput = { AND: [listedWhere(context), ...filters(context, filter ?? {})] };
  return userConnection(context, { where, order, args }, query);
}

/** The accounts that the actor manages itself. */
export function listManagedUsers(
  context: Context,
  { order, search, ...args }: PageArgs & { order: UserOrder; search?: string | null | undefined },
  query: UserQuery,
) {
  const { id } = requireUser(context);
  const where = { AND: [{ managerId: id }, ...filters(context, { search })] };
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

/** Adds columns that are needed besides the asked ones; a query that includes relations has all columns already. */
function selecting(query: UserQuery, columns: Prisma.UserSelect): UserQuery {
  return query.select ? { select: { ...query.select, ...columns } } : query;
}

function filters(context: Context, filter: UserFilter): Prisma.UserWhereInput[] {
  const { ids, username, email, oauthProvider, oauthId, isActive, kinds, statuses, organizationId, search } =
    filter;
  const where: Prisma.UserWhereInput[] = [];
  if (ids != null) where.push({ id: { in: [...ids] } });
  if (username != null) where.push(usernameWhere(context, username));
  if (email != null) where.push(emailWhere(context, email));
  if (oauthProvider != null || oauthId != null) {
    where.push(
      identityWhere(context, {
        ...(oauthProvider != null && { provider: oauthProvider }),
        ...(oauthId != null && { subject: oauthId }),
      }),
    );
  }
  if (isActive != null) where.push({ status: isActive ? 'ACTIVE' : { not: 'ACTIVE' } });
  if (kinds != null) where.push({ kind: { in: [...kinds] } });
  if (statuses != null) where.push({ status: { in: [...statuses] } });
  if (organizationId != null) {
    where.push({ OR: [{ memberships: { some: { organizationId } } }, { organizationId }] });
  }
  if (search != null) where.push(...searchWhere(search));
  return where;
}

const nothing: Prisma.UserWhereInput = { id: { in: [] } };
/** PostgreSQL has no text with U+0000, so nothing can equal one that has. */
const storable = (text: string) => !text.includes('\u0000');

function usernameWhere(context: Context, username: string): Prisma.UserWhereInput {
  if (!storable(username)) return nothing;
  return username.includes('@') ? { AND: [{ username }, privatelyVisibleWhere(context)] } : { username };
}

function emailWhere(context: Context, address: string): Prisma.UserWhereInput {
  if (!storable(address)) return nothing;
  return { AND: [{ emails: { some: { address } } }, privatelyVisibleWhere(context)] };
}

function identityWhere(
  context: Context,
  identity: { provider?: string; subject?: string },
): Prisma.UserWhereInput {
  if (!Object.values(identity).every(storable)) return nothing;
  return { AND: [{ identities: { some: identity } }, privatelyVisibleWhere(context)] };
}

/** Every word must occur in a name. `%`, `_` and `\` mean themselves. */
function searchWhere(search: string): Prisma.UserWhereInput[] {
  if (!storable(search)) return [nothing];
  const words = search.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 10);
  return words.map((word) => ({ searchNames: { contains: word.replace(/[\\%_]/g, '\\$&') } }));
}

export interface UpdateInput extends Record<string, unknown> {
  readonly expectedVersion?: number | null | undefined;
}

/** Changes the acting account. */
export function updateMe(context: Context, input: UpdateInput, query: UserQuery): Promise<User> {
  return updateUser(context, { id: requireUser(context).id, input }, query);
}

/** Changes an account: absent keeps, null clears. One transaction with its audit row; a stale version changes nothing. */
export function updateUser(
  context: Context,
  { id, input, where = {} }: { id: string; input: UpdateInput; where?: Prisma.UserWhereInput },
  query: UserQuery,
): Promise<User> {
  requireCaller(context);
  return transact(context, async (tx) => {
    const row = await lockAccount(context, tx, { id, where }, updatableSelect);
    enforce(decide(context.actor, 'update', row));
    const update = parseUpdate(context, row, input);
    return applyUpdate(context, tx, { row, update }, query);
  });
}

/** Marks the acting person's onboarding as done; doing it again changes nothing. */
export function completeOnboarding(context: Context, query: UserQuery): Promise<User> {
  const { id } = requireUser(context);
  return transact(context, async (tx) => {
    const row = await lockAccount(context, tx, { id }, { isOnboarded: true });
    enforce(decide(context.actor, 'update', row));
    if (row.isOnboarded) return (await tx.user.findUniqueOrThrow({ where: { id }, ...query })) as User;
    const updated = await tx.user.update({
      where: { id },
      data: { isOnboarded: true, version: { increment: 1 }, updatedAt: context.now() },
      ...query,
    });
    await record(context, tx, {
      action: 'user.update',
      subject: { type: 'User', id },
      about: id,
      changes: { isOnboarded: { before: false, after: true } },
    });
    return updated as User;
  });
}
