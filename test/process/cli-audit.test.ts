import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createCli } from './cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cli: ReturnType<typeof createCli>;
beforeAll(async () => {
  cli = createCli();
  await cli.run(['migrate']);
});
afterAll(() => cli.remove());

const verify = (...options: string[]) => cli.run(['audit', 'verify', ...options]);

test('usergraph audit verify prints the head of a whole trail, and finds what was changed in it', async () => {
  expect(await verify()).toEqual({ code: 0, stdout: 'The audit trail holds no events.\n', stderr: '' });
  for (const _time of [1, 2, 3]) await cli.run(['keys', 'rotate']);
  const whole = await verify();
  const [, events, head = ''] = /whole: (\d+) events\..*\n(\d+:[0-9a-f]{64})\n$/.exec(whole.stdout) ?? [];
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  const [sequence, hash] = head.split(':');
  expect(sequence).toBe(events);
  expect(JSON.parse((await verify('--json')).stdout)).toEqual({
    events: Number(events),
    head: { sequence, hash },
    breaks: [],
  });
  expect((await verify('--from', '2', '--expect', head)).code).toBe(0);
  expect((await verify('--expect', `${sequence}:${'0'.repeat(64)}`)).stdout).toBe(
    `The audit trail is not whole:\n  event ${sequence}: the hash is not the expected one\n`,
  );

  await cli.withDatabase(({ prisma }) =>
    prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL session_replication_role = replica`;
      await tx.$executeRaw`UPDATE audit_events SET action = 'key.retire' WHERE sequence = 1`;
    }),
  );
  const broken = await verify();
  expect(broken).toEqual({
    code: 1,
    stdout: 'The audit trail is not whole:\n  event 1: its hash does not fit what it says\n',
    stderr: '',
  });
  expect(JSON.parse((await verify('--json')).stdout).breaks).toEqual([
    { sequence: '1', problem: 'its hash does not fit what it says' },
  ]);
});

test.each([
  ['--from', '0'],
  ['--from', 'x'],
  ['--expect', '12'],
  ['--expect', `12:${'0'.repeat(63)}`],
])('%s %s is refused with a reason', async (...options) => {
  const { code, stdout, stderr } = await verify(...options);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(options[0]);
  expect(stderr).not.toContain('    at ');
});
