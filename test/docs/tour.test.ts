/** The tour of the README, run by a shell as it stands, beside a server of its own. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandExists } from '../setup/commands.ts';
import { type RunningProcess, usergraph } from '../setup/processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const tour = /^```sh\n# tour\n(.*?)^```/ms.exec(readme)?.[1] ?? '';
const guide = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8');
const verification =
  [...guide.matchAll(/^```sh\n(.*?)^```/gms)].find(([text]) => text.includes('jose jws'))?.[1] ?? '';
const canRun = ['bash', 'curl', 'sed', 'grep'].every(commandExists);

let server: RunningProcess;
let erasureId: string | undefined;
beforeAll(async () => {
  if (!canRun) return;
  server = usergraph('start', { PORT: '0', DATABASE_URL: 'pglite:memory', LOG_FORMAT: 'json' });
});
afterAll(async () => {
  await server?.kill('SIGTERM');
});

test.runIf(canRun)('shares, uses, deletes, follows and verifies', async () => {
  const [url] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/);
  const script = `set -eu\n${tour}`
    .replaceAll('http://127.0.0.1:4000', url)
    .replaceAll(/\b(erasure|keys)\.json\b/g, `.cache/tour-${process.pid}-$1.json`);
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: root });
  expect(stdout).toContain('{"imported":2');
  expect(stdout).toContain('"shareAccess":{"__typename":"ShareAccessSuccess"}');
  expect(stdout).toMatch(/"displayName":"Grace Hopper","dataRecords":.*"km":42/);
  expect(stdout).toContain('"transferOwnership":{"__typename":"TransferOwnershipSuccess"}');
  expect(stdout).toContain('{"data":{"user":null}}');
  expect(stdout).toMatch(/"code":"unauthorized"/);
  expect(stdout).toMatch(/verified \{\n\s+iss: .*'dataRecords\.activities': 1/s);
  expect(stdout).not.toContain('"errors"');
  erasureId = /^\{"id":"([^"]+)".*"status":"COMPLETED"/m.exec(stdout)?.[1];
});

test.runIf(canRun && commandExists('jose'))(
  'a tool of others verifies the receipt, and no altered one',
  async () => {
    const [url] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/);
    const directory = await mkdtemp(path.join(tmpdir(), 'usergraph-receipt-'));
    const run = (script: string) =>
      promisify(execFile)('bash', ['-c', `set -eu\n${script}`], { cwd: directory });
    const script = `ERASURE_ID=${erasureId}\n${verification}`.replaceAll('http://127.0.0.1:4000', url);
    const { stdout } = await run(script);
    expect(JSON.parse(stdout)).toMatchObject({ iss: url, jti: erasureId, inventory: { users: 1 } });
    const altered = run(
      "sed -i 's/[.][^.]*$/.AAAA/' receipt.jws; jose jws ver -i receipt.jws -k jwks.json -O-",
    );
    await expect(altered).rejects.toThrow();
    await rm(directory, { recursive: true });
  },
);
