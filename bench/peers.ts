/** Who takes part. */
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createContender } from './contender.ts';
import { limit, nodePeers } from './node-peers.ts';
import type { Peer, WorkName } from './peer.ts';

/** Products that are installed apart, each with a file of its own that has it as `peer`. */
const products = ['peers/directus.ts', 'peers/postgraphile.ts'].map((file) => new URL(file, import.meta.url));

/** The product first, then the limit, then of the others those that can do the work and are asked for. */
export async function choosePeers(only: readonly string[], work: WorkName | null): Promise<Peer[]> {
  const all = [...nodePeers, ...(await readProducts())];
  const isAsked = ({ name }: Peer) =>
    only.length === 0 || only.some((part) => name.toLowerCase().includes(part.toLowerCase()));
  const others = all.filter((peer) => isAsked(peer) && (work === null || peer.works.includes(work)));
  const forgetful = createContender('Usergraph, nothing kept', { READ_CACHE_MIB: '0' });
  return [createContender(), limit, ...(isAsked(forgetful) ? [forgetful] : []), ...others];
}

async function readProducts(): Promise<Peer[]> {
  const found = [];
  for (const url of products.filter((file) => existsSync(fileURLToPath(file)))) {
    const module: Record<string, unknown> = await import(pathToFileURL(fileURLToPath(url)).href);
    found.push(...Object.values(module).flat().filter(isPeer));
  }
  return found;
}

const isPeer = (value: unknown): value is Peer =>
  typeof value === 'object' && value !== null && 'name' in value && 'works' in value && 'start' in value;
