/** Creating, replacing and deleting data records. */
import { createDataRecord, deleteDataRecord, replaceDataRecord } from '../domain/data-record-changes.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts';
import type { DataRecord as DataRecordRow } from '../generated/prisma/client.ts';
import { builder } from './builder.ts';
import { DataRecord } from './data-record.ts';
import { payloadQuery } from './node-query.ts';
import { User } from './user.ts';

const dataDescription =
  'The document: a JSON object of at most 256 KiB and 32 levels, without U+0000 and the key `__proto__`.';

const CreateDataRecordInput = builder.inputType('CreateDataRecordInput', {
  description: 'A new data record.',
  fields: (t) => ({
    userId: t.globalID({ for: [User], description: 'The account that gets it; your own when absent.' }),
    collection: t.string({
      required: true,
      description:
        'The collection: a lower-case letter, then up to 49 lower-case letters, digits, `_` or `-`. It need not be there before.',
    }),
    data: t.field({ type: 'JSONObject', required: true, description: dataDescription }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'The time that the record is about; now when absent.',
    }),
  }),
});

const expectedVersion =
  'The version that you read. When the record is no longer at it, nothing changes and a `ConflictError` tells. Any version will do when absent.';

const ReplaceDataRecordInput = builder.inputType('ReplaceDataRecordInput', {
  description: 'What takes the place of what a data record holds. Its collection stays.',
  fields: (t) => ({
    data: t.field({ type: 'JSONObject', required: true, description: dataDescription }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'The time that the record is about. Absent keeps it, null sets it to when it was created.',
    }),
    expectedVersion: t.int({ description: expectedVersion }),
  }),
});

const recordSuccess = (name: string, description: string, recordDescription: string) =>
  builder.objectRef<{ record: DataRecordRow }>(name).implement({
    description,
    fields: (t) => ({
      record: t.field({
        type: DataRecord,
        description: recordDescription,
        resolve: ({ record }) => record,
      }),
    }),
  });

const CreateDataRecordSuccess = recordSuccess(
  'CreateDataRecordSuccess',
  'The data record was created.',
  'The new record.',
);
const ReplaceDataRecordSuccess = recordSuccess(
  'ReplaceDataRecordSuccess',
  'The data record holds what you wanted.',
  'The record as it is now.',
);

const DeleteDataRecordSuccess = builder.objectRef<{ recordId: string }>('DeleteDataRecordSuccess').implement({
  description: 'The data record is gone.',
  fields: (t) => ({
    recordId: t.globalID({
      description: 'The global id that the record had.',
      resolve: ({ recordId }) => ({ type: 'DataRecord', id: recordId }) as never,
    }),
  }),
});

const recordArg = { for: [DataRecord], required: true as const, description: 'The record.' };
const needs = 'Needs the scope `data:write`.';

builder.mutationFields((t) => ({
  createDataRecord: t.field({
    type: CreateDataRecordSuccess,
    description: `Makes a data record of your own account, or of one that you manage or that shares this with you. ${needs}`,
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `createDataRecord`.' },
    },
    args: { input: t.arg({ type: CreateDataRecordInput, required: true, description: 'The record.' }) },
    resolve: async (_root, { input: { userId, ...input } }, context, info) => ({
      record: await createDataRecord(
        context,
        { ...input, userId: userId?.id },
        payloadQuery(context, info, 'CreateDataRecordSuccess', 'record'),
      ),
    }),
  }),
  replaceDataRecord: t.field({
    type: ReplaceDataRecordSuccess,
    description: `Puts another document in the place of what a data record holds. ${needs}`,
    errors: {
      types: [InvalidInputError, ConflictError, NotFoundError],
      union: { description: 'What came of `replaceDataRecord`.' },
    },
    args: {
      id: t.arg.globalID(recordArg),
      input: t.arg({ type: ReplaceDataRecordInput, required: true, description: 'What it is to hold.' }),
    },
    resolve: async (_root, { id, input }, context, info) => ({
      record: await replaceDataRecord(
        context,
        { id: id.id, input },
        payloadQuery(context, info, 'ReplaceDataRecordSuccess', 'record'),
      ),
    }),
  }),
  deleteDataRecord: t.field({
    type: DeleteDataRecordSuccess,
    description: `Deletes a data record for good. ${needs}`,
    errors: {
      types: [NotFoundError],
      union: { description: 'What came of `deleteDataRecord`.' },
    },
    args: { id: t.arg.globalID(recordArg) },
    resolve: async (_root, { id }, context) => ({
      recordId: (await deleteDataRecord(context, { id: id.id })).id,
    }),
  }),
}));
