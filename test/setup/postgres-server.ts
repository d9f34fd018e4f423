import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface PostgresServer {
  /** As a superuser, to the database `postgres`. */
  readonly url: string;
  /** The postmaster's process id while it runs. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** `SIGINT` ends sessions cleanly, `SIGQUIT` aborts them, `SIGKILL` is a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  remove(): Promise<void>;
}

/** A private PostgreSQL in a temporary directory, on a free port of 127.0.0.1; undefined when none is installed. */
export async function createPostgresServer(): Promise<PostgresServer | undefined> {
  const bin = findBinaries();
  if (!bin) return undefined;
  const owner = unprivilegedOwner();
  const directory = mkdtempSync(path.join(tmpdir(), 'usergraph-postgres-'));
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const data = path.join(directory, 'data');
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'];
  execFileSync(path.join(bin, 'initdb'), initdb, { ...owner, cwd: directory, stdio: 'pipe' });
  const port = await findFreePort();
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: directory, fsync: 'off' };
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(path.join(bin ?? '', 'postgres'), args, { ...owner, cwd: directory, stdio: 'ignore' });
    await untilReady(url, child);
  }
  async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    child = undefined;
  }
  async function remove(): Promise<void> {
    await stop('SIGQUIT');
    rmSync(directory, { recursive: true, force: true });
  }

  await start();
  return {
    url,
    start,
    stop,
    remove,
    get pid() {
      return child?.pid;
    },
  };
}

function findBinaries(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a)).map((v) => `/usr/lib/postgresql/${v}/bin`);
  const candidates = [...newest, ...(process.env.PATH ?? '').split(path.delimiter)];
  return candidates.find(
    (bin) => existsSync(path.join(bin, 'initdb')) && existsSync(path.join(bin, 'postgres')),
  );
}

/** PostgreSQL refuses to run as root: then it runs as the user `postgres`. */
function unprivilegedOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL exited with ${child.exitCode} while starting`);
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    const ready = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (ready) return;
    await sleep(50);
  }
  throw new Error('PostgreSQL did not start within 15 seconds');
}
