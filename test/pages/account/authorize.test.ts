import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import type { CookieBrowser, Page } from '../../setup/cookie-browser.ts';
import {
  addPerson,
  authorizationRequest,
  hiddenField,
  openBrowser,
  type RegisteredClient,
  readable,
  redeemCode,
  registerClient,
  signedIn,
  submit,
} from '../../setup/pages.ts';

let app: TestApp;
let client: RegisteredClient;
beforeAll(async () => {
  app = await openTestApp();
  client = await registerClient(app);
});
afterAll(() => app?.close());

const isElsewhere = (url: URL) => url.hostname !== 'usergraph.test';
const answerTo = (browser: CookieBrowser, page: Page, decision: string) =>
  submit(
    browser,
    '/oauth/authorize',
    { request: hiddenField(page, 'request') ?? '', decision },
    { until: isElsewhere },
  );
const paramsOf = ({ url }: Page) => Object.fromEntries(url.searchParams);

/** A person of its own in a browser that is signed in. */
async function somebody() {
  const person = await addPerson(app);
  return { person, browser: await signedIn(app, person.username, person.password) };
}

describe('a client that asks for access', () => {
  it('gets a code after signing in and consent, and tokens for the code', async () => {
    const { username, password } = await addPerson(app);
    const browser = openBrowser(app);
    const { path, query, verifier } = authorizationRequest(client);
    const asked = await browser.visit(path);
    expect(asked.url.pathname).toBe('/sign-in');
    expect(readable(asked)).toContain('to go on to Training Log');
    const form = { login: username, password, return_to: hiddenField(asked, 'return_to') ?? '' };
    const consent = await submit(browser, '/sign-in', form);
    expect(consent.url.href).toContain('/oauth/authorize?');
    expect(hiddenField(consent, 'request')).toBe(query);
    const done = await answerTo(browser, consent, 'allow');
    expect(done.status).toBe(303);
    expect(done.url.href).toMatch(/^https:\/\/log\.example\/callback\?/);
    const { code = '', state, iss } = paramsOf(done);
    expect([state, iss]).toEqual(['a state & more', expect.stringMatching(/^http/)]);
    const { status, body } = await redeemCode(app, client, { code, verifier });
    expect([status, body.scope]).toEqual([200, 'openid profile data:read']);
    const me = await app.withToken(body.access_token).send('{ me { username } }');
    expect(me.data).toEqual({ me: { username } });
    const reused = await redeemCode(app, client, { code, verifier });
    expect([reused.status, reused.body.error]).toEqual([400, 'invalid_grant']);
  });

  it('is named to the user, with what it may do in words, where it leads, and who is signed in', async () => {
    const { person, browser } = await somebody();
    const text = readable(await browser.visit(authorizationRequest(client).path));
    expect(text).toContain('Let Training Log use your account?');
    expect(text).toContain(`Person of ${person.username} (${person.username})`);
    expect(text).toContain('Read your data');
    expect(text).toContain('See your profile');
    expect(text).not.toMatch(/Keep its access|Add, change|data:read|API tokens/);
    expect(text).toContain('Afterwards you are sent to log.example');
  });

  it('is told that the user refused, and gets nothing', async () => {
    const { browser } = await somebody();
    for (const decision of ['deny', '', 'ALLOW']) {
      const consent = await browser.visit(authorizationRequest(client).path);
      const { error, state, code } = paramsOf(await answerTo(browser, consent, decision));
      expect([error, state, code]).toEqual(['access_denied', 'a state & more', undefined]);
    }
  });

  it('whose name holds markup is shown as text', async () => {
    const { browser } = await somebody();
    const hostile = await registerClient(app, { name: '<img src=x>"&' });
    const page = await browser.visit(authorizationRequest(hostile).path);
    expect(page.text).toContain(
      '<title>Let &lt;img src=x&gt;&quot;&amp; use your account? · Usergraph</title>',
    );
    expect(page.text).not.toContain('<img');
  });

  it('is not asked about again for the same, but for more', async () => {
    const confidential = await registerClient(app, { isConfidential: true });
    const { browser } = await somebody();
    const ask = (params = {}) =>
      browser.visit(authorizationRequest(confidential, params).path, { until: isElsewhere });
    await answerTo(browser, await ask(), 'allow');
    expect(paramsOf(await ask())).toMatchObject({ code: expect.stringMatching(/^ug_cod_/) });
    const more = await ask({ scope: 'openid profile data:read offline_access' });
    expect(readable(more)).toContain('Keep its access while you are away');
    expect((await ask({ prompt: 'consent' })).status).toBe(200);
    expect((await ask({ scope: 'openid' })).status).toBe(303);
  });

  it('of the operator is not asked about at all', async () => {
    const trusted = await registerClient(app, { isTrusted: true });
    const { browser } = await somebody();
    const page = await browser.visit(authorizationRequest(trusted).path, { until: isElsewhere });
    expect(paramsOf(page)).toMatchObject({ code: expect.stringMatching(/^ug_cod_/) });
  });
});

