import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { secretOf } from '../../src/auth/secrets.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { type Client, openTestApp, signIn, signInAnew, type TestApp } from '../setup/app.ts';
import { password, passwordHash } from './actors.ts';
import { ask } from './ask.ts';
import { createFingerprint, type Fingerprint, readEverything } from './database-text.ts';
import { ago, collectRows, deleteAllRows, hour } from './rows.ts';

let app: TestApp;
let fingerprint: () => Promise<Fingerprint>;
let rows: ReturnType<typeof collectRows>;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  fingerprint = await createFingerprint(app.database);
});
beforeEach(() => {
  rows = collectRows();
});
afterEach(async () => {
  app.clock.offset = 0;
  await deleteAllRows(app.database);
});
afterAll(() => app.close());

const prisma = () => app.database.prisma;

/** Whether a client's credential is accepted. A refused one fails the whole request and writes nothing. */
async function works(client: Client): Promise<boolean> {
  const before = await fingerprint();
  const { status, data, errors, headers, text } = await client.send<{ me: object | null }, object>(
    '{ me { id } }',
  );
  if (status === 200) {
    expect(errors).toEqual([]);
    expect(data.me).not.toBeNull();
    return true;
  }
  expect(status, text).toBe(401);
  expect(data, text).toBeUndefined();
  expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
  const mutation = await client.send(
    'mutation { createManagedUser(input: { firstName: "x" }) { __typename } }',
  );
  expect([mutation.status, mutation.data]).toEqual([401, undefined]);
  expect(await fingerprint()).toEqual(before);
  return false;
}

