import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { organizationId } from './accounts.ts';
import { countStatements } from './statement-counter.ts';

let app: TestApp;
let statements: ReturnType<typeof countStatements>;
beforeAll(async () => {
  app = await openTestApp();
  statements = countStatements(app.database);
  await joinAcme();
});
afterAll(() => app?.close());

/** Makes everybody a member of an organization, so that lists within lists hold something. */
async function joinAcme(): Promise<void> {
  const { prisma } = app.database;
  const { id } = await prisma.organization.findUniqueOrThrow({ where: { subDomain: 'acme' } });
  const users = await prisma.user.findMany({ where: { kind: 'HUMAN' }, select: { id: true } });
  const data = users.map((user) => ({ organizationId: id, userId: user.id }));
  await prisma.membership.createMany({ data, skipDuplicates: true });
}

/** Runs a query as this account and answers with what the database was told. */
async function sent(login: string, query: string, variables: object = {}): Promise<readonly string[]> {
  const client = await app.as(login);
  return (await statements.during(() => client.run(query, variables))).statements;
}

const threeLevels = `query ($first: Int!) {
  users(first: $first, filter: { kinds: [HUMAN] }) { nodes {
    id
    organizations(first: $first) { nodes { name members(first: $first) { nodes { id username email } } } }
  } }
}`;

describe('a query of three levels', () => {
  it('takes one statement for each level at most, however many rows there are', async () => {
    const counts: number[] = [];
    for (const first of [1, 2, 5, 10]) counts.push((await sent('admin', threeLevels, { first })).length);
    expect(counts[0]).toBeLessThanOrEqual(3);
    expect(new Set(counts).size).toBe(1);
  });

  it('takes no more when it is asked again and again', async () => {
    const counts: number[] = [];
    for (let time = 0; time < 9; time += 1)
      counts.push((await sent('admin', threeLevels, { first: 5 })).length);
    expect(counts[0]).toBeLessThanOrEqual(3);
    expect(Math.max(...counts)).toBe(counts[0]);
  });

  it('reads what it shows: the test has rows on every level', async () => {
    const data = (await (await app.as('admin')).run(threeLevels, { first: 5 })) as {
      users: { nodes: { organizations: { nodes: { members: { nodes: unknown[] } }[] } }[] };
    };
    const members = data.users.nodes.flatMap((user) =>
      user.organizations.nodes.map((one) => one.members.nodes.length),
    );
    expect(members).toEqual([5, 5, 5, 5, 5]);
  });

  it('takes no more with counts and cursors on every level', async () => {
    const page = 'totalCount pageInfo { hasNextPage endCursor }';
    const query = `query ($first: Int!) { users(first: $first) { ${page} edges { cursor node {
      managedUsers(first: $first) { ${page} edges { cursor node {
        apiTokens(first: $first) { ${page} edges { cursor node { name } } } } } } } } } }`;
    const [few, many] = [await sent('admin', query, { first: 1 }), await sent('admin', query, { first: 10 })];
    expect(many.length).toBe(few.length);
    expect(many.length).toBeLessThanOrEqual(4);
  });
});

describe('a connection of which only totalCount is asked', () => {
  it('counts, and reads no row', async () => {
    const [only, ...more] = await sent('admin', '{ users { totalCount } }');
    expect(only).toMatch(/^SELECT count\(/i);
    expect(more).toEqual([]);
  });

  it.each(['managedUsers', 'organizations', 'apiTokens'])('counts %s within its parent', async (list) => {
    const [only = '', ...more] = await sent('ada', `{ me { ${list} { totalCount } } }`);
    expect(more).toEqual([]);
    expect(only).toContain('COUNT(*)');
    expect(only).not.toContain('ORDER BY');
  });

  it('is not counted when it is not asked', async () => {
    for (const query of ['{ users { nodes { id } } }', '{ me { managedUsers { edges { cursor } } } }']) {
      expect((await sent('admin', query)).join('\n')).not.toContain('COUNT(');
    }
  });
});

describe('one statement', () => {
  it.each([
    [
      'me',
      '{ me { id username name email emails { address } phoneNumbers { number } identities { provider } } }',
    ],
    ['me with its sessions', '{ me { id activeSessionCount sessions { id } } }'],
    [
      'me with all its lists',
      '{ me { managedUsers { nodes { id } } organizations { nodes { id } } apiTokens { nodes { id } } } }',
    ],
    ['me twice, under another name', '{ me { id me: name } }'],
    ['users', '{ users(first: 50) { nodes { id username email manager { id } organization { id } } } }'],
    ['managedUsers', '{ managedUsers { nodes { id name } } }'],
  ])('is enough for %s', async (_what, query) => {
    expect(await sent('ada', query)).toHaveLength(1);
  });

  it.each(['node', 'user(by)'])('is enough for %s', async (field) => {
    const id = await app.idOf('Ada Lovelace');
    const query = {
      node: '($id: ID!) { found: node(id: $id)',
      'user(by)': '($id: ID!) { found: user(by: { id: $id })',
    };
    const document = `query ${query[field as 'node']} { id ... on User { username } } }`;
    expect(await sent('admin', document, { id })).toHaveLength(1);
  });

  it('a type is enough for nodes of 50 ids of two types', async () => {
    const users = await app.database.prisma.user.findMany({ take: 48, select: { id: true } });
    const ids = users.map(({ id }) => encodeId('User', id));
    ids.push(await organizationId(app, 'acme'), await organizationId(app, 'babel'));
    const query =
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { name } ... on Organization { title: name } } }';
    const read = await sent('admin', query, { ids });
    expect(read).toHaveLength(2);
    expect(read.filter((text) => text.includes('FROM "public"."organizations"'))).toHaveLength(1);
  });

  it('is none where nothing is asked of the database', async () => {
    expect(
      await sent('ada', '{ __typename viewer { credential { kind scopes } rateLimit { limit } } }'),
    ).toEqual([]);
  });
});

describe('what is not asked', () => {
  it.each([
    ['{ me { id } }', ['bio', 'company', 'metadata', 'emails', 'phone_numbers', 'display_name', 'locale']],
    ['{ users { nodes { name } } }', ['bio', 'company', 'metadata', 'emails', 'avatar_url', 'shares']],
    [
      '{ me { managedUsers { nodes { firstName } } } }',
      ['bio', 'last_name', 'metadata', 'search_names', 'phone_numbers'],
    ],
  ])('is not read for %s', async (query, columns) => {
    const text = (await sent('ada', query)).join('\n');
    for (const column of columns) expect(text).not.toContain(column);
  });

  it('of a mutation is not read for its answer', async () => {
    const mutation = `mutation { updateMe(input: { company: "Engines" }) { ... on UpdateMeSuccess { user { version } } } }`;
    const reads = (await sent('ada', mutation)).filter((text) => /^(SELECT|UPDATE)/.test(text));
    expect(reads.at(-1)).not.toMatch(/display_name|sort_name/);
  });

  it('and no password hash is ever read with an account', async () => {
    const text = (await sent('admin', '{ users { nodes { id username email sessions { id } } } }')).join(
      '\n',
    );
    expect(text).not.toMatch(/passwords|token_hash/);
  });
});
