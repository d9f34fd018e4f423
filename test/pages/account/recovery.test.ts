import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import {
  addPerson,
  codeSentTo,
  codesSentTo,
  openBrowser,
  readable,
  signedIn,
  submit,
} from '../../setup/pages.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const newPassword = 'nine violet kites';

describe('recovering an account', () => {
  it('takes a code from the mailbox and a new password, and ends all sessions', async () => {
    const { username, email, password } = await addPerson(app);
    const open = await signedIn(app, username, password);
    const browser = openBrowser(app);
    const asked = await submit(browser, '/account/recover', { login: email });
    expect(asked.url.pathname).toBe('/account/reset');
    expect(asked.text).toContain(`value="${email}"`);
    const code = await codeSentTo(app, email);
    expect(asked.url.href + asked.text).not.toContain(code);
    const done = await submit(browser, '/account/reset', { login: email, code, newPassword });
    expect(done.url.pathname).toBe('/sign-in');
    expect(readable(done)).toContain('all sessions are ended');
    expect(browser.cookies()).toEqual([]);
    expect((await open.visit('/account')).url.pathname).toBe('/sign-in');
    await expect(signedIn(app, username, password)).rejects.toThrow();
    expect((await signedIn(app, username, newPassword)).cookies()).toHaveLength(2);
  });

  it('answers the same for an account that does not exist, and writes to nobody', async () => {
    const { username, email } = await addPerson(app);
    const [known, unknown] = [
      await submit(openBrowser(app), '/account/recover', { login: username }),
      await submit(openBrowser(app), '/account/recover', { login: 'nobody-at-all' }),
    ];
    const without = (text: string, name: string) => text.replaceAll(name, '…');
    expect(without(known.text, username)).toBe(without(unknown.text, 'nobody-at-all'));
    expect(known.url.search.length).toBeGreaterThan(20);
    expect(known.url.search).not.toContain(username);
    await codeSentTo(app, email);
    expect(codesSentTo(app, email)).toHaveLength(1);
    expect(app.sent.filter(({ to }) => to.includes('nobody'))).toEqual([]);
  });

  it('writes to no address that is not verified', async () => {
    const { username, email } = await addPerson(app, { isVerified: false });
    await submit(openBrowser(app), '/account/recover', { login: username });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(codesSentTo(app, email)).toEqual([]);
  });

  it('is refused with a wrong code, and for an unknown login alike', async () => {
    const { username } = await addPerson(app);
    const pages = await Promise.all(
      [username, 'nobody-at-all'].map((login) =>
        submit(openBrowser(app), '/account/reset', { login, code: 'AAAA-BBBB-CCCC', newPassword }),
      ),
    );
    for (const page of pages) {
      expect(page.status).toBe(422);
      expect(page.text).toContain('<a href="#code">The code is wrong, used or no longer good.</a>');
      expect(page.text).not.toMatch(/AAAA-BBBB|violet/);
    }
  });

  it('keeps the code good when only the password is refused', async () => {
    const { username, email } = await addPerson(app);
    const browser = openBrowser(app);
    await submit(browser, '/account/recover', { login: username });
    const code = await codeSentTo(app, email);
    const refused = await submit(browser, '/account/reset', {
      login: username,
      code,
      newPassword: 'password1',
    });
    expect(refused.text).toContain('<a href="#newPassword">New password is among the passwords');
    const done = await submit(browser, '/account/reset', { login: username, code, newPassword });
    expect(done.url.pathname).toBe('/sign-in');
  });

  it('signs out the browser that was signed in to the account', async () => {
    const { username, email, password } = await addPerson(app);
    const browser = await signedIn(app, username, password);
    await submit(browser, '/account/recover', { login: username });
    await submit(browser, '/account/reset', {
      login: username,
      code: await codeSentTo(app, email),
      newPassword,
    });
    expect(browser.cookies()).toEqual([]);
  });

  it('fills in no login that this server did not seal', async () => {
    for (const text of ['nonsense', '', 'a'.repeat(500), '%00'])
      expect((await openBrowser(app).visit(`/account/reset?for=${text}`)).text).not.toMatch(
        /id="login"[^>]*value=/,
      );
  });

  it('is refused after too many tries, with the time to wait', async () => {
    const limited = await openTestApp({ env: { SIGN_IN_ATTEMPTS_PER_ACCOUNT: '2' }, seed: false });
    const statuses: number[] = [];
    let retryAfter: string | null = null;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const page = await submit(openBrowser(limited), '/account/recover', { login: 'nobody' });
      statuses.push(page.status);
      retryAfter = page.headers.get('retry-after');
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    await limited.close();
  });
});

describe('verifying an e-mail address', () => {
  it('takes the code that was sent to it', async () => {
    const { username, password, email } = await addPerson(app, { isVerified: false });
    const browser = await signedIn(app, username, password);
    expect(readable(await browser.visit('/account'))).toContain(`${email} not verified`);
    const asked = await browser.visit('/account/verify');
    expect(readable(asked)).toContain(`A code that is sent to ${email}`);
    const id = /name="email" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const sent = await submit(browser, '/account/verify', { email: id, action: 'send' });
    expect(readable(sent)).toContain('A code is on its way to you.');
    const wrong = await submit(browser, '/account/verify', { email: id, code: 'AAAA-BBBB-CCCC' });
    expect([wrong.status, wrong.text.includes('<a href="#code">')]).toEqual([422, true]);
    const code = await codeSentTo(app, email);
    const done = await submit(browser, '/account/verify', { email: id, code });
    expect(readable(done)).toMatch(/The e-mail address is verified\..* verified/);
    expect(readable(done)).not.toContain('not verified');
    expect(readable(await browser.visit('/account/verify'))).toContain(
      'Every e-mail address of your account is verified.',
    );
  });

  it('lets nobody verify or send to an address of somebody else', async () => {
    const { email } = await addPerson(app, { isVerified: false });
    const { id } = await app.database.prisma.email.findUniqueOrThrow({ where: { address: email } });
    const grace = await signedIn(app, 'grace');
    for (const form of [
      { email: id, action: 'send' },
      { email: id, code: 'AAAA-BBBB-CCCC' },
      { email: 'x' },
    ]) {
      const page = await submit(grace, '/account/verify', form);
      expect(page.status).toBe(404);
      expect(page.text).not.toContain(email);
    }
    expect(codesSentTo(app, email)).toEqual([]);
  });
});
