/** The PostgreSQL of the benchmark: a cluster of its own under `.cache`, or the server of `BENCH_DATABASE_URL`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { parentOf } from './measure.ts';
import { cacheDirectory, endWithUs, findFreePort, stop } from './processes.ts';

export interface PostgresServer {
  /** As a superuser, to the database `postgres`. */
  readonly url: string;
  readonly version: string;
  /** The root of its processes, where it runs on this machine. */
  readonly pid: number | null;
  stop(): Promise<void>;
}

/** The same for all: enough memory for a million accounts, and no waiting for a disk that other programs use, too. */
const settings = {
  shared_buffers: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '512MB',
  max_connections: '400',
  fsync: 'off',
  max_wal_size: '4GB',
};
export const settingsText = Object.entries(settings)
  .map(([name, value]) => `${name}=${value}`)
  .join(', ');

export async function startPostgres({ fresh }: { fresh: boolean }): Promise<PostgresServer> {
  const given = process.env.BENCH_DATABASE_URL;
  if (given !== undefined) return describe(given, async () => {});
  const bin = findBinaries();
  const owner = unprivilegedOwner();
  const data = path.join(clusterHome(owner), 'data');
  if (fresh) rmSync(data, { recursive: true, force: true });
  if (!existsSync(path.join(data, 'PG_VERSION'))) initialize(bin, data, owner);
  const port = await findFreePort();
  const child = spawnServer(bin, data, { port, owner });
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await untilReady(url, child);
  return describe(url, () => stop(child, 'SIGINT'));
}

type Owner = { uid: number; gid: number } | undefined;

/** Under `.cache`, unless the user that must own it cannot reach that. */
function clusterHome(owner: Owner): string {
  const own = path.join(cacheDirectory, 'postgres');
  mkdirSync(own, { recursive: true });
  if (owner === undefined) return own;
  chownSync(own, owner.uid, owner.gid);
  chmodSync(own, 0o700);
  try {
    execFileSync('ls', [own], { ...owner, stdio: 'ignore' });
    return own;
  } catch {
    const elsewhere = path.join(tmpdir(), 'usergraph-bench-postgres');
    mkdirSync(elsewhere, { recursive: true });
    chownSync(elsewhere, owner.uid, owner.gid);
    return elsewhere;
  }
}

function initialize(bin: string, data: string, owner: Owner): void {
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  execFileSync(path.join(bin, 'initdb'), args, { ...owner, cwd: path.dirname(data), stdio: 'pipe' });
}

function spawnServer(
  bin: string,
  data: string,
  { port, owner }: { port: number; owner: Owner },
): ChildProcess {
  const all = { ...settings, port, listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const options = { ...owner, cwd: path.dirname(data), stdio: 'ignore' } as const;
  return endWithUs(spawn(path.join(bin, 'postgres'), ['-D', data, ...flags], options), 'SIGINT');
}

function findBinaries(): string {
  const home = '/usr/lib/postgresql';
  const versions = existsSync(home) ? readdirSync(home).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [
    ...versions.map((version) => path.join(home, version, 'bin')),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  const found = candidates.find(
    (bin) => existsSync(path.join(bin, 'initdb')) && existsSync(path.join(bin, 'postgres')),
  );
  if (found === undefined)
    throw new Error('No PostgreSQL is installed: install one, or set BENCH_DATABASE_URL.');
  return found;
}

/** PostgreSQL refuses to run as root: then it runs as the user `postgres`. */
function unprivilegedOwner(): Owner {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null)
      throw new Error('PostgreSQL did not start: is another run of the benchmark going on?');
    const isReady = await query(url, 'SELECT 1').then(
      () => true,
      () => false,
    );
    if (isReady) return;
    await sleep(100);
  }
  throw new Error('PostgreSQL did not start within a minute.');
}

async function describe(url: string, stopServer: () => Promise<void>): Promise<PostgresServer> {
  const [row] = await query(
    url,
    `SELECT pg_backend_pid() AS pid, current_setting('server_version') AS version`,
    (rows) => rows.map(({ pid, version }) => ({ version: String(version), parent: parentOf(Number(pid)) })),
  );
  return { url, version: row?.version ?? '?', pid: row?.parent ?? null, stop: stopServer };
}

/** Runs statements one by one on a connection of their own; answers with the rows of the last one. */
export async function query<Row = Record<string, unknown>>(
  url: string,
  statements: string | readonly string[],
  map: (rows: Record<string, unknown>[]) => Row[] = (rows) => rows as Row[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of [statements].flat()) rows = (await client.query(statement)).rows;
    return map(rows);
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.href;
}
