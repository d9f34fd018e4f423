/** Importing data records. */
import { type Imported, importDataRecords } from '../domain/data-record-import.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import { builder } from './builder.ts';
import { User } from './user.ts';

const ImportDataRecordsInput = builder.inputType('ImportDataRecordsInput', {
  description: 'Many new data records.',
  fields: (t) => ({
    userId: t.globalID({ for: [User], description: 'The account that gets them; your own when absent.' }),
    lines: t.string({
      required: true,
      description:
        'Newline-delimited JSON: an object a line, up to 10,000 lines, with `collection`, `data`, and `occurredAt` where it is not now. Empty lines count for nothing.',
    }),
  }),
});

const ImportedCollection = builder
  .objectRef<{ name: string; count: number }>('ImportedCollection')
  .implement({
    description: 'What an import brought into one collection.',
    fields: (t) => ({
      name: t.exposeString('name', { description: 'The collection.' }),
      count: t.exposeInt('count', { description: 'How many records it got.' }),
    }),
  });

const ImportDataRecordsSuccess = builder.objectRef<Imported>('ImportDataRecordsSuccess').implement({
  description: 'Every line is a data record now.',
  fields: (t) => ({
    imported: t.field({
      type: [ImportedCollection],
      description: 'What was imported, by collection.',
      resolve: ({ counts }) => [...counts].map(([name, count]) => ({ name, count })),
    }),
  }),
});

builder.mutationField('importDataRecords', (t) =>
  t.field({
    type: ImportDataRecordsSuccess,
    description: `Makes a data record of each line, or none: problems name their lines. The REST API takes larger imports than a GraphQL request can hold. Needs the scope \`data:write\`.`,
    errors: {
      types: [InvalidInputError, NotFoundError],
      union: { description: 'What came of `importDataRecords`.' },
    },
    args: { input: t.arg({ type: ImportDataRecordsInput, required: true, description: 'The records.' }) },
    resolve: (_root, { input: { userId, lines } }, context) =>
      importDataRecords(context, { userId: userId?.id, lines }),
  }),
);
