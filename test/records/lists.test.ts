/** Lists of data records: filters, pages, collections; in the graph and in REST alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import { countStatements } from '../graphql/statement-counter.ts';
import { collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let token: string;
let user: string;
const path = '/v1/users/me/records';
const day = (number: number) => new Date(Date.UTC(2024, 0, number));

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  const rows = collectRows();
  user = rows.user({ name: 'Ada' });
  const other = rows.user({ name: 'Other' });
  token = rows.session(user).secret;
  rows.dataRecord(other, 'activities', { of: 'another account' });
  await rows.write(app.database);
  const { prisma } = app.database;
  const { newId } = createSources();
  await prisma.dataRecord.createMany({
    data: Array.from({ length: 60 }, (_, index) => ({
      id: newId(),
      userId: user,
      collection: ['activities', 'traces', 'notes'][index % 3] ?? '',
      occurredAt: day(1 + Math.floor(index / 6)), // six share a moment
      data: { index },
    })),
  });
});
afterAll(() => app.close());

interface Listed {
  readonly id: string;
  readonly collection: string;
  readonly occurredAt: string;
  readonly data: { readonly index: number };
}

async function list(query: Record<string, string> = {}) {
  const { status, body } = await app.call('GET', `${path}?${new URLSearchParams(query)}`, { token });
  expect(status).toBe(200);
  return body as { records: Listed[]; nextCursor: string | null };
}

const document = `query ($filter: DataRecordFilter, $first: Int, $after: String, $last: Int, $before: String) { me {
  dataRecords(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { uuid collection occurredAt data } pageInfo { endCursor startCursor hasNextPage hasPreviousPage } } } }`;
interface Graph {
  readonly me: {
    readonly dataRecords: {
      readonly totalCount: number;
      readonly nodes: (Omit<Listed, 'id'> & { readonly uuid: string })[];
      readonly pageInfo: { endCursor: string | null; startCursor: string | null; hasNextPage: boolean };
    };
  };
}
const viaGraph = async (variables: object) =>
  (await app.withToken(token).run<Graph, object>(document, variables)).me.dataRecords;

const inOrder = (records: readonly Listed[]) =>
  records.toSorted((a, b) => (a.occurredAt + a.id < b.occurredAt + b.id ? 1 : -1));

test('all records of the account, and of no other, come once, the latest first, however small the pages are', async () => {
  for (const limit of ['1', '7', '60', '100']) {
    const seen: Listed[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await list({ limit, ...(cursor && { cursor }) });
      seen.push(...page.records);
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(60);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(60);
    expect(seen).toEqual(inOrder(seen));
  }
});

test('a page that was begun goes on where it was, whatever is added, replaced and deleted meanwhile', async () => {
  const before = (await list({ limit: '100' })).records;
  const first = await list({ limit: '10' });
  const added = [];
  for (const occurredAt of ['2030-01-01T00:00:00Z', first.records[9]?.occurredAt, '2000-01-01T00:00:00Z']) {
    const json = { collection: 'added', data: {}, occurredAt };
    added.push((await app.call('POST', path, { token, json })).body.id);
  }
  await app.call('DELETE', `${path}/${added[0]}`, { token });
  const rest: Listed[] = [];
  for (let cursor = first.nextCursor; cursor !== null; ) {
    const page = await list({ limit: '10', cursor });
    rest.push(...page.records);
    cursor = page.nextCursor;
  }
  const old = [...first.records, ...rest].filter(({ collection }) => collection !== 'added');
  expect(old).toEqual(before);
  for (const id of added.slice(1)) await app.call('DELETE', `${path}/${id}`, { token });
});

describe('a filter', () => {
  test.each<[string, query: Record<string, string>, filter: object, count: number]>([
    ['by a collection', { collection: 'traces' }, { collections: ['traces'] }, 20],
    ['by several', { collection: 'traces,notes' }, { collections: ['traces', 'notes'] }, 40],
    ['by one that is not there', { collection: 'nothing' }, { collections: ['nothing'] }, 0],
    ['by one that cannot be', { collection: 'A\u0000' }, { collections: ['A\u0000'] }, 0],
    ['by none', {}, { collections: [] }, 0],
    ['from a moment on', { from: day(9).toISOString() }, { from: day(9) }, 12],
    ['until before a moment', { until: day(2).toISOString() }, { until: day(2) }, 6],
    [
      'by all of it',
      { collection: 'notes', from: day(2).toISOString(), until: day(4).toISOString() },
      { collections: ['notes'], from: day(2), until: day(4) },
      4,
    ],
    [
      'of a time that ends before it begins',
      { from: day(4).toISOString(), until: day(3).toISOString() },
      { from: day(4), until: day(3) },
      0,
    ],
  ])('%s finds those, and the graph the same', async (_, query, filter, count) => {
    const found = await viaGraph({ filter, first: 100 });
    expect([found.totalCount, found.nodes.length]).toEqual([count, count]);
    if (Object.keys(query).length === 0) return;
    const { records } = await list({ ...query, limit: '100' });
    expect(records.map(({ id }) => id)).toEqual(found.nodes.map(({ uuid }) => uuid));
  });

  test('of more than 100 collections, or of moments that no calendar has, is refused', async () => {
    for (const filter of [{ collections: Array(101).fill('a') }, { from: '0000-01-01T00:00:00Z' }]) {
      const { errors, status } = await app.withToken(token).send(document, { filter });
      expect([status, errors[0]?.extensions.code]).toEqual([
        expect.any(Number),
        expect.stringMatching(/INVALID_ARGUMENT|BAD_USER_INPUT/),
      ]);
    }
  });
});

test('a page from the end is the same list', async () => {
  const all = await viaGraph({ first: 100 });
  const last = await viaGraph({ last: 5 });
  expect(last.nodes).toEqual(all.nodes.slice(-5));
  const before = await viaGraph({ last: 5, before: last.pageInfo.startCursor });
  expect(before.nodes).toEqual(all.nodes.slice(-10, -5));
});

describe('a query is refused with', () => {
  test.each([
    ['limit=0', 422],
    ['limit=101', 422],
    ['limit=x', 422],
    ['limit=-1', 422],
    ['cursor=x', 400],
    ['cursor=', 400],
    ['from=yesterday', 422],
    ['until=2024-01-01', 422],
    [`cursor=${Buffer.from('["createdAt","2024-01-01T00:00:00Z","x"]').toString('base64url')}`, 400],
  ])('%s', async (query, status) => {
    const answer = await app.call('GET', `${path}?${query}`, { token });
    expect([answer.status, answer.body.records]).toEqual([status, undefined]);
  });
});

test('the collections are told with how much they hold, and until when', async () => {
  const { me } = await app
    .withToken(token)
    .run<{ me: object }, object>('{ me { dataCollections { name count latest } } }');
  const latest = day(10).toISOString();
  expect(me).toEqual({
    dataCollections: [
      { name: 'activities', count: 20, latest },
      { name: 'notes', count: 20, latest },
      { name: 'traces', count: 20, latest },
    ],
  });
});

test('the records and collections of many accounts cost no query for each', async () => {
  const rows = collectRows();
  const manager = rows.user({ name: 'Manager' });
  const kids = Array.from({ length: 20 }, () =>
    rows.user({ kind: 'MANAGED', managerId: manager, firstName: 'Kid' }),
  );
  for (const kid of kids) rows.dataRecord(kid, 'activities', { kid });
  const secret = rows.session(manager).secret;
  await rows.write(app.database);
  const counter = countStatements(app.database);
  const ask = async (first: number) => {
    const document = `{ managedUsers(first: ${first}) { nodes { dataCollections { name count latest }
      dataRecords(first: 2) { totalCount nodes { collection } } } } }`;
    const { statements } = await counter.during(() => app.withToken(secret).run(document));
    return statements.length;
  };
  const [few, many] = [await ask(2), await ask(20)];
  expect(few).toBeGreaterThan(1);
  expect(many).toBe(few);
});

test('a record is found by its global id, and by node, with its account', async () => {
  const [record] = (await list({ limit: '1' })).records;
  const id = encodeId('DataRecord', record?.id ?? '');
  const data = await app
    .withToken(token)
    .run(
      `{ dataRecord(id: "${id}") { id uuid version user { displayName } } node(id: "${id}") { ... on DataRecord { collection data } } }`,
    );
  expect(data).toEqual({
    dataRecord: { id, uuid: record?.id, version: 1, user: { displayName: 'Ada' } },
    node: { collection: record?.collection, data: record?.data },
  });
});
