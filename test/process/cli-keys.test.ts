import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { script } from '../setup/processes.ts';
import { createCli } from './cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cli: ReturnType<typeof createCli>;
beforeAll(() => {
  cli = createCli();
});
afterAll(() => cli.remove());

/** A start is a process of its own, which does not come back where it works. */
async function startElsewhere(env: Record<string, string>) {
  const file = new URL('../../src/cli/usergraph.ts', import.meta.url);
  const process = script(file, ['start'], { ...cli.settings, ...env });
  return { code: await process.exited(), stdout: process.stdout, stderr: process.stderr };
}

interface ListedKey {
  readonly keyId: string;
  readonly verifiesUntil: string | null;
}

const list = async () => JSON.parse((await cli.run(['keys', 'list', '--json'])).stdout) as ListedKey[];
const rotate = async (...options: string[]) => {
  const { code, stdout, stderr } = await cli.run(['keys', 'rotate', ...options]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return /^The key ([\w-]{43}) signs/.exec(stdout)?.[1];
};

test('usergraph keys rotates with an overlap of an hour, at once after a leak, and on the audit trail', async () => {
  expect((await cli.run(['keys', 'list'])).stdout).toBe('There are none: the first start makes one.\n');
  const [first, second] = [await rotate(), await rotate()];
  expect(await list()).toMatchObject([
    { keyId: second, verifiesUntil: null },
    { keyId: first, verifiesUntil: expect.any(String) },
  ]);
  const until = Date.parse((await list())[1]?.verifiesUntil ?? '');
  expect(Math.abs(until - Date.now() - 3_600_000)).toBeLessThan(60_000);
  const third = await rotate('--leaked');
  expect(await list()).toMatchObject([{ keyId: third, verifiesUntil: null }]);
  const text = (await cli.run(['keys', 'list'])).stdout;
  expect(text).toMatch(new RegExp(`${third} +ES256 +\\S+ +signs\n$`));
  expect(text).not.toContain('"d"');

  const events = await cli.withDatabase(({ prisma }) =>
    prisma.auditEvent.findMany({ where: { subjectType: 'SigningKey' }, orderBy: { occurredAt: 'asc' } }),
  );
  expect(events.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['key.register', 'key.retire', 'key.register']),
  );
  expect(new Set(events.map(({ credentialKind }) => credentialKind))).toEqual(new Set(['CONSOLE']));
});

test('the secret beside an embedded database is for its owner only, and stays the same', async () => {
  const secret = readFileSync(cli.secretFile, 'utf8');
  expect(Buffer.from(secret, 'base64')).toHaveLength(32);
  expect(statSync(cli.secretFile).mode & 0o777).toBe(0o600);
  await rotate();
  expect(readFileSync(cli.secretFile, 'utf8')).toBe(secret);
});

test('a start with another USERGRAPH_SECRET exits with 1 and says what to do, which then helps', async () => {
  const env = { USERGRAPH_SECRET: 'another secret of enough characters' };
  const { code, stdout, stderr } = await startElsewhere(env);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^The signing key in the database was sealed with another USERGRAPH_SECRET\./);
  expect(stderr).toContain('usergraph keys rotate');
  expect(stderr).not.toContain('    at ');
  expect(stderr).not.toContain(env.USERGRAPH_SECRET);
  const before = await list();
  expect((await cli.run(['keys', 'rotate'], env)).code).toBe(0);
  expect((await list()).slice(1).map(({ keyId }) => keyId)).toContain(before[0]?.keyId);
});

test.each(['', 'short\n'])(
  'a kept secret that is no longer whole (%j) is refused, not used',
  async (text) => {
    const kept = readFileSync(cli.secretFile);
    writeFileSync(cli.secretFile, text);
    const { code, stderr } = await cli.run(['keys', 'rotate']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The secret in .*data\.secret is not whole/);
    expect(stderr).not.toContain('    at ');
    writeFileSync(cli.secretFile, kept);
    chmodSync(cli.secretFile, 0o600);
  },
);
