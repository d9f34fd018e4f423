/** The commands of the product, run here one after the other on an embedded database that they share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { createProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { createLog } from '../../src/log.ts';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function createCli() {
  const parent = mkdtempSync(path.join(tmpdir(), 'usergraph-cli-'));
  const directory = path.join(parent, 'data');
  const settings = { DATABASE_URL: `pglite:${directory}`, HOST: '127.0.0.1', PORT: '0', LOG_FORMAT: 'json' };

  return {
    /** The file that keeps the secret beside the database. */
    secretFile: `${directory}.secret`,
    settings,
    /** Runs `usergraph …` to its end, as a process would. */
    async run(args: string[], env: Record<string, string> = {}): Promise<Finished> {
      for (const [name, value] of Object.entries({ ...settings, ...env })) vi.stubEnv(name, value);
      const [stdout, stderr] = [capture('stdout'), capture('stderr')];
      try {
        await withoutExit(createProgram()).parseAsync(args, { from: 'user' });
        return { code: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() };
      } catch (error) {
        const { exitCode } = error as { exitCode?: number };
        if (exitCode === undefined) throw error;
        return { code: exitCode, stdout: stdout.text(), stderr: stderr.text() };
      } finally {
        process.exitCode = undefined;
        stdout.restore();
        stderr.restore();
        vi.unstubAllEnvs();
      }
    },
    /** Opens the database that the commands left. */
    async withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
      const database = await openDatabase(settings.DATABASE_URL);
      return work(database).finally(() => database.close());
    },
    /** Asks a server on the database who calls, with each of these secrets. */
    ask(...secrets: string[]): Promise<{ status: number; text: string }[]> {
      return this.withDatabase(async (database) => {
        const log = createLog({ logLevel: 'silent', logFormat: 'json' });
        const app = createApp({ database, config: loadConfig(settings), log });
        const query =
          '{ viewer { user { username } credential { scopes } organizations { organization { name } } } }';
        const ask = async (secret: string) => {
          const request = new Request('http://usergraph.test/graphql', {
            method: 'POST',
            headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
            body: JSON.stringify({ query }),
          });
          const response = await app.fetch(request, { remoteAddress: '192.0.2.7' });
          return { status: response.status, text: await response.text() };
        };
        return Promise.all(secrets.map(ask)).finally(() => app.close());
      });
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

function capture(stream: 'stdout' | 'stderr') {
  const written: string[] = [];
  const spy = vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  return { text: () => written.join(''), restore: () => spy.mockRestore() };
}

/** A bad option ends the process; here it is thrown. */
function withoutExit(command: Command): Command {
  for (const inner of command.commands) withoutExit(inner);
  return command.exitOverride();
}
