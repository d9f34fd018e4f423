/** What is measured against page 1: page 10,000 in every order, and every documented filter. */
import type pg from 'pg';
import { toPage } from '../dist/domain/page.js';
import type { Ask } from './scale-client.ts';
import { type Facts, filters } from './scale-filters.ts';

export interface Case {
  readonly name: string;
  readonly ask: Ask;
  /** What it is compared with: a page 1 of the same surface, order and reader. */
  readonly base: Ask;
}

const fields = 'nodes { id username name displayName status createdAt } pageInfo { endCursor hasNextPage }';
const query = `query ($first: Int, $last: Int, $after: String, $before: String, $filter: UserFilter, $orderBy: UserOrder) {
  users(first: $first, last: $last, after: $after, before: $before, filter: $filter, orderBy: $orderBy) { ${fields} }
}`;

/** A page of `users` of 25. */
function page(token: string, variables: object): Ask {
  const size = 'last' in variables ? {} : { first: 25 };
  return { path: '/graphql', token, body: JSON.stringify({ query, variables: { ...size, ...variables } }) };
}

/** The order of a list, as `src/domain/page.ts` has it. */
interface Order {
  readonly column: keyof typeof columns;
  readonly kind: 'time' | 'text';
  readonly tie: 'id';
  readonly direction: 'asc' | 'desc';
}

const columns = { createdAt: 'created_at', updatedAt: 'updated_at', sortName: 'sort_name' } as const;
const fieldsOf = { createdAt: 'CREATED_AT', updatedAt: 'UPDATED_AT', sortName: 'NAME' } as const;

/** The cursor before which there are so many rows, found by the database. */
async function cursorAt(client: pg.Client, order: Order, offset: number): Promise<string | null> {
  const column = columns[order.column];
  const { rows } = await client.query(
    `SELECT id, ${column} AS value FROM users WHERE kind <> 'INTERNAL' AND status <> 'DELETING'
     ORDER BY ${column} ${order.direction}, id ${order.direction} OFFSET $1 LIMIT 1`,
    [offset],
  );
  const [row] = rows as { id: string; value: unknown }[];
  return row ? toPage([{ id: row.id, [order.column]: row.value }], {}, order).pageInfo.startCursor : null;
}

/** Page 10,000, or the last one where there are fewer, forward and backward in all orders. */
export async function pageCases(client: pg.Client, token: string, users: number): Promise<Case[]> {
  const offset = Math.min(250_000, users - 26) - 1;
  const cases: Case[] = [];
  for (const column of Object.keys(columns) as (keyof typeof columns)[]) {
    for (const direction of ['desc', 'asc'] as const) {
      const order = { column, kind: column === 'sortName' ? 'text' : 'time', tie: 'id', direction } as const;
      const orderBy = { field: fieldsOf[column], direction: direction.toUpperCase() };
      const cursor = await cursorAt(client, order, offset);
      const name = `${orderBy.field} ${orderBy.direction}`;
      cases.push(
        {
          name: `page 10,000, ${name}`,
          ask: page(token, { orderBy, after: cursor }),
          base: page(token, { orderBy }),
        },
        {
          name: `page 10,000 from behind, ${name}`,
          ask: page(token, { orderBy, last: 25, before: cursor }),
          base: page(token, { orderBy, last: 25 }),
        },
      );
    }
  }
  return cases;
}

const byName = { field: 'NAME', direction: 'ASC' };
const byUpdate = { field: 'UPDATED_AT', direction: 'DESC' };

/** Some pairs, and other orders. */
const pairs = (facts: Facts): [string, object][] => [
  ['kinds: MANAGED + statuses: SUSPENDED', { filter: { kinds: ['MANAGED'], statuses: ['SUSPENDED'] } }],
  ['isActive: false + search, rare', { filter: { isActive: false, search: facts.rareName } }],
  ['isActive: false + search, common', { filter: { isActive: false, search: 'amara' } }],
  [
    'organizationId, usual + search, common',
    { filter: { organizationId: facts.organizations.usual, search: 'amara' } },
  ],
  ['oauthProvider, common + isActive: false', { filter: { oauthProvider: 'github', isActive: false } }],
  ['oauthProvider, common + kinds: MANAGED', { filter: { oauthProvider: 'github', kinds: ['MANAGED'] } }],
  ['isActive: false, by name', { filter: { isActive: false }, orderBy: byName }],
  ['statuses: two, by update', { filter: { statuses: ['PENDING', 'SUSPENDED'] }, orderBy: byUpdate }],
  ['kinds: SERVICE_ACCOUNT, by name', { filter: { kinds: ['SERVICE_ACCOUNT'] }, orderBy: byName }],
  ['kinds: SERVICE_ACCOUNT, by update', { filter: { kinds: ['SERVICE_ACCOUNT'] }, orderBy: byUpdate }],
  ['search, rare, by name', { filter: { search: facts.rareName }, orderBy: byName }],
  ['search, common, by update', { filter: { search: 'amara' }, orderBy: byUpdate }],
  ['oauthProvider, common, by name', { filter: { oauthProvider: 'github' }, orderBy: byName }],
  [
    'organizationId, usual, by name',
    { filter: { organizationId: facts.organizations.usual }, orderBy: byName },
  ],
];

export function filterCases(facts: Facts, token: string, reader = ''): Case[] {
  const alone = Object.entries(filters(facts)).map(([name, filter]): [string, object] => [name, { filter }]);
  return [...alone, ...pairs(facts)].map(([name, variables]) => {
    const orderBy = (variables as { orderBy?: object }).orderBy;
    return {
      name: reader + name,
      ask: page(token, variables),
      base: page(token, orderBy ? { orderBy } : {}),
    };
  });
}

/** The lists of the REST surfaces, against the first hundred accounts. */
export function restCases(facts: Facts, token: string, manager: string, users: number): Case[] {
  const base = { path: '/users?limit=100', token };
  const zenml: Record<string, string> = {
    'offset 900': 'limit=100&offset=900',
    'offset in the middle': `limit=100&offset=${Math.floor(users / 2)}`,
    email: `limit=100&email=${encodeURIComponent(facts.email)}`,
    'oauth_provider, common': 'limit=100&oauth_provider=github',
    'oauth_provider, rare': 'limit=100&oauth_provider=gitlab',
    oauth_id: `limit=100&oauth_id=${facts.oauthId}`,
    'is_active=true': 'limit=100&is_active=true',
    'is_active=false': 'limit=100&is_active=false',
  };
  return [
    ...Object.entries(zenml).map(([name, search]) => ({
      name: `GET /users?limit=100 ${name}`,
      ask: { path: `/users?${search}`, token },
      base,
    })),
    { name: 'GET /api/v1/users/ of a manager', ask: { path: '/api/v1/users/', token: manager }, base },
  ];
}

const counted = 'query ($filter: UserFilter) { users(first: 0, filter: $filter) { totalCount } }';

export function countCases(facts: Facts, token: string): Case[] {
  const asked = [
    'oauthProvider, common',
    'isActive: false',
    'kinds: HUMAN',
    'organizationId, usual',
    'search, common',
    'search, rare',
  ];
  const known = filters(facts);
  const count = (filter?: object) => ({
    path: '/graphql',
    token,
    body: JSON.stringify({ query: counted, variables: { filter } }),
  });
  return [
    { name: 'totalCount', ask: count(), base: page(token, {}) },
    ...asked.map((name) => ({ name: `totalCount, ${name}`, ask: count(known[name]), base: page(token, {}) })),
  ];
}
