import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import {
  addPerson,
  authorizationRequest,
  hiddenField,
  readable,
  redeemCode,
  registerClient,
  signedIn,
  submit,
} from '../../setup/pages.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const session = 'usergraph_session';
const isGood = async (secret: string | undefined) =>
  (await app.withToken(secret ?? '').send('{ me { id } }')).status === 200;

/** The id in the form that ends something, by what its button is called. */
function idIn(text: string, button: string): string {
  const form = [...text.matchAll(/<form[\s\S]*?<\/form>/g)]
    .map(([one]) => one)
    .find((one) => readable({ text: one }).includes(button));
  return hiddenField({ text: form ?? '' }, 'id') ?? '';
}

describe('the account page', () => {
  it('says who you are, by text', async () => {
    const browser = await signedIn(app, 'ada');
    const page = await browser.visit('/account');
    const text = readable(page);
    for (const said of ['Ada Lovelace', 'ada@example.com verified', 'countess@example.com not verified'])
      expect(text).toContain(said);
    expect(page.text).not.toMatch(/ug_ses_|ug_ref_|argon2/);
  });

  it('lists the sessions, this browser first, and says no word of others', async () => {
    const { username, password } = await addPerson(app);
    const browser = await signedIn(app, username, password);
    await app.fetch('/sign-in', {
      method: 'POST',
      headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0' },
      body: new URLSearchParams({ login: username, password }),
    });
    const { text } = await browser.visit('/account');
    const rows = [...text.matchAll(/<li>\s*<div>[\s\S]*?<\/li>/g)].map(([row]) => readable({ text: row }));
    expect(rows[0]).toMatch(/^ Unknown program this browser 192\.0\.2\.200 since .* last used /);
    expect(rows.some((row) => /Firefox on Linux.*End session of Firefox on Linux/.test(row))).toBe(true);
    expect(rows[0]).not.toContain('End session');
    expect(text).not.toContain('Safari');
  });

  it('shows what a program calls itself as text', async () => {
    const { username, password } = await addPerson(app);
    const headers = { 'user-agent': '<script>alert(1)</script>' };
    const body = new URLSearchParams({ login: username, password });
    await app.fetch('/sign-in', { method: 'POST', headers, body });
    const page = await (await signedIn(app, username, password)).visit('/account');
    expect(page.text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page.text).not.toContain('<script');
  });

  it('says what happened only in words of its own', async () => {
    const browser = await signedIn(app, 'ada');
    for (const notice of ['You have won', '__proto__', 'constructor'])
      expect((await browser.visit(`/account?${new URLSearchParams({ notice })}`)).text).not.toContain(
        'role="status"',
      );
    expect(readable(await browser.visit('/account?notice=session-ended'))).toContain('The session is ended.');
  });
});

describe('ending a session', () => {
  it('stops it at once, and leaves the others', async () => {
    const { username, password } = await addPerson(app);
    const [browser, other] = [
      await signedIn(app, username, password),
      await signedIn(app, username, password),
    ];
    const theirs = other.cookie(session)?.value;
    const rows = await app.database.prisma.session.findMany({
      where: { user: { username } },
      orderBy: { createdAt: 'desc' },
    });
    const page = await submit(browser, '/account/sessions', { id: rows[0]?.id ?? '' });
    expect(readable(page)).toContain('The session is ended.');
    expect(await isGood(theirs)).toBe(false);
    expect(await isGood(browser.cookie(session)?.value)).toBe(true);
  });

  it('is refused for sessions of others, and for what is none', async () => {
    const grace = await signedIn(app, 'grace');
    const { id } = await app.database.prisma.session.findFirstOrThrow({
      where: { user: { username: 'grace' }, tokenHash: { not: null } },
      orderBy: { createdAt: 'desc' },
    });
    const browser = await signedIn(app, 'admin');
    for (const one of [id, 'nonsense', '', "' OR 1=1"]) {
      const page = await submit(browser, '/account/sessions', { id: one });
      expect(page.status).toBe(404);
      expect(readable(page)).toContain('There is nothing here');
    }
    expect(await isGood(grace.cookie(session)?.value)).toBe(true);
  });
});

