/** The embedded database, which runs inside of the server's process, against a PostgreSQL server: the same data, the same work. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { openDatabase } from '../dist/db/database.js';
import { createContender } from './contender.ts';
import { loadInto } from './data.ts';
import type { Peer } from './peer.ts';
import { cacheDirectory } from './processes.ts';
import { measureWork, medianOf, type Place, type RoundOptions, type Turn } from './rounds.ts';
import { table } from './table.ts';

export async function measureEmbedded(place: Place, users: number, options: RoundOptions): Promise<string> {
  const directory = path.join(cacheDirectory, `embedded-${process.pid}`);
  const url = `pglite:${directory}`;
  try {
    await fill(url, users);
    const measured = await measureWork(
      'me',
      [createContender('on PostgreSQL'), embeddedPeer(url)],
      place,
      options,
    );
    const rows = measured.map((one) => [
      one.peer,
      medianOf(one, wholeCpu).toFixed(0),
      medianOf(one, ({ requests, seconds }) => requests / seconds).toFixed(0),
      medianOf(one, ({ p99 }) => p99).toFixed(1),
    ]);
    const [server = 1, embedded = 1] = measured.map((one) => medianOf(one, wholeCpu));
    const ratio = (embedded / server).toFixed(2);
    return `${table(['`me`', 'CPU µs/request, database included', 'requests/s', 'p99 ms'], rows)}\nEmbedded ÷ server: ${ratio}.\n`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const wholeCpu = ({ cpu, databaseCpu }: Turn) => cpu + (databaseCpu ?? 0);

async function fill(url: string, users: number): Promise<void> {
  const database = await openDatabase(url);
  try {
    const client = await database.pool.connect();
    await loadInto(client, users);
    client.release();
  } finally {
    await database.close();
  }
}

/** The product on its own database, whatever database the others share. */
function embeddedPeer(url: string): Peer {
  const contender = createContender('embedded');
  return { ...contender, start: (options) => contender.start({ ...options, databaseUrl: url }) };
}
