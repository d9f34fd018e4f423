/** From the start of a process to its first answer. */
import type { BenchDatabase } from './databases.ts';
import { cpuOf, median, memoryOf } from './measure.ts';
import type { Peer } from './peer.ts';
import { findFreePort } from './processes.ts';
import { table } from './table.ts';

export async function measureStarts(
  peers: readonly Peer[],
  database: BenchDatabase,
  times = 5,
): Promise<string> {
  const rows = [];
  for (const peer of peers) {
    const starts: Start[] = [];
    for (let time = 0; time < times; time += 1) starts.push(await start(peer, database.url));
    const middle = (read: (one: Start) => number) => median(starts.map(read)).toFixed(0);
    rows.push([peer.name, middle((one) => one.wall), middle((one) => one.cpu), middle((one) => one.memory)]);
  }
  return table(['server', 'first answer ms', 'CPU ms', 'memory MB'], rows);
}

interface Start {
  readonly wall: number;
  readonly cpu: number;
  readonly memory: number;
}

async function start(peer: Peer, databaseUrl: string): Promise<Start> {
  const port = await findFreePort();
  const began = performance.now();
  const running = await peer.start({ databaseUrl, port });
  const wall = performance.now() - began;
  const one = { wall, cpu: cpuOf(running.pid) / 1000, memory: memoryOf(running.pid) / 2 ** 20 };
  await running.stop();
  return one;
}
