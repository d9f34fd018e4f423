import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunningProcess, usergraph } from './processes.ts';

export interface StartedServer {
  process: RunningProcess;
  /** Where it says it is. */
  url: string;
}

/** Built servers and commands with an embedded database of their own; everything ends with `remove`. */
export function createServers() {
  const parent = mkdtempSync(path.join(tmpdir(), 'usergraph-process-'));
  const directory = path.join(parent, 'data');
  const processes: RunningProcess[] = [];

  function run(command: string, env: NodeJS.ProcessEnv = {}): RunningProcess {
    const settings = {
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: `pglite:${directory}`,
      LOG_FORMAT: 'json',
      ...(env.DATABASE_URL?.startsWith('postgres') && {
        USERGRAPH_SECRET: 'a secret that only these tests use',
      }),
    };
    const process = usergraph(command, { NODE_ENV: 'production', ...settings, ...env });
    processes.push(process);
    return process;
  }

  return {
    parent,
    /** What is in the directory of the database. */
    contents: () => readdirSync(directory),
    /** Starts a server and waits until it says where it is. */
    async start(env: NodeJS.ProcessEnv = {}): Promise<StartedServer> {
      const process = run('start', env);
      const [, url = ''] = await process.printed(/URL +(\S+)\n/);
      return { process, url };
    },
    /** Runs a command that is to end by itself. */
    async finish(command: string, env: NodeJS.ProcessEnv = {}) {
      const process = run(command, env);
      return { code: await process.exited(), stdout: process.stdout, stderr: process.stderr };
    },
    async killAll() {
      await Promise.all(processes.splice(0).map((process) => process.kill('SIGKILL')));
    },
    async remove() {
      await this.killAll();
      rmSync(parent, { recursive: true, force: true });
    },
  };
}
