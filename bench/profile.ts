/** A CPU profile of the product under load, and where its time goes. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createContender } from './contender.ts';
import { bringDue } from './databases.ts';
import { load } from './load.ts';
import type { WorkName } from './peer.ts';
import { cacheDirectory, findFreePort, productDirectory } from './processes.ts';
import { type CpuProfile, type Shares, shareTime, type TimedFunction } from './profile-shares.ts';
import { callers, type Place, portOf, type RoundOptions, requestsOf } from './rounds.ts';
import { table } from './table.ts';

export interface Profile {
  readonly file: string;
  readonly shares: Shares;
  readonly functions: readonly TimedFunction[];
  readonly requests: number;
  /** In microseconds a request, of the main thread. */
  readonly busy: number;
}

/** The profiler samples the whole life of the process; only what lies within the load is counted. */
export async function profileWork(
  work: WorkName,
  { database }: Place,
  options: RoundOptions,
): Promise<Profile> {
  const directory = path.join(cacheDirectory, 'profiles');
  const made = path.join(directory, `making-${process.pid}`);
  mkdirSync(made, { recursive: true });
  const contender = createContender();
  const nodeArgs = ['--cpu-prof', '--cpu-prof-dir', made, '--cpu-prof-interval', '500'];
  const running = await contender.start({ databaseUrl: database.url, port: await findFreePort(), nodeArgs });
  const next = requestsOf(contender, work, database);
  const send = (seconds: number, requests = 0) =>
    load({ port: portOf(running), next, connections: options.connections, seconds, requests });
  let from = 0;
  let to = 0;
  let requests = 0;
  try {
    await send(options.warmUp.seconds * 2, options.warmUp.requests);
    await bringDue(database, { callers, seconds: options.seconds * options.rounds });
    from = monotonic();
    ({ requests } = await send(options.seconds * options.rounds));
    to = monotonic();
  } finally {
    await running.stop();
  }
  const file = path.join(directory, `${work}.cpuprofile`);
  const [name = ''] = readdirSync(made);
  renameSync(path.join(made, name), file);
  rmSync(made, { recursive: true });
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  return { file, requests, ...shareTime(profile, { from, to, requests }) };
}

/** The clock of the profiler, in microseconds: the same in all processes of a machine. */
const monotonic = () => Number(process.hrtime.bigint() / 1000n);

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

export function describeProfile(
  work: WorkName,
  { file, shares, functions, requests, busy }: Profile,
): string {
  const byShare = Object.entries(shares).sort(([, a], [, b]) => b - a);
  const parts = byShare.map(([name, share]) => [name, percent(share), (share * busy).toFixed(0)]);
  const top = functions
    .slice(0, 40)
    .map(({ name, place, category, share }) => [`${name} ${place}`, category, percent(share)]);
  return [
    `${work}: ${requests} requests, ${busy.toFixed(0)} µs of the main thread each (the profiler's own work included)\n`,
    table(['part', 'share', 'µs/request'], parts),
    table(['function', 'part', 'self'], top),
    `${path.relative(productDirectory, file)} has it all.\n`,
  ].join('\n');
}
