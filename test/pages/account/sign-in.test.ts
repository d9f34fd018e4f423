import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoPassword } from '../../../src/demo/people.ts';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import { addPerson, hiddenField, openBrowser, readable, signedIn, submit } from '../../setup/pages.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const ada = { login: 'ada', password: demoPassword };
const sessionCookie = 'usergraph_session';
/** The username of whom a secret stands for; null for one that is no good. */
async function whoAmI(secret: string | undefined): Promise<string | null> {
  const { data } = await app.withToken(secret ?? '').send('{ me { username } }');
  return (data as { me: { username: string } } | undefined)?.me.username ?? null;
}

describe('signing in', () => {
  it('opens a session in cookies that no script can read and no other site can use', async () => {
    const browser = openBrowser(app);
    const page = await submit(browser, '/sign-in', ada);
    expect(page.url.pathname).toBe('/account');
    expect(readable(page)).toContain('Ada Lovelace');
    for (const name of [sessionCookie, 'token']) {
      const cookie = browser.cookie(name);
      expect(cookie?.text).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      expect(await whoAmI(cookie?.value)).toBe('ada');
      expect(page.text).not.toContain(cookie?.value);
    }
    expect(browser.cookie(sessionCookie)?.value).toMatch(/^ug_ses_/);
    expect(browser.cookie('token')?.value.split('.')).toHaveLength(3);
  });

  it('answers a form with 303 See Other, which nothing keeps', async () => {
    const response = await app.fetch('/sign-in', { method: 'POST', body: new URLSearchParams(ada) });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('./account');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('');
  });

  it.each([
    ['a wrong password', { login: 'ada', password: 'wrong' }],
    ['an unknown login', { login: 'nobody', password: demoPassword }],
    ['an account without a password', { login: 'linus@example.com', password: demoPassword }],
    ['a form without fields', {}],
  ])('says the same about %s, and opens nothing', async (_what, form) => {
    const browser = openBrowser(app);
    const page = await submit(browser, '/sign-in', form);
    expect(page.status).toBe(422);
    expect(page.text).toContain('<title>Error: Sign in · Usergraph</title>');
    expect(page.text).toMatch(/<div class="problems" role="alert" tabindex="-1" autofocus>/);
    expect(readable(page)).toContain('The login or the password is wrong.');
    expect(browser.cookies()).toEqual([]);
  });

  it('keeps what was typed, but no password', async () => {
    const page = await submit(openBrowser(app), '/sign-in', { login: '"><b>ada', password: 'secret-word' });
    expect(page.text).toContain('value="&quot;&gt;&lt;b&gt;ada"');
    expect(page.text).not.toContain('<b>');
    expect(page.text).not.toContain('secret-word');
  });

  it('refuses a suspended account and says why', async () => {
    const page = await submit(openBrowser(app), '/sign-in', { login: 'margaret', password: demoPassword });
    expect(page.status).toBe(403);
    expect(readable(page)).toContain('The account is suspended');
  });

  it('ends the session that the browser had before, and no other', async () => {
    const [browser, other] = [await signedIn(app, 'ada'), await signedIn(app, 'ada')];
    const before = browser.cookie(sessionCookie)?.value;
    expect(readable(await browser.visit('/sign-in'))).toContain('This browser is signed in already');
    await submit(browser, '/sign-in', { login: 'grace', password: demoPassword });
    expect(await whoAmI(before)).toBeNull();
    expect(await whoAmI(browser.cookie(sessionCookie)?.value)).toBe('grace');
    expect(await whoAmI(other.cookie(sessionCookie)?.value)).toBe('ada');
  });

  it('takes nothing but a session for a session', async () => {
    const browser = openBrowser(app);
    const { token } = await app.as('ada');
    const document =
      'mutation { createApiToken(input: { name: "x", scopes: [PROFILE] }) { ... on CreateApiTokenSuccess { secret } } }';
    const data = (await app.withToken(token).run(document)) as { createApiToken: { secret: string } };
    for (const value of [data.createApiToken.secret, 'ug_ses_nonsense', '..', '']) {
      browser.put({ host: 'usergraph.test', name: sessionCookie, value, path: '/', text: '' });
      const page = await browser.visit('/account');
      expect(page.url.pathname).toBe('/sign-in');
      expect(page.text).not.toContain('Lovelace');
    }
  });
});

