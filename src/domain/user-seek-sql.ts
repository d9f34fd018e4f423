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

/** What accounts must have; null asks for nothing, and so do no words. */
export interface Sought {
  readonly ids: readonly string[] | null;
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
/** More accounts than there can be. */
const everyone = 2 ** 31 - 1;
/** So many hits among those promise that walking on finds the page sooner than collecting all. */
const worthWalking = 2;

/** One statement that answers the ids of a page, in order. */
export function findingOf(sought: Sought, ordered: Ordered): Sql {
  const attempts =
    sought.ids === null
      ? [...fewAttempts(sought, ordered), ...otherAttempts(sought, ordered)]
      : [{ rows: firstOf([hasOneOf(sought.ids), ...listed(sought), ...fitting(sought)], ordered) }];
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
  const { column, skip, take } = ordered;
  const among = (ids: Sql) => sql`SELECT u.* FROM users u WHERE u.id IN (${ids})`;
  if (!isAnyone(sought)) return among(findingOf(sought, ordered));
  const all = listed(sought);
  if (skip > 0) return among(sql`${walk(sql`u.id`, all, ordered)} OFFSET ${skip} LIMIT ${take}`);
  const first = sql`${walk(sql`u.*`, all, ordered)} LIMIT ${raw(String(wantedOf(ordered)))}`;
  return sql`SELECT u.* FROM (${first}) AS u ${inOrder(ordered, sql`u.${column}`)} LIMIT ${take}`;
}

const isAnyone = (sought: Sought): boolean =>
  [sought.ids, sought.kinds, sought.statuses].every((values) => values === null) &&
  fitting(sought).length === 0;

/** One way to find the page: all of its rows, or none where another one has its turn. */
interface Attempt {
  /** Common table expressions: what is looked up to know whose turn it is. */
  readonly lookups?: readonly Sql[];
  readonly rows: Sql;
}

/** Numbers that plans depend on are literals, and few different ones, because each makes a statement of its own. */
const wantedOf = ({ skip, take }: Ordered) => 2 ** Math.ceil(Math.log2(Math.max(skip + take, 32)));

/** The first accounts in the order. */
function firstOf(conditions: readonly Sql[], ordered: Ordered): Sql {
  return sql`${walk(located(ordered), conditions, ordered)} LIMIT ${raw(String(wantedOf(ordered)))}`;
}

/** The accounts where the page lies, in order, without an end. */
function walk(columns: Sql, conditions: readonly Sql[], ordered: Ordered): Sql {
  const { column, place } = ordered;
  return sql`SELECT ${columns} FROM users u WHERE ${join([...conditions, ...place], ' AND ')}
    ${inOrder(ordered, sql`u.${column}`)}`;
}

/** The columns by which found accounts are put in order. */
const located = ({ column }: Ordered): Sql => sql`u.id, u.${column} AS value`;

const inOrder = ({ direction }: Ordered, value: Sql): Sql =>
  sql`ORDER BY ${value} ${direction}, u.id ${direction}`;

/**
 * Those that fit among so many accounts, in order, up to the number wanted. The parts are merged before accounts are tried, so
 * that a part of which none fit is walked only as far as the others; limits keep the planner from trying first.
 */
function walked(
  sought: Sought,
  ordered: Ordered,
  { among = everyone, when }: { among?: number; when: readonly Sql[] },
): Sql {
  const byValue = inOrder(ordered, sql`u.value`);
  const limit = sql`LIMIT ${raw(String(among))}`;
  const columns = join([located(ordered), ...tried(sought)]);
  const parts = partsOf(sought).map((part) => sql`${walk(columns, [...when, ...part], ordered)} ${limit}`);
  return sql`SELECT u.id, u.value FROM (SELECT * FROM (${union(parts)}) AS u ${byValue} ${limit}) AS u
    WHERE ${join(fitting(sought), ' AND ')} ${byValue} LIMIT ${raw(String(wantedOf(ordered)))}`;
}

/** The members of an organization and the accounts of a provider are collected, where they are few. */
function fewAttempts(sought: Sought, ordered: Ordered): Attempt[] {
  return groupsOf(sought).map(({ members, besides }, index) => {
    const name = raw(`few_${index}`);
    const enough = members.map((some) => sql`${some} LIMIT ${raw(String(few + 1))}`);
    const lookups = [
      sql`${name} AS MATERIALIZED (${union(enough)})`,
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
  /** Select its accounts as `member`, some of them more than once. */
  readonly members: readonly Sql[];
  /** What its accounts must have besides. */
  readonly besides: Sought;
}

function groupsOf(sought: Sought): Group[] {
  const { organizationId, oauthProvider } = sought;
  const groups: Group[] = [];
  if (organizationId !== null) {
    const members = [
      sql`SELECT user_id AS member FROM memberships WHERE organization_id = ${organizationId}::uuid`,
      sql`SELECT id AS member FROM users WHERE organization_id = ${organizationId}::uuid`,
    ];
    groups.push({ members, besides: { ...sought, organizationId: null } });
  }
  if (oauthProvider !== null) {
    const members = [sql`SELECT user_id AS member FROM oauth_identities WHERE provider = ${oauthProvider}`];
    groups.push({ members, besides: { ...sought, oauthProvider: null } });
  }
  return groups;
}

/** Where no group is small, the accounts are walked; and where names are looked for, only as far as they are common. */
function otherAttempts(sought: Sought, ordered: Ordered): Attempt[] {
  const turn = notFew(groupsOf(sought).length);
  if (fitting(sought).length === 0)
    return [{ rows: union(partsOf(sought).map((part) => firstOf(part, ordered))) }];
  const indexed = indexedNames(sought);
  if (indexed.length === 0) return [{ rows: walked(sought, ordered, { when: turn }) }];
  const wanted = wantedOf(ordered);
  const [full, worth] = [raw(String(wanted)), raw(String(worthWalking))];
  const hits = sql`(SELECT n FROM hits)`;
  const isWorth = [sql`${hits} >= ${worth}`, sql`${hits} < ${full}`];
  return [
    {
      lookups: [
        sql`sample AS MATERIALIZED (${walked(sought, ordered, { among: wanted * sampled, when: turn })})`,
        sql`hits AS MATERIALIZED (SELECT count(*) AS n FROM sample)`,
      ],
      rows: sql`SELECT id, value FROM sample WHERE ${hits} >= ${full}`,
    },
    { rows: walked(sought, ordered, { when: [...isWorth, ...turn] }) },
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

/** All that fit, by the index of names. Unordered, lest it be walked after all. */
function collected(conditions: readonly Sql[], sought: Sought, ordered: Ordered): Sql {
  const all = [...conditions, ...listed(sought), ...fitting(sought), ...ordered.place];
  return sql`collected AS MATERIALIZED (SELECT ${located(ordered)} FROM users u WHERE ${join(all, ' AND ')})`;
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

/** The columns that `fitting` needs besides the id. No others, so that an index alone can be walked where it has them. */
function tried({ organizationId, part, words }: Sought): Sql[] {
  return [
    ...(organizationId === null ? [] : [sql`u.organization_id`]),
    ...(part === null ? [] : [sql`u.sort_name`]),
    ...(words.length === 0 ? [] : [sql`u.search_names`]),
  ];
}

const hasOneOf = (ids: readonly string[]): Sql => sql`u.id = ANY(${ids}::uuid[])`;

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

/** Counts the accounts. All that fit have to be found, so the planner's guesses are good enough. */
export function countingOf(sought: Sought): Sql {
  const ungrouped = { ...sought, organizationId: null, oauthProvider: null };
  const conditions = [
    ...listed(sought),
    ...(sought.ids === null ? [] : [hasOneOf(sought.ids)]),
    ...groupsOf(sought).map(({ members }) => sql`u.id IN (${union(members)})`),
    ...indexedNames(sought),
    ...fitting(ungrouped),
  ];
  return sql`SELECT count(*)::int AS count FROM users u WHERE ${join(conditions, ' AND ')}`;
}
