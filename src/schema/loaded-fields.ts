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
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';

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

type Mapping = NonNullable<ReturnType<typeof getLoaderMapping>>;

/** What was loaded along with the rows of a field. */
interface Loaded {
  readonly mapping: Mapping;
  /** Whether there is a field beneath it whose rows were loaded along. */
  readonly leadsOn: boolean;
}

/** Of one operation: by the nodes of a field, which are the same for all rows of a list, and by where it stands. */
const loadedFields = createContextCache(() => ({
  byNodes: new Map<unknown, Loaded | null>(),
  beneath: new Map<string, Mapping['nested']>(),
}));

/** What was loaded for a field of this row by the query that loaded the row; null where that left it out. */
function loadedBy(row: unknown, context: object, info: GraphQLResolveInfo): Loaded | null {
  const { byNodes, beneath } = loadedFields(context);
  const known = byNodes.get(info.fieldNodes);
  if (known !== undefined) return known;
  const place = namesOf(info.path);
  const mapping =
    getLoaderMapping(context, info.path, info.parentType.name, row) ??
    mappingAt(beneath, info.parentType.name, place);
  const loaded = mapping && { mapping, leadsOn: Object.keys(mapping.nested).length > 0 };
  if (loaded?.leadsOn) beneath.set(place.join('.'), loaded.mapping.nested);
  byNodes.set(info.fieldNodes, loaded);
  return loaded;
}

/** The Prisma plugin knows the fields above by their paths, of which a compiled query makes new ones for each row. */
function mappingAt(
  beneath: ReadonlyMap<string, Mapping['nested']>,
  typeName: string,
  place: readonly string[],
): Mapping | null {
  for (let depth = place.length - 1; depth > 0; depth -= 1) {
    const nested = beneath.get(place.slice(0, depth).join('.'));
    if (nested !== undefined) return nested[`${typeName}@${place.slice(depth).join('.')}`] ?? null;
  }
  return null;
}

/** The names of the fields that lead to a place. */
function namesOf(path: GraphQLResolveInfo['path'] | undefined): string[] {
  if (path === undefined) return [];
  const names = namesOf(path.prev);
  if (typeof path.key === 'string') names.push(path.key);
  return names;
}

SchemaBuilder.registerPlugin(name, LoadedFieldsPlugin as never);
