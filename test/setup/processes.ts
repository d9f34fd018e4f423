import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface RunningProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves once standard output matches; rejects when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Waits for the end; null after a signal. */
  exited(): Promise<number | null>;
}

/** The built command, as an operator runs it. */
export const usergraph = (command: string, env: NodeJS.ProcessEnv): RunningProcess =>
  startProcess([fileURLToPath(new URL('../../dist/cli/usergraph.js', import.meta.url)), command], env);

/** A TypeScript file of the tests in a process of its own. */
export const script = (url: URL, args: string[], env: NodeJS.ProcessEnv = {}): RunningProcess =>
  startProcess(['--import', 'tsx', fileURLToPath(url), ...args], env);

function startProcess(args: string[], env: NodeJS.ProcessEnv): RunningProcess {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const closed = once(child, 'close');
  const exited = async () => {
    await closed;
    return child.exitCode;
  };
  return {
    child,
    pid: child.pid ?? -1,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    exited,
    async kill(signal) {
      child.kill(signal);
      await closed;
    },
    async printed(pattern) {
      for (;;) {
        const match = pattern.exec(output.stdout);
        if (match) return match;
        const event = await Promise.race([once(child.stdout, 'data'), closed.then(() => 'closed')]);
        if (event === 'closed' && !pattern.test(output.stdout)) {
          throw new Error(
            `ended with ${child.exitCode} before ${pattern}\n${output.stdout}\n${output.stderr}`,
          );
        }
      }
    },
  };
}
