import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OidcWorld, openOidcWorld, origin } from '../setup/oidc-world.ts';

let world: OidcWorld;
let app: OidcWorld['app'];
beforeAll(async () => {
  world = await openOidcWorld();
  app = world.app;
});
afterAll(() => world.close());
beforeEach(() => {
  app.sent.length = 0;
});

type SignIn = OidcWorld['signIn'];
const signIn: SignIn = (...args) => world.signIn(...args);
const somebody: OidcWorld['somebody'] = (claims) => world.somebody(claims);
const whoIs: OidcWorld['whoIs'] = (browser) => world.whoIs(browser);

/** Expects a page that says why, and that nothing was written nor anybody signed in. */
async function expectRefusal(work: () => ReturnType<SignIn>, status: number, says: RegExp) {
  const before = await world.rows();
  const { page, browser } = await work();
  expect(page.status).toBe(status);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.text).toMatch(says);
  expect(browser.cookie('usergraph_session')).toBeUndefined();
  expect(browser.cookie('token')).toBeUndefined();
  expect(await world.rows()).toEqual(before);
  return page;
}

async function addAccount({
  email,
  isVerified = true,
  ...columns
}: {
  email?: string;
  isVerified?: boolean;
  username?: string;
  status?: 'ACTIVE' | 'SUSPENDED';
}) {
  const id = crypto.randomUUID();
  await app.database.prisma.user.create({
    data: {
      id,
      ...columns,
      ...(email && {
        emails: {
          create: {
            id: crypto.randomUUID(),
            address: email,
            isDefault: true,
            verifiedAt: isVerified ? new Date() : null,
          },
        },
      }),
    },
  });
  return id;
}

describe('somebody who is new here', () => {
  it('gets an OAuth2 account, whose username is the verified e-mail address', async () => {
    const claims = { picture: 'https://corp.example/p.png', locale: 'de-DE' };
    const person = somebody(claims);
    const { page, browser } = await signIn(person);
    expect(page.status).toBe(303);
    expect(page.url.href).toBe(`${origin}/account`);
    expect(await whoIs(browser)).toEqual({
      id: expect.any(String),
      version: 1,
      username: person.email,
      name: person.claims.name,
      email: person.email,
      emails: [{ address: person.email, isDefault: true, isVerified: true }],
      identities: [
        {
          id: expect.stringMatching(/^identity_/),
          provider: 'corp',
          subject: person.subject,
          isPrimary: true,
          email: person.email,
          name: person.claims.name,
          avatarUrl: 'https://corp.example/p.png',
        },
      ],
      avatarUrl: 'https://corp.example/p.png',
      locale: 'de-DE',
    });
    const user = await app.database.prisma.user.findUniqueOrThrow({
      where: { username: person.email },
      select: { id: true, kind: true, isSuperuser: true, password: true },
    });
    expect(user).toMatchObject({ kind: 'HUMAN', isSuperuser: false, password: null });
    const audit = await app.database.prisma.auditEvent.findMany({
      where: { actorId: user.id },
      select: { action: true },
    });
    expect(audit.map(({ action }) => action).toSorted()).toEqual([
      'identity.link',
      'session.create',
      'user.create',
    ]);
  });

  it('gets cookies that no script and no other site can use', async () => {
    const { browser } = await signIn(somebody());
    for (const name of ['usergraph_session', 'token'])
      expect(browser.cookie(name)?.text).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(browser.cookie('usergraph_sign_in')).toBeUndefined();
    const token = browser.cookie('token')?.value ?? '';
    expect((await app.withToken(token).send('{ me { id } }')).status).toBe(200);
  });

  it('is known the next time, whatever its address is then', async () => {
    const person = somebody();
    const first = await whoIs((await signIn(person)).browser);
    const moved = { ...person, claims: { ...person.claims, email: 'moved@corp.example' } };
    const second = await whoIs((await signIn(moved)).browser);
    expect(second).toMatchObject({ id: first?.id, username: person.email, email: person.email });
    expect(second?.identities).toMatchObject([{ email: 'moved@corp.example' }]);
    const unverified = { ...person, claims: {} };
    expect((await whoIs((await signIn(unverified)).browser))?.id).toBe(first?.id);
  });

  it('gets one account from two tabs that come back at once', async () => {
    const person = somebody();
    world.idp.signInAs(person.subject, person.claims);
    const browsers = [world.openBrowser(), world.openBrowser(), world.openBrowser()];
    const until = ({ pathname }: URL) => pathname.endsWith('/callback');
    const ways = await Promise.all(browsers.map((browser) => browser.visit('/sign-in/corp', { until })));
    const stop = ({ pathname }: URL) => pathname === '/account';
    await Promise.all(ways.map(({ url }, index) => browsers[index]?.visit(url.href, { until: stop })));
    const ids = await Promise.all(browsers.map(async (browser) => (await whoIs(browser))?.id));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^user_/);
  });

  it.each([
    ['with a plus sign', 'person+news@corp.example'],
    ['of more than 50 characters', `${'a'.repeat(50)}@corp.example`],
  ])('has no username where the address cannot be one: %s', async (_name, email) => {
    const { browser } = await signIn(somebody({ email }));
    expect(await whoIs(browser)).toMatchObject({ username: null, email });
  });

  it('starts with what an account can have of the claims, and without the rest', async () => {
    const hostile = {
      name: 'x'.repeat(51),
      given_name: 'a\u0000b',
      picture: 'javascript:alert(1)',
      locale: 42,
      zoneinfo: '../etc/passwd',
    };
    const { browser } = await signIn(somebody(hostile));
    expect(await whoIs(browser)).toMatchObject({ name: null, avatarUrl: null, locale: null });
  });

  it('is refused without a verified e-mail address', async () => {
    const says = /does not say that it verified your e-mail address/;
    for (const email_verified of [false, undefined, 'false', 1, 'yes'])
      await expectRefusal(() => signIn(somebody({ email_verified })), 403, says);
    await expectRefusal(() => signIn(somebody({ email: undefined })), 403, says);
    await expectRefusal(() => signIn(somebody({ email: 'no address' })), 403, says);
  });

  it('is refused by a provider that makes no accounts', async () => {
    await expectRefusal(
      () => signIn(somebody(), { path: '/sign-in/partner' }),
      403,
      /No account here belongs to this identity/,
    );
  });
});

