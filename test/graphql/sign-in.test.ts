import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoPassword } from '../../src/demo/people.ts';
import { graphql } from '../generated/index.ts';
import { type Client, openTestApp, signIn, signInAnew, type TestApp } from '../setup/app.ts';
import { createPerson } from './accounts.ts';
import { updateUser } from './update-inputs.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const signInAndRead = graphql(`
  mutation SignInAndRead($input: SignInInput!) {
    signIn(input: $input) {
      __typename
      ... on SignInSuccess {
        token
        expiresAt
        user {
          displayName
          username
          email
          metadata
          grantedScopes
          viewerCanReadPrivate
          sessions {
            id
            isCurrent
            ipAddress
            userAgent
          }
          managedUsers {
            totalCount
          }
        }
      }
      ... on Error {
        code
        path
        message
      }
    }
  }
`);

async function attempt(login: string, password: string) {
  const { status, data, text } = await app.anonymous.send(signInAndRead, { input: { login, password } });
  expect(status, text).toBe(200);
  return data.signIn;
}

const wrong = {
  __typename: 'InvalidCredentialsError',
  code: 'INVALID_CREDENTIALS',
  path: ['input'],
  message: 'The login or the password is wrong.',
};

const whoAmI = async (client: Client) =>
  await client.send<{ me: { username: string } }, object>('{ me { username } }');

describe('signing in', () => {
  it.each(['ada', 'ADA', 'ada@example.com', 'Ada@Example.COM', 'countess@example.com'])(
    'works by %s: by username and by any address, whatever the case',
    async (login) => {
      expect(await attempt(login, demoPassword)).toMatchObject({
        __typename: 'SignInSuccess',
        user: { displayName: 'Ada Lovelace' },
      });
    },
  );

  it('answers with private facts to who signed in, and the session is the current one', async () => {
    const result = await attempt('ada', demoPassword);
    if (result.__typename !== 'SignInSuccess') throw new Error(result.message);
    expect(result.token).toMatch(/^ug_ses_[\w-]{49}$/);
    expect(result.user).toMatchObject({
      email: 'ada@example.com',
      metadata: { team: 'engines' },
      viewerCanReadPrivate: true,
      managedUsers: { totalCount: 2 },
    });
    expect(result.user.grantedScopes).toContain('DATA_WRITE');
    expect(result.user.sessions?.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
  });

  it.each([
    ['a wrong password', 'ada', 'wrong'],
    ['the password in another case', 'ada', demoPassword.toUpperCase()],
    ['a longer password', 'ada', `${demoPassword} `],
    ['an empty password', 'ada', ''],
    ['an unknown login', 'nobody', demoPassword],
    ['an empty login', '', demoPassword],
    ['a pattern', 'ad%', demoPassword],
    ['a display name', 'Ada Lovelace', demoPassword],
    ['an OAuth2 account, which has no password', 'linus@example.com', demoPassword],
    ['an OAuth2 account and an empty password', 'linus@example.com', ''],
    ['a service account', 'ci', demoPassword],
    ['a suspended account and a wrong password', 'margaret', 'wrong'],
    ['a login of 100,000 characters', 'x'.repeat(100_000), demoPassword],
    ['a password of 100,000 characters', 'ada', 'x'.repeat(100_000)],
  ])(
    'with %s answers that the login or the password is wrong, and no more',
    async (_what, login, password) => {
      expect(await attempt(login, password)).toEqual(wrong);
    },
  );

  it('tells that an account is suspended only to who knows its password', async () => {
    expect(await attempt('margaret', demoPassword)).toMatchObject({
      __typename: 'AccountNotActiveError',
      code: 'ACCOUNT_NOT_ACTIVE',
      message: expect.stringContaining('suspended'),
    });
    expect(await attempt('margaret', 'wrong')).toEqual(wrong);
  });

  it('that fails opens no session and writes no trail', async () => {
    const { prisma } = app.database;
    const count = async () => [await prisma.session.count(), await prisma.auditEvent.count()];
    const before = await count();
    for (const [login, password] of [
      ['ada', 'wrong'],
      ['nobody', 'wrong'],
      ['margaret', demoPassword],
    ] as const) {
      await attempt(login, password);
    }
    expect(await count()).toEqual(before);
  });

  it('acts as who signed in for the rest of the operation', async () => {
    const document = `mutation { signIn(input: { login: "ada", password: "${demoPassword}" }) { __typename }
      updateMe(input: { company: "Signed In" }) { ... on UpdateMeSuccess { user { company email } } } }`;
    expect(await app.anonymous.run(document)).toMatchObject({
      updateMe: { user: { company: 'Signed In', email: 'ada@example.com' } },
    });
  });
});

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

it('takes as long for an unknown login, and for an account without a password, as for a wrong password', async () => {
  const logins = { wrong: 'ada', unknown: 'nobody-at-all', passwordless: 'linus@example.com' };
  const times: Record<string, number[]> = { wrong: [], unknown: [], passwordless: [] };
  for (let round = 0; round < 30; round += 1) {
    for (const [what, login] of Object.entries(logins)) {
      const started = performance.now();
      await attempt(login, `wrong ${round}`);
      times[what]?.push(performance.now() - started);
    }
  }
  const reference = median(times.wrong ?? []);
  for (const what of ['unknown', 'passwordless']) {
    const ratio = median(times[what] ?? []) / reference;
    expect(ratio, `${what}: ${ratio.toFixed(2)} of the time of a wrong password`).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(1.6);
  }
});

describe('a session', () => {
  it('remembers the address and the program it was opened from', async () => {
    const body = JSON.stringify({
      query: `mutation { signIn(input: { login: "grace", password: "${demoPassword}" }) {
        ... on SignInSuccess { user { sessions { ipAddress userAgent isCurrent } } } } }`,
    });
    const headers = {
      'content-type': 'application/json',
      'user-agent': `Browser of a test ${'x'.repeat(600)}`,
    };
    const response = await app.fetch('/graphql', { method: 'POST', headers, body });
    const { data } = (await response.json()) as { data: { signIn: { user: { sessions: object[] } } } };
    const session = {
      ipAddress: '192.0.2.200',
      userAgent: headers['user-agent'].slice(0, 500),
      isCurrent: true,
    };
    expect(data.signIn.user.sessions).toEqual([session]);
    const row = await app.database.prisma.auditEvent.findFirst({ orderBy: { sequence: 'desc' } });
    expect(row).toMatchObject({
      action: 'session.create',
      credentialKind: 'SESSION',
      ipAddress: '192.0.2.200',
    });
  });

  it('ends with signOut, alone, at once and once', async () => {
    const [first, second] = [
      app.withToken(await signIn(app.anonymous, 'ada')),
      app.withToken(await signIn(app.anonymous, 'ada')),
    ];
    const signOut = 'mutation { signOut { ... on SignOutSuccess { signedOut } } }';
    expect(await first.run(signOut)).toEqual({ signOut: { signedOut: true } });
    const { status, errors, headers } = await whoAmI(first);
    expect([status, errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect((await first.send(signOut)).status).toBe(401);
    expect((await whoAmI(second)).data.me.username).toBe('ada');
  });

  it('cannot be signed out without one', async () => {
    const signOut = 'mutation { signOut { __typename } }';
    expect((await app.anonymous.send(signOut)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const ada = await app.as('ada');
    const { createApiToken } =
      (await ada.run(`mutation { createApiToken(input: { name: "x", scopes: [PROFILE] }) {
      ... on CreateApiTokenSuccess { secret } } }`)) as { createApiToken: { secret: string } };
    const refused = await app.withToken(createApiToken.secret).send(signOut);
    expect([refused.status, refused.errors[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
  });

  it('ends by itself after SESSION_DAYS, however often it is used', async () => {
    const client = app.withToken(await signIn(app.anonymous, 'ada'));
    try {
      for (const day of [13, 26]) {
        app.clock.offset = day * 86_400_000;
        expect((await whoAmI(client)).status).toBe(200);
      }
      app.clock.offset = 30 * 86_400_000 - 60_000;
      expect((await whoAmI(client)).status).toBe(200);
      app.clock.offset = 30 * 86_400_000;
      expect((await whoAmI(client)).status).toBe(401);
    } finally {
      app.clock.offset = 0;
    }
  });

  it('ends when nobody used it for SESSION_IDLE_DAYS', async () => {
    const client = app.withToken(await signIn(app.anonymous, 'ada'));
    try {
      app.clock.offset = 14 * 86_400_000 - 60_000;
      expect((await whoAmI(client)).status).toBe(200);
      app.clock.offset += 14 * 86_400_000;
      expect((await whoAmI(client)).status).toBe(401);
    } finally {
      app.clock.offset = 0;
    }
  });

  it('ends when the account is suspended', async () => {
    const { id, username } = await createPerson(app, { password: 'a first password' });
    const client = app.withToken(await signInAnew(app.anonymous, username, 'a first password'));
    await (await app.as('admin')).run(updateUser, { id, input: { status: 'SUSPENDED' } });
    expect((await whoAmI(client)).status).toBe(401);
  });
});

describe('what is stored', () => {
  it('of a password is argon2id of 19 MiB, 2 passes and 1 lane, with a salt of its own, however it was set', async () => {
    const made = await createPerson(app, { password: 'the same password' });
    const changed = await createPerson(app);
    await (await app.as('admin')).run(updateUser, {
      id: changed.id,
      input: { password: 'the same password' },
    });
    const rows = await app.database.prisma.password.findMany({
      where: { OR: [{ userId: { in: [made.uuid, changed.uuid] } }, { user: { username: 'ada' } }] },
    });
    expect(rows).toHaveLength(3);
    for (const { hash } of rows)
      expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(new Set(rows.map(({ hash }) => hash)).size).toBe(3);
  });

  it('of a token is its SHA-256 only', async () => {
    const token = await signIn(app.anonymous, 'ada');
    const { rows } = await app.database.pool.query<{ text: string }>(
      `SELECT sessions::text || coalesce((SELECT string_agg(audit_events::text || outbox_events::text, '')
        FROM audit_events, outbox_events), '') AS text FROM sessions ORDER BY created_at DESC LIMIT 1`,
    );
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
    expect(rows[0]?.text).toContain(Buffer.from(digest).toString('hex'));
    expect(rows[0]?.text).not.toContain(token);
  });
});
