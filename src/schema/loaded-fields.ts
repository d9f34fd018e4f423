/**
 * A Pothos plugin: a field is resolved at once where its row was loaded with what it is made of. For each field of each row,
 * the Prisma plugin looks up which query loaded it, to load what that one left out. A column that is there was not left out;
 * and what was loaded for one row of a list was loaded for all, so that for relations it is looked up once a list.
 */
import SchemaBuilder, {
  BasePlugin,
  createContextCache,
  type PothosOutputFieldConfig,
  type SchemaTypes,
} from '@pothos/core';
import { getLoaderMapping, setRowMappings } from '@pothos/selection-mapper';
import type { GraphQLFieldResolver, GraphQLResolveInfo, OperationDefinitionNode } from 'graphql';

const name = 'loadedFields' as const;
export default name;

declare global {
  namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      loadedFields: LoadedFieldsPlugin<Types>;
    }
  }
}

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

class LoadedFieldsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  /** Stands right before the Prisma plugin, so that `resolve` is that one's, and nothing else is left out. */
  override wrapResolve(resolve: Resolver<Types>, config: PothosOutputFieldConfig<Types>): Resolver<Types> {
    const { pothosPrismaSelect: select, pothosPrismaLoaded } = config.extensions ?? {};
    const { resolve: read } = config as { resolve?: Resolver<Types> };
    if (read === undefined || select == null) return resolve;
    const columns = columnsOf(select);
    if (columns !== null) {
      const isLoaded = (row: unknown) =>
        columns.every((column) => (row as Record<string, unknown>)[column] !== undefined);
      return (row, args, context, info) => (isLoaded(row) ? read : resolve)(row, args, context, info);
    }
    const has = pothosPrismaLoaded as ((...of: unknown[]) => boolean) | undefined;
    return (row, args, context, info) => {
      const loaded = loadedBy(row, context, info);
      if (loaded === null || has?.(row, info, context) === false) return resolve(row, args, context, info);
      if (loaded.leadsOn) setRowMappings(context, info, loaded.mapping.nested);
      return read(row, args, context, info);
    };
  }
}

/** Null for a selection that is not of columns alone. */
function columnsOf(select: unknown): readonly string[] | null {
  if (typeof select !== 'object' || select === null) return null;
  const entries = Object.entries(select);
  return entries.length > 0 && entries.every(([, value]) => value === true)
    ? entries.map(([column]) => column)
    : null;
}

type Path = GraphQLResolveInfo['path'];
type Mapping = NonNullable<ReturnType<typeof getLoaderMapping>>;

/** What was loaded along with the rows of a field. */
interface Loaded {
  readonly mapping: Mapping;
  /** Whether there is a field beneath it whose rows were loaded along. */
  readonly leadsOn: boolean;
}

const leadingOn = new WeakSet<OperationDefinitionNode>();

/**
 * Whether an operation that was run has lists within lists, of which the inner ones were loaded with the outer ones. The Prisma
 * plugin knows those by the paths of their fields, of which a compiled query makes new ones for each row, and so loads them again.
 */
export const hasListsWithinLists = (operation: OperationDefinitionNode): boolean => leadingOn.has(operation);

/** Of one operation, by the nodes of a field: those are the same for all rows of a list, and no two places share them. */
const loadedFields = createContextCache(() => new Map<unknown, Loaded | null>());

/** What was loaded for a field of this row by the query that loaded the row; null where that left it out. */
function loadedBy(row: unknown, context: object, info: GraphQLResolveInfo): Loaded | null {
  const byNodes = loadedFields(context);
  const known = byNodes.get(info.fieldNodes);
  if (known !== undefined) return known;
  const mapping = getLoaderMapping(context, info.path, info.parentType.name, row);
  const loaded = mapping && { mapping, leadsOn: Object.keys(mapping.nested).length > 0 };
  if (mapping && !getLoaderMapping(context, copied(info.path), info.parentType.name, row))
    leadingOn.add(info.operation);
  byNodes.set(info.fieldNodes, loaded);
  return loaded;
}

/** The same path of other objects, as a compiled query has it for each row. */
const copied = ({ prev, ...step }: Path): Path => ({ ...step, prev: prev && copied(prev) });

SchemaBuilder.registerPlugin(name, LoadedFieldsPlugin as never);
