import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCli, type Finished } from './cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let cli: ReturnType<typeof createCli>;
beforeAll(async () => {
  cli = createCli();
  expect(await cli.run(['seed'])).toMatchObject({ code: 0 });
});
afterAll(() => cli.remove());

const usual = ['--name', 'CI', '--scopes', 'profile,data:read'];
const secretIn = ({ stdout }: Finished) => /ug_tok_[\w-]{43}[A-Za-z0-9]{6}/.exec(stdout)?.[0] ?? '';
const idIn = ({ stdout }: Finished) => /token_[0-9a-z]{26}/.exec(stdout)?.[0] ?? '';
const audited = (action: string) =>
  cli.withDatabase(({ prisma }) => prisma.auditEvent.findMany({ where: { action } }));

describe('usergraph token', () => {
  test('makes a token that works, lists, rotates and revokes it, all on the audit trail of the console', async () => {
    const made = await cli.run(['token', 'create', '--user', 'ada', ...usual, '--networks', '192.0.2.0/24']);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('It is shown this once.');
    const [answer] = await cli.ask(secretIn(made));
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.text ?? '').data.viewer).toMatchObject({
      user: { username: 'ada' },
      credential: { scopes: expect.arrayContaining(['PROFILE', 'DATA_READ']) },
    });
    expect(await audited('token.create')).toMatchObject([
      { credentialKind: 'CONSOLE', actorId: null, userAgent: expect.stringMatching(/^usergraph \d/) },
    ]);

    const listed = await cli.run(['token', 'list', '--user', 'ada@example.com']);
    expect(listed.stdout).toContain(idIn(made));
    expect(listed.stdout).not.toContain(secretIn(made).slice(12));

    const rotated = await cli.run(['token', 'rotate', idIn(made), '--overlap', '10']);
    expect(secretIn(rotated)).not.toBe(secretIn(made));
    const statuses = async () =>
      (await cli.ask(secretIn(made), secretIn(rotated))).map(({ status }) => status);
    expect(await statuses()).toEqual([200, 200]);
    expect(await audited('token.rotate')).toHaveLength(1);

    expect((await cli.run(['token', 'revoke', idIn(made)])).stdout).toMatch(/^Revoked the token token_/);
    expect(await statuses()).toEqual([401, 401]);
    expect((await cli.run(['token', 'list', '--user', 'ada'])).stdout).not.toContain(idIn(made));
    expect((await cli.run(['token', 'list', '--all'])).stdout).toMatch(new RegExp(`${idIn(made)}.*revoked`));
  });

  test('prints JSON for programs, with the secret where it is made and nowhere else', async () => {
    const owner = ['--organization', 'acme'];
    const options = [...usual, '--expires', '90d', '--rate-limit', '60', '--json'];
    const made = JSON.parse((await cli.run(['token', 'create', ...owner, ...options])).stdout);
    expect(made).toMatchObject({
      id: expect.stringMatching(/^token_/),
      owner: expect.stringMatching(/^org_/),
      name: 'CI',
      scopes: ['profile', 'data:read'],
      allowedNetworks: [],
      rateLimit: 60,
      revokedAt: null,
      secret: expect.stringMatching(/^ug_tok_/),
    });
    const days = (Date.parse(made.expiresAt) - Date.now()) / 86_400_000;
    expect(Math.abs(days - 90)).toBeLessThan(0.1);
    expect((await cli.ask(made.secret))[0]?.text).toContain('"name":"Acme"');
    const listed = JSON.parse((await cli.run(['token', 'list', ...owner, '--json'])).stdout);
    const { secret, ...known } = made;
    expect(listed).toContainEqual({ ...known, lastUsedAt: expect.any(String) });
    expect(JSON.stringify(listed)).not.toContain(secret.slice(12));
    expect(JSON.stringify(listed)).not.toMatch(/hash/i);
  });

  test.each<[string, string[], RegExp]>([
    ['no owner', ['create', ...usual], /^Say whose token it is: --user or --organization\.\n$/],
    ['two owners', ['create', '--user', 'ada', '--organization', 'acme', ...usual], /^A token has one owner/],
    ['an unknown account', ['create', '--user', 'nobody', ...usual], /^There is no account nobody\.\n$/],
    [
      'an unknown organization',
      ['create', '--organization', 'x', ...usual],
      /^There is no organization x\.\n$/,
    ],
    [
      'an unknown scope',
      ['create', '--user', 'ada', '--name', 'x', '--scopes', 'root'],
      /^--scopes: there is no root; there are openid, /,
    ],
    ['no scopes', ['create', '--user', 'ada', '--name', 'x'], /required option '--scopes/],
    [
      'a day that is none',
      ['create', '--user', 'ada', ...usual, '--expires', '2031-02-31'],
      /^--expires must be/,
    ],
    [
      'a past day',
      ['create', '--user', 'ada', ...usual, '--expires', '2020-01-31'],
      /^expiresAt: must be in the future\n$/,
    ],
    [
      'bad bounds',
      ['create', '--user', 'ada', ...usual, '--networks', 'here', '--rate-limit', '2000'],
      /^rateLimit: must be at most 1000\nallowedNetworks\.0: must be an address/,
    ],
    [
      'half a number',
      ['create', '--user', 'ada', ...usual, '--rate-limit', '1.5'],
      /^--rate-limit must be a whole number\.\n$/,
    ],
    ['no id', ['revoke', 'user_01h455vb4pex5vsknk084sn02q'], /is no id of a token/],
    ['an unknown id', ['rotate', 'token_01h455vb4pex5vsknk084sn02q'], /^There is no such object/],
  ])('given %s says so, and exits with 1', async (_what, args, message) => {
    const { code, stdout, stderr } = await cli.run(['token', ...args]);
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
  });

  test('and nothing came of all that', async () => {
    expect(await cli.withDatabase(({ prisma }) => prisma.apiToken.count())).toBe(2);
    expect(await audited('token.create')).toHaveLength(2);
  });
});
