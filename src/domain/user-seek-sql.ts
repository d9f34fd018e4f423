/**
 * The SQL that finds a page of accounts. There are two ways to find the first few of many in an order: to walk in that
 * order and drop what does not fit, which is quick where much fits; and to collect all that fits and sort it, which is
 * quick where little does. The planner would have to know how much fits, and can only guess. So a statement here finds
 * out first, by a bounded look, and does one of both.
 */
import { Prisma, UserKind, UserStatus } from '../generated/prisma/client.ts';
import { literally, unnamed } from './user-filters.ts';

type Sql = Prisma.Sql;
const { sql, join, raw } = Prisma;

/** What accounts must have; null and empty ask for nothing. */
export interface Sought {
  readonly kinds: readonly UserKind[] | null;
  readonly statuses: readonly UserStatus[] | null;
  readonly organizationId: string | null;
  readonly oauthProvider: string | null;
  /** A part of the display name, in lower case. */
  readonly part: string | null;
  /** Parts of any name, in lower case. */
  readonly words: readonly string[];
}

export interface Ordered {
  readonly column: Sql;
  readonly direction: Sql;
  /** Conditions on `u`: where in the order the page lies. */
  readonly place: readonly Sql[];
  readonly skip: number;
  readonly take: number;
}

/** Up to so many are collected and sorted. */
const few = 1500;
/** How many accounts are looked at for each wanted one, to see how common a name is. */
const sampled = 20;
/** So many hits among those promise that walking on finds the page sooner than collecting all. */
const worthWalking = 2;

/** One statement that answers the ids of a page, in order. */
export function findingOf(sought: Sought, ordered: Ordered): Sql {
  const attempts = [...fewAttempts(sought, ordered), ...otherAttempts(sought, ordered)];
  const lookups = attempts.flatMap(({ lookups = [] }) => lookups);
  const { direction, skip, take } = ordered;
  return sql`${lookups.length > 0 ? sql`WITH ${join(lookups)}` : Prisma.empty}
    SELECT id FROM (${union(attempts.map(({ rows }) => rows))}) AS found
    ORDER BY value ${direction}, id ${direction} OFFSET ${skip} LIMIT ${take}`;
}

/**
 * The accounts of a page, in no order. Where nothing is sought, they are read as they are walked; else, and where many are
 * to be skipped, their ids are found first, which indexes have.
 */
export function accountsOf(sought: Sought, ordered: Ordered): Sql {
  const { column, direction, place, skip, take } = ordered;
  const isAny = Object.values(sought).every((value) => value === null || value.length === 0);
  if (!isAny || skip > 0) return sql`SELECT u.* FROM users u WHERE u.id IN (${findingOf(sought, ordered)})`;
  const order = sql`ORDER BY u.${column} ${direction}, u.id ${direction}`;
  const walked = sql`SELECT u.* FROM users u WHERE ${join([...listed(sought), ...place], ' AND ')}
    ${order} LIMIT ${raw(String(wantedOf(ordered)))}`;
  return sql`SELECT u.* FROM (${walked}) AS u ${order} LIMIT ${take}`;
}

/** One way to find the page: all of its rows, or none where another one has its turn. */
interface Attempt {
  /** Common table expressions: what is looked up to know whose turn it is. */
  readonly lookups?: readonly Sql[];
  readonly rows: Sql;
}

/** Numbers that plans depend on are literals, and few different ones, because each makes a statement of its own. */
const wantedOf = ({ skip, take }: Ordered) => 2 ** Math.ceil(Math.log2(Math.max(skip + take, 32)));

/** The first accounts in the order. */
function firstOf(
  conditions: readonly Sql[],
  ordered: Ordered,
  { also = Prisma.empty, count = wantedOf(ordered) }: { also?: Sql; count?: number } = {},
): Sql {
  const { column, direction, place } = ordered;
  return sql`SELECT u.id, u.${column} AS value ${also} FROM users u WHERE ${join([...conditions, ...place], ' AND ')}
    ORDER BY u.${column} ${direction}, u.id ${direction} LIMIT ${raw(String(count))}`;
}

