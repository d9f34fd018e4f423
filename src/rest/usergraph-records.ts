/** The data records of an account, as this server's own REST surface has them. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { requireUser } from '../domain/caller.ts';
import { createDataRecord, deleteDataRecord, replaceDataRecord } from '../domain/data-record-changes.ts';
import { importDataRecords, importLimits } from '../domain/data-record-import.ts';
import { listDataRecords, requireDataRecord } from '../domain/data-records.ts';
import { requireUuid } from '../domain/ids.ts';
import { pageSize } from '../domain/page.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { DataRecord } from '../generated/prisma/client.ts';
import { Answer, route, type View } from './dialect.ts';

// What it accepts

const user_id = z.string().describe('The id of the account (UUID); `me` for that of the caller.');
const ofAccount = z.object({ user_id });
const ofRecord = z.object({ user_id, record_id: z.string().describe('The id of the record (UUID).') });

const moment = z.iso
  .datetime({ offset: true, error: 'must be a moment of RFC 3339, such as 2026-11-21T07:30:00Z' })
  .transform((text) => new Date(text))
  .meta({ type: 'string', format: 'date-time' });

const collection = z
  .string()
  .meta({ pattern: '^[a-z][a-z0-9_-]{0,49}$' })
  .describe('The collection: a lower-case letter, then up to 49 lower-case letters, digits, `_` or `-`.');

/** As it came: a record of zod's would lose the key `__proto__`. */
const document = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object',
  )
  .meta({ type: 'object', additionalProperties: true })
  .describe('The document: a JSON object of at most 256 KiB and 32 levels.');

export const NewDataRecord = z
  .object({
    collection,
    data: document,
    occurredAt: moment.nullish().describe('The time that the record is about; now, when absent.'),
  })
  .describe('A new record.');

export const DataRecordReplacement = z
  .object({
    data: document,
    occurredAt: moment
      .nullish()
      .describe('The time that the record is about. Absent keeps it, null sets it to when it was created.'),
  })
  .describe('What takes the place of what the record holds.');

const ListQuery = z.object({
  collection: z
    .string()
    .optional()
    .describe('Only records of this collection; of several, separated by commas.'),
  from: moment.optional().describe('Only records about this moment or a later one.'),
  until: moment.optional().describe('Only records about a moment before this one.'),
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((size) => size >= 1 && size <= pageSize.max, `must be from 1 to ${pageSize.max}`)
    .default(pageSize.default)
    .meta({ type: 'integer', minimum: 1, maximum: pageSize.max, default: pageSize.default })
    .describe('How many to answer with.'),
  cursor: z.string().optional().describe('The `nextCursor` of the answer before.'),
});

const lines = z
  .instanceof(Uint8Array)
  .meta({ type: 'string' })
  .describe(
    'A JSON object a line, up to 10,000 lines and 32 MiB: `collection`, `data`, and `occurredAt` where it is not now. Empty lines count for nothing.',
  );

// What it answers

