import { builder } from './builder.ts';
import { type NodeLoader, nodeLoaders } from './node-loaders.ts';

/** Makes a type a `Node`: it gets its global id, and `node` and `nodes` find it. */
export function defineNode(type: { readonly name: string }, load: NodeLoader): void {
  nodeLoaders.set(type.name, load);
  builder.nodeRef(type as never, { id: { resolve: (row: unknown) => (row as { id: string }).id } } as never);
}
