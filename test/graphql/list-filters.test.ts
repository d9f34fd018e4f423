import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeId, encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import type { UserFilter } from '../generated/graphql.ts';
import { graphql } from '../generated/index.ts';
import { ago, collectRows } from '../policy/rows.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { organizationId } from './accounts.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
  const id = createSources().newId;
  await app.database.prisma.user.createMany({
    data: [
      { id: id(), name: '100% Wool', username: 'wool' },
      { id: id(), name: 'snake_case', username: 'snake' },
      { id: id(), name: 'back\\slash', username: 'back' },
      { id: id(), name: 'ŽOFIE ŘÍHA', username: 'zofie' },
      { id: id(), firstName: 'Only', lastName: 'Parts', username: 'parts' },
      { id: id(), name: 'Nobody Else', username: 'secret-part@example.com' },
    ],
  });
});
afterAll(() => app?.close());

const filtered = graphql(`
  query FilteredUsers($filter: UserFilter) {
    users(first: 100, filter: $filter, orderBy: { field: NAME }) {
      totalCount
      nodes {
        displayName
        kind
        status
      }
    }
  }
`);

/** The names of those found by the superuser; the count of the whole list must agree. */
async function find(filter: UserFilter): Promise<string[]> {
  const { users } = await (await app.as('admin')).run(filtered, { filter });
  if (users.totalCount <= 100) expect(users.totalCount).toBe(users.nodes.length);
  return users.nodes.map(({ displayName }) => displayName);
}