describe('an expired password', () => {
  it('is changed on the way in', async () => {
    const { username, password } = await addPerson(app, { isExpired: true });
    const browser = openBrowser(app);
    const asked = await submit(browser, '/sign-in', { login: username, password, return_to: '/device' });
    expect(readable(asked)).toContain('Choose a new password');
    expect(asked.text).toContain('id="newPassword"');
    expect(asked.text).not.toContain(password);
    expect(hiddenField(asked, 'return_to')).toBe('/device');
    expect(browser.cookies()).toEqual([]);

    const common = { login: username, password, newPassword: 'password1', return_to: '/device' };
    const refused = await submit(browser, '/sign-in', common);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain(
      '<a href="#newPassword">New password is among the passwords that attackers try first</a>',
    );
    expect(refused.text).toMatch(
      /id="newPassword"[^>]* aria-invalid="true" aria-describedby="newPassword-hint newPassword-problem"/,
    );

    const changed = await submit(browser, '/sign-in', { ...common, newPassword: 'orbit lantern cactus' });
    expect(changed.url.pathname).toBe('/device');
    expect((await signedIn(app, username, 'orbit lantern cactus')).cookies()).toHaveLength(2);
  });
});

describe('where a person goes on to', () => {
  it.each(['/device', '/oauth/authorize?client_id=1&state=a%26b', '/account/password', '/'])(
    'is the page that asked to sign in first: %s',
    async (path) => {
      const browser = openBrowser(app);
      const page = await browser.visit(`/sign-in?${new URLSearchParams({ return_to: path })}`);
      expect(hiddenField(page, 'return_to')).toBe(path);
      const answer = await app.fetch('/sign-in', {
        method: 'POST',
        body: new URLSearchParams({ ...ada, return_to: path }),
      });
      expect(answer.headers.get('location')).toBe(`.${path}`);
    },
  );

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example/',
    '\\\\evil.example',
    '/.//evil.example',
    '/..//evil.example',
    'javascript:alert(1)',
    'account',
    '',
  ])('is never %j', async (path) => {
    const page = await openBrowser(app).visit(`/sign-in?${new URLSearchParams({ return_to: path })}`);
    expect(hiddenField(page, 'return_to')).toBeNull();
    expect(page.text).not.toContain('evil');
    const body = new URLSearchParams({ ...ada, return_to: path });
    const answer = await app.fetch('/sign-in', { method: 'POST', body });
    expect(answer.headers.get('location')).toBe('./account');
  });

  it('is never longer than a URL can be', async () => {
    const body = new URLSearchParams({ ...ada, return_to: `/${'a'.repeat(5000)}` });
    const answer = await app.fetch('/sign-in', { method: 'POST', body });
    expect(answer.headers.get('location')).toBe('./account');
  });

  it('is where the person was, after a page that needs a session', async () => {
    const page = await openBrowser(app).visit('/device?user_code=BCDF-GHJK');
    expect(page.url.pathname).toBe('/sign-in');
    expect(hiddenField(page, 'return_to')).toBe('/device?user_code=BCDF-GHJK');
  });
});

