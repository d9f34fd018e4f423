import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { organizationId } from './accounts.ts';
import { type Page, pageSelection, type ReadPage, walkBackward, walkForward } from './walk.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
  await fill();
});
afterAll(() => app?.close());

const rowCount = 33;
const { newId } = createSources();

/** Gives ada and Acme more of everything, three rows at each moment so that ties must be settled. */
async function fill(): Promise<void> {
  const { prisma } = app.database;
  const { id: adaId } = await prisma.user.findUniqueOrThrow({ where: { username: 'ada' } });
  const { id: acmeId } = await prisma.organization.findUniqueOrThrow({ where: { subDomain: 'acme' } });
  const rows = Array.from({ length: rowCount }, (_, index) => ({
    id: newId(),
    createdAt: new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 3))),
  }));
  const people = await prisma.user.findMany({ where: { kind: 'HUMAN', status: 'PENDING' }, take: 5 });
  await prisma.user.createMany({
    data: rows.flatMap(({ createdAt }, index) => [
      { id: newId(), kind: 'MANAGED' as const, managerId: adaId, name: `Managed ${index}`, createdAt },
      {
        id: newId(),
        kind: 'SERVICE_ACCOUNT' as const,
        organizationId: acmeId,
        name: `Service ${index}`,
        createdAt,
      },
    ]),
  });
  const token = { tokenHash: Buffer.alloc(0), prefix: 'ug_tok_test', expiresAt: new Date(Date.UTC(2099, 0)) };
  const tokens = rows.flatMap(({ createdAt }, index) => [
    { ...token, id: newId(), name: `Own ${index}`, userId: adaId, createdAt },
    { ...token, id: newId(), name: `Organization's ${index}`, organizationId: acmeId, createdAt },
  ]);
  await prisma.apiToken.createMany({
    data: tokens.map((row, index) => ({ ...row, tokenHash: new TextEncoder().encode(`token ${index}`) })),
  });
  await prisma.organization.createMany({
    data: rows.map(({ id }, index) => ({
      id,
      name: `Organization ${index}`,
      subDomain: `organization-${index}`,
    })),
  });
  await prisma.membership.createMany({
    data: [
      ...rows.map(({ id, createdAt }) => ({
        organizationId: id,
        userId: adaId,
        role: 'OWNER' as const,
        createdAt,
      })),
      ...people.map(({ id }) => ({
        organizationId: acmeId,
        userId: id,
        createdAt: new Date(Date.UTC(2026, 0)),
      })),
    ],
  });
}

interface Nested {
  readonly parent: 'me' | 'organization';
  readonly field: string;
  /** The ids in the order of the list, as the database itself gives them. */
  readonly sql: string;
  readonly type: 'User' | 'Organization' | 'ApiToken';
}

const ada = `(SELECT id FROM users WHERE username = 'ada')`;
const acme = `(SELECT id FROM organizations WHERE sub_domain = 'acme')`;
const newest = 'ORDER BY created_at DESC, id DESC';
const lists: readonly Nested[] = [
  {
    parent: 'me',
    field: 'managedUsers',
    type: 'User',
    sql: `SELECT id FROM users WHERE manager_id = ${ada} ${newest}`,
  },
  {
    parent: 'me',
    field: 'apiTokens',
    type: 'ApiToken',
    sql: `SELECT id FROM api_tokens WHERE user_id = ${ada} ${newest}`,
  },
  {
    parent: 'me',
    field: 'organizations',
    type: 'Organization',
    sql: `SELECT organization_id AS id FROM memberships WHERE user_id = ${ada} ORDER BY created_at, organization_id`,
  },
  {
    parent: 'organization',
    field: 'members',
    type: 'User',
    sql: `SELECT user_id AS id FROM memberships WHERE organization_id = ${acme} ORDER BY created_at, user_id`,
  },
  {
    parent: 'organization',
    field: 'serviceAccounts',
    type: 'User',
    sql: `SELECT id FROM users WHERE organization_id = ${acme} ${newest}`,
  },
  {
    parent: 'organization',
    field: 'apiTokens',
    type: 'ApiToken',
    sql: `SELECT id FROM api_tokens WHERE organization_id = ${acme} ${newest}`,
  },
];

async function expectedIds({ sql, type }: Nested): Promise<string[]> {
  const { rows } = await app.database.pool.query<{ id: string }>(sql);
  return rows.map(({ id }) => encodeId(type, id));
}

/** Asks ada's client for `selection` of the list's parent. */
async function ask<T>({ parent }: Nested, selection: string, variables = {}, definitions = ''): Promise<T> {
  const field = parent === 'me' ? 'me' : `organization(id: "${await organizationId(app, 'acme')}")`;
  const data = await (await app.as('ada')).run(
    `query ${definitions} { parent: ${field} { ${selection} } }`,
    variables,
  );
  return (data as { parent: T }).parent;
}

