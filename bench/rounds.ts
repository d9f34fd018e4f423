/** One kind of work, measured: all who can do it are started, and take turns in rounds. */
import { type Answering, compareAnswers } from './answers.ts';
import { type BenchDatabase, bringDue, shuffled } from './databases.ts';
import { bytesOf, type LoadResult, load } from './load.ts';
import { cpuOf, median, memoryOf } from './measure.ts';
import type { Peer, Running, WorkName } from './peer.ts';
import { findFreePort } from './processes.ts';
import { isChange } from './works.ts';

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: { readonly seconds: number; readonly requests: number };
  readonly connections: number;
}

/** One turn of one server. */
export interface Turn extends LoadResult {
  /** In microseconds a request. */
  readonly cpu: number;
  readonly databaseCpu: number | null;
}

export interface Measured {
  readonly peer: string;
  readonly turns: readonly Turn[];
  /** In bytes, after the last round. */
  readonly memory: number;
}

export interface Place {
  readonly database: BenchDatabase;
  /** The root of the processes of PostgreSQL. */
  readonly databasePid: number | null;
}

interface Contestant extends Answering {
  readonly next: () => Buffer;
  readonly turns: Turn[];
}

/** The first of the peers is the one whose answers count. */
export async function measureWork(
  work: WorkName,
  peers: readonly Peer[],
  place: Place,
  options: RoundOptions,
): Promise<Measured[]> {
  const contestants: Contestant[] = [];
  try {
    for (const peer of peers) contestants.push(await enter(peer, work, place));
    await compareAnswers(work, contestants, place.database.accounts.slice(0, 20));
    for (const contestant of contestants) await warmUp(contestant, options);
    for (let round = 0; round < options.rounds; round += 1) {
      for (const contestant of shuffled(contestants, round))
        contestant.turns.push(await takeTurn(contestant, place, options));
    }
    return contestants.map(({ peer, running, turns }) => ({
      peer: peer.name,
      turns,
      memory: memoryOf(running.pid),
    }));
  } finally {
    await Promise.all(contestants.map(({ running }) => running.stop()));
  }
}

async function enter(peer: Peer, work: WorkName, { database }: Place): Promise<Contestant> {
  const running = await peer.start({ databaseUrl: database.url, port: await findFreePort() });
  return { peer, running, next: requestsOf(peer, work, database), turns: [] };
}

/** How many accounts ask: as many as use a server at the same time, each again and again. */
export const callers = 1_000;

/** Account after account, round and round. What can be sent again is made once. */
export function requestsOf(peer: Peer, work: WorkName, database: BenchDatabase): () => Buffer {
  const accounts = database.accounts.slice(0, callers);
  const made: Buffer[] = [];
  let count = 0;
  return () => {
    const index = count % accounts.length;
    count += 1;
    const account = accounts[index];
    if (account === undefined) throw new Error('There are no accounts.');
    const bytes = made[index] ?? bytesOf(peer.call({ name: work }, account));
    if (!isChange(work)) made[index] = bytes;
    return bytes;
  };
}

export const portOf = ({ url }: Running): number => Number(new URL(url).port);

function warmUp({ running, next }: Contestant, { warmUp, connections }: RoundOptions): Promise<LoadResult> {
  return load({ port: portOf(running), next, connections, ...warmUp });
}

/**
 * Before each turn, unmeasured: what a server does because it was left alone for a while is no work of these requests. Long
 * enough for each caller to ask once, of those who are fast enough: the product notes that a token is used, once a minute, and
 * after a longer break all of them are due at once.
 */
const leadIn = { seconds: 0.5, requests: callers, atMost: 2 };

export async function takeTurn(
  { running, next }: Pick<Contestant, 'running' | 'next'>,
  { database, databasePid }: Place,
  { seconds, connections }: Pick<RoundOptions, 'seconds' | 'connections'>,
): Promise<Turn> {
  await load({ port: portOf(running), next, connections, ...leadIn });
  await bringDue(database, { callers, seconds });
  const used = () => [cpuOf(running.pid), databasePid === null ? 0 : cpuOf(databasePid)] as const;
  const before = used();
  const result = await load({ port: portOf(running), next, connections, seconds });
  const after = used();
  return {
    ...result,
    cpu: (after[0] - before[0]) / result.requests,
    databaseCpu: databasePid === null ? null : (after[1] - before[1]) / result.requests,
  };
}

/** The middle of all rounds. */
export const medianOf = ({ turns }: Measured, read: (turn: Turn) => number): number =>
  median(turns.map(read));
