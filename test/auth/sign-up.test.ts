import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSources } from '../../src/sources.ts';
import { type Client, openTestApp, signIn, type TestApp } from '../setup/app.ts';

let open: TestApp;
let invited: TestApp;
let closed: TestApp;
beforeAll(async () => {
  open = await openTestApp({ env: { SIGN_UP: 'open' } });
  invited = await openTestApp({ env: { SIGN_UP: 'invite', SIGN_IN_ATTEMPTS_PER_ACCOUNT: '20' } });
  closed = await openTestApp();
});
afterAll(async () => {
  for (const app of [open, invited, closed]) await app?.close();
});

const password = 'a password of a newcomer';
let made = 0;
function newcomer(input: Record<string, unknown> = {}): { email: string } & Record<string, unknown> {
  made += 1;
  return { email: `newcomer-${made}@example.org`, password, ...input };
}

const document = `mutation ($input: SignUpInput!) { signUp(input: $input) { __typename
  ... on SignUpSuccess { token refreshToken expiresAt accessToken { token }
    user { id username email emails { address isDefault verifiedAt } displayName locale isSuperuser isOnboarded viewerCanReadPrivate sessions { isCurrent } } }
  ... on Error { code path message } ... on InvalidInputError { problems { path code message } } } }`;

// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect
async function signUp(app: TestApp, input: Record<string, unknown>): Promise<any> {
  const { data, errors } = await app.anonymous.send<{ signUp: object }, object>(document, { input });
  return errors.length > 0 ? { code: errors[0]?.extensions.code } : data.signUp;
}

const counts = async ({ database: { prisma } }: TestApp) => [
  await prisma.user.count(),
  await prisma.email.count(),
  await prisma.session.count(),
  await prisma.auditEvent.count(),
];

async function invite(input: Record<string, unknown> = {}, client?: Client) {
  const admin = client ?? (await invited.as('admin'));
  const { data, errors } = await admin.send<
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect
    { createInvitation: any },
    object
  >(
    `mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) {
      ... on CreateInvitationSuccess { secret invitation { id email createdAt expiresAt } }
      ... on InvalidInputError { problems { path code } } } }`,
    { input },
  );
  return errors.length > 0 ? { code: errors[0]?.extensions.code } : data.createInvitation;
}

async function revoke(id: string, client?: Client) {
  const { data, errors } = await (client ?? (await invited.as('admin'))).send<
    { revokeInvitation: object },
    object
  >(`mutation ($id: ID!) { revokeInvitation(id: $id) { __typename ... on Error { code } } }`, { id });
  return errors.length > 0 ? { code: errors[0]?.extensions.code } : data.revokeInvitation;
}