/** The members of an organization and the accounts of a provider are collected, where they are few. */
function fewAttempts(sought: Sought, ordered: Ordered): Attempt[] {
  return groupsOf(sought).map(({ members, besides }, index) => {
    const name = raw(`few_${index}`);
    const lookups = [
      sql`${name} AS MATERIALIZED (${members})`,
      sql`is_${name} AS MATERIALIZED (SELECT count(*) <= ${raw(String(few))} AS yes FROM ${name})`,
    ];
    const turn = [sql`(SELECT yes FROM is_${name})`, ...notFew(index)];
    const isMember = sql`u.id IN (SELECT member FROM ${name})`;
    const conditions = [...turn, isMember, ...listed(sought), ...fitting(besides)];
    return { lookups, rows: firstOf(conditions, ordered) };
  });
}

const notFew = (groups: number): Sql[] =>
  Array.from({ length: groups }, (_, index) => sql`NOT (SELECT yes FROM ${raw(`is_few_${index}`)})`);

interface Group {
  /** Its accounts, or so many of them that they are not few. */
  readonly members: Sql;
  /** What its accounts must have besides. */
  readonly besides: Sought;
}

function groupsOf(sought: Sought): Group[] {
  const { organizationId, oauthProvider } = sought;
  const groups: Group[] = [];
  const enough = raw(String(few + 1));
  if (organizationId !== null) {
    const members = sql`(SELECT user_id AS member FROM memberships WHERE organization_id = ${organizationId}::uuid LIMIT ${enough})
      UNION ALL (SELECT id FROM users WHERE organization_id = ${organizationId}::uuid LIMIT ${enough})`;
    groups.push({ members, besides: { ...sought, organizationId: null } });
  }
  if (oauthProvider !== null) {
    const members = sql`SELECT user_id AS member FROM oauth_identities WHERE provider = ${oauthProvider} LIMIT ${enough}`;
    groups.push({ members, besides: { ...sought, oauthProvider: null } });
  }
  return groups;
}

/** Where no group is small, the accounts are walked; and where names are looked for, only as far as they are common. */
function otherAttempts(sought: Sought, ordered: Ordered): Attempt[] {
  const turn = notFew(groupsOf(sought).length);
  const walk = (...also: Sql[]) =>
    union(partsOf(sought).map((part) => firstOf([...also, ...turn, ...part, ...fitting(sought)], ordered)));
  const indexed = indexedNames(sought);
  if (indexed.length === 0) return [{ rows: walk() }];
  const wanted = raw(String(wantedOf(ordered)));
  const worth = raw(String(worthWalking));
  const hits = sql`(SELECT n FROM hits)`;
  return [
    {
      lookups: [
        sql`sample AS MATERIALIZED (${sampleOf(sought, ordered, turn)})`,
        sql`hits AS MATERIALIZED (SELECT count(*) AS n FROM sample)`,
      ],
      rows: sql`SELECT id, value FROM sample WHERE ${hits} >= ${wanted}`,
    },
    { rows: walk(sql`${hits} >= ${worth}`, sql`${hits} < ${wanted}`) },
    {
      lookups: [collected([sql`${hits} < ${worth}`, ...turn, ...indexed], sought, ordered)],
      rows: sql`SELECT id, value FROM collected`,
    },
  ];
}

const union = (rows: readonly Sql[]): Sql =>
  join(
    rows.map((one) => sql`(${one})`),
    ' UNION ALL ',
  );

