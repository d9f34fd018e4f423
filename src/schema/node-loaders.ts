import { brandWithType } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../context.ts';
import { InvalidArgumentError } from '../errors.ts';

/** Loads objects of one type by UUID, in the order asked; null for each that the actor cannot see. */
export type NodeLoader = (
  context: Context,
  ids: readonly string[],
  info: GraphQLResolveInfo,
) => Promise<readonly (object | null)[]>;

/** The loader of each type that implements `Node`. */
export const nodeLoaders = new Map<string, NodeLoader>();

const most = 100;

/** Loads objects of any types with one query a type. */
export async function loadNodes(
  context: Context,
  ids: readonly { readonly typename: string; readonly id: string }[],
  info: GraphQLResolveInfo,
): Promise<(object | null)[]> {
  if (ids.length > most) throw new InvalidArgumentError(`ids may name up to ${most} objects.`, ['ids']);
  const found = new Map<string, object | null>();
  const typenames = [...new Set(ids.map(({ typename }) => typename))];
  await Promise.all(
    typenames.map(async (typename) => {
      const own = [...new Set(ids.filter((one) => one.typename === typename).map(({ id }) => id))];
      const rows = (await nodeLoaders.get(typename)?.(context, own, info)) ?? [];
      own.forEach((id, index) => {
        const row = rows[index] ?? null;
        if (row !== null) brandWithType(row, typename as never);
        found.set(`${typename}:${id}`, row);
      });
    }),
  );
  return ids.map(({ typename, id }) => found.get(`${typename}:${id}`) ?? null);
}
