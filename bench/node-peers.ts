/** The peers in one file each that run on Node with the packages of `bench/package.json`. */
import { fileURLToPath } from 'node:url';
import type { Peer, WorkName } from './peer.ts';
import { startNode } from './processes.ts';
import { productCall } from './works.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));
const graph: readonly WorkName[] = ['me', 'users', 'node', 'updateMe'];

function nodePeer(name: string, file: string, works: readonly WorkName[]): Peer {
  return {
    name,
    works,
    start: (options) => startNode({ ...options, name, script: [`peers/${file}.mjs`], cwd: directory }),
    call: productCall,
  };
}

export const limit = nodePeer('limit (node:http + pg)', 'limit', [
  ...graph,
  'current',
  'profile',
  'sweatstack',
  'zenml',
]);

export const nodePeers: readonly Peer[] = [
  nodePeer('Fastify + Prisma (REST)', 'fastify-prisma', ['current', 'profile', 'sweatstack']),
  nodePeer('Apollo Server + Prisma', 'apollo-prisma', graph),
  nodePeer('Mercurius JIT + Prisma', 'mercurius-prisma', graph),
  nodePeer('Mercurius JIT + SQL', 'mercurius-sql', graph),
  nodePeer('Yoga + Pothos + Prisma', 'yoga-pothos-prisma', graph),
];
