/** Exports: all that is held about an account, as one archive. */
import { exportMe, exportUser, type MadeExport } from '../domain/exports.ts';
import { NotFoundError } from '../errors.ts';
import { builder } from './builder.ts';
import { User } from './user.ts';

const DataExport = builder.objectRef<MadeExport>('DataExport').implement({
  description: 'A link to all that is held about an account, good for an hour.',
  fields: (t) => ({
    id: t.globalID({
      description: 'The global id of the export, for client caches; `node` does not find it.',
      resolve: ({ id }) => ({ type: 'DataExport', id }) as never,
    }),
    url: t.field({
      type: 'URL',
      description:
        'Where the archive is: one JSON object, as `/schemas/export.json` describes it. Whoever has this link can read it, as often as it likes, until it expires. Shown this once.',
      resolve: ({ url }) => url,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the link stops working.' }),
  }),
});

function exportSuccess(name: string) {
  return builder.objectRef<{ export: MadeExport }>(name).implement({
    description: 'The archive is ready to be downloaded.',
    fields: (t) => ({
      export: t.field({
        type: DataExport,
        description: 'Where it is.',
        resolve: ({ export: made }) => made,
      }),
    }),
  });
}

const ExportMeSuccess = exportSuccess('ExportMeSuccess');
const ExportUserSuccess = exportSuccess('ExportUserSuccess');

builder.mutationFields((t) => ({
  exportMe: t.field({
    type: ExportMeSuccess,
    description: 'Makes a link to all that is held about your account. Needs a session of your own.',
    errors: { types: [], union: { description: 'What came of `exportMe`.' } },
    resolve: async (_root, _args, context) => ({ export: await exportMe(context) }),
  }),
  exportUser: t.field({
    type: ExportUserSuccess,
    description:
      'Makes a link to all that is held about an account that you manage or run; any, for superusers. Needs the scopes `data:read` and `profile`, and a session or an API token.',
    errors: { types: [NotFoundError], union: { description: 'What came of `exportUser`.' } },
    args: { id: t.arg.globalID({ for: [User], required: true, description: 'The account.' }) },
    resolve: async (_root, { id }, context) => ({ export: await exportUser(context, { id: id.id }) }),
  }),
}));
