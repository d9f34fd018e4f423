/** What a data record may hold, in the graph and in REST alike; and what the trail tells of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let token: string | null;
let userId: string;
beforeAll(async () => {
  app = await openTestApp();
  ({ token } = await app.as('ada'));
  const { id } = await app.database.prisma.user.findFirstOrThrow({ where: { username: 'ada' } });
  userId = id;
});
afterAll(() => app.close());

const path = '/v1/users/me/records';
const create = (json: object) => app.call('POST', path, { token, json });
const mutation = `mutation ($input: CreateDataRecordInput!) { found: createDataRecord(input: $input) { __typename
  ... on CreateDataRecordSuccess { record { uuid data occurredAt version } }
  ... on InvalidInputError { problems { path code message } } } }`;
const viaGraph = async (input: object) => {
  const { found } = await app.withToken(token).run<{ found: Found }, object>(mutation, { input });
  return found;
};
interface Found {
  readonly record?: { readonly uuid: string; readonly data: unknown; readonly occurredAt: string };
  readonly problems?: readonly { readonly path: string[]; readonly code: string; readonly message: string }[];
}
const countRecords = () => app.database.prisma.dataRecord.count();

/** As deep as said, the object itself counted. */
const nested = (levels: number): object =>
  JSON.parse(`${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`);
/** So many bytes as JSON. */
const sized = (bytes: number) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) });

describe('a document is taken that', () => {
  test.each<[string, object]>([
    ['is empty', {}],
    ['has 256 KiB', sized(256 * 1024)],
    ['has 32 levels', nested(32)],
    ['holds every kind of value', { a: [null, true, 'text', 1.5, -1e-7, { b: [] }], '': 'no name' }],
    ['names a constructor', { constructor: { prototype: 1 }, toString: null }],
    ['has other scripts and emoji', { ключ: '値 👩‍🚀' }],
  ])('%s, and comes back as it was', async (_, data) => {
    const made = await create({ collection: 'documents', data });
    expect([made.status, made.body.data]).toEqual([201, data]);
    const read = await app.call('GET', `${path}/${made.body.id}`, { token });
    expect([read.status, read.body]).toEqual([200, made.body]);
    expect((await viaGraph({ collection: 'documents', data })).record?.data).toEqual(data);
  });
});

