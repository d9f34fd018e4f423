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
    password: { columns: { userId: true, expired: true }, relations: {} }, // never its hash
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

/** How a selection is kept that says more than that, by who knows that all in it tells its account or has ids that are told. */
export interface Keeping {
  /** What names the selection. */
  readonly as: string;
  /** When something in a row is over by itself: never where undefined, nobody knows when where null. */
  readonly until: (row: User) => Date | null | undefined;
}

/** Reads the acting account. */
export async function readOwnAccount(
  context: Context,
  query: UserQuery | ((within: Context) => UserQuery),
  keeping?: Keeping,
): Promise<User | null> {
  const { actor, cache, transaction } = context;
  const id = actor.user?.id;
  if (id === undefined) return null;
  // What the context is asked for is noted, where the answer may be kept: the rest of it only if it is needed.
  const load = async (from = context) => {
    const asked = typeof query === 'function' ? query(from) : query;
    return (await from.prisma.user.findUnique({ where: { id }, ...asked })) as User | null;
  };
  const name = keeping?.as ?? (isTold(query as Tree, told) ? JSON.stringify(query) : null);
  if (name === null || transaction) return load();
  const { value } = await cache.find(`own ${id} ${name}`, load, (user) => {
    const until = keeping?.until(user);
    return until === null ? null : { ids: [id, ...idsIn(user)], until };
  });
  return value;
}

/** Reads the organizations that the actor belongs to, which are those with these ids. */
export async function readOwnOrganizations<Row extends object | null>(
  { actor, cache, transaction }: Context,
  { ids, query }: { ids: readonly string[]; query: object },
  load: (within?: Context) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  if (!isTold(query as Tree, organization) || transaction) return load();
  const owner = actor.user?.id ?? actor.organizationId;
  const key = `organizations of ${owner} ${JSON.stringify([ids, query])}`;
  const { value } = await cache.find(key, load, () => ({ ids: [owner, ...ids] }));
  return value;
}

/** The ids of everything in a row. */
function idsIn(row: object): string[] {
  return Object.entries(row).flatMap(([column, value]) => {
    if (typeof value === 'string') return column === 'id' || column.endsWith('Id') ? [value] : [];
    if (Array.isArray(value)) return value.flatMap((one) => (isTree(one) ? idsIn(one) : []));
    return isTree(value) && !(value instanceof Date) ? idsIn(value) : [];
  });
}
