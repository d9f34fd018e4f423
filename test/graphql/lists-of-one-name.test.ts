/**
 * The same list asked for in several ways within one operation: each gets what it asks for, and never the rows of another. Held
 * against the same lists asked for alone, and asked often enough to be compiled.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let admin: Client;
let acmeId: string;
let adaId: string;
beforeAll(async () => {
  app = await openTestApp();
  admin = await app.as('admin');
  const { prisma } = app.database;
  const ada = await prisma.user.findUniqueOrThrow({ where: { username: 'ada' } });
  for (let n = 0; n < 5; n += 1) {
    const id = `00000000-0000-7000-9000-00000000000${n}`;
    await prisma.organization.create({ data: { id, name: `Organization ${n}`, subDomain: `o-${n}` } });
    const members = await prisma.user.findMany({
      where: { kind: { not: 'INTERNAL' } },
      select: { id: true },
    });
    await prisma.membership.createMany({
      data: members.map(({ id: userId }) => ({ organizationId: id, userId })),
    });
  }
  const managed = [0, 1, 2].map((n) => ({
    id: `00000000-0000-7000-a000-00000000000${n}`,
    kind: 'MANAGED' as const,
    managerId: ada.id,
    name: `Managed ${n}`,
  }));
  await prisma.user.createMany({ data: managed });
  for (const { id: userId } of managed)
    await prisma.membership.createMany({
      data: [0, 1, 2, 3, 4].map((n) => ({
        organizationId: `00000000-0000-7000-9000-00000000000${n}`,
        userId,
      })),
    });
  const found = (await (
    await app.as('ada')
  ).run('{ me { id organizations { nodes { id subDomain } } } }')) as {
    me: { id: string; organizations: { nodes: { id: string; subDomain: string }[] } };
  };
  adaId = found.me.id;
  acmeId = found.me.organizations.nodes.find(({ subDomain }) => subDomain === 'acme')?.id ?? '';
});
afterAll(() => app?.close());

const ask = (query: string) => admin.run(query) as Promise<Record<string, never>>;

/** Often enough to be compiled. */
async function askOften(query: string): Promise<Record<string, never>> {
  const first = await ask(query);
  for (let time = 0; time < 8; time += 1) expect(await ask(query)).toEqual(first);
  return first;
}

const four = 'organizations(first: 4) { nodes { name } pageInfo { hasNextPage endCursor } totalCount }';
async function alone(): Promise<{
  nodes: unknown[];
  pageInfo: { hasNextPage: boolean };
  totalCount: number;
}> {
  const { user } = (await ask(`{ user(by: { username: "ada" }) { ${four} } }`)) as never as {
    user: { organizations: never };
  };
  return user.organizations;
}

describe('a list that is asked for in two fragments', () => {
  it('has its marks, where the rows of one are at odds with those of the other', async () => {
    const { user } = (await askOften(`{ user(by: { username: "ada" }) { ...Card ...Pager } }
      fragment Card on User { organizations(first: 4) { nodes { a: members(first: 1) { nodes { uuid } } } } }
      fragment Pager on User { organizations(first: 4) {
        pageInfo { hasNextPage endCursor } edges { cursor role } nodes { b: members(first: 3) { nodes { uuid } } } } }`)) as never as {
      user: {
        organizations: {
          pageInfo: object;
          edges: { cursor: string; role: string }[];
          nodes: { a: { nodes: unknown[] }; b: { nodes: unknown[] } }[];
        };
      };
    };
    const { pageInfo, edges, nodes } = user.organizations;
    expect(pageInfo).toEqual((await alone()).pageInfo);
    expect(edges.map(({ role }) => role)).toEqual(expect.arrayContaining(['MEMBER']));
    expect(nodes.map(({ a }) => a.nodes.length)).toEqual([1, 1, 1, 1]);
    expect(Math.min(...nodes.map(({ b }) => b.nodes.length))).toBeGreaterThan(1);
    const after = edges[0]?.cursor;
    const next = (await ask(
      `{ user(by: { username: "ada" }) { organizations(first: 1, after: "${after}") { edges { cursor } } } }`,
    )) as never as { user: { organizations: { edges: { cursor: string }[] } } };
    expect(next.user.organizations.edges[0]?.cursor).toBe(edges[1]?.cursor);
  });

  it.each([
    [
      'its count in one and its rows in the other',
      'totalCount',
      'nodes { name } pageInfo { hasNextPage endCursor }',
    ],
    [
      'its rows in one and its count in the other',
      'nodes { name } pageInfo { hasNextPage endCursor }',
      'totalCount',
    ],
  ])('has %s, beside a shorter one of another name', async (_what, one, other) => {
    const { user } = (await askOften(`{ user(by: { username: "ada" }) {
      w: organizations(first: 1) { nodes { name } }
      organizations(first: 4) { ${one} }
      organizations(first: 4) { ${other} }
    } }`)) as never as { user: { w: { nodes: unknown[] }; organizations: object } };
    expect(user.w.nodes.length).toBe(1);
    expect(user.organizations).toEqual(await alone());
  });
});

describe('a list of one name in two places', () => {
  it.each([true, false])('has its own rows under each type of node (user first: %s)', async (isUserFirst) => {
    const ids = isUserFirst ? [adaId, acmeId] : [acmeId, adaId];
    const y = 'y: organizations(first: 4) { nodes { uuid: id } pageInfo { hasNextPage } }';
    const ofUser = `... on User { w: managedUsers(first: 1) { nodes { uuid } }
      x: managedUsers(first: 2) { nodes { z: organizations(first: 1) { nodes { id } } ${y} } } }`;
    const ofBoth = `${ofUser} ... on Organization { x: serviceAccounts { nodes { ${y} } } }`;
    const both = (await askOften(`{ nodes(ids: ${JSON.stringify(ids)}) { id ${ofBoth} } }`)) as never as {
      nodes: { id: string }[];
    };
    const one = (await ask(`{ nodes(ids: ["${adaId}"]) { id ${ofUser} } }`)) as never as {
      nodes: { x: { nodes: { y: { nodes: unknown[] } }[] } }[];
    };
    expect(one.nodes[0]?.x.nodes.map((row) => row.y.nodes.length)).toEqual([4, 4]);
    expect(both.nodes.find(({ id }) => id === adaId)).toEqual(one.nodes[0]);
  });

  it('has its own rows where the names that lead to it read the same', async () => {
    const query = `{ user(by: { username: "managed-0" }) { uuid } users(first: 100, filter: { kinds: [MANAGED] }) { nodes {
      z: manager { x_y: organizations(first: 1) { nodes { name } } }
      y_z: manager { q: organizations(first: 1) { nodes { name } } x: ${four} }
    } } }`;
    const { users } = (await askOften(query)) as never as { users: { nodes: { y_z: { x: object } }[] } };
    const ofAda = await alone();
    expect(users.nodes.map((node) => node.y_z.x)).toContainEqual(ofAda);
  });
});