describe('a form that another site sent', () => {
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://usergraph.test' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ];

  it.each(foreign)('signs nobody in: %j', async (headers) => {
    const response = await app.fetch('/sign-in', { method: 'POST', headers, body: new URLSearchParams(ada) });
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await response.text()).toContain('This form was sent from another site, so nothing was done.');
  });

  it.each(foreign)('does nothing in the name of who is signed in: %j', async (headers) => {
    const browser = await signedIn(app, 'ada');
    const paths = [
      '/sign-out',
      '/account/sessions',
      '/account/password',
      '/account/apps',
      '/device',
      '/oauth/authorize',
    ];
    for (const path of paths) {
      const page = await submit(browser, path, { id: 'x', decision: 'allow' }, { headers });
      expect([path, page.status]).toEqual([path, 403]);
    }
    expect((await browser.visit('/account')).url.pathname).toBe('/account');
  });

  it.each([
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://usergraph.test' },
  ])('is not one of our own: %j', async (headers) => {
    const response = await app.fetch('/sign-in', { method: 'POST', headers, body: new URLSearchParams(ada) });
    expect(response.status).toBe(303);
  });
});

describe('signing out', () => {
  it('ends the session at once and clears the cookies', async () => {
    const browser = await signedIn(app, 'ada');
    const [session, token] = [sessionCookie, 'token'].map((name) => browser.cookie(name)?.value);
    const page = await submit(browser, '/sign-out', {});
    expect(page.url.pathname).toBe('/sign-in');
    expect(readable(page)).toContain('You are signed out.');
    expect(browser.cookies()).toEqual([]);
    for (const secret of [session, token]) expect(await whoAmI(secret)).toBeNull();
  });

  it('is nothing to whoever is signed out already', async () => {
    expect((await submit(openBrowser(app), '/sign-out', {})).url.pathname).toBe('/sign-in');
  });

  it('needs a form: a link or a picture signs nobody out', async () => {
    const browser = await signedIn(app, 'ada');
    const page = await browser.visit('/sign-out');
    expect([page.status, page.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect((await browser.visit('/account')).url.pathname).toBe('/account');
  });
});

describe('too many attempts', () => {
  it('are told with the time to wait, and the right password waits too', async () => {
    const limited = await openTestApp({ env: { SIGN_IN_ATTEMPTS_PER_ACCOUNT: '2' } });
    const attempt = (password: string) =>
      submit(openBrowser(limited), '/sign-in', { login: 'ada', password });
    for (const _ of [1, 2]) expect((await attempt('wrong')).status).toBe(422);
    const page = await attempt(demoPassword);
    expect(page.status).toBe(429);
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(readable(page)).toMatch(/Too many .*try again in \d+ seconds/);
    await limited.close();
  });

  it('of any request are told on a page too', async () => {
    const limited = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '1' } });
    await openBrowser(limited).visit('/sign-in');
    const page = await openBrowser(limited).visit('/sign-in');
    expect(page.status).toBe(429);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0);
    await limited.close();
  });
});

describe('the sign-in page', () => {
  it('offers what the operator offers, and nothing else', async () => {
    const closed = (await openBrowser(app).visit('/sign-in')).text;
    expect(closed).not.toMatch(/sign-up|class="providers"/);
    expect(closed).toContain('href="./account/recover"');
    const corp = {
      name: 'corp',
      label: 'Corp & Sons',
      issuer: 'https://id.example',
      clientId: 'x',
      clientSecret: 'hush',
    };
    const open = await openTestApp({
      env: { SIGN_UP: 'open', OIDC_PROVIDERS: JSON.stringify([corp]) },
      seed: false,
    });
    const page = await openBrowser(open).visit('/sign-in?return_to=%2Fdevice');
    expect(page.text).toContain('href="./sign-up?return_to=%2Fdevice"');
    expect(page.text).toContain('href="./sign-in/corp?return_to=%2Fdevice">Sign in with Corp &amp; Sons</a>');
    expect(page.text).not.toMatch(/Demo accounts|hush/);
    await open.close();
  });

  it('signs in to a demo account by one button, while there is one', async () => {
    const page = await openBrowser(app).visit('/sign-in');
    const [, form = ''] = /(<form class="demo"[\s\S]*?<\/form>)/.exec(page.text) ?? [];
    expect(form).toContain('<button class="chip" name="login" value="grace"');
    expect(hiddenField({ text: form }, 'password')).toBe(demoPassword);
  });
});