export const DataRecordView = z
  .object({
    id: z.guid(),
    userId: z.guid().describe('The account that it belongs to.'),
    collection: z.string(),
    occurredAt: z.iso.datetime().describe('The time that the record is about.'),
    data: z.record(z.string(), z.unknown()).describe('The document.'),
    version: z.int().min(1).describe('Counts the changes of the record, from 1.'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime().describe('When the record was last replaced.'),
  })
  .describe('A JSON document in a collection of an account.');

export const DataRecordPage = z
  .object({
    records: z.array(DataRecordView),
    nextCursor: z.string().nullable().describe('What `cursor` takes for the next ones; null after the last.'),
  })
  .describe('Records, the latest first.');

export const DataImport = z
  .object({
    imported: z.int().min(1).describe('How many records were made.'),
    collections: z.array(z.object({ name: z.string(), count: z.int().min(1) })).describe('By name.'),
  })
  .describe('What was imported.');

function recordView(row: DataRecord): View<typeof DataRecordView> {
  return {
    id: row.id,
    userId: row.userId,
    collection: row.collection,
    occurredAt: row.occurredAt.toISOString(),
    data: row.data as Record<string, unknown>,
    version: row.version,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** The record with its `ETag`: nothing in it changes without its version. */
const shown = (row: DataRecord, location?: string) =>
  new Answer(recordView(row), {
    shows: { type: 'DataRecord', id: row.id, version: row.version },
    isWhole: true,
    about: row.userId,
    ...(location !== undefined && { location }),
  });

// Routes

const validator = { of: 'the record', isRevalidated: true };

const idOf = (context: Context, id: string) =>
  id === 'me' ? requireUser(context).id : requireUuid(id, ['user_id']);

const keyOf = (context: Context, params: z.infer<typeof ofRecord>) => ({
  userId: idOf(context, params.user_id),
  id: requireUuid(params.record_id, ['record_id']),
});

async function listPage(
  context: Context,
  userId: string,
  { collection, from, until, limit, cursor }: z.infer<typeof ListQuery>,
): Promise<View<typeof DataRecordPage>> {
  const filter = { collections: collection?.split(','), from, until };
  const args = { userId, path: ['user_id'], filter, first: limit, after: cursor };
  const { page } = await listDataRecords(context, args, {}).catch((error: unknown) => {
    const isCursor = error instanceof InvalidArgumentError && error.argumentPath[0] === 'after';
    throw isCursor ? new InvalidArgumentError('cursor is not one of this list.', ['cursor']) : error;
  });
  const { edges, pageInfo } = await page();
  return {
    records: edges.map(({ row }) => recordView(row)),
    nextCursor: pageInfo.hasNextPage ? pageInfo.endCursor : null,
  };
}

const documented = 'documented';

export const recordRoutes = [
  route({
    method: 'GET',
    path: '/v1/users/{user_id}/records',
    operationId: 'listRecords',
    summary: 'List data records',
    description: 'The data records of an account, the latest first. Needs the scope `data:read`.',
    evidence: documented,
    params: ofAccount,
    query: ListQuery,
    success: { status: 200, description: 'The records.', body: DataRecordPage, evidence: documented },
    failures: { 400: documented, 404: documented, 422: documented },
    handle: (context, { params, query }) => listPage(context, idOf(context, params.user_id), query),
  }),
  route({
    method: 'POST',
    path: '/v1/users/{user_id}/records',
    operationId: 'createRecord',
    summary: 'Create a data record',
    description: 'Makes a record in a collection of an account. Needs the scope `data:write`.',
    evidence: documented,
    params: ofAccount,
    validator: { of: 'the record' },
    replayAction: 'writeData',
    json: NewDataRecord,
    example: { collection: 'activities', data: { sport: 'running', distance: 5000 } },
    success: {
      status: 201,
      description: 'The new record.',
      body: DataRecordView,
      evidence: documented,
      headers: { Location: 'Where the record is, relative to the path of the request.' },
    },
    failures: { 400: documented, 404: documented, 415: documented, 422: documented },
    async handle(context, { params, body }) {
      const userId = idOf(context, params.user_id);
      const row = await createDataRecord(context, { ...body, userId }, {});
      return shown(row, `records/${row.id}`); // relative: it holds wherever this is served
    },
  }),
  route({
    method: 'POST',
    path: '/v1/users/{user_id}/records/import',
    operationId: 'importRecords',
    summary: 'Import data records',
    description:
      'Makes a record of each line, or none: problems name their lines. Needs the scope `data:write`.',
    evidence: documented,
    params: ofAccount,
    replayAction: 'writeData',
    ndjson: lines,
    maxBodyBytes: importLimits.bytes,
    success: {
      status: 201,
      description: 'All lines are records now.',
      body: DataImport,
      evidence: documented,
    },
    failures: { 400: documented, 404: documented, 415: documented, 422: documented },
    async handle(context, { params, body }) {
      const userId = idOf(context, params.user_id);
      const { counts } = await importDataRecords(context, { userId, lines: body });
      const collections = [...counts].map(([name, count]) => ({ name, count }));
      const imported = collections.reduce((sum, { count }) => sum + count, 0);
      return new Answer({ imported, collections }, { about: userId });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/users/{user_id}/records/{record_id}',
    operationId: 'getRecord',
    summary: 'Get a data record',
    description: 'One of the data records of an account. Needs the scope `data:read`.',
    evidence: documented,
    params: ofRecord,
    validator,
    success: { status: 200, description: 'The record.', body: DataRecordView, evidence: documented },
    failures: { 404: documented, 422: documented },
    async handle(context, { params }) {
      return shown(await requireDataRecord(context, keyOf(context, params), {}));
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/users/{user_id}/records/{record_id}',
    operationId: 'replaceRecord',
    summary: 'Replace a data record',
    description:
      'Puts another document in the place of what the record holds; its collection stays. Needs the scope `data:write`.',
    evidence: documented,
    params: ofRecord,
    validator,
    json: DataRecordReplacement,
    example: { data: { sport: 'running', distance: 5200 } },
    success: {
      status: 200,
      description: 'The record as it is now.',
      body: DataRecordView,
      evidence: documented,
    },
    failures: { 400: documented, 404: documented, 415: documented, 422: documented },
    async handle(context, { params, body, precondition }) {
      const key = keyOf(context, params);
      const expects = precondition.expects('DataRecord', key.id);
      return shown(await replaceDataRecord(context, { ...key, expects, input: body }, {}));
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/users/{user_id}/records/{record_id}',
    operationId: 'deleteRecord',
    summary: 'Delete a data record',
    description: 'Deletes one of the data records of an account for good. Needs the scope `data:write`.',
    evidence: documented,
    params: ofRecord,
    validator,
    success: { status: 204, description: 'The record is gone.', body: null, evidence: documented },
    failures: { 404: documented, 422: documented },
    async handle(context, { params, precondition }) {
      const key = keyOf(context, params);
      await deleteDataRecord(context, { ...key, expects: precondition.expects('DataRecord', key.id) });
    },
  }),
];
