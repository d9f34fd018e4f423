/** Filters over more accounts than a statement looks at: each way to find a page must find the same page. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let admin: Client;

/** Rows by number: each tenth is named Common, each hundredth Seldom too, two are named Unique; few are not active. */
const people = `INSERT INTO users (id, kind, status, username, name, first_name, manager_id, created_at, updated_at)
  SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
    (CASE WHEN n % 97 = 0 THEN 'MANAGED' ELSE 'HUMAN' END)::user_kind,
    (CASE WHEN n % 89 = 0 THEN 'DELETING' WHEN n % 83 = 0 THEN 'SUSPENDED' WHEN n % 79 = 0 THEN 'PENDING' ELSE 'ACTIVE' END)::user_status,
    CASE WHEN n % 97 <> 0 AND n % 50 <> 0 THEN 'person.' || n END,
    CASE WHEN n IN (5, 3005) THEN 'Unique Üñï ' || n WHEN n % 100 = 10 THEN 'Seldom Common' WHEN n % 10 = 0 AND n % 50 <> 0 THEN 'Common' || n END,
    CASE WHEN n % 3 = 0 AND n % 50 <> 0 THEN 'Third' END,
    CASE WHEN n % 97 = 0 THEN (SELECT id FROM users WHERE username = 'ada') END,
    timestamptz '2020-01-01' + (n / 3) * interval '1 minute', timestamptz '2021-01-01' + (n * 7919 % 4000 / 2) * interval '1 minute'
  FROM generate_series(1, 4000) AS n`;

/** One organization of 2,000 and one of 20; a provider of as many, and one of 40 of which some have two identities. */
const groups = [
  `INSERT INTO organizations (id, name, sub_domain) VALUES
     ('00000000-0000-7000-9000-000000000001', 'Large', 'large'), ('00000000-0000-7000-9000-000000000002', 'Small', 'small')`,
  `INSERT INTO memberships (organization_id, user_id)
     SELECT uuid '00000000-0000-7000-9000-000000000001', id FROM users WHERE username ~ '^person' AND right(id::text, 1) IN ('1', '2', '3', '5', '6')
     UNION ALL SELECT uuid '00000000-0000-7000-9000-000000000002', id FROM users WHERE username ~ '^person' AND id::text LIKE '%77'`,
  `INSERT INTO users (id, kind, username, organization_id)
     SELECT gen_random_uuid(), 'SERVICE_ACCOUNT', o.sub_domain || '-program', o.id FROM organizations o`,
  `INSERT INTO oauth_identities (id, user_id, provider, subject)
     SELECT gen_random_uuid(), id, 'many', 'a' || username FROM users WHERE username ~ '^person' AND right(id::text, 1) IN ('1', '2', '4', '5', '8')
     UNION ALL SELECT gen_random_uuid(), id, 'some', 'b' || username FROM users WHERE username ~ '^person' AND id::text LIKE '%11'
     UNION ALL SELECT gen_random_uuid(), id, 'some', 'c' || username FROM users WHERE username ~ '^person' AND id::text LIKE '%011'`,
];

beforeAll(async () => {
  app = await openTestApp();
  for (const statement of [people, ...groups]) await app.database.pool.query(statement);
  admin = await app.as('admin');
});
afterAll(() => app?.close());

const [large, small] = [1, 2].map((n) => encodeId('Organization', `00000000-0000-7000-9000-00000000000${n}`));
const isMember = (n: number) =>
  `(organization_id = '00000000-0000-7000-9000-00000000000${n}' OR id IN (SELECT user_id FROM memberships WHERE organization_id = '00000000-0000-7000-9000-00000000000${n}'))`;
const isLinked = (provider: string) =>
  `id IN (SELECT user_id FROM oauth_identities WHERE provider = '${provider}')`;

/** A hundred ids: of accounts that are there, that are being deleted, and that never were. */
const numbers = Array.from({ length: 100 }, (_, index) => String(index * 43).padStart(12, '0'));
const some = numbers.map((n) => encodeId('User', `00000000-0000-7000-8000-${n}`));
const isOneOf = `right(id::text, 12) IN (${numbers.map((n) => `'${n}'`).join(', ')})`;

