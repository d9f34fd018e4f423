/** Starts what is measured and what it needs; ends it, and nothing else. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serverCpu } from './cores.ts';
import type { Running, StartOptions } from './peer.ts';

export const cacheDirectory = fileURLToPath(new URL('.cache', import.meta.url));
export const productDirectory = fileURLToPath(new URL('..', import.meta.url));
const startLimit = 60_000;

/** What runs on our behalf, and must not outlive us, however we end. */
const children = new Map<ChildProcess, NodeJS.Signals>();
process.on('exit', () => {
  for (const [child, signal] of children) child.kill(signal);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** Has a child end with the harness. */
export function endWithUs(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): ChildProcess {
  children.set(child, signal);
  child.once('exit', () => children.delete(child));
  return child;
}

export interface ServerToStart extends StartOptions {
  readonly name: string;
  /** The script and its arguments. */
  readonly script: readonly string[];
  /** Where it answers once it is up, with any status. */
  readonly readyPath?: string;
  readonly cwd?: string;
}

/** Starts a Node program that listens on `PORT`, with what it prints in a file; resolves when it answers. */
export async function startNode(server: ServerToStart): Promise<Running> {
  const { name, script, port, databaseUrl, env, nodeArgs = [], readyPath = '/' } = server;
  const log = logFile(name);
  const [command, ...args] = pinned([process.execPath, ...nodeArgs, ...script]);
  const child = spawn(command ?? '', args, {
    cwd: server.cwd ?? productDirectory,
    env: {
      ...cleanEnvironment(),
      NODE_ENV: 'production',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      ...env,
    },
    stdio: ['ignore', openSync(log, 'w'), openSync(log, 'a')],
  });
  endWithUs(child);
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(`${url}${readyPath}`, child, log);
  return { pid: child.pid ?? -1, url, stop: () => stop(child) };
}

/** On a core of its own, if there are enough. `taskset` becomes the program, so the id of the process is its own. */
export const pinned = (command: string[]): string[] =>
  serverCpu === null ? command : ['taskset', '-c', String(serverCpu), ...command];

/** What runs the harness (npm) tells its children things that servers take for theirs. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('npm_') && name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(own);
}

function logFile(name: string): string {
  const directory = path.join(cacheDirectory, 'logs');
  mkdirSync(directory, { recursive: true });
  return path.join(directory, `${name.replaceAll(/\W+/g, '-').toLowerCase()}.log`);
}

async function untilAnswers(url: string, child: ChildProcess, log: string): Promise<void> {
  const limit = Date.now() + startLimit;
  while (Date.now() < limit) {
    if (child.exitCode !== null) break;
    const answered = await fetch(url).then(
      (response) => response.text().then(() => true),
      () => false,
    );
    if (answered) return;
    await sleep(5);
  }
  await stop(child);
  throw new Error(`${url} does not answer\n${readFileSync(log, 'utf8').slice(-4000)}`);
}

/** Ends a child, at once where it does not end by itself. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  const kill = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(kill);
}

/** Runs a Node script to its end. */
export function runNode(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = productDirectory,
): string {
  const environment = { ...cleanEnvironment(), ...env };
  return execFileSync(process.execPath, args, { cwd, env: environment, encoding: 'utf8', stdio: 'pipe' });
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