const reader =
  (list: Nested): ReadPage =>
  async (args) => {
    const definitions = '($first: Int, $after: String, $last: Int, $before: String)';
    const selection = `list: ${list.field}(first: $first, after: $after, last: $last, before: $before) { ${pageSelection} }`;
    return (await ask<{ list: Page }>(list, selection, args, definitions)).list;
  };

describe.each(lists)('$parent.$field', (list) => {
  it('shows every row once, in order, forward and backward, also among rows of one moment', async () => {
    const expected = await expectedIds(list);
    expect(expected.length).toBeGreaterThan(5);
    for (const size of [3, 100]) {
      expect(await walkForward(reader(list), size)).toEqual(expected);
      expect(await walkBackward(reader(list), size)).toEqual(expected);
    }
  });

  it('counts all rows, whatever else is asked', async () => {
    const totalCount = (await expectedIds(list)).length;
    expect(await ask(list, `${list.field} { totalCount }`)).toEqual({ [list.field]: { totalCount } });
    const page = await reader(list)({ first: 1 });
    expect(page.totalCount).toBe(totalCount);
    expect((await reader(list)({ first: 0 })).totalCount).toBe(totalCount);
  });

  it('shows the same rows as nodes and as edges, 25 when no size is given', async () => {
    const expected = (await expectedIds(list)).slice(0, 25);
    const both = await ask<Record<string, Page & { nodes: { id: string }[] }>>(
      list,
      `${list.field} { nodes { id } edges { node { id } } }`,
    );
    const page = both[list.field];
    expect(page?.nodes.map(({ id }) => id)).toEqual(expected);
    expect(page?.edges.map(({ node }) => node.id)).toEqual(expected);
  });

  it('answers several times in one query, each time as asked', async () => {
    const all = await expectedIds(list);
    const { field } = list;
    const firstTwo = await reader(list)({ first: 2 });
    const cursor = firstTwo.pageInfo.endCursor;
    const result = await ask(
      list,
      `start: ${field}(first: 2) { nodes { id } }
       end: ${field}(last: 2) { nodes { id } }
       next: ${field}(first: 1, after: "${cursor}") { nodes { id } pageInfo { hasPreviousPage } }
       count: ${field} { totalCount }
       none: ${field}(first: 0) { nodes { id } totalCount }
       again: ${field}(first: 2) { edges { node { id } } }`,
    );
    const nodes = (...ids: (string | undefined)[]) => ids.map((id) => ({ id }));
    expect(result).toEqual({
      start: { nodes: nodes(all[0], all[1]) },
      end: { nodes: nodes(all.at(-2), all.at(-1)) },
      next: { nodes: nodes(all[2]), pageInfo: { hasPreviousPage: true } },
      count: { totalCount: all.length },
      none: { nodes: [], totalCount: all.length },
      again: { edges: nodes(all[0], all[1]).map((node) => ({ node })) },
    });
  });

  it('answers through fragments, aliases and directives', async () => {
    const [first] = await expectedIds(list);
    const selection = `list: ${list.field}(first: 1) {
      ... { here: nodes { same: id } }
      ... @include(if: $yes) { edges { node { ... { id } } } }
      totalCount @skip(if: $yes)
      pageInfo @include(if: $no) { endCursor }
    }`;
    const definitions = '($yes: Boolean!, $no: Boolean!)';
    expect(await ask(list, selection, { yes: true, no: false }, definitions)).toEqual({
      list: { here: [{ same: first }], edges: [{ node: { id: first } }] },
    });
  });
});

it('a list within a list of the same kind has its own rows', async () => {
  const data = await ask<{ managedUsers: { nodes: { manager: { managedUsers: Page } }[] } }>(
    lists[0] as Nested,
    `managedUsers(first: 3) { nodes { manager { managedUsers(last: 2) { ${pageSelection} } } } }`,
  );
  const all = await expectedIds(lists[0] as Nested);
  for (const { manager } of data.managedUsers.nodes) {
    expect(manager.managedUsers.edges.map(({ node }) => node.id)).toEqual(all.slice(-2));
    expect(manager.managedUsers.totalCount).toBe(all.length);
  }
});

it('facts of a relation stand on its edges', async () => {
  const data = await ask(lists[3] as Nested, 'members(first: 1) { edges { role joinedAt node { id } } }');
  expect(data).toEqual({
    members: {
      edges: [{ role: 'MEMBER', joinedAt: '2026-01-01T00:00:00.000Z', node: { id: expect.any(String) } }],
    },
  });
  const mine = await ask<{ organizations: { edges: { role: string; node: { viewerRole: string } }[] } }>(
    lists[2] as Nested,
    'organizations(first: 100) { edges { role node { viewerRole } } }',
  );
  expect(mine.organizations.edges).toHaveLength(rowCount + 2);
  for (const { role, node } of mine.organizations.edges) expect(role).toBe(node.viewerRole);
});
