import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hashPassword } from '../../src/auth/passwords.ts';
import { createSources } from '../../src/sources.ts';
import { clientOf, createPerson } from '../graphql/accounts.ts';
import { type Client, openTestApp, signIn, type TestApp } from '../setup/app.ts';

let app: TestApp;
/** One with the fewest attempts that these tests can do with. */
let limited: TestApp;
beforeAll(async () => {
  app = await openTestApp();
  limited = await openTestApp({
    env: { SIGN_IN_ATTEMPTS_PER_ACCOUNT: '3', SIGN_IN_ATTEMPTS_PER_ADDRESS: '100' },
  });
});
afterAll(async () => {
  await app?.close();
  await limited?.close();
});

const oldPassword = 'the first password';
const newPassword = 'quite another one';

/** A person with a password of its own, and a verified address unless told otherwise. */
async function person({ verified = true, in: where = app }: { verified?: boolean; in?: TestApp } = {}) {
  const made = await createPerson(where, {});
  const { prisma } = where.database;
  const hash = await hashPassword(oldPassword, createSources().randomBytes);
  await prisma.password.create({ data: { userId: made.uuid, hash } });
  if (verified)
    await prisma.email.updateMany({ where: { userId: made.uuid }, data: { verifiedAt: new Date() } });
  return made;
}

interface Result {
  __typename: string;
  code?: string;
  path?: string[];
  message?: string;
  problems?: { path: string[]; code: string }[];
}

const error = '... on Error { code path message }';
const problems = '... on InvalidInputError { problems { path code } }';
/** What can be asked of each result: a member that a union has not is no valid question. */
const outcomes: Record<string, string> = {
  changePassword: `${error} ${problems}`,
  signIn: `${error} ${problems}`,
  resetPassword: `${error} ${problems}`,
  refreshSession: error,
  requestPasswordReset: '',
};

