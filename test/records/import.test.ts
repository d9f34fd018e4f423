/** Importing data records as newline-delimited JSON: all of it, or nothing. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let token: string;
let user: string;
const path = '/v1/users/me/records/import';

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  const rows = collectRows();
  user = rows.user({ name: 'Ada' });
  token = rows.session(user).secret;
  await rows.write(app.database);
});
beforeEach(() => app.database.prisma.dataRecord.deleteMany());
afterAll(() => app.close());

const send = (body: BodyInit, headers: Record<string, string> = {}) =>
  app.call('POST', path, { token, body, headers: { 'content-type': 'application/x-ndjson', ...headers } });
const viaGraph = async (lines: string) =>
  (
    await app.withToken(token).run<{ found: Record<string, unknown> }, object>(
      `mutation ($lines: String!) { found: importDataRecords(input: { lines: $lines }) { __typename
        ...on ImportDataRecordsSuccess { imported { name count } } ...on InvalidInputError { problems { path code message } } } }`,
      { lines },
    )
  ).found;

const line = (index: number, collection = 'activities') => JSON.stringify({ collection, data: { index } });
const written = () => app.database.prisma.dataRecord.count();
const events = () => app.database.prisma.auditEvent.count({ where: { action: 'records.import' } });

describe('an import is taken', () => {
  test.each<[string, string]>([
    ['with a line break at its end', `${line(1)}\n${line(2, 'traces')}\n`],
    ['without one', `${line(1)}\n${line(2, 'traces')}`],
    ['with the line breaks of Windows', `${line(1)}\r\n${line(2, 'traces')}\r\n`],
    ['with empty and blank lines', `\n\n${line(1)}\n  \n\t\n${line(2, 'traces')}\n\n`],
    ['with a byte order mark', `\ufeff${line(1)}\n${line(2, 'traces')}`],
  ])('%s', async (_, body) => {
    const answer = await send(body);
    const collections = [
      { name: 'activities', count: 1 },
      { name: 'traces', count: 1 },
    ];
    expect([answer.status, answer.body]).toEqual([201, { imported: 2, collections }]);
    expect(await viaGraph(body)).toEqual({ __typename: 'ImportDataRecordsSuccess', imported: collections });
    expect(await written()).toBe(4);
  });

  test('with the times that its lines name, and now where they name none', async () => {
    app.clock.offset = 60_000;
    await send(
      '{"collection":"a","data":{},"occurredAt":"2024-01-01T01:00:00+01:00"}\n{"collection":"b","data":{}}\n{"collection":"b","data":{},"occurredAt":null}',
    );
    const rows = await app.database.prisma.dataRecord.findMany({ orderBy: { occurredAt: 'asc' } });
    expect(rows[0]?.occurredAt.toISOString()).toBe('2024-01-01T00:00:00.000Z');
    for (const { occurredAt, createdAt } of rows.slice(1)) expect(occurredAt).toEqual(createdAt);
    expect(rows[1]?.createdAt.getTime()).toBeGreaterThan(Date.now() + 30_000);
    app.clock.offset = 0;
  });

  test('of 10,000 lines, in one piece of the trail that tells how many of which', async () => {
    const before = await events();
    const body = Array.from({ length: 10_000 }, (_, index) =>
      line(index, index % 4 ? 'traces' : 'activities'),
    );
    const answer = await send(body.join('\n'));
    expect([answer.status, answer.body.imported, await written()]).toEqual([201, 10_000, 10_000]);
    expect(await events()).toBe(before + 1);
    const { prisma } = app.database;
    const event = await prisma.auditEvent.findFirstOrThrow({
      where: { action: 'records.import' },
      orderBy: { sequence: 'desc' },
    });
    expect([event.accountId, event.subjectId, event.changes]).toEqual([
      user,
      user,
      { records: { before: null, after: { activities: 2500, traces: 7500 } } },
    ]);
    const told = await prisma.outboxEvent.findFirstOrThrow({ orderBy: { sequence: 'desc' } });
    expect([told.type, told.payload]).toEqual([
      'records.imported',
      { id: user, objectType: 'User', fields: ['records'] },
    ]);
  }, 60_000);

  test('of almost 32 MiB, without holding it as objects at once', async () => {
    const text = 'x'.repeat(200 * 1024);
    const body = Buffer.from(
      Array.from({ length: 160 }, (_, index) =>
        JSON.stringify({ collection: 'large', data: { index, text } }),
      ).join('\n'),
    );
    expect(body.byteLength).toBeGreaterThan(31 * 1024 * 1024);
    const answer = await send(body);
    expect([answer.status, await written()]).toEqual([201, 160]);
  }, 60_000);

  test('once, however often it is sent with one key', async () => {
    const headers = { 'idempotency-key': 'an import' };
    const answers = await Promise.all([1, 2, 3].map(() => send(line(1), headers)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await written()).toBe(1);
  });
});

describe('an import is refused whole, and names the line', () => {
  const good = Array.from({ length: 600 }, (_, index) => line(index)).join('\n');

  test.each<[string, bad: string, path: string[], code: string]>([
    ['that is no JSON', '{"collection":', [], 'INVALID'],
    ['that is no object', '[]', [], 'INVALID'],
    ['that is null', 'null', [], 'REQUIRED'],
    ['without a collection', '{"data":{}}', ['collection'], 'REQUIRED'],
    ['with a bad one', '{"collection":"A","data":{}}', ['collection'], 'INVALID'],
    ['without data', '{"collection":"a"}', ['data'], 'REQUIRED'],
    ['whose data is a text', '{"collection":"a","data":"x"}', ['data'], 'INVALID'],
    ['whose data holds U+0000', '{"collection":"a","data":{"a":"\\u0000"}}', ['data'], 'INVALID'],
    [
      'whose data is too deep',
      `{"collection":"a","data":{"a":${'['.repeat(40)}${']'.repeat(40)}}}`,
      ['data'],
      'TOO_DEEP',
    ],
    [
      'whose data is too large',
      `{"collection":"a","data":{"a":"${'x'.repeat(256 * 1024)}"}}`,
      ['data'],
      'TOO_LONG',
    ],
    ['at no time', '{"collection":"a","data":{},"occurredAt":"now"}', ['occurredAt'], 'INVALID'],
    [
      'at no time with an offset',
      '{"collection":"a","data":{},"occurredAt":"2024-01-01T00:00:00"}',
      ['occurredAt'],
      'INVALID',
    ],
  ])('%s', async (_, bad, where, code) => {
    const body = `${good}\n\n${bad}\n${line(1)}`;
    const before = await events();
    const { status, body: answer } = await send(body);
    expect([status, answer.error.code]).toEqual([422, 'INVALID_INPUT']);
    expect(answer.error.problems).toEqual([
      { path: ['lines', '602', ...where], code, message: expect.stringMatching(/^line 602: /) },
    ]);
    const { problems } = await viaGraph(body);
    expect(problems).toEqual([
      { path: ['input', 'lines', '602', ...where], code, message: expect.stringMatching(/^line 602: /) },
    ]);
    expect([await written(), await events()]).toEqual([0, before]);
  });

  test('that is no UTF-8', async () => {
    const { status, body } = await send(
      Buffer.concat([Buffer.from(`${line(1)}\n"`), Buffer.from([0xff]), Buffer.from('"')]),
    );
    expect([status, body.error.problems[0].path, await written()]).toEqual([422, ['lines', '2'], 0]);
  });

  test('each of a few, and the first hundred of many', async () => {
    const { body: few } = await send(`{}\n${line(1)}\nx`);
    expect(few.error.problems.map(({ path }: { path: string[] }) => path.join('.'))).toEqual([
      'lines.1.collection',
      'lines.1.data',
      'lines.3',
    ]);
    const { body: many } = await send('x\n'.repeat(5000));
    expect(many.error.problems).toHaveLength(100);
    expect(await written()).toBe(0);
  });
});

describe('an import is refused', () => {
  test.each<[string, string, string]>([
    ['that is empty', '', 'TOO_SHORT'],
    ['that is blank', ' \n\r\n\t\n', 'TOO_SHORT'],
    ['of 10,001 lines', Array.from({ length: 10_001 }, (_, index) => line(index)).join('\n'), 'TOO_LONG'],
    [
      'of 101 collections',
      Array.from({ length: 101 }, (_, index) => line(index, `c${index}`)).join('\n'),
      'TOO_LONG',
    ],
  ])('%s', async (_, body, code) => {
    const { status, body: answer } = await send(body);
    expect([status, answer.error.problems]).toEqual([
      422,
      [{ path: ['lines'], code, message: expect.any(String) }],
    ]);
    expect(await written()).toBe(0);
  });

  test('of more than 32 MiB, whether it says so or not', async () => {
    const body = Buffer.alloc(32 * 1024 * 1024 + 1, '\n');
    const told = await send(body, { 'content-length': String(body.byteLength) });
    expect([told.status, told.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const untold = await send(body);
    expect([untold.status, untold.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test('of another media type', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data']) {
      const { status, body } = await send(line(1), { 'content-type': type });
      expect([status, body.error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
    expect(await written()).toBe(0);
  });

  test('with unpaired surrogates, which would become other characters, in the graph', async () => {
    const { problems } = await viaGraph('{"collection":"a","data":{"a":"\ud800"}}');
    expect(problems).toEqual([{ path: ['input', 'lines'], code: 'INVALID', message: expect.any(String) }]);
    expect(await written()).toBe(0);
  });

  test('of an account that one may not write to before a line of it is looked at', async () => {
    const rows = collectRows();
    const reader = rows.user({ name: 'Reader' });
    rows.share(user, reader, ['data:read']);
    const secret = rows.session(reader).secret;
    await rows.write(app.database);
    const { status, body } = await app.call('POST', `/v1/users/${user}/records/import`, {
      token: secret,
      body: 'x',
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
  });
});
