import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('a signal to npm stops the server that npm started, though the shell between them hands none on', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'usergraph-npm-'));
  const env = { ...process.env, PORT: '0', DATABASE_URL: `pglite:${directory}/data`, LOG_FORMAT: 'json' };
  const npm = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  try {
    await expect.poll(() => output, { timeout: 30_000 }).toMatch(/http:\/\/127\.0\.0\.1:\d+\/graphql/);
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    npm.kill('SIGTERM');
    await expect.poll(() => output, { timeout: 10_000 }).toContain('"msg":"stopped"');
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  } finally {
    npm.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
