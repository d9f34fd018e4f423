/** The data records of an account: JSON documents in named collections. */
import type { Context } from '../context.ts';
import { accountSelect } from '../domain/accounts.ts';
import { collectionsOf, type DataCollection } from '../domain/data-collections.ts';
import {
  type DataRecordFilter,
  findDataRecord,
  findDataRecords,
  recordOrder,
  recordsWhere,
} from '../domain/data-records.ts';
import type { Account } from '../domain/policy.ts';
import { may } from './access.ts';
import { builder } from './builder.ts';
import { defineConnection, relatedPage } from './connection.ts';
import { defineNode } from './define-node.ts';
import { nodeQuery } from './node-query.ts';
import { User } from './user.ts';

export const DataRecord = builder.prismaObject('DataRecord', {
  description: 'A JSON document in a collection of an account.',
  select: { id: true },
  fields: (t) => ({
    uuid: t.field({
      type: 'UUID',
      description: 'The id of the record outside this graph, in the REST API for example.',
      resolve: ({ id }) => id,
    }),
    user: t.relation('user', { description: 'The account that it belongs to.' }),
    collection: t.exposeString('collection'),
    occurredAt: t.expose('occurredAt', { type: 'DateTime' }),
    data: t.field({
      type: 'JSONObject',
      description:
        'The document: a JSON object of at most 256 KiB and 32 levels. It counts as 50 values of the query.',
      select: { data: true },
      complexity: 50,
      resolve: ({ data }) => data,
    }),
    version: t.exposeInt('version'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

defineNode(DataRecord, (context, ids, info) =>
  findDataRecords(context, ids, nodeQuery(context, info, 'DataRecord')),
);

const DataRecordConnection = defineConnection('DataRecord', { type: DataRecord, of: 'data records' });

const DataRecordFilterInput = builder.inputType('DataRecordFilter', {
  description: 'Which data records to list: those for which every given condition holds.',
  fields: (t) => ({
    collections: t.stringList({ description: 'Is in one of these collections, up to 100.' }),
    from: t.field({ type: 'DateTime', description: 'Is about this moment or a later one.' }),
    until: t.field({ type: 'DateTime', description: 'Is about a moment before this one.' }),
  }),
});

const DataCollectionRef = builder.objectRef<DataCollection>('DataCollection').implement({
  description: 'The data records of an account that have one name for what they are.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name, such as `activities`.' }),
    count: t.exposeInt('count', { description: 'How many records it holds.' }),
    latest: t.expose('latest', {
      type: 'DateTime',
      description: 'The latest time that one of its records is about.',
    }),
  }),
});

const readData = (context: Context, user: Account) => may(context, 'readData', user);

builder.prismaObjectFields(User, (t) => ({
  dataRecords: t.field(
    relatedPage(
      {
        relation: 'dataRecords',
        order: recordOrder,
        nodeType: 'DataRecord',
        where: (_context, { filter }: { filter?: DataRecordFilter | null }) => recordsWhere(filter ?? {}),
        parentSelect: accountSelect,
        visible: readData,
      },
      {
        type: DataRecordConnection,
        description:
          'The data records of the account, by the time that they are about, the latest first. Private: empty for others, as `viewerCanReadData` tells.',
        args: {
          filter: t.arg({
            type: DataRecordFilterInput,
            description: 'Which records; all of them when absent.',
          }),
        },
      },
    ),
  ),
  dataCollections: t.field({
    type: [DataCollectionRef],
    nullable: true,
    description:
      'The collections of data records, by name, up to 100. Private: null for others, as `viewerCanReadData` tells.',
    select: accountSelect,
    resolve: (user, _args, context) => (readData(context, user) ? collectionsOf(context, user.id) : null),
  }),
  viewerCanReadData: t.boolean({
    description: 'Whether you may read the data records of this account.',
    select: accountSelect,
    resolve: (user, _args, context) => readData(context, user),
  }),
  viewerCanWriteData: t.boolean({
    description: 'Whether you may create, replace, delete and import data records of this account.',
    select: accountSelect,
    resolve: (user, _args, context) => may(context, 'writeData', user),
  }),
}));

builder.queryField('dataRecord', (t) =>
  t.field({
    type: DataRecord,
    nullable: true,
    description:
      'The data record with this id; null when there is none, or you may do nothing with the data of its account. Needs the scope `data:read`.',
    args: { id: t.arg.globalID({ for: [DataRecord], required: true, description: 'The record.' }) },
    resolve: (_root, { id }, context, info) =>
      findDataRecord(context, id.id, nodeQuery(context, info, 'DataRecord')),
  }),
);
