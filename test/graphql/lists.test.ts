import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import type { UserOrder } from '../generated/graphql.ts';
import { graphql } from '../generated/index.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type PageArgs, type ReadPage, walkBackward, walkForward } from './walk.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const usersPage = graphql(`
  query UsersPage(
    $first: Int
    $after: String
    $last: Int
    $before: String
    $orderBy: UserOrder
    $filter: UserFilter
  ) {
    list: users(
      first: $first
      after: $after
      last: $last
      before: $before
      orderBy: $orderBy
      filter: $filter
    ) {
      totalCount
      edges {
        cursor
        node {
          id
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

const managedUsersPage = graphql(`
  query ManagedUsersPage(
    $first: Int
    $after: String
    $last: Int
    $before: String
    $orderBy: UserOrder
    $search: String
  ) {
    list: managedUsers(
      first: $first
      after: $after
      last: $last
      before: $before
      orderBy: $orderBy
      search: $search
    ) {
      totalCount
      edges {
        cursor
        node {
          id
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

interface List {
  readonly name: string;
  readonly login: string;
  readonly document: typeof usersPage | typeof managedUsersPage;
}
const lists: readonly List[] = [
  { name: 'users', login: 'admin', document: usersPage },
  { name: 'managedUsers', login: 'ada', document: managedUsersPage },
];

async function reader({ login, document }: List, orderBy?: UserOrder): Promise<ReadPage> {
  const client = await app.as(login);
  return async (args) =>
    (await client.run(document as typeof usersPage, { ...args, orderBy: orderBy ?? null })).list;
}

const { newId } = createSources();

/** Adds accounts that ada manages, some of them with the same name and time. */
async function addManaged(count: number, named: (index: number) => string): Promise<string[]> {
  const { prisma } = app.database;
  const ada = await prisma.user.findUniqueOrThrow({ where: { username: 'ada' }, select: { id: true } });
  const rows = Array.from({ length: count }, (_, index) => ({
    id: newId(),
    kind: 'MANAGED' as const,
    managerId: ada.id,
    name: named(index),
    createdAt: new Date(Date.UTC(2026, 0, 1 + (index % 4))),
    updatedAt: new Date(Date.UTC(2026, 1, 1 + (index % 3))),
  }));
  await prisma.user.createMany({ data: rows });
  return rows.map(({ id }) => encodeId('User', id));
}

beforeAll(() =>
  addManaged(60, (index) => ['zoë', 'Zoë', 'Émile', 'emil', 'Ökonom', '😀', '\uffee'][index % 7] ?? ''),
);

const orders = (['CREATED_AT', 'UPDATED_AT', 'NAME'] as const).flatMap((field) =>
  (['ASC', 'DESC'] as const).map((direction) => ({ field, direction })),
);
const columns = {
  CREATED_AT: 'created_at',
  UPDATED_AT: 'updated_at',
  NAME: 'lower(display_name) COLLATE "C"',
};

/** The ids in the order that the database itself gives. */
async function expectedIds({ name }: List, { field, direction }: UserOrder): Promise<string[]> {
  const only = name === 'users' ? 'true' : `manager_id = (SELECT id FROM users WHERE username = 'ada')`;
  const { rows } = await app.database.pool.query<{ id: string }>(
    `SELECT id FROM users WHERE kind <> 'INTERNAL' AND ${only} ORDER BY ${columns[field]} ${direction}, id ${direction}`,
  );
  return rows.map(({ id }) => encodeId('User', id));
}

describe.each(lists)('$name', (list) => {
  it.each(orders)(
    'by $field $direction: pages show every row once, in order, forward and backward',
    async (order) => {
      const expected = await expectedIds(list, order);
      const read = await reader(list, order);
      for (const size of [13, 100]) {
        expect(await walkForward(read, size)).toEqual(expected);
        expect(await walkBackward(read, size)).toEqual(expected);
      }
    },
  );

  it('comes newest first when no order is given, 25 at a time', async () => {
    const page = await (await reader(list))({});
    const expected = await expectedIds(list, { field: 'CREATED_AT', direction: 'DESC' });
    expect(page.edges.map(({ node }) => node.id)).toEqual(expected.slice(0, 25));
    expect(page.totalCount).toBe(expected.length);
  });

  it('ascends when an order has no direction', async () => {
    const read = await reader(list, { field: 'NAME' } as UserOrder);
    expect(await walkForward(read, 100)).toEqual(
      await expectedIds(list, { field: 'NAME', direction: 'ASC' }),
    );
  });

  it('pages of one row tell what is before and after them', async () => {
    const read = await reader(list);
    const all = await read({ first: 3 });
    const [first, second, third] = all.edges.map(({ cursor }) => cursor);
    const flags = async (args: PageArgs) => {
      const { pageInfo } = await read(args);
      return [pageInfo.hasPreviousPage, pageInfo.hasNextPage];
    };
    expect(await flags({ first: 1 })).toEqual([false, true]);
    expect(await flags({ first: 1, after: first ?? null })).toEqual([true, true]);
    expect(await flags({ last: 1 })).toEqual([true, false]);
    expect(await flags({ last: 1, before: third ?? null })).toEqual([true, true]);
    expect(await flags({ last: 1, before: second ?? null })).toEqual([false, true]);
    expect(await flags({ first: 0 })).toEqual([false, true]);
    expect(await flags({ last: 0 })).toEqual([true, false]);
  });

  it('between two cursors are the rows between them', async () => {
    const read = await reader(list);
    const cursors = (await read({ first: 6 })).edges.map(({ cursor }) => cursor);
    const [, after = '', , , before = ''] = cursors;
    for (const args of [
      { first: 10, after, before },
      { last: 10, after, before },
    ]) {
      const page = await read(args);
      expect(page.edges.map(({ cursor }) => cursor)).toEqual(cursors.slice(2, 4));
    }
  });

  it('counts all rows on every page', async () => {
    const expected = (await expectedIds(list, { field: 'NAME', direction: 'ASC' })).length;
    const read = await reader(list);
    const cursor = (await read({ first: 5 })).pageInfo.endCursor ?? '';
    for (const args of [
      { first: 0 },
      { first: 1 },
      { first: 5, after: cursor },
      { last: 5, before: cursor },
    ]) {
      expect((await read(args)).totalCount).toBe(expected);
    }
  });
});

describe('while rows come and go between the pages', () => {
  let comeAndGo: { readonly added: Set<string>; readonly removed: Set<string>; step(): Promise<void> };
  beforeEach(async () => {
    const doomed = await addManaged(30, (index) => `Doomed ${index % 5}`);
    const [added, removed] = [new Set<string>(), new Set<string>()];
    comeAndGo = {
      added,
      removed,
      async step() {
        for (const id of await addManaged(3, (index) => `${'AMZ'[index]} new`)) added.add(id);
        const ids = doomed.splice(0, 3);
        for (const id of ids) removed.add(id);
        const uuids = await app.database.prisma.user.findMany({ where: { name: { startsWith: 'Doomed' } } });
        const gone = uuids.filter(({ id }) => ids.includes(encodeId('User', id))).map(({ id }) => id);
        await app.database.prisma.user.deleteMany({ where: { id: { in: gone } } });
      },
    };
  });

  it.each(lists.flatMap((list) => orders.map((order) => ({ list, order, name: list.name, ...order }))))(
    '$name by $field $direction: each row that stays is shown once, and none twice',
    async ({ list, order }) => {
      const before = await expectedIds(list, order);
      const seen = await walkForward(await reader(list, order), 25, comeAndGo.step);
      expect(new Set(seen).size).toBe(seen.length);
      expect(comeAndGo.removed.size).toBeGreaterThan(0);
      const stayed = before.filter((id) => !comeAndGo.removed.has(id));
      const known = new Set(stayed);
      expect(seen.filter((id) => known.has(id))).toEqual(stayed);
    },
  );

  it('a cursor whose row is gone still marks its place', async () => {
    const list = lists[1] as List;
    const read = await reader(list, { field: 'NAME', direction: 'ASC' });
    const all = await expectedIds(list, { field: 'NAME', direction: 'ASC' });
    const page = await read({ first: 5 });
    const last = await app.database.prisma.user.findFirstOrThrow({
      where: { managerId: { not: null } },
      orderBy: [{ sortName: 'asc' }, { id: 'asc' }],
      skip: 4,
    });
    expect(encodeId('User', last.id)).toBe(all[4]);
    await app.database.prisma.user.delete({ where: { id: last.id } });
    const next = await read({ first: 5, after: page.pageInfo.endCursor ?? null });
    expect(next.edges.map(({ node }) => node.id)).toEqual(all.slice(5, 10));
  });
});
