import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../context.ts';
import { nodePaths } from './connection.ts';

/** A Prisma selection, whichever model it is of: the domain spreads it into the query of that model. */
type Query = { select?: Record<string, never>; include?: Record<string, never> };

/** What is asked of the objects that this very field returns, as a Prisma selection. */
export function nodeQuery(context: Context, info: GraphQLResolveInfo, typeName: string): Query {
  return queryFromInfo({ context, info, typeName }) as Query;
}

/** What is asked of the nodes of the connection that this field returns. */
export function connectionQuery(context: Context, info: GraphQLResolveInfo, typeName: string): Query {
  return queryFromInfo({ context, info, typeName, paths: nodePaths }) as Query;
}

/** What is asked of the object at `field` of an object that this field returns: of a mutation's success, for one. */
export function payloadQuery(context: Context, info: GraphQLResolveInfo, type: string, field: string): Query {
  return queryFromInfo({ context, info, path: [{ type, name: field }] }) as Query;
}

/** What is asked of one object that the nodes of a connection lead to; undefined where none is asked for. */
export function nestedQuery(
  context: Context,
  info: GraphQLResolveInfo,
  { field, type }: { field: string; type: string },
): Query | undefined {
  const paths = nodePaths.map((path) => [...path, field]);
  const query = queryFromInfo({ context, info, typeName: type, paths }) as Query;
  return query.select || query.include ? query : undefined;
}
