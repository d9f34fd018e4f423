import type { ObjectRef } from '@pothos/core';
import { encodeId, type NodeType } from '../domain/ids.ts';
import { builder, globalIdDescription, type SchemaTypes } from './builder.ts';
import { type NodeLoader, nodeLoaders } from './node-loaders.ts';

/** Makes a type a `Node`: it gets its global id, and `node` and `nodes` find it. */
export function defineNode<Row extends { readonly id: string }>(
  type: ObjectRef<SchemaTypes, Row>,
  load: NodeLoader,
): void {
  nodeLoaders.set(type.name, load);
  type.addInterfaces([builder.nodeInterfaceRef()]);
  // Not `nodeRef`, whose ids are promises: a list has hundreds of ids.
  builder.objectFields(type, (t) => ({
    id: t.id({
      description: globalIdDescription,
      resolve: ({ id }) => encodeId(type.name as NodeType, id),
    }),
  }));
}