describe('a connected app', () => {
  it('is listed with what it may, and stops at once when it is disconnected', async () => {
    const client = await registerClient(app, { name: 'Route & Map' });
    const { username, password } = await addPerson(app);
    const browser = await signedIn(app, username, password);
    expect(readable(await browser.visit('/account'))).toContain('No app can act for you.');
    const { query, verifier } = authorizationRequest(client, { scope: 'profile offline_access' });
    const until = (url: URL) => url.hostname === 'log.example';
    const done = await submit(browser, '/oauth/authorize', { request: query, decision: 'allow' }, { until });
    const code = done.url.searchParams.get('code') ?? '';
    const { body } = await redeemCode(app, client, { code, verifier });
    expect(await isGood(body.access_token)).toBe(true);

    const page = await browser.visit('/account');
    const text = readable(page);
    expect(text).toMatch(/Route & Map.*See your profile.*Keep its access.*Disconnect Route & Map/);
    expect(text).not.toContain('No app can act for you.');
    const id = idIn(page.text, 'Disconnect Route & Map');
    expect((await submit(await signedIn(app, 'grace'), '/account/apps', { id })).status).toBe(404);
    expect(await isGood(body.access_token)).toBe(true);
    expect(readable(await submit(browser, '/account/apps', { id }))).toContain('The app is disconnected');
    expect(await isGood(body.access_token)).toBe(false);
    expect(await isGood(browser.cookie(session)?.value)).toBe(true);
  });
});

describe('changing the password', () => {
  const changed = 'seven green umbrellas';

  it('ends all other sessions, and keeps this one', async () => {
    const { username, password, email } = await addPerson(app);
    const [browser, other] = [
      await signedIn(app, username, password),
      await signedIn(app, username, password),
    ];
    const notices = () =>
      app.sent.filter(({ to, subject }) => to === email && /password/.test(subject)).length;
    await expect.poll(notices).toBe(1);
    const form = { currentPassword: password, newPassword: changed };
    const page = await submit(browser, '/account/password', form);
    expect(page.url.pathname).toBe('/account');
    expect(readable(page)).toContain('Your password is changed');
    expect(await isGood(browser.cookie(session)?.value)).toBe(true);
    expect(await isGood(other.cookie(session)?.value)).toBe(false);
    await expect(signedIn(app, username, password)).rejects.toThrow();
    expect((await signedIn(app, username, changed)).cookies()).toHaveLength(2);
    await expect.poll(notices).toBe(2);
  });

  it.each([
    [
      'a wrong current one',
      { currentPassword: 'wrong', newPassword: changed },
      'currentPassword',
      'The current password is wrong.',
    ],
    [
      'one that is too short',
      { newPassword: 'short' },
      'newPassword',
      'New password must have at least 8 characters',
    ],
    [
      'the same again',
      { newPassword: 'a long enough password, changed' },
      'newPassword',
      'New password must differ',
    ],
  ])('is refused with %s, told at its field', async (_what, given, field, message) => {
    const { username, password } = await addPerson(app);
    const browser = await signedIn(app, username, password);
    const page = await submit(browser, '/account/password', { currentPassword: password, ...given });
    expect(page.status).toBe(422);
    expect(page.text).toContain(`<a href="#${field}">${message}`);
    expect(page.text).toMatch(new RegExp(`id="${field}"[^>]* aria-invalid="true"`));
    for (const secret of Object.values(given)) expect(page.text).not.toContain(`"${secret}"`);
    expect((await signedIn(app, username, password)).cookies()).toHaveLength(2);
  });

  it('tells password managers whose it is', async () => {
    const page = await (await signedIn(app, 'ada')).visit('/account/password');
    expect(page.text).toContain('autocomplete="username" value="ada" readonly hidden');
  });
});

describe('a linked provider', () => {
  it('is listed by its label, and unlinked by its owner alone', async () => {
    const corp = {
      name: 'corp',
      label: 'Corp & Sons',
      issuer: 'https://id.example',
      clientId: 'x',
      clientSecret: 'y',
    };
    const linked = await openTestApp({ env: { OIDC_PROVIDERS: JSON.stringify([corp]) } });
    const { prisma } = linked.database;
    const stranger = await addPerson(linked);
    const other = await signedIn(linked, stranger.username, stranger.password);
    const grace = await signedIn(linked, 'grace');
    const before = await grace.visit('/account');
    expect(before.text).toContain(
      'href="./sign-in/corp?link=1">Link<span class="unseen"> Corp &amp; Sons</span>',
    );
    const { id: userId } = await prisma.user.findUniqueOrThrow({ where: { username: 'grace' } });
    const id = '01900000-0000-7000-8000-00000000c0c0';
    await prisma.oAuthIdentity.create({
      data: { id, userId, provider: 'corp', subject: 'grace-at-corp', email: 'g@corp.example' },
    });
    const page = await grace.visit('/account');
    expect(readable(page)).toMatch(/Corp & Sons linked g@corp\.example Unlink Corp & Sons/);
    expect(page.text).not.toContain('grace-at-corp');
    expect((await submit(other, '/account/identities', { id })).status).toBe(404);
    expect(await prisma.oAuthIdentity.count({ where: { id } })).toBe(1);
    expect(readable(await submit(grace, '/account/identities', { id }))).toContain('It is unlinked');
    expect(await prisma.oAuthIdentity.count({ where: { id } })).toBe(0);
    await linked.close();
  });
});
