import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createCli } from '../process/cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cli: ReturnType<typeof createCli>;
beforeAll(() => {
  cli = createCli();
});
afterAll(() => cli.remove());

it('a database has no account until the operator makes the first one, with a random password that is shown once', async () => {
  const { code, stdout } = await cli.run(['create-admin']);
  const [, password = ''] = /^Created the superuser admin with the password ([\w-]{24})\n/.exec(stdout) ?? [];
  expect([code, new Set(password).size > 8]).toEqual([0, true]);
  const again = await cli.run(['create-admin']);
  expect(again.stdout).toBe('The account admin is there already. Nothing was changed.\n');
  await cli.withDatabase(async ({ prisma }) => {
    expect(await prisma.user.findMany({ select: { username: true } })).toEqual([{ username: 'admin' }]);
    expect(JSON.stringify(await prisma.password.findMany())).not.toContain(password);
  });
});