describe('somebody whose verified address has an account here', () => {
  it('is signed in to that, which is linked and told so, when the account proved the address too', async () => {
    const person = somebody();
    const id = await addAccount({ email: person.email.toUpperCase(), username: `local-${person.subject}` });
    const before = await world.rows();
    const { browser } = await signIn(person, { path: '/sign-in/partner' });
    const found = await whoIs(browser);
    expect(found).toMatchObject({ username: `local-${person.subject}`, identities: [{ isPrimary: false }] });
    expect(await world.rows()).toEqual({
      ...before,
      identities: before.identities + 1,
      sessions: before.sessions + 1,
    });
    expect(app.sent).toEqual([
      {
        channel: 'email',
        to: person.email.toUpperCase(),
        subject: 'Partner was linked to your account',
        text: expect.stringContaining(origin),
      },
    ]);
    const audit = { where: { subjectId: id, action: 'identity.link', actorId: id } };
    expect(await app.database.prisma.auditEvent.count(audit)).toBe(1);
    expect((await whoIs((await signIn(person, { path: '/sign-in/partner' })).browser))?.id).toBe(found?.id);
    expect(app.sent).toHaveLength(1);
  });

  it('is told to sign in first when the account did not prove it', async () => {
    const person = somebody();
    await addAccount({ email: person.email, isVerified: false, username: `unproven-${person.subject}` });
    const page = await expectRefusal(
      () => signIn(person),
      409,
      /it is not certain that the account is yours/,
    );
    expect(page.text).toContain('return_to=%2Fsign-in%2Fcorp%3Flink%3D1');
    expect(page.text).not.toContain(`unproven-${person.subject}`);
    expect(app.sent).toEqual([]);
  });

  it('is told to sign in first when it is but a username', async () => {
    const person = somebody();
    await addAccount({ username: person.email });
    await expectRefusal(() => signIn(person), 409, /sign in to it another way/);
  });

  it('is told to sign in first when the provider gave the address to somebody else before', async () => {
    const person = somebody();
    await signIn(person);
    const successor = { subject: `${person.subject}-successor`, claims: person.claims };
    await expectRefusal(() => signIn(successor), 409, /sign in to it another way/);
  });

  it('is refused when the account is suspended, whether it is linked or not', async () => {
    const person = somebody();
    await addAccount({ email: person.email, status: 'SUSPENDED' });
    await expectRefusal(() => signIn(person), 403, /The account is suspended/);
    const known = somebody();
    await signIn(known);
    await app.database.prisma.user.update({
      where: { username: known.email },
      data: { status: 'SUSPENDED' },
    });
    await expectRefusal(() => signIn(known), 403, /The account is suspended/);
  });

  it('is refused when the account is no person', async () => {
    const person = somebody();
    await signIn(person);
    const { prisma } = app.database;
    const { id } = await prisma.organization.findFirstOrThrow({ select: { id: true } });
    const data = { kind: 'SERVICE_ACCOUNT', organizationId: id } as const;
    await prisma.user.update({ where: { username: person.email }, data });
    await expectRefusal(() => signIn(person), 403, /Only people sign in/);
  });
});

describe('after a sign-in, the browser', () => {
  it('goes on to where it came from', async () => {
    const path = `/sign-in/corp?${new URLSearchParams({ return_to: '/device?user_code=WDJB-MJHT' })}`;
    const { page } = await signIn(somebody(), { path });
    expect(page.trail.at(-1)).toBe(`${origin}/device?user_code=WDJB-MJHT`);
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/x'.repeat(2500),
  ])('goes nowhere else: %#', async (target) => {
    const { page } = await signIn(somebody(), {
      path: `/sign-in/corp?${new URLSearchParams({ return_to: target })}`,
    });
    expect(page.url.href).toBe(`${origin}/account`);
  });

  it('has one session: the one before is over', async () => {
    const { browser } = await signIn(somebody());
    const first = browser.cookie('usergraph_session')?.value ?? '';
    await signIn(somebody(), { browser });
    expect((await app.withToken(first).send('{ me { id } }')).status).toBe(401);
    expect(await whoIs(browser)).not.toBeNull();
  });
});