describe('signing up where it is open', () => {
  it('makes an active account with a session, as which the operation goes on', async () => {
    const input = newcomer({ username: 'newcomer', name: 'New Comer', locale: 'en-us' });
    const result = await signUp(open, input);
    expect(result).toMatchObject({
      __typename: 'SignUpSuccess',
      token: expect.stringMatching(/^ug_ses_/),
      refreshToken: expect.stringMatching(/^ug_ref_/),
      user: {
        username: 'newcomer',
        email: input.email,
        emails: [{ address: input.email, isDefault: true, verifiedAt: null }],
        displayName: 'New Comer',
        locale: 'en-US',
        isSuperuser: false,
        isOnboarded: false,
        viewerCanReadPrivate: true,
        sessions: [{ isCurrent: true }],
      },
    });
    for (const token of [result.token, result.accessToken.token])
      expect(await open.withToken(token).run('{ me { username } }')).toEqual({
        me: { username: 'newcomer' },
      });
    for (const login of ['newcomer', input.email]) await signIn(open.anonymous, login, password);
  });

  it('is recorded as done by the new account', async () => {
    const { user } = await signUp(open, newcomer({ username: 'recorded' }));
    const { id } = await open.database.prisma.user.findUniqueOrThrow({ where: { username: 'recorded' } });
    const trail = await open.database.prisma.auditEvent.findMany({
      where: { actorId: id },
      orderBy: { sequence: 'asc' },
    });
    expect(user.id).toMatch(/^user_/);
    expect(trail.map(({ action }) => action)).toEqual(['user.create', 'session.create']);
    expect(trail[0]).toMatchObject({ subjectId: id, credentialKind: 'SESSION', ipAddress: '192.0.2.200' });
  });

  it('sends a code that verifies the address', async () => {
    const input = newcomer();
    const { token, user } = await signUp(open, input);
    const sentTo = () => open.sent.filter(({ to }) => to === input.email);
    await vi.waitFor(() => expect(sentTo()).toHaveLength(1));
    const code = /\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b/.exec(sentTo()[0]?.text ?? '')?.[0];
    const client = open.withToken(token);
    const { me } = (await client.run('{ me { emails { id } } }')) as { me: { emails: { id: string }[] } };
    await client.run(
      `mutation ($id: ID!, $input: VerifyEmailInput!) { verifyEmail(id: $id, input: $input) { __typename } }`,
      { id: me.emails[0]?.id, input: { code } },
    );
    expect(await client.run('{ me { id emails { address verifiedAt } } }')).toEqual({
      me: { id: user.id, emails: [{ address: input.email, verifiedAt: expect.any(String) }] },
    });
  });

  it.each([
    ['a username of somebody', { username: 'ADA' }, 'username'],
    ['an address of somebody', { email: 'Ada@Example.com' }, 'email'],
    ['a second address of somebody', { email: 'countess@example.com' }, 'email'],
    ['an OAuth2 account', { email: 'linus@example.com' }, 'email'],
  ])('with %s is refused, and leaves nothing', async (_what, input, field) => {
    const before = await counts(open);
    expect(await signUp(open, newcomer(input))).toMatchObject({
      __typename: 'LoginNameTakenError',
      path: ['input', field],
    });
    expect(await counts(open)).toEqual(before);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a bad address', { email: 'no address' }, ['email INVALID']],
    ['an empty address', { email: '' }, ['email INVALID']],
    ['an address with U+0000', { email: 'a\u0000@example.org' }, ['email INVALID']],
    ['a short password', { password: '7 chars' }, ['password TOO_SHORT']],
    ['a common password', { password: 'Password123' }, ['password NOT_ALLOWED']],
    [
      'the username as password',
      { username: 'myself-alone', password: 'Myself-Alone' },
      ['password NOT_ALLOWED'],
    ],
    [
      'the address as password',
      { email: 'my@self.example', password: 'my@self.example' },
      ['password NOT_ALLOWED'],
    ],
    [
      'the full name as password',
      { firstName: 'Anna', lastName: 'Berg', password: 'anna berg' },
      ['password NOT_ALLOWED'],
    ],
    ['the reserved name', { username: 'Admin' }, ['username NOT_ALLOWED']],
    ['an address of others as username', { username: 'someone@example.org' }, ['username NOT_ALLOWED']],
    [
      'everything wrong',
      { email: 'x', password: 'y', username: 'a b', timeZone: 'Mars' },
      ['timeZone INVALID', 'username INVALID', 'email INVALID', 'password TOO_SHORT'],
    ],
  ])('with %s tells all problems, and leaves nothing', async (_what, input, expected) => {
    const before = await counts(open);
    const result = await signUp(open, newcomer(input));
    const problems = (result.problems ?? []).map(
      ({ path, code }: { path: string[]; code: string }) => `${path[1]} ${code}`,
    );
    expect(problems.toSorted(), JSON.stringify(result)).toEqual(expected.toSorted());
    expect(await counts(open)).toEqual(before);
  });

  it('may use the own address as username', async () => {
    const input = newcomer();
    expect(await signUp(open, { ...input, username: input.email })).toMatchObject({
      __typename: 'SignUpSuccess',
    });
  });

  it('makes one account of many that claim a name at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 5 }, () => signUp(open, newcomer({ username: 'contested' }))),
    );
    const kinds = results.map(({ __typename }) => __typename).toSorted();
    expect(kinds).toEqual([...Array(4).fill('LoginNameTakenError'), 'SignUpSuccess']);
  });

  it('cannot make a superuser', async () => {
    const { errors } = await open.anonymous.send(document, { input: newcomer({ isSuperuser: true }) });
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('signing up where it is closed', () => {
  it('is refused to everybody, whatever they send, and leaves nothing', async () => {
    const { secret } = await invite({}, await closed.as('admin'));
    const before = await counts(closed);
    for (const input of [{}, { email: 'ada@example.com' }, { password: '' }, { invitation: secret }])
      expect(await signUp(closed, newcomer(input))).toMatchObject({
        code: 'SIGN_UP_REFUSED',
        path: ['input'],
      });
    expect(await counts(closed)).toEqual(before);
  });
});

describe('signing up by invitation', () => {
  it('works once with a good one', async () => {
    const { secret, invitation } = await invite();
    expect(secret).toMatch(/^ug_inv_/);
    expect(invitation.email).toBeNull();
    const days = (Date.parse(invitation.expiresAt) - Date.parse(invitation.createdAt)) / 86_400_000;
    expect(days).toBe(7);
    expect(await signUp(invited, newcomer({ invitation: secret }))).toMatchObject({
      __typename: 'SignUpSuccess',
    });
    expect(await signUp(invited, newcomer({ invitation: secret }))).toMatchObject({
      code: 'SIGN_UP_REFUSED',
    });
  });

  it('makes one account of many that use it at once', async () => {
    const { secret } = await invite();
    const results = await Promise.all(
      Array.from({ length: 5 }, () => signUp(invited, newcomer({ invitation: secret }))),
    );
    expect(results.filter(({ __typename }) => __typename === 'SignUpSuccess')).toHaveLength(1);
  });

  it('is refused without one, or with one that is no good, and leaves nothing', async () => {
    const { secret } = await invite();
    const { secret: expired } = await invite({ expiresAt: new Date(Date.now() + 60_000).toISOString() });
    const { secret: bound } = await invite({ email: 'invited@example.org' });
    const revoked = await invite();
    await revoke(revoked.invitation.id);
    const before = await counts(invited);
    invited.clock.offset = 60_000;
    const changed = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
    for (const invitation of [
      undefined,
      null,
      '',
      'ug_inv_nonsense',
      changed,
      expired,
      bound,
      revoked.secret,
    ])
      expect(await signUp(invited, newcomer({ invitation })), String(invitation)).toMatchObject({
        code: 'SIGN_UP_REFUSED',
      });
    // Only who was invited learns which names are taken.
    expect(await signUp(invited, newcomer({ email: 'ada@example.com' }))).toMatchObject({
      code: 'SIGN_UP_REFUSED',
    });
    expect(await counts(invited)).toEqual(before);
    invited.clock.offset = 0;
  });

  it('with one for an address works for that address alone, whatever the case, and stays good when it failed', async () => {
    const { secret, invitation } = await invite({ email: 'The-One@example.org' });
    expect(invitation.email).toBe('The-One@example.org');
    const taken = { email: 'the-one@example.org', username: 'ada', invitation: secret };
    expect(await signUp(invited, newcomer(taken))).toMatchObject({ code: 'LOGIN_NAME_TAKEN' });
    expect(
      await signUp(invited, newcomer({ email: 'the-one@example.org', invitation: secret })),
    ).toMatchObject({ __typename: 'SignUpSuccess' });
  });

  it('keeps no more of an invitation than a hash', async () => {
    const { secret } = await invite();
    const { rows } = await invited.database.pool.query<{ text: string }>(
      `SELECT coalesce((SELECT string_agg(i::text, '') FROM invitations i), '')
        || coalesce((SELECT string_agg(a::text, '') FROM audit_events a), '') AS text`,
    );
    expect(rows[0]?.text).not.toContain(secret);
    expect(invited.logged.join('\n')).not.toContain(secret);
  });
});

describe('an invitation', () => {
  it('is made and revoked by superusers with the scope admin alone', async () => {
    const { invitation } = await invite();
    const admin = await invited.as('admin');
    const createToken = `mutation { createApiToken(input: { name: "x", scopes: [PROFILE, USERS_WRITE] }) {
      ... on CreateApiTokenSuccess { secret } } }`;
    const { createApiToken } = (await admin.run(createToken)) as { createApiToken: { secret: string } };
    const actors: [Client, string][] = [
      [invited.anonymous, 'UNAUTHENTICATED'],
      [await invited.as('ada'), 'FORBIDDEN'],
      [invited.withToken(createApiToken.secret), 'INSUFFICIENT_SCOPE'],
    ];
    for (const [client, code] of actors) {
      expect(await invite({}, client)).toEqual({ code });
      expect(await revoke(invitation.id, client)).toEqual({ code });
    }
    expect(await revoke(invitation.id)).toEqual({ __typename: 'RevokeInvitationSuccess' });
    expect(await revoke(invitation.id)).toEqual({ __typename: 'NotFoundError', code: 'NOT_FOUND' });
  });

  it('that was used is not revoked any more', async () => {
    const { secret, invitation } = await invite();
    await signUp(invited, newcomer({ invitation: secret }));
    expect(await revoke(invitation.id)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lasts up to 90 days, and begins with a usable address', async () => {
    const day = (days: number) => new Date(createSources().now().getTime() + days * 86_400_000).toISOString();
    const problem = (field: string, code: string) => ({ problems: [{ path: ['input', field], code }] });
    expect(await invite({ expiresAt: day(91) })).toEqual(problem('expiresAt', 'NOT_ALLOWED'));
    expect(await invite({ expiresAt: day(-1) })).toEqual(problem('expiresAt', 'INVALID'));
    expect(await invite({ email: 'nobody' })).toEqual(problem('email', 'INVALID'));
    expect((await invite({ expiresAt: day(89) })).secret).toMatch(/^ug_inv_/);
  });
});

it('how many names somebody can try is limited, taken or not', async () => {
  for (const email of ['grace@example.com', 'not-taken@example.org']) {
    for (let tries = 0; tries < 20; tries += 1)
      expect(await signUp(invited, newcomer({ email }))).toMatchObject({ code: 'SIGN_UP_REFUSED' });
    expect(await signUp(invited, newcomer({ email }))).toEqual({ code: 'RATE_LIMITED' });
  }
});
