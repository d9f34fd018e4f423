/** What an account reads of itself: kept, where all that it rests on tells when it changes. */
import type { Context } from '../context.ts';
import { Prisma, type User } from '../generated/prisma/client.ts';
import type { UserQuery } from './users.ts';

/** What may be kept of a model: its columns, and relations whose rows tell the account, or have ids that are told. */
interface Told {
  readonly columns: object;
  readonly relations: Readonly<Record<string, Told>>;
}

const organization: Told = { columns: Prisma.OrganizationScalarFieldEnum, relations: {} };
const told: Told = {
  columns: Prisma.UserScalarFieldEnum,
  relations: {
    emails: { columns: Prisma.EmailScalarFieldEnum, relations: {} },
    phoneNumbers: { columns: Prisma.PhoneNumberScalarFieldEnum, relations: {} },
    identities: { columns: Prisma.OAuthIdentityScalarFieldEnum, relations: {} },
    memberships: { columns: Prisma.MembershipScalarFieldEnum, relations: { organization } },
    organization,
  },
};

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** Whether a selection holds nothing but that. */
function isTold({ select, include }: Tree, { columns, relations }: Told): boolean {
  const asked = Object.entries({ ...(select as Tree), ...(include as Tree) });
  return asked.every(([name, query]) => {
    const related = name === '_count' ? { columns: relations, relations } : relations[name];
    if (related === undefined) return name in columns && query === true;
    return isTree(query) ? isTold(query, related) : query === true;
  });
}

/**
 * Reads the acting account.
 * @param isKept whether it may be kept, for who knows that all in it tells its account or has ids that are told
 */
export async function readOwnAccount(
  { actor, prisma, cache, transaction }: Context,
  query: UserQuery,
  isKept = isTold(query as Tree, told),
): Promise<User | null> {
  const id = actor.user?.id;
  if (id === undefined) return null;
  const load = async () => (await prisma.user.findUnique({ where: { id }, ...query })) as User | null;
  if (!isKept || transaction) return load();
  return cache.read(`own ${id} ${JSON.stringify(query)}`, load, (user) => [id, ...idsIn(user)]);
}

/** Reads the organizations that the actor belongs to, which are those with these ids. */
export async function readOwnOrganizations<Row extends object | null>(
  { actor, cache, transaction }: Context,
  { ids, query }: { ids: readonly string[]; query: object },
  load: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  if (!isTold(query as Tree, organization) || transaction) return load();
  const owner = actor.user?.id ?? actor.organizationId;
  const key = `organizations of ${owner} ${JSON.stringify([ids, query])}`;
  return (await cache.read(key, load, () => [owner, ...ids])) ?? [];
}

/** The ids of everything in a row. */
function idsIn(row: object): string[] {
  return Object.entries(row).flatMap(([column, value]) => {
    if (typeof value === 'string') return column === 'id' || column.endsWith('Id') ? [value] : [];
    if (Array.isArray(value)) return value.flatMap((one) => (isTree(one) ? idsIn(one) : []));
    return isTree(value) && !(value instanceof Date) ? idsIn(value) : [];
  });
}