const countWhere = async (sql: string) => {
  const { rows } = await app.database.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM users WHERE kind <> 'INTERNAL' AND ${sql}`,
  );
  return rows[0]?.n;
};

async function count(filter: UserFilter): Promise<number> {
  return (await (await app.as('admin')).run(filtered, { filter })).users.totalCount;
}

describe('search', () => {
  it.each([
    ['ada', ['Ada Lovelace']],
    ['LOVELACE', ['Ada Lovelace']],
    ['lovelace ada', ['Ada Lovelace']],
    ['  ada \t lovelace\n', ['Ada Lovelace']],
    ['ovela', ['Ada Lovelace']],
    ['ada hopper', []],
    ['only parts', ['Only Parts']],
    ['zofie', ['ŽOFIE ŘÍHA']],
    ['žofie říha', ['ŽOFIE ŘÍHA']],
    ['100%', ['100% Wool']],
    ['%', ['100% Wool']],
    ['_', ['snake_case']],
    ['snake_c', ['snake_case']],
    ['\\', ['back\\slash']],
    ['k\\s', ['back\\slash']],
    ["' OR true --", []],
    ['example.com', []],
    ['secret-part', []],
  ])('%j finds %j', async (search, expected) => {
    expect(await find({ search })).toEqual(expected);
  });

  it.each(['Dvořák', 'DVOŘÁK', 'dvořák'])('%s finds all 20 of that name', async (search) => {
    const found = await find({ search });
    expect(found).toHaveLength(20);
    for (const name of found) expect(name).toMatch(/ Dvořák$/);
  });

  it('of nothing but spaces finds all', async () => {
    const all = await countWhere('true');
    for (const search of ['', '  ', '\n']) expect(await count({ search })).toBe(all);
  });

  it('looks at up to 10 words', async () => {
    expect(await find({ search: `${'ada '.repeat(10)}ignored` })).toEqual(['Ada Lovelace']);
    expect(await find({ search: 'x'.repeat(100_000) })).toEqual([]);
  });

  it('of managedUsers is the same', async () => {
    const query =
      'query ($search: String) { managedUsers(search: $search) { totalCount nodes { displayName } } }';
    const ada = await app.as('ada');
    for (const search of ['VEGA rob', 'vega']) {
      expect(await ada.run(query, { search })).toEqual({
        managedUsers: { totalCount: 1, nodes: [{ displayName: 'Robin Vega' }] },
      });
    }
    expect(await ada.run(query, { search: 'grace' })).toEqual({ managedUsers: { totalCount: 0, nodes: [] } });
  });
});

describe('a filter', () => {
  it.each<[UserFilter, string[]]>([
    [{ username: 'ADA' }, ['Ada Lovelace']],
    [{ username: 'ad' }, []],
    [{ username: 'LINUS@example.com' }, ['Linus Torvalds']],
    [{ email: 'Ada@Example.com' }, ['Ada Lovelace']],
    [{ email: 'countess@example.com' }, ['Ada Lovelace']],
    [{ email: '%@example.com' }, []],
    [{ oauthProvider: 'github' }, ['Linus Torvalds']],
    [{ oauthId: '1024025' }, ['Linus Torvalds']],
    [{ oauthProvider: 'github', oauthId: '1024025' }, ['Linus Torvalds']],
    [{ oauthProvider: 'gitlab', oauthId: '1024025' }, []],
    [{ kinds: ['SERVICE_ACCOUNT'] }, ['Continuous Integration']],
    [{ kinds: ['MANAGED', 'SERVICE_ACCOUNT'] }, ['Continuous Integration', 'Kit', 'Robin Vega']],
    [{ kinds: ['INTERNAL'] }, []],
    [{ statuses: ['DELETING'] }, []],
    [{ kinds: [] }, []],
    [{ statuses: [] }, []],
    [{ ids: [] }, []],
  ])('%j finds %j', async (filter, expected) => {
    expect(await find(filter)).toEqual(expected);
  });

  it('by id finds those that exist, in the order of the list', async () => {
    const ids = [
      await app.idOf('Robin Vega'),
      await app.idOf('Ada Lovelace'),
      encodeId('User', crypto.randomUUID()),
    ];
    expect(await find({ ids: [...ids, ...ids] })).toEqual(['Ada Lovelace', 'Robin Vega']);
  });

  it('by organization finds members and service accounts', async () => {
    const acme = await organizationId(app, 'acme');
    expect(await find({ organizationId: acme })).toEqual([
      'Ada Lovelace',
      'Continuous Integration',
      'Linus Torvalds',
    ]);
  });

  it('by activity and status agree with each other and with the database', async () => {
    expect(await count({ isActive: true })).toBe(await countWhere(`status = 'ACTIVE'`));
    expect(await count({ isActive: false })).toBe(await countWhere(`status <> 'ACTIVE'`));
    expect(await count({ statuses: ['PENDING', 'SUSPENDED'] })).toBe(await count({ isActive: false }));
    expect(await count({ isActive: true, statuses: ['SUSPENDED'] })).toBe(0);
  });

  it.each<[UserFilter, string[]]>([
    [{ displayName: 'LOVELACE' }, ['Ada Lovelace']],
    [{ displayName: 'a Love' }, ['Ada Lovelace']],
    [{ displayName: 'lovelace ada' }, []],
    [{ displayName: ' ada' }, []],
    [{ displayName: '0%' }, ['100% Wool']],
    [{ displayName: '_' }, ['snake_case']],
    [{ displayName: '\\' }, ['back\\slash']],
    [{ displayName: 'žofie ř' }, ['ŽOFIE ŘÍHA']],
    [{ displayName: 'wool', username: 'snake' }, []],
    [{ displayName: '100% wool', username: 'wool' }, ['100% Wool']],
    [{ displayName: 'secret-part' }, []],
    [{ displayName: 'a\u0000da' }, []],
  ])('by the display name %j finds %j', async (filter, expected) => {
    expect(await find(filter)).toEqual(expected);
  });

  it('by a display name of nothing finds all, and by another name of the account finds none', async () => {
    expect(await count({ displayName: '' })).toBe(await countWhere('true'));
    expect(await count({ displayName: 'zofie', search: 'zofie' })).toBe(0);
  });

  it('with null or nothing in it finds all', async () => {
    const all = await countWhere('true');
    const nothing = { ids: null, username: null, email: null, oauthProvider: null, oauthId: null };
    const more = { isActive: null, kinds: null, statuses: null, organizationId: null, search: null };
    const others = { relations: null, displayName: null };
    for (const filter of [{}, nothing, more, others]) expect(await count(filter)).toBe(all);
  });

  it('of several conditions finds those for which all hold', async () => {
    const organization = await organizationId(app, 'acme');
    expect(await find({ organizationId: organization, kinds: ['HUMAN'], search: 'a' })).toEqual([
      'Ada Lovelace',
      'Linus Torvalds',
    ]);
    expect(await find({ search: 'dvořák', statuses: ['SUSPENDED'] })).toHaveLength(
      (await countWhere(`status = 'SUSPENDED' AND last_name = 'Dvořák'`)) ?? -1,
    );
    expect(await find({ username: 'ada', email: 'grace@example.com' })).toEqual([]);
  });

  it('applies to every page of the list', async () => {
    const query = `query ($after: String) {
      users(first: 7, after: $after, filter: { search: "dvořák" }) {
        nodes { displayName } pageInfo { hasNextPage endCursor } } }`;
    const names: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const data = (await (await app.as('admin')).run(query, { after })) as {
        users: { nodes: { displayName: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      };
      names.push(...data.users.nodes.map(({ displayName }) => displayName));
      ({ hasNextPage: more, endCursor: after } = data.users.pageInfo);
    }
    expect(new Set(names).size).toBe(20);
  });
});

describe('a filter by relations', () => {
  /** The names of those whom a client finds. */
  const findAs = async (client: Client, filter: UserFilter) => {
    const { users } = await client.run(filtered, { filter });
    expect(users.totalCount).toBe(users.nodes.length);
    return users.nodes.map(({ displayName }) => displayName);
  };

  it.each<[UserFilter, string[]]>([
    [{ relations: ['SELF'] }, ['Ada Lovelace']],
    [{ relations: ['MANAGED'] }, ['Kit', 'Robin Vega']],
    [{ relations: ['SHARING'] }, ['Grace Hopper']],
    [{ relations: ['SHARING', 'SELF', 'SHARING'] }, ['Ada Lovelace', 'Grace Hopper']],
    [{ relations: ['SELF', 'MANAGED', 'SHARING'] }, ['Ada Lovelace', 'Grace Hopper', 'Kit', 'Robin Vega']],
    [{ relations: [] }, []],
    [{ relations: ['MANAGED', 'SHARING'], displayName: 'R' }, ['Grace Hopper', 'Robin Vega']],
    [{ relations: ['SHARING'], displayName: 'Robin' }, []],
    [{ relations: ['SELF'], kinds: ['MANAGED'] }, []],
  ])('%j finds %j for one who manages two and with whom one shares', async (filter, expected) => {
    expect(await findAs(await app.as('ada'), filter)).toEqual(expected);
  });

  it('finds for a superuser only those who are that to it', async () => {
    const admin = await app.as('admin');
    expect(await findAs(admin, { relations: ['SELF'] })).toHaveLength(1);
    expect(await findAs(admin, { relations: ['MANAGED', 'SHARING'] })).toEqual([]);
  });

  it('finds nobody for the token of an organization', async () => {
    const rows = collectRows();
    const { secret } = rows.apiToken({ organizationId: decodeId(await organizationId(app, 'acme')).uuid });
    await rows.write(app.database);
    expect(await findAs(app.withToken(secret), { relations: ['SELF', 'MANAGED', 'SHARING'] })).toEqual([]);
  });

  it('finds no one whose sharing is over', async () => {
    const { prisma } = app.database;
    const ada = await prisma.user.findUniqueOrThrow({ where: { username: 'ada' } });
    const linus = await prisma.user.findUniqueOrThrow({ where: { username: 'linus@example.com' } });
    const rows = collectRows();
    rows.share(linus.id, ada.id, ['data:read', 'profile'], ago(1));
    await rows.write(app.database);
    expect(await findAs(await app.as('ada'), { relations: ['SHARING'] })).toEqual(['Grace Hopper']);
  });
});