/** Filters, and what they mean, as plainly as SQL can say it. */
const cases: [filter: object, meaning: string][] = [
  [{ search: 'common' }, `search_names LIKE '%common%'`],
  [{ search: 'seldom' }, `search_names LIKE '%seldom%'`],
  [{ search: 'unique' }, `search_names LIKE '%unique%'`],
  [
    { search: 'common seldom 3' },
    `search_names LIKE '%common%' AND search_names LIKE '%seldom%' AND search_names LIKE '%3%'`,
  ],
  [{ search: 'üñï' }, `search_names LIKE '%üñï%'`],
  [{ search: 'ü' }, `search_names LIKE '%ü%'`],
  [{ search: 'nobody' }, 'false'],
  [{ displayName: 'SELDOM C' }, `sort_name LIKE '%seldom c%'`],
  [{ displayName: 'unnam' }, `sort_name LIKE '%unnam%'`],
  [{ displayName: 'unnam', statuses: ['PENDING'] }, `sort_name LIKE '%unnam%' AND status = 'PENDING'`],
  [{ displayName: 'third' }, `sort_name LIKE '%third%'`],
  [{ organizationId: large }, isMember(1)],
  [{ organizationId: small }, isMember(2)],
  [{ organizationId: large, search: 'seldom' }, `${isMember(1)} AND search_names LIKE '%seldom%'`],
  [{ organizationId: large, oauthProvider: 'many' }, `${isMember(1)} AND ${isLinked('many')}`],
  [{ organizationId: large, oauthProvider: 'some' }, `${isMember(1)} AND ${isLinked('some')}`],
  [{ organizationId: small, oauthProvider: 'some' }, `${isMember(2)} AND ${isLinked('some')}`],
  [{ oauthProvider: 'many' }, isLinked('many')],
  [{ oauthProvider: 'some' }, isLinked('some')],
  [{ oauthProvider: '' }, 'false'],
  [{ oauthProvider: 'many', isActive: false }, `${isLinked('many')} AND status <> 'ACTIVE'`],
  [{ isActive: false }, `status <> 'ACTIVE'`],
  [{ isActive: true, search: 'common' }, `status = 'ACTIVE' AND search_names LIKE '%common%'`],
  [{ isActive: false, displayName: 'common' }, `status <> 'ACTIVE' AND sort_name LIKE '%common%'`],
  [{ kinds: ['MANAGED', 'SERVICE_ACCOUNT', 'INTERNAL'] }, `kind IN ('MANAGED', 'SERVICE_ACCOUNT')`],
  [
    { kinds: ['MANAGED'], statuses: ['ACTIVE', 'PENDING'] },
    `kind = 'MANAGED' AND status IN ('ACTIVE', 'PENDING')`,
  ],
  [{ oauthProvider: 'many', kinds: ['MANAGED', 'HUMAN'] }, isLinked('many')],
  [
    { displayName: 'c', isActive: false, oauthProvider: 'many' },
    `sort_name LIKE '%c%' AND status <> 'ACTIVE' AND ${isLinked('many')}`,
  ],
  [{ ids: some }, isOneOf],
  [{ ids: some, search: 'common' }, `${isOneOf} AND search_names LIKE '%common%'`],
  [
    { ids: some, organizationId: large, isActive: true },
    `${isOneOf} AND ${isMember(1)} AND status = 'ACTIVE'`,
  ],
  [{ ids: [] }, 'false'],
  [{ statuses: ['SUSPENDED', 'PENDING'] }, `status IN ('SUSPENDED', 'PENDING')`],
];

const query = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserFilter, $orderBy: UserOrder) {
  users(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface Answer {
  users: {
    totalCount: number;
    nodes: { id: string }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
  };
}

const ask = async (variables: object) => ((await admin.run(query, variables)) as Answer).users;

async function expected(meaning: string, order: string): Promise<string[]> {
  const { rows } = await app.database.pool.query<{ id: string }>(
    `SELECT id FROM users WHERE kind <> 'INTERNAL' AND status <> 'DELETING' AND ${meaning} ORDER BY ${order}`,
  );
  return rows.map(({ id }) => encodeId('User', id));
}

describe('among thousands of accounts', () => {
  it.each(cases)('%j finds exactly those, page by page', async (filter, meaning) => {
    const all = await expected(meaning, 'created_at DESC, id DESC');
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more && seen.length <= 300; ) {
      const page = await ask({ first: 97, after, filter });
      expect(page.totalCount).toBe(all.length);
      seen.push(...page.nodes.map(({ id }) => id));
      ({ hasNextPage: more, endCursor: after } = page.pageInfo);
      expect(more).toBe(seen.length < all.length);
    }
    expect(seen).toEqual(all.slice(0, seen.length));
  });

  it.each(cases)(
    '%j finds the same by name and by update, from the middle and from behind',
    async (filter, meaning) => {
      for (const [field, column] of [
        ['NAME', 'sort_name'],
        ['UPDATED_AT', 'updated_at'],
      ]) {
        const all = await expected(meaning, `${column} ASC, id ASC`);
        const orderBy = { field, direction: 'ASC' };
        const last = await ask({ last: 11, filter, orderBy });
        expect(last.nodes.map(({ id }) => id)).toEqual(all.slice(-11));
        expect(last.pageInfo.hasPreviousPage).toBe(all.length > 11);
        const { nodes } = await ask({ last: 11, before: last.pageInfo.startCursor, filter, orderBy });
        expect(nodes.map(({ id }) => id)).toEqual(
          all.slice(-22, all.length > 11 ? -11 : all.length === 0 ? 0 : -all.length),
        );
      }
    },
  );

  it('an account that is being deleted is found by whoever asks for it, and by nobody else', async () => {
    const { rows } = await app.database.pool.query(
      `SELECT count(*)::int AS n FROM users WHERE status = 'DELETING'`,
    );
    const filter = { statuses: ['DELETING'] };
    expect(await ask({ first: 100, filter })).toMatchObject({
      totalCount: rows[0].n,
      nodes: { length: rows[0].n },
    });
    expect(await ask({ filter: { ...filter, isActive: true } })).toMatchObject({ totalCount: 0, nodes: [] });
    const grace = await app.as('grace');
    for (const asked of [
      filter,
      { search: 'seldom' },
      { organizationId: large },
      { oauthProvider: 'many' },
    ]) {
      expect(await grace.run(query, { filter: asked })).toMatchObject({
        users: { totalCount: 0, nodes: [] },
      });
    }
  });

  it('a ZenML client pages through all, and through those of a provider, by offset', async () => {
    const all = await expected('true', 'created_at ASC, id ASC');
    const linked = await expected(isLinked('many'), 'created_at ASC, id ASC');
    const list = async (search: string) => {
      const { body } = await app.call('GET', `/users?${search}`, { token: admin.token });
      return (body as { id: string }[]).map(({ id }) => encodeId('User', id));
    };
    expect(await list('limit=50&offset=3000')).toEqual(all.slice(3000, 3050));
    expect(await list('limit=1000&offset=900&oauth_provider=many')).toEqual(linked.slice(900, 1900));
    expect(await list('limit=10&offset=100000')).toEqual([]);
    expect(await list('limit=0')).toEqual([]);
  });
});