describe('what a client asks about the sign-in', () => {
  it('signs the user in anew, and then goes on', async () => {
    const { person, browser } = await somebody();
    const asked = await browser.visit(authorizationRequest(client, { prompt: 'login' }).path);
    expect(asked.url.pathname).toBe('/sign-in');
    expect(readable(asked)).toContain('This browser is signed in already');
    const form = { login: person.username, password: person.password };
    const consent = await submit(browser, '/sign-in', {
      ...form,
      return_to: hiddenField(asked, 'return_to') ?? '',
    });
    expect(readable(consent)).toContain('Let Training Log use your account?');
  });

  it('without showing a page is answered as an error', async () => {
    const path = authorizationRequest(client, { prompt: 'none' }).path;
    const until = isElsewhere;
    expect(paramsOf(await openBrowser(app).visit(path, { until }))).toMatchObject({
      error: 'login_required',
    });
    const { browser } = await somebody();
    expect(paramsOf(await browser.visit(path, { until }))).toMatchObject({ error: 'consent_required' });
  });

  it('with a name fills that in, as text', async () => {
    const { path } = authorizationRequest(client, { login_hint: '"ada"@example.com' });
    expect((await openBrowser(app).visit(path)).text).toContain('value="&quot;ada&quot;@example.com"');
  });
});

describe('a request that cannot be granted', () => {
  it.each([
    ['an unknown client', { client_id: '01900000-0000-7000-8000-000000000000' }],
    ['no client', { client_id: '' }],
    ['a redirect URI of somebody else', { redirect_uri: 'https://evil.example/' }],
    ['a redirect URI that goes on', { redirect_uri: 'https://log.example/callback/evil' }],
  ])('is told to the user and leads nowhere: %s', async (_what, params) => {
    const { browser } = await somebody();
    const { path, query } = authorizationRequest(client, params);
    const pages = [
      await browser.visit(path, { until: isElsewhere }),
      await submit(
        browser,
        '/oauth/authorize',
        { request: query, decision: 'allow' },
        { until: isElsewhere },
      ),
      await submit(browser, '/oauth/authorize', { request: query, decision: 'deny' }, { until: isElsewhere }),
    ];
    for (const page of pages) {
      expect([page.status, page.url.hostname]).toEqual([400, 'usergraph.test']);
      expect(readable(page)).toContain('It was told nothing about you.');
      expect(page.headers.get('www-authenticate')).toBeNull();
      expect(page.headers.get('content-security-policy')).not.toContain('evil');
    }
  });

  it.each([
    ['no proof key', { code_challenge: '' }, 'invalid_request'],
    ['a plain proof key', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['a scope that is not for it', { scope: 'admin' }, 'invalid_scope'],
  ])('for another reason is told to the client: %s', async (_what, params, error) => {
    const { browser } = await somebody();
    const { path, query } = authorizationRequest(client, params);
    const form = { request: query, decision: 'allow' };
    for (const page of [
      await browser.visit(path, { until: isElsewhere }),
      await submit(browser, '/oauth/authorize', form, { until: isElsewhere }),
    ])
      expect(paramsOf(page)).toMatchObject({ error, state: 'a state & more' });
  });
});

describe('consent', () => {
  it('cannot be given by who is signed out, nor without being asked of who signs in', async () => {
    const { query } = authorizationRequest(client);
    const page = await submit(openBrowser(app), '/oauth/authorize', { request: query, decision: 'allow' });
    expect(page.url.pathname).toBe('/sign-in');
    expect(hiddenField(page, 'return_to')).toContain('/oauth/authorize?');
  });

  it('can be left to another account', async () => {
    const { browser } = await somebody();
    const consent = await browser.visit(authorizationRequest(client).path);
    const returnTo = hiddenField(consent, 'return_to') ?? '';
    const page = await submit(browser, '/sign-out', { return_to: returnTo });
    expect(page.url.pathname).toBe('/sign-in');
    expect(readable(page)).toContain('to go on to Training Log');
    expect(browser.cookies()).toEqual([]);
    const { username, password } = await addPerson(app);
    const next = await submit(browser, '/sign-in', { login: username, password, return_to: returnTo });
    expect(readable(next)).toContain(`Person of ${username}`);
  });
});

describe('the policy of a page that leads on to a client', () => {
  it.each([
    ['https://log.example/callback', 'https://log.example'],
    ['http://127.0.0.1:5000/cb', 'http://127.0.0.1:5000'],
    ['http://[::1]:5000/cb', 'http:'],
    ['com.example.app:/done', 'com.example.app:'],
  ])('lets forms end at %s', async (redirectUri, target) => {
    const other = await registerClient(app, { redirectUris: [redirectUri] });
    const { browser } = await somebody();
    const { path } = authorizationRequest(other);
    const policy = (page: Page) => page.headers.get('content-security-policy');
    expect(policy(await browser.visit(path))).toContain(`form-action 'self' ${target};`);
    expect(policy(await openBrowser(app).visit(path))).toContain(`form-action 'self' ${target};`);
  });

  it('lets no form of a page end elsewhere that leads on to nothing that is known', async () => {
    const { path } = authorizationRequest(client, { redirect_uri: 'https://evil.example/' });
    const page = await openBrowser(app).visit(`/sign-in?${new URLSearchParams({ return_to: path })}`);
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self';");
  });
});
