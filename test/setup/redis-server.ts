import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RedisServer {
  readonly url: string;
  start(): Promise<void>;
  /** Ends it at once, as a crash would: what it counted is gone. */
  stop(): Promise<void>;
  /** Lets it hang: it takes connections and answers nothing. */
  pause(): void;
  resume(): void;
  remove(): Promise<void>;
}

/** The program of Redis or Valkey; undefined when neither is installed. */
export function findRedis(): string | undefined {
  const directories = ['/usr/bin', '/usr/local/bin', ...(process.env.PATH ?? '').split(path.delimiter)];
  return ['redis-server', 'valkey-server']
    .flatMap((name) => directories.map((directory) => path.join(directory, name)))
    .find((file) => existsSync(file));
}

/** A private server on a free port of 127.0.0.1, which keeps nothing on disk. */
export async function createRedisServer({
  password,
  settings = [],
}: {
  password?: string;
  settings?: readonly string[];
} = {}): Promise<RedisServer> {
  const program = findRedis();
  if (program === undefined) throw new Error('install Redis or Valkey for this test');
  const directory = mkdtempSync(path.join(tmpdir(), 'usergraph-redis-'));
  const port = await findFreePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory, ...settings];
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    if (child) return;
    child = spawn(program ?? '', [...args, ...(password ? ['--requirepass', password] : [])], {
      stdio: 'ignore',
    });
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await answers(port)) return;
      await sleep(25);
    }
    throw new Error('Redis did not start within 5 seconds');
  }
  async function stop(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    child = undefined;
  }

  await start();
  return {
    url: `redis://${password ? `:${password}@` : ''}127.0.0.1:${port}`,
    start,
    stop,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async remove() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whether it answers at all, be it that it wants a password. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    await once(socket, 'data');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
