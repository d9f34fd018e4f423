/** The schema builder: plugins and conventions. It defines no types. */
import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import type { Context } from '../context.ts';
import { decodeId, encodeId, type NodeType } from '../domain/ids.ts';
import { InvalidArgumentError } from '../errors.ts';
import type PrismaTypes from '../generated/pothos-types.ts';
import { getDatamodel } from '../generated/pothos-types.ts';
import LoadedFieldsPlugin from './loaded-fields.ts';
import { loadNodes } from './node-loaders.ts';
import type { ScalarTypes } from './scalars.ts';

export const globalIdDescription = 'The global id: opaque, URL-safe, and unique among all objects.';

/** How many values one operation may return at most, by the page sizes that it asks for. */
const maxComplexity = 25_000;

export const builder = new SchemaBuilder<{
  Context: Context;
  PrismaTypes: PrismaTypes;
  Scalars: ScalarTypes;
  DefaultFieldNullability: false;
}>({
  plugins: [ComplexityPlugin, ErrorsPlugin, RelayPlugin, LoadedFieldsPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.prisma,
    dmmf: getDatamodel(),
    exposeDescriptions: true,
  },
  complexity: {
    defaultComplexity: 1,
    defaultListMultiplier: 10,
    limit: { complexity: maxComplexity },
    complexityError: (_kind, { complexity }) =>
      new InvalidArgumentError(
        `The query may return up to ${complexity} values; ${maxComplexity} are allowed. Ask for smaller pages or fewer fields.`,
      ),
  },
  relay: {
    encodeGlobalID: (type, id) => encodeId(type as NodeType, String(id)),
    decodeGlobalID: (id) => {
      const { type, uuid } = decodeId(id);
      return { typename: type, id: uuid };
    },
    idFieldOptions: { description: globalIdDescription },
    nodeTypeOptions: { description: 'Anything with a global id, which `node` finds again.' },
    nodeQueryOptions: {
      description: 'The object with this global id; null when there is none, or you may not see it.',
      args: { id: { description: 'The global id of a user, an organization or an API token.' } },
      resolve: async (_root, { id }, context, info) => (await loadNodes(context, [id], info))[0],
    },
    nodesQueryOptions: {
      description:
        'The objects with these global ids, in the order given; null for each that is not there or that you may not see.',
      args: { ids: { description: 'Up to 100 global ids.' } },
      resolve: (_root, { ids }, context, info) => loadNodes(context, ids, info),
    },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether more follow the last edge.' },
    hasPreviousPageFieldOptions: { description: 'Whether more precede the first edge.' },
    startCursorFieldOptions: { description: 'The cursor of the first edge; null on an empty page.' },
    endCursorFieldOptions: { description: 'The cursor of the last edge; null on an empty page.' },
  },
  errors: {
    directResult: true,
    defaultTypes: [],
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
    },
  },
});

type TypesOf<B> = B extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never;
export type SchemaTypes = TypesOf<typeof builder>;

builder.queryType({ description: 'Everything that can be read.' });
builder.mutationType({
  description:
    'Everything that can be changed. Each result is either a success or one of the errors that a person can act on.',
});
builder.subscriptionType({
  description:
    'Everything that can be followed, as server-sent events: ask with `Accept: text/event-stream`. What there is now comes at once, then again after each change that is committed. Who reads slowly is told of the newest state only.',
});
