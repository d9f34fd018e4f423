import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import type { CookieBrowser } from '../../setup/cookie-browser.ts';
import { authorizationRequest, openBrowser, registerClient, signedIn, submit } from '../../setup/pages.ts';

let app: TestApp;
let visitor: CookieBrowser;
let ada: CookieBrowser;
let authorize: string;
beforeAll(async () => {
  const corp = { name: 'corp', issuer: 'https://id.example', clientId: 'x', clientSecret: 'y' };
  app = await openTestApp({ env: { SIGN_UP: 'invite', OIDC_PROVIDERS: JSON.stringify([corp]) } });
  visitor = openBrowser(app);
  ada = await signedIn(app, 'ada');
  authorize = authorizationRequest(await registerClient(app)).path;
});
afterAll(() => app?.close());

const open = ['/sign-in', '/sign-up', '/account/recover', '/account/reset'];
const needing = [
  '/account',
  '/account/password',
  '/account/verify',
  '/account/invitation',
  '/device',
  'consent',
];
const failing = ['/oauth/authorize', '/oauth/authorize?client_id=%3Cb%3E', '/sign-out'];

const visit = (path: string) =>
  needing.includes(path) ? ada.visit(path === 'consent' ? authorize : path) : visitor.visit(path);

describe.each([...open, ...needing, ...failing])('%s', (path) => {
  it('is a page that nothing may keep, frame, sniff or extend', async () => {
    const { headers, url } = await visit(path);
    expect(url.pathname).toBe(path === 'consent' ? '/oauth/authorize' : path.split('?')[0]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
    });
    const target = path === 'consent' ? ' https://log.example' : '';
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; base-uri 'none'; form-action 'self'${target}; frame-ancestors 'none'; img-src 'self'; style-src 'self'`,
    );
  });

  it('runs no script, and loads and links nothing from elsewhere', async () => {
    const { text, url } = await visit(path);
    expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=|javascript:/i);
    const targets = [...text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, target = '']) => target);
    for (const target of targets) {
      expect(target).not.toMatch(/^(\/|\w+:)/);
      expect(new URL(target, url).origin).toBe(url.origin);
    }
    const styles = targets.filter((target) => target.endsWith('.css'));
    expect(styles).toHaveLength(2);
    for (const style of styles) expect((await visitor.visit(new URL(style, url).pathname)).status).toBe(200);
  });

  it('names its language, its title, its landmarks and one heading', async () => {
    const { text } = await visit(path);
    expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(text).toMatch(/<title>[^<]+ · Usergraph<\/title>/);
    expect(text).toMatch(/<header>[\s\S]*<main>/);
    expect(text.match(/<h1>/g)).toHaveLength(1);
  });

  it('has a label for each field, says what may be filled in, and uses no id twice', async () => {
    const { text } = await visit(path);
    const inputs = [...text.matchAll(/<input ([^>]*)>/g)].map(([, attributes = '']) => attributes);
    for (const input of inputs.filter((one) => !/type="hidden"|hidden$/.test(one))) {
      const id = /id="([^"]+)"/.exec(input)?.[1];
      expect(text).toContain(`<label for="${id}">`);
      expect(input).toMatch(/autocomplete="[a-z-]+"/);
    }
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const [, form = ''] of text.matchAll(/<form ([^>]*)>/g))
      expect(form).toMatch(/^(class="[^"]*" )?method="(post|get)" action="/);
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const browser = needing.includes(path) ? ada : visitor;
    const head = await browser.visit(path === 'consent' ? authorize : path, { method: 'HEAD' });
    const { status, headers } = await visit(path);
    expect([head.status, head.text]).toEqual([status, '']);
    expect(head.headers.get('content-security-policy')).toBe(headers.get('content-security-policy'));
  });
});

describe('a page that needs a session', () => {
  it.each([
    '/account',
    '/account/password',
    '/account/verify',
    '/account/invitation',
    '/device',
    '/account/sessions',
    '/account/apps',
  ])('%s asks to sign in first, whatever is sent', async (path) => {
    const pages = [await visitor.visit(path)];
    if (path !== '/account') pages.push(await submit(visitor, path, { id: 'x' }));
    for (const page of pages)
      expect([page.url.pathname, page.url.searchParams.get('return_to')]).toEqual(['/sign-in', path]);
  });

  it('asks again when the session has ended meanwhile', async () => {
    const browser = await signedIn(app, 'ada');
    const cookie = browser.cookie('usergraph_session');
    await submit(browser, '/sign-out', {});
    if (cookie) browser.put(cookie);
    expect((await browser.visit('/account')).url.pathname).toBe('/sign-in');
  });

  it('leads whoever signs in for a path of forms only to the account', async () => {
    for (const path of ['/account/sessions', '/account/apps', '/account/identities'])
      expect((await ada.visit(path)).url.pathname).toBe('/account');
  });
});

describe('a request that no page answers', () => {
  it('is refused with what the path takes', async () => {
    const page = await visitor.visit('/sign-in', { method: 'DELETE' });
    expect([page.status, page.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it('asks what is allowed is told so', async () => {
    const answer = await app.fetch('/sign-out', { method: 'OPTIONS' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  });

  it('is refused when it is no form, or longer than one', async () => {
    const json = await visitor.visit('/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    expect(json.status).toBe(415);
    expect((await submit(visitor, '/sign-in', { login: 'a'.repeat(40_000) })).status).toBe(413);
  });

  it('shows no more than a page of a failure of ours', async () => {
    const broken = await openTestApp({ seed: false });
    await broken.database.prisma.$disconnect();
    await broken.database.close();
    const page = await submit(openBrowser(broken), '/sign-in', { login: 'ada', password: 'x' });
    expect(page.status).toBeGreaterThanOrEqual(500);
    expect(page.text).toContain('<h1>');
    expect(page.text).not.toMatch(/prisma|postgres|select|stack/i);
    await broken.close().catch(() => {});
  });
});