describe('a credential', () => {
  test('of a session works until the session expires, and not at that moment', async () => {
    const client = app.withToken(
      rows.session(rows.user(), { expiresAt: new Date(Date.now() + hour) }).secret,
    );
    await rows.write(app.database);
    expect(await works(client)).toBe(true);
    app.clock.offset = hour - 10_000;
    expect(await works(client)).toBe(true);
    app.clock.offset = hour;
    expect(await works(client)).toBe(false);
  });

  test('of an API token works until the token expires', async () => {
    const client = app.withToken(rows.apiToken({ userId: rows.user() }).secret);
    await rows.write(app.database);
    expect(await works(client)).toBe(true);
    app.clock.offset = hour;
    expect(await works(client)).toBe(false);
  });

  test('stops at once when it is revoked', async () => {
    const user = rows.user();
    const [session, token] = [app.withToken(rows.session(user).secret), rows.apiToken({ userId: user })];
    await rows.write(app.database);
    const withToken = app.withToken(token.secret);
    expect(await works(withToken)).toBe(true);
    expect(await ask(session, 'revokeApiToken(id: $id)', { id: encodeId('ApiToken', token.id) })).toBe('ok');
    expect(await works(withToken)).toBe(false);
    expect(await ask(session, 'signOut')).toBe('ok');
    expect(await works(session)).toBe(false);
  });

  test('that was revoked in the past or the future is revoked', async () => {
    const user = rows.user();
    const revoked = [ago(hour), new Date(Date.now() + hour)].flatMap((revokedAt) => [
      rows.session(user, { revokedAt }),
      rows.apiToken({ userId: user }, undefined, { revokedAt }),
    ]);
    await rows.write(app.database);
    for (const { secret } of revoked) expect(await works(app.withToken(secret))).toBe(false);
  });

  test.each(['SUSPENDED', 'PENDING', 'DELETING'] as const)(
    'of an account that is %s does not work',
    async (status) => {
      const user = rows.user({ status });
      const organization = rows.organization('Acme');
      const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId: organization, status });
      const owned = [rows.session(user), rows.apiToken({ userId: user }), rows.apiToken({ userId: robot })];
      await rows.write(app.database);
      for (const { secret } of owned) expect(await works(app.withToken(secret))).toBe(false);
    },
  );

  test('stops when a superuser suspends the account; active again, it has its tokens but not its sessions', async () => {
    const [user, root] = [rows.user(), rows.user({ isSuperuser: true })];
    const clients = [rows.session(user), rows.apiToken({ userId: user })].map(({ secret }) =>
      app.withToken(secret),
    );
    const superuser = app.withToken(rows.session(root).secret);
    await rows.write(app.database);
    const id = encodeId('User', user);
    for (const [status, working] of [
      ['SUSPENDED', [false, false]],
      ['ACTIVE', [false, true]],
    ] as const) {
      expect(await ask(superuser, 'updateUser(id: $id, input: $input)', { id, input: { status } })).toBe(
        'ok',
      );
      expect(await Promise.all(clients.map(works))).toEqual(working);
    }
  });

  test('stops at once when the account is deleted, by itself or a superuser, and with it those of its managed users', async () => {
    const [one, two, root] = [rows.user(), rows.user(), rows.user({ isSuperuser: true })];
    const kid = rows.user({ kind: 'MANAGED', managerId: two });
    const own = app.withToken(rows.session(one).secret);
    const others = [
      rows.apiToken({ userId: one }),
      rows.session(two),
      rows.apiToken({ userId: two }),
      rows.apiToken({ userId: kid }),
    ];
    const superuser = app.withToken(rows.session(root).secret);
    await rows.write(app.database);
    expect(await ask(own, 'deleteMe')).toBe('ok');
    expect(await ask(superuser, 'deleteUser(id: $id)', { id: encodeId('User', two) })).toBe('ok');
    for (const client of [own, ...others.map(({ secret }) => app.withToken(secret))]) {
      expect(await works(client)).toBe(false);
    }
  });

  test('of an organization stops when the organization is deleted, and so do those of its service accounts', async () => {
    const organization = rows.organization('Acme');
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId: organization });
    const [own, service] = [
      rows.apiToken({ organizationId: organization }),
      rows.apiToken({ userId: robot }),
    ];
    await rows.write(app.database);
    const kind = '{ viewer { credential { kind } organizations { organization { name } } } }';
    expect((await app.withToken(own.secret).send(kind)).text).toContain('Acme');
    await prisma().organization.deleteMany();
    expect(await works(app.withToken(own.secret))).toBe(false);
    expect(await works(app.withToken(service.secret))).toBe(false);
  });

  test('of every session ends when a superuser sets a password', async () => {
    const [user, root] = [rows.user({ username: 'ada' }), rows.user({ isSuperuser: true })];
    const session = app.withToken(rows.session(user).secret);
    const superuser = app.withToken(rows.session(root).secret);
    await rows.write(app.database);
    const input = { password: 'a long password' };
    expect(
      await ask(superuser, 'updateUser(id: $id, input: $input)', { id: encodeId('User', user), input }),
    ).toBe('ok');
    expect(await works(session)).toBe(false);
    expect(await works(app.withToken(await signInAnew(app.anonymous, 'ada', 'a long password')))).toBe(true);
  });

  const endings = ['deleteMe', 'deleteUser(id: $id)', 'signOut'];
  const after = [
    'updateMe(input: { bio: "x" })',
    'completeOnboarding',
    'createManagedUser(input: { firstName: "x" })',
    'createServiceAccount(input: { name: "x", organizationId: $organization })',
    'createApiToken(input: { name: "x", scopes: [] })',
    'createApiToken(input: { name: "x", scopes: [], ownerId: $organization })',
  ];
  test.each(endings.flatMap((ending) => after.map((next) => [ending, next] as const)))(
    'is over for the rest of its own request: after %s, %s is UNAUTHENTICATED',
    async (ending, next) => {
      const [self, other] = [rows.user(), rows.user()];
      const organization = rows.organization('Acme', [
        [self, 'OWNER'],
        [other, 'OWNER'],
      ]);
      const client = app.withToken(rows.session(self).secret);
      await rows.write(app.database);
      const variables = { id: encodeId('User', self), organization: encodeId('Organization', organization) };
      const declared = Object.keys(variables).filter((name) => `${ending} ${next}`.includes(`$${name}`));
      const head = declared.length > 0 ? `(${declared.map((name) => `$${name}: ID!`).join(', ')})` : '';
      const { errors, text } = await client.send(
        `mutation ${head} { first: ${ending} { __typename } second: ${next} { __typename } }`,
        variables,
      );
      expect(
        errors.map(({ extensions }) => extensions.code),
        text,
      ).toEqual(['UNAUTHENTICATED']);
      expect(await prisma().apiToken.count()).toBe(0);
      expect(await prisma().user.count({ where: { kind: { not: 'HUMAN' } } })).toBe(0);
    },
  );
});