describe('a document is refused, and nothing is written, that', () => {
  test.each<[string, object, code: string]>([
    ['has one byte more than 256 KiB', sized(256 * 1024 + 1), 'TOO_LONG'],
    ['has 33 levels', nested(33), 'TOO_DEEP'],
    ['holds U+0000', { text: 'a\u0000b' }, 'INVALID'],
    ['holds U+0000 in a key', { 'a\u0000b': 1 }, 'INVALID'],
    ['holds an unpaired surrogate', { text: '\ud800' }, 'INVALID'],
    ['would be many times as large as it was written', { list: Array(900).fill(1e300) }, 'TOO_LONG'],
  ])('%s', async (_, data, code) => {
    const before = await countRecords();
    const refused = await create({ collection: 'documents', data });
    expect([refused.status, refused.body.error.code]).toEqual([422, 'INVALID_INPUT']);
    expect(refused.body.error.problems).toEqual([{ path: ['data'], code, message: expect.any(String) }]);
    const { problems } = await viaGraph({ collection: 'documents', data });
    expect(problems).toEqual([{ path: ['input', 'data'], code, message: expect.any(String) }]);
    expect(await countRecords()).toBe(before);
  });

  test.each([
    ['is an array', '[]'],
    ['is a text', '"x"'],
    ['is null', 'null'],
    ['has the key __proto__', '{"__proto__":{"polluted":true}}'],
    ['has it deep inside', '{"a":[{"__proto__":1}]}'],
    ['has a number that no double can hold', '{"n":1e999}'],
    ['nests 100,000 levels', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('%s', async (_, data) => {
    const before = await countRecords();
    const body = `{"collection":"documents","data":${data}}`;
    const refused = await app.call('POST', path, {
      token,
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([refused.status, refused.body.error.problems[0].path]).toEqual([422, ['data']]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(await countRecords()).toBe(before);
  });
});

describe('a collection', () => {
  test.each(['a', 'activities', 'a-b_c9', `a${'x'.repeat(49)}`])('can be called %s', async (collection) => {
    expect((await create({ collection, data: {} })).status).toBe(201);
  });

  test.each(['', 'A', '1a', '-a', '_a', 'a b', 'a\n', 'ä', 'a.b', `a${'x'.repeat(50)}`, 'a\u0000'])(
    'cannot be called %j',
    async (collection) => {
      const { status, body } = await create({ collection, data: {} });
      expect([status, body.error.problems[0].path]).toEqual([422, ['collection']]);
      const { problems } = await viaGraph({ collection, data: {} });
      expect(problems?.[0]?.path).toEqual(['input', 'collection']);
    },
  );
});

test('all problems of a record are told at once', async () => {
  const { body } = await create({ collection: 'A', data: { text: '\u0000' } });
  expect(body.error.problems.map((problem: { path: string[] }) => problem.path)).toEqual([
    ['collection'],
    ['data'],
  ]);
});

describe('the time that a record is about', () => {
  const at = '2020-02-29T12:34:56.789Z';

  test('is the one that was said, in any offset, or now', async () => {
    const said = await create({ collection: 'times', data: {}, occurredAt: '2020-02-29T14:34:56.789+02:00' });
    expect(said.body.occurredAt).toBe(at);
    for (const given of [{}, { occurredAt: null }]) {
      const { body } = await create({ collection: 'times', data: {}, ...given });
      expect(body.occurredAt).toBe(body.createdAt);
    }
  });

  test.each([
    'yesterday',
    '2020-02-30T00:00:00Z',
    '2020-02-29T12:34:56',
    '0000-01-01T00:00:00Z',
    '2020-02-29',
  ])('cannot be %s', async (occurredAt) => {
    const { status, body } = await create({ collection: 'times', data: {}, occurredAt });
    expect([status, body.error.problems[0].path]).toEqual([422, ['occurredAt']]);
  });

  test('is kept by a replacement that does not name it, replaced by one that does, and reset by null', async () => {
    const { body: made } = await create({ collection: 'times', data: { n: 0 }, occurredAt: at });
    const replace = async (n: number, more: object) =>
      (await app.call('PUT', `${path}/${made.id}`, { token, json: { data: { n }, ...more } })).body;
    expect(await replace(1, {})).toMatchObject({ data: { n: 1 }, occurredAt: at, version: 2 });
    const other = '2021-01-01T00:00:00.000Z';
    expect(await replace(1, { occurredAt: other })).toMatchObject({ occurredAt: other, version: 3 });
    expect(await replace(1, { occurredAt: null })).toMatchObject({ occurredAt: made.createdAt, version: 4 });
    expect(await replace(1, {})).toMatchObject({ version: 4, collection: 'times' }); // nothing changed
  });
});

describe('a change that is meant for one version', () => {
  const etagOf = (id: string, version: number) => `"${encodeId('DataRecord', id)}.${version}"`;

  test('is told by expectedVersion in the graph, and changes nothing of another', async () => {
    const { body: made } = await create({ collection: 'versions', data: {} });
    const id = encodeId('DataRecord', made.id);
    const replace = `mutation ($id: ID!, $v: Int) { found: replaceDataRecord(id: $id, input: { data: { a: 1 }, expectedVersion: $v }) {
      __typename ...on ConflictError { currentVersion message } ...on ReplaceDataRecordSuccess { record { version } } } }`;
    const client = app.withToken(token);
    expect(await client.run(replace, { id, v: 2 })).toMatchObject({
      found: {
        __typename: 'ConflictError',
        currentVersion: 1,
        message: expect.stringContaining('The record was'),
      },
    });
    expect(await client.run(replace, { id, v: 1 })).toMatchObject({ found: { record: { version: 2 } } });
    const remove = 'mutation ($id: ID!) { found: deleteDataRecord(id: $id) { __typename } }';
    expect(await client.run(remove, { id })).toEqual({ found: { __typename: 'DeleteDataRecordSuccess' } });
    expect(await client.run(remove, { id })).toEqual({ found: { __typename: 'NotFoundError' } });
  });

  test('is told by If-Match in REST, and changes nothing of another', async () => {
    const made = await create({ collection: 'versions', data: { n: 1 } });
    const { id } = made.body;
    const at = (version: number) => ({ token, headers: { 'if-match': etagOf(id, version) } });
    expect(made.headers.get('etag')).toBe(etagOf(id, 1));
    expect(new URL(made.headers.get('location') ?? '', `http://x${path}`).pathname).toBe(`${path}/${id}`);
    const stale = await app.call('PUT', `${path}/${id}`, { ...at(2), json: { data: { n: 2 } } });
    expect([stale.status, stale.body.error.code]).toEqual([412, 'PRECONDITION_FAILED']);
    const replaced = await app.call('PUT', `${path}/${id}`, { ...at(1), json: { data: { n: 2 } } });
    expect([replaced.status, replaced.headers.get('etag')]).toEqual([200, etagOf(id, 2)]);
    expect((await app.call('DELETE', `${path}/${id}`, at(1))).status).toBe(412);
    const known = { token, headers: { 'if-none-match': etagOf(id, 2) } };
    expect((await app.call('GET', `${path}/${id}`, known)).status).toBe(304);
    expect((await app.call('DELETE', `${path}/${id}`, at(2))).status).toBe(204);
    expect((await app.call('GET', `${path}/${id}`, known)).status).toBe(404);
  });

  test('wins alone, of twenty at once', async () => {
    const { body } = await create({ collection: 'versions', data: {} });
    const headers = { 'if-match': etagOf(body.id, 1) };
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const init = { token, headers, json: { data: { n } } };
        return (await app.call('PUT', `${path}/${body.id}`, init)).status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(19);
  });
});

test('a create that is sent again with its key makes one record', async () => {
  const headers = { 'idempotency-key': 'one record' };
  const send = () => app.call('POST', path, { token, headers, json: { collection: 'keyed', data: {} } });
  const [one, two] = [await send(), await send()];
  expect([one.status, two.status, two.body.id]).toEqual([201, 201, one.body.id]);
  expect(two.headers.get('idempotency-replayed')).toBe('true');
  expect(await app.database.prisma.dataRecord.count({ where: { collection: 'keyed' } })).toBe(1);
});

test('the trail and the events tell of each change which record of which collection, and never what it holds', async () => {
  const secret = 'what-only-the-record-holds';
  const { body } = await create({ collection: 'told', data: { secret } });
  await app.call('PUT', `${path}/${body.id}`, { token, json: { data: { secret: `${secret}-too` } } });
  await app.call('DELETE', `${path}/${body.id}`, { token });
  const { prisma } = app.database;
  const trail = await prisma.auditEvent.findMany({
    where: { subjectId: body.id },
    orderBy: { sequence: 'asc' },
  });
  expect(
    trail.map(({ action, subjectType, accountId, changes }) => [action, subjectType, accountId, changes]),
  ).toEqual([
    ['record.create', 'DataRecord', userId, { collection: { before: null, after: 'told' } }],
    [
      'record.replace',
      'DataRecord',
      userId,
      { collection: { before: 'told', after: 'told' }, data: { before: true, after: true } },
    ],
    ['record.delete', 'DataRecord', userId, { collection: { before: 'told', after: null } }],
  ]);
  const events = await prisma.outboxEvent.findMany({ where: { subjectId: userId } });
  const own = events.filter(({ payload }) => (payload as { id: string }).id === body.id);
  expect(own.map(({ type }) => type)).toEqual(['record.created', 'record.replaced', 'record.deleted']);
  expect(
    JSON.stringify([trail, events], (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  ).not.toContain(secret);
  expect(app.logged.join('\n')).not.toContain(secret);
});
