/**
 * A Pothos plugin: a field that is made of columns is resolved at once where its row has them. For each field of each row, the
 * Prisma plugin looks up which query loaded it, to load what that one left out; a column that is there was not left out.
 */
import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';

const name = 'loadedColumns' as const;
export default name;

declare global {
  namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      loadedColumns: LoadedColumnsPlugin<Types>;
    }
  }
}

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

class LoadedColumnsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  /** Stands right before the Prisma plugin, so that `resolve` is that one's, and nothing else is left out. */
  override wrapResolve(resolve: Resolver<Types>, config: PothosOutputFieldConfig<Types>): Resolver<Types> {
    const columns = columnsOf(config.extensions?.pothosPrismaSelect);
    const { resolve: read } = config as { resolve?: Resolver<Types> };
    if (columns === null || read === undefined) return resolve;
    const isLoaded = (row: unknown) =>
      columns.every((column) => (row as Record<string, unknown>)[column] !== undefined);
    return (row, args, context, info) => (isLoaded(row) ? read : resolve)(row, args, context, info);
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

SchemaBuilder.registerPlugin(name, LoadedColumnsPlugin as never);