describe('an Authorization header', () => {
  const unknown = new Uint8Array(32);
  const malformed: [what: string, header: (session: string, token: string) => string][] = [
    ['is empty', () => ''],
    ['has no token', () => 'Bearer'],
    ['has a blank token', () => 'Bearer   '],
    ['is of another scheme', (session) => `Basic ${Buffer.from(`ada:${session}`).toString('base64')}`],
    ['has no scheme', (session) => session],
    ['has two tokens', (session, token) => `Bearer ${session} ${token}`],
    ['is there twice', (session, token) => `Bearer ${session}, Bearer ${token}`],
    ['has an unknown session', () => `Bearer ${secretOf('session', unknown).secret}`],
    ['has an unknown token', () => `Bearer ${secretOf('apiToken', unknown).secret}`],
    ['has a session with a wrong checksum', (session) => `Bearer ${session.slice(0, -6)}000000`],
    ['has a session as a token', (session) => `Bearer ${session.replace('ug_ses_', 'ug_tok_')}`],
    ['has a token as a session', (_session, token) => `Bearer ${token.replace('ug_tok_', 'ug_ses_')}`],
    ['has a session in other letters', (session) => `Bearer ${session.toUpperCase()}`],
    ['has a shortened session', (session) => `Bearer ${session.slice(0, -1)}`],
    ['has a lengthened session', (session) => `Bearer ${session}A`],
    ['has a session without its prefix', (session) => `Bearer ${session.slice('ug_ses_'.length)}`],
    ['has a quoted session', (session) => `Bearer "${session}"`],
    ['has a hash', () => `Bearer \\x${'0'.repeat(64)}`],
    ['is SQL', () => `Bearer ug_ses_'OR'1'='1`],
    ['is very long', () => `Bearer ${'A'.repeat(8000)}`],
  ];

  async function send(authorization: string, query = '{ me { id } }') {
    const headers = { 'content-type': 'application/json', authorization };
    const response = await app.fetch('/graphql', {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
    });
    return { status: response.status, text: await response.text() };
  }

  const unreadable = ['has no token', 'has a blank token', 'has two tokens', 'is there twice'];

  test.each(malformed)('that %s is refused, not taken for none', async (what, header) => {
    const user = rows.user({ username: 'ada' });
    const [session, token] = [rows.session(user).secret, rows.apiToken({ userId: user }).secret];
    await rows.write(app.database);
    const { status, text } = await send(header(session, token));
    const [expected, code] = unreadable.includes(what) ? [400, 'BAD_REQUEST'] : [401, 'UNAUTHENTICATED'];
    expect([status, JSON.parse(text).data]).toEqual([expected, undefined]);
    expect(text).toContain(code);
    for (const secret of [session, token]) expect(text).not.toContain(secret.slice(7));
  });

  test('may write its scheme in any letters, with spaces', async () => {
    const { secret } = rows.session(rows.user());
    await rows.write(app.database);
    for (const header of [`bearer ${secret}`, `BEARER ${secret}`, `Bearer   ${secret}`]) {
      expect((await send(header)).text).toContain('user_');
    }
  });

  test('is not logged', async () => {
    const user = rows.user({ username: 'ada' });
    rows.password(user, passwordHash);
    const { secret } = rows.session(user);
    await rows.write(app.database);
    await send(`Bearer ${secret}`);
    await send(`Bearer ${secret}x`);
    const opened = await signIn(app.anonymous, 'ada', password);
    const log = app.logged.join('');
    for (const text of [secret, opened, password]) expect(log).not.toContain(text);
  });
});

describe('the use of a credential', () => {
  test('is noted at most once a minute', async () => {
    const user = rows.user();
    const session = rows.session(user, { lastUsedAt: ago(2 * hour) });
    const token = rows.apiToken({ userId: user });
    await rows.write(app.database);
    const used = async () => [
      (await prisma().session.findUniqueOrThrow({ where: { id: session.id } })).lastUsedAt.getTime(),
      (await prisma().apiToken.findUniqueOrThrow({ where: { id: token.id } })).lastUsedAt?.getTime(),
    ];
    const clients = [app.withToken(session.secret), app.withToken(token.secret)];
    const useBoth = () => Promise.all(clients.map((client) => client.run('{ me { id } }')));
    await useBoth();
    const first = await used();
    for (const time of first) expect(Math.abs((time ?? 0) - Date.now())).toBeLessThan(10_000);
    app.clock.offset = 45_000;
    await useBoth();
    expect(await used()).toEqual(first);
    app.clock.offset = 61_000;
    await useBoth();
    for (const [index, time] of (await used()).entries()) {
      expect((time ?? 0) - (first[index] ?? 0)).toBeGreaterThanOrEqual(60_000);
    }
  });

  test('is not noted when it is refused', async () => {
    const { id, secret } = rows.apiToken({ userId: rows.user({ status: 'SUSPENDED' }) });
    await rows.write(app.database);
    expect(await works(app.withToken(secret))).toBe(false);
    expect((await prisma().apiToken.findUniqueOrThrow({ where: { id } })).lastUsedAt).toBeNull();
  });
});

test('no secret is stored: of a session, a token or a password only hashes are in the database', async () => {
  const user = rows.user({ username: 'ada' });
  const root = rows.user({ isSuperuser: true });
  rows.password(user, passwordHash);
  const superuser = app.withToken(rows.session(root).secret);
  await rows.write(app.database);
  const session = await signIn(app.anonymous, 'ada', password);
  const created = await app
    .withToken(session)
    .run<{ createApiToken: { secret: string } }, object>(
      'mutation { createApiToken(input: { name: "x", scopes: [] }) { ... on CreateApiTokenSuccess { secret } } }',
    );
  const input = { username: 'grace', password: 'another long password' };
  expect(await ask(superuser, 'createUser(input: $input)', { input })).toBe('ok');
  const everything = (await readEverything(app.database)).map(({ text }) => text).join('\n');
  expect(everything).toContain('"grace"');
  for (const secret of [session, created.createApiToken.secret, password, input.password]) {
    const random = secret.replace(/^ug_..._/, '');
    const forms = [
      random,
      Buffer.from(random).toString('hex'),
      Buffer.from(random, 'base64url').toString('hex'),
    ];
    for (const form of forms) expect(everything).not.toContain(form);
  }
});