/** Those that fit among the first ones, however many fit. */
function sampleOf(sought: Sought, ordered: Ordered, turn: readonly Sql[]): Sql {
  const { direction } = ordered;
  const wanted = wantedOf(ordered);
  const [also, count] = [sql`, u.sort_name, u.search_names, u.organization_id`, wanted * sampled];
  const first = partsOf(sought).map((part) => firstOf([...turn, ...part], ordered, { also, count }));
  return sql`SELECT u.id, u.value FROM (
      SELECT * FROM (${union(first)}) AS u ORDER BY u.value ${direction}, u.id ${direction} LIMIT ${raw(String(count))}
    ) AS u WHERE ${join(fitting(sought), ' AND ')}
    ORDER BY u.value ${direction}, u.id ${direction} LIMIT ${raw(String(wanted))}`;
}

/** All that fit, by the index of names. Unordered, lest it be walked after all. */
function collected(conditions: readonly Sql[], sought: Sought, { column, place }: Ordered): Sql {
  const all = [...conditions, ...listed(sought), ...fitting(sought), ...place];
  return sql`collected AS MATERIALIZED (SELECT u.id, u.${column} AS value FROM users u WHERE ${join(all, ' AND ')})`;
}

/** The kinds and statuses that lists show unasked. */
export const shownKinds = Object.values(UserKind).filter((kind) => kind !== 'INTERNAL');
export const shownStatuses: readonly UserStatus[] = Object.values(UserStatus).filter(
  (status) => status !== 'DELETING',
);

const oneOf = (values: readonly (UserKind | UserStatus)[]): Sql =>
  raw(values.map((value) => `'${value}'`).join(', '));

/** What a list shows at all, of the kinds and statuses that are asked for. */
function listed({ kinds, statuses }: Sought): Sql[] {
  return [
    kinds === null ? sql`u.kind <> 'INTERNAL'` : sql`u.kind IN (${oneOf(kinds)})`,
    statuses === null ? sql`u.status <> 'DELETING'` : sql`u.status IN (${oneOf(statuses)})`,
  ];
}

/** The same in parts to be walked: each kind and status has its place in an index, in order. */
function partsOf(sought: Sought): Sql[][] {
  const { kinds, statuses } = sought;
  if (kinds === null && statuses === null) return [listed(sought)];
  return (kinds ?? shownKinds).flatMap((kind) =>
    (statuses ?? shownStatuses).map((status) => [
      sql`u.kind = ${oneOf([kind])}`,
      sql`u.status = ${oneOf([status])}`,
    ]),
  );
}

/** What an account must have besides, each to be tried on one account: no index finds it, and no join. */
function fitting({ organizationId, oauthProvider, part, words }: Sought): Sql[] {
  const member = sql`(SELECT true FROM memberships m WHERE m.organization_id = ${organizationId}::uuid AND m.user_id = u.id)`;
  const linked = sql`(SELECT true FROM oauth_identities i WHERE i.provider = ${oauthProvider} AND i.user_id = u.id LIMIT 1)`;
  return [
    ...(organizationId === null ? [] : [sql`(u.organization_id = ${organizationId}::uuid OR ${member})`]),
    ...(oauthProvider === null ? [] : [linked]),
    ...(part === null ? [] : [sql`strpos(u.sort_name, ${part}) > 0`]),
    ...words.map((word) => sql`strpos(u.search_names, ${word}) > 0`),
  ];
}

/** The index holds sequences of three letters or digits: what has none of these is not found by it. */
const isIndexed = (text: string): boolean => /[\p{L}\p{N}]{3}/u.test(text);
const contains = (text: string): Sql => sql`u.search_names LIKE ${`%${literally(text)}%`}`;

/** Conditions that the index of names answers. Every display name is a part of the names, but the one for none. */
function indexedNames({ part, words }: Sought): Sql[] {
  const parts = part !== null && isIndexed(part) ? [part] : [];
  return [
    ...parts.map((text) =>
      unnamed.includes(text) ? sql`(${contains(text)} OR u.sort_name = ${unnamed})` : contains(text),
    ),
    ...words.filter(isIndexed).map(contains),
  ];
}