async function mutate(client: Client, name: string, input: Record<string, string>): Promise<Result> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${outcomes[name]} } }`;
  const { data, errors } = await client.send<Record<string, Result>, object>(document, { input });
  const [failed] = errors;
  if (failed) return { __typename: 'request', code: String(failed.extensions.code) };
  return data[name] as Result;
}

const change = (client: Client, input: { currentPassword: string; newPassword: string }) =>
  mutate(client, 'changePassword', input);
const request = (login: string, on = app) => mutate(on.anonymous, 'requestPasswordReset', { login });
const reset = (login: string, code: string, password = newPassword, on = app) =>
  mutate(on.anonymous, 'resetPassword', { login, code, newPassword: password });

const isOpen = async (client: Client) => (await client.send('{ me { id } }')).status === 200;
const messagesTo = (address: string, on = app) => on.sent.filter(({ to }) => to === address);

/** The code in the newest message to an address, which is the one after so many others. */
async function codeFor(address: string, count = 1, on = app): Promise<string> {
  await vi.waitFor(() => expect(messagesTo(address, on)).toHaveLength(count));
  const code = /\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b/.exec(messagesTo(address, on).at(-1)?.text ?? '');
  if (code === null) throw new Error('the message has no code');
  return code[0];
}

async function everythingStored(): Promise<string> {
  const tables = ['passwords', 'challenges', 'audit_events', 'outbox_events', 'sessions'];
  const rows = await Promise.all(
    tables.map((table) => app.database.pool.query(`SELECT t::text AS text FROM ${table} t`)),
  );
  return rows.flatMap(({ rows }) => rows.map(({ text }: { text: string }) => text)).join('\n');
}

describe('changing a password', () => {
  it('makes the new one work and the old one no more, and ends all sessions but this one', async () => {
    const { uuid, username } = await person();
    const document = `mutation { signIn(input: { login: "${username}", password: "${oldPassword}" }) {
      ... on SignInSuccess { token refreshToken } } }`;
    const { signIn: other } = (await app.anonymous.run(document)) as {
      signIn: { token: string; refreshToken: string };
    };
    const current = await clientOf(app, uuid);
    expect(await change(current, { currentPassword: oldPassword, newPassword })).toEqual({
      __typename: 'ChangePasswordSuccess',
    });
    expect(await isOpen(current)).toBe(true);
    expect(await isOpen(app.withToken(other.token))).toBe(false);
    expect(await mutate(app.anonymous, 'refreshSession', { refreshToken: other.refreshToken })).toMatchObject(
      { code: 'INVALID_REFRESH_TOKEN' },
    );
    await expect(signIn(app.anonymous, username, oldPassword)).rejects.toThrow('wrong');
    await signIn(app.anonymous, username, newPassword);
  });

  it('ends what clients and delegates have of the account, and what would open more', async () => {
    const { uuid } = await person();
    const { prisma } = app.database;
    const { newId, now } = createSources();
    const ada = await prisma.user.findUniqueOrThrow({ where: { username: 'ada' } });
    const clientId = newId();
    await prisma.oAuthClient.create({
      data: { id: clientId, name: 'A client', redirectUris: [], scopes: [] },
    });
    const expiresAt = new Date(now().getTime() + 3_600_000);
    const of = { userId: uuid, expiresAt };
    const grant = await prisma.session.create({
      data: { id: newId(), ...of, clientId, scopes: ['profile'] },
    });
    const delegated = await prisma.session.create({
      data: { id: newId(), ...of, actorId: ada.id, scopes: ['profile'] },
    });
    const device = { id: newId(), deviceCodeHash: new Uint8Array([1]), userCodeHash: new Uint8Array([2]) };
    await prisma.deviceAuthorization.create({ data: { ...device, ...of, clientId, status: 'APPROVED' } });
    await change(await clientOf(app, uuid), { currentPassword: oldPassword, newPassword });
    for (const { id } of [grant, delegated])
      expect((await prisma.session.findUniqueOrThrow({ where: { id } })).revokedAt).not.toBeNull();
    expect(await prisma.deviceAuthorization.findUnique({ where: { id: device.id } })).toMatchObject({
      status: 'DENIED',
    });
  });

  it('is told to the default address, recorded, and never written down', async () => {
    const { uuid, email } = await person();
    await change(await clientOf(app, uuid), { currentPassword: oldPassword, newPassword });
    await vi.waitFor(() => expect(messagesTo(email)).toHaveLength(1));
    const [message] = messagesTo(email);
    expect(message).toMatchObject({ channel: 'email', subject: 'Your password was changed' });
    expect(message?.text).toContain('192.0.2.200');
    const [row] = await app.database.prisma.auditEvent.findMany({
      where: { subjectId: uuid, action: 'password.change' },
    });
    expect(row).toMatchObject({ actorId: uuid, credentialKind: 'SESSION' });
    for (const text of [message?.text, app.logged.join('\n'), await everythingStored()]) {
      expect(text).not.toContain(newPassword);
      expect(text).not.toContain(oldPassword);
    }
  });

  it('with a wrong password changes nothing and tells nobody', async () => {
    const { uuid, username, email } = await person();
    const [client, other] = [await clientOf(app, uuid), await clientOf(app, uuid)];
    expect(await change(client, { currentPassword: 'wrong', newPassword })).toMatchObject({
      __typename: 'InvalidCredentialsError',
      path: ['input', 'currentPassword'],
    });
    expect(await isOpen(other)).toBe(true);
    await signIn(app.anonymous, username, oldPassword);
    expect(messagesTo(email)).toEqual([]);
  });

  it('counts wrong passwords of the account, and refuses the right one after too many', async () => {
    const { uuid, username } = await person({ in: limited });
    const client = await clientOf(limited, uuid);
    for (let tries = 0; tries < 3; tries += 1)
      expect(await change(client, { currentPassword: 'wrong', newPassword })).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    expect(await change(client, { currentPassword: oldPassword, newPassword })).toMatchObject({
      __typename: 'request',
      code: 'RATE_LIMITED',
    });
    await signIn(limited.anonymous, username, oldPassword);
  });

  it('is for the person alone: not for tokens, nor for nobody', async () => {
    const { uuid, username } = await person();
    const client = await clientOf(app, uuid);
    const document = `mutation { createApiToken(input: { name: "x", scopes: [PROFILE, USERS_WRITE] }) {
      ... on CreateApiTokenSuccess { secret } } }`;
    const { createApiToken } = (await client.run(document)) as { createApiToken: { secret: string } };
    const input = { currentPassword: oldPassword, newPassword };
    expect(await change(app.withToken(createApiToken.secret), input)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await change(app.anonymous, input)).toMatchObject({ code: 'UNAUTHENTICATED' });
    await signIn(app.anonymous, username, oldPassword);
  });
});

describe('a new password', () => {
  const refused: [string, (names: { username: string; email: string }) => string, string][] = [
    ['of 7 characters', () => '7 chars', 'TOO_SHORT'],
    ['of 257 characters', () => 'x'.repeat(257), 'TOO_LONG'],
    ['that attackers try first', () => 'Password123', 'NOT_ALLOWED'],
    ['that is the present one', () => oldPassword, 'NOT_ALLOWED'],
    ['that is the username', ({ username }) => username.toUpperCase(), 'NOT_ALLOWED'],
    ['that is an e-mail address', ({ email }) => email, 'NOT_ALLOWED'],
    ['that is the name', () => 'before name', 'NOT_ALLOWED'],
  ];

  it.each(refused)('%s is refused, whichever way it comes', async (_what, password, code) => {
    const { uuid, username, email } = await person();
    const wanted = password({ username, email });
    const problem = { problems: [{ path: ['input', 'newPassword'], code }] };
    const current = await clientOf(app, uuid);
    expect(await change(current, { currentPassword: oldPassword, newPassword: wanted })).toMatchObject(
      problem,
    );
    expect(
      await mutate(app.anonymous, 'signIn', { login: username, password: oldPassword, newPassword: wanted }),
    ).toMatchObject(problem);
    if (wanted === oldPassword) return; // whoever lost it does not have it
    await request(username);
    expect(await reset(username, await codeFor(email), wanted)).toMatchObject(problem);
    await signIn(app.anonymous, username, oldPassword);
  });

  it('that is a name of the account is not told from others to who has no code', async () => {
    const { username, email } = await person();
    await request(username);
    await codeFor(email);
    expect(await reset(username, 'AAAA-BBBB-CCCC', email)).toMatchObject({ code: 'INVALID_CODE' });
  });

  it('is told of also when it was set on the way in', async () => {
    const { username, email } = await person();
    await mutate(app.anonymous, 'signIn', { login: username, password: oldPassword, newPassword });
    await vi.waitFor(() => expect(messagesTo(email)).toHaveLength(1));
  });
});

describe('the code for a new password', () => {
  it('comes by e-mail, sets the password once, ends all sessions and opens none', async () => {
    const { uuid, username, email } = await person();
    const session = await clientOf(app, uuid);
    expect(await request(username)).toEqual({ __typename: 'RequestPasswordResetSuccess' });
    const code = await codeFor(email);
    expect(await reset(email.toUpperCase(), code)).toEqual({ __typename: 'ResetPasswordSuccess' });
    expect(await isOpen(session)).toBe(false);
    const where = { userId: uuid, revokedAt: null };
    expect(await app.database.prisma.session.count({ where })).toBe(0);
    await expect(signIn(app.anonymous, username, oldPassword)).rejects.toThrow('wrong');
    await signIn(app.anonymous, username, newPassword);
    expect(await reset(username, code, 'a third password')).toMatchObject({ code: 'INVALID_CODE' });
    await vi.waitFor(() => expect(messagesTo(email)).toHaveLength(2));
    expect(messagesTo(email)[1]?.subject).toBe('Your password was changed');
    const trail = await app.database.prisma.auditEvent.findMany({ where: { subjectId: uuid } });
    expect(trail.find(({ action }) => action === 'password.reset')).toMatchObject({
      actorId: null,
      credentialKind: 'ANONYMOUS',
    });
  });

  it('can be typed without hyphens and in lower case', async () => {
    const { username, email } = await person();
    await request(username);
    const code = (await codeFor(email)).replaceAll('-', ' ').toLowerCase();
    expect(await reset(username, code)).toMatchObject({ __typename: 'ResetPasswordSuccess' });
  });

  it('stands in no log and in no row', async () => {
    const { username, email } = await person();
    await request(username);
    const code = await codeFor(email);
    await reset(username, code);
    for (const text of [app.logged.join('\n'), await everythingStored()])
      for (const written of [code, code.replaceAll('-', '')]) expect(text).not.toContain(written);
  });

  it('stays good when the password that came with it was refused', async () => {
    const { username, email } = await person();
    await request(username);
    const code = await codeFor(email);
    expect(await reset(username, code, username)).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await reset(username, code)).toMatchObject({ __typename: 'ResetPasswordSuccess' });
  });

  const voids: [string, (of: { uuid: string; username: string; email: string }) => Promise<unknown>][] = [
    ['30 minutes passed', async () => (app.clock.offset += 30 * 60_000)],
    [
      'five wrong ones came',
      async ({ username }) => {
        for (let tries = 0; tries < 5; tries += 1) await reset(username, 'AAAA-BBBB-CCCC');
      },
    ],
    [
      'a newer one was sent',
      async ({ username, email }) => {
        await request(username);
        await codeFor(email, 2);
      },
    ],
    [
      'the password was changed otherwise',
      async ({ uuid }) =>
        change(await clientOf(app, uuid), { currentPassword: oldPassword, newPassword: 'a third password' }),
    ],
    [
      'the address is no longer one of the account',
      ({ uuid, email }) =>
        app.database.prisma.email.updateMany({
          where: { userId: uuid },
          data: { address: `new-${email}` },
        }),
    ],
    [
      'the address is no longer proven',
      ({ uuid }) =>
        app.database.prisma.email.updateMany({ where: { userId: uuid }, data: { verifiedAt: null } }),
    ],
    [
      'the account was suspended',
      ({ uuid }) => app.database.prisma.user.update({ where: { id: uuid }, data: { status: 'SUSPENDED' } }),
    ],
  ];
  it.each(voids)('is void once %s', async (_what, happens) => {
    const made = await person();
    await request(made.username);
    const code = await codeFor(made.email);
    await happens(made);
    const { hash } = await app.database.prisma.password.findUniqueOrThrow({ where: { userId: made.uuid } });
    expect(await reset(made.username, code)).toMatchObject({ code: 'INVALID_CODE', path: ['input', 'code'] });
    const after = await app.database.prisma.password.findUniqueOrThrow({ where: { userId: made.uuid } });
    expect(after.hash).toBe(hash);
  });

  it('of one account is none of another', async () => {
    const [one, other] = [await person(), await person()];
    await request(one.username);
    await request(other.username);
    await codeFor(other.email);
    expect(await reset(other.username, await codeFor(one.email))).toMatchObject({ code: 'INVALID_CODE' });
  });

  it('goes to the default address if that is proven, else to another proven one', async () => {
    const { uuid, username, email } = await person();
    const second = { userId: uuid, address: `second-${email}`, verifiedAt: new Date() };
    await app.database.prisma.email.create({ data: { id: createSources().newId(), ...second } });
    await request(username);
    await codeFor(email);
    await app.database.prisma.email.updateMany({ where: { address: email }, data: { verifiedAt: null } });
    await request(username);
    await codeFor(second.address);
    expect(messagesTo(email)).toHaveLength(1);
  });
});

describe('asking for a new password', () => {
  it('answers the same for whoever cannot have one, and sends nothing', async () => {
    const own = await openTestApp();
    const unverified = await person({ verified: false, in: own });
    const logins = [
      'nobody-at-all',
      '',
      'zero\u0000byte',
      'x'.repeat(10_000),
      'linus@example.com',
      'ci',
      'margaret',
      unverified.username,
    ];
    const document =
      'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }';
    const answers = [];
    for (const login of [...logins, 'ada']) {
      const { status, text } = await own.anonymous.send(document, { input: { login } });
      answers.push(`${status} ${text}`);
      expect(await reset(login, 'AAAA-BBBB-CCCC', newPassword, own)).toMatchObject({ code: 'INVALID_CODE' });
    }
    expect(new Set(answers).size).toBe(1);
    await own.close(); // waits for what was started
    expect(own.sent.map(({ to }) => to)).toEqual(['ada@example.com']);
    expect(own.logged.join('\n')).not.toContain('what nobody waits for failed');
  });

  it('is limited for a login that exists and for one that does not', async () => {
    for (const login of ['ada', 'nobody-at-all']) {
      for (const written of [login, login.toUpperCase(), login])
        expect((await request(written, limited)).__typename).toBe('RequestPasswordResetSuccess');
      expect(await request(login, limited)).toMatchObject({ code: 'RATE_LIMITED' });
      for (const status of ['INVALID_CODE', 'INVALID_CODE', 'INVALID_CODE', 'RATE_LIMITED'])
        expect(await reset(login, 'AAAA-BBBB-CCCC', newPassword, limited)).toMatchObject({ code: status });
    }
    await signIn(limited.anonymous, 'ada'); // from which nobody can be kept like this
  });

  it('is limited by address, whatever logins it names', async () => {
    const ask = async (login: string) => {
      const body = JSON.stringify({
        query: `mutation { requestPasswordReset(input: { login: "${login}" }) { __typename } }`,
      });
      const headers = { 'content-type': 'application/json' };
      const question = new Request('http://usergraph.test/graphql', { method: 'POST', headers, body });
      const answer = await limited.handle(question, { remoteAddress: '192.0.2.7' });
      return answer.text();
    };
    for (let count = 0; count < 100; count += 1) expect(await ask(`nobody-${count}`)).not.toContain('errors');
    expect(await ask('grace')).toContain('RATE_LIMITED');
  });

  it('floods no mailbox, by whatever name of the account', async () => {
    const own = await openTestApp();
    for (let times = 0; times < 4; times += 1)
      for (const login of ['ada', 'ada@example.com', 'countess@example.com'])
        expect((await request(login, own)).__typename).toBe('RequestPasswordResetSuccess');
    await own.close();
    expect(own.sent).toHaveLength(5);
    expect(own.logged.join('\n')).not.toContain('what nobody waits for failed');
  });

  it('floods no mailbox of accounts that come and go, and answers the same', async () => {
    const own = await openTestApp();
    const admin = await own.as('admin');
    for (let round = 0; round < 2; round += 1) {
      const { id, uuid } = await person({ in: own });
      const changed = { where: { userId: uuid }, data: { address: 'reused@example.net' } };
      await own.database.prisma.email.updateMany(changed);
      for (let times = 0; times < 4; times += 1)
        expect(await request('reused@example.net', own)).toEqual({
          __typename: 'RequestPasswordResetSuccess',
        });
      await vi.waitFor(() => expect(messagesTo('reused@example.net', own)).toHaveLength(4 + round));
      if (round === 0) await admin.run('mutation ($id: ID!) { deleteUser(id: $id) { __typename } }', { id });
      await own.work(); // from then on the address is free again
    }
    await own.close();
    expect(messagesTo('reused@example.net', own)).toHaveLength(5);
    expect(own.logged.join('\n')).not.toContain('what nobody waits for failed');
  });

  it('is for the login itself, not for letters that the database takes for those of it', async () => {
    const own = await openTestApp();
    const { uuid, email } = await person({ in: own });
    await own.database.prisma.user.update({ where: { id: uuid }, data: { username: 'gracie-lin' } });
    for (const login of ['grac\u0130e-lin', 'gracie-lin'])
      expect(await request(login, own)).toEqual({ __typename: 'RequestPasswordResetSuccess' });
    const code = await codeFor(email, 1, own);
    expect(await reset('grac\u0130e-lin', code, newPassword, own)).toMatchObject({ code: 'INVALID_CODE' });
    expect(await reset('gracie-lin', code, newPassword, own)).toMatchObject({
      __typename: 'ResetPasswordSuccess',
    });
    await own.close();
    expect(messagesTo(email, own).filter(({ text }) => text.includes(code))).toHaveLength(1);
  });

  it('lets in again who was locked out', async () => {
    const { username, email } = await person({ in: limited });
    for (let tries = 0; tries < 3; tries += 1)
      await mutate(limited.anonymous, 'signIn', { login: username, password: 'wrong' });
    await expect(signIn(limited.anonymous, username, oldPassword)).rejects.toThrow('Too many');
    await request(username, limited);
    await reset(username, await codeFor(email, 1, limited), newPassword, limited);
    await signIn(limited.anonymous, username, newPassword);
  });
});
