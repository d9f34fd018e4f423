import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import type { CookieBrowser } from '../setup/cookie-browser.ts';
import {
  addPerson,
  authorizationRequest,
  openBrowser,
  registerClient,
  signedIn,
  submit,
} from '../setup/pages.ts';

let app: TestApp;
let visitor: CookieBrowser;
let person: CookieBrowser;
beforeAll(async () => {
  app = await openTestApp({ env: { SIGN_UP: 'open' } });
  visitor = openBrowser(app);
  const { username, password } = await addPerson(app);
  person = await signedIn(app, username, password);
});
afterAll(() => app?.close());

/** The attributes of the inputs of a page that a password goes into. */
const passwordInputs = (text: string) =>
  [...text.matchAll(/<input ([^>]*)>/g)]
    .map(([, attributes = '']) => attributes)
    .filter((attributes) => /name="[^"]*password"/i.test(attributes) && !attributes.includes('"hidden"'));

describe('a field for a password', () => {
  it.each([
    ['/sign-in', 1],
    ['/sign-up', 1],
    ['/account/reset', 1],
    ['/account/password', 2],
    ['an expired password', 2],
    ['/graphql', 1],
  ])('of %s is masked, and open to password managers and to what is pasted', async (path, count) => {
    const { text } = await open(path);
    const inputs = passwordInputs(text);
    expect(inputs).toHaveLength(count);
    for (const input of inputs) {
      expect(input).toContain('type="password"');
      expect(input).toMatch(/autocomplete="(current|new)-password"/);
      expect(input).not.toMatch(/\bon\w+=|maxlength|readonly|pattern=/);
    }
  });

  async function open(path: string) {
    if (path === '/account/password') return person.visit(path);
    if (path.startsWith('/')) return visitor.visit(path, { headers: { accept: 'text/html' } });
    const { username: login, password } = await addPerson(app, { isExpired: true });
    return submit(openBrowser(app), '/sign-in', { login, password });
  }
});

describe('a page for who is signed in', () => {
  const leadsOut = /<form method="post" action="[^"]*\/sign-out"|action="\.\.?\/sign-out"/;

  it('lets one sign out, or leads back to the account page, which does', async () => {
    const { path: consent } = authorizationRequest(await registerClient(app));
    for (const path of ['/account', consent]) expect((await person.visit(path)).text, path).toMatch(leadsOut);
    for (const path of ['/account/password', '/account/verify'])
      expect((await person.visit(path)).text, path).toMatch(/href="[^"]*account"/);
  });
});
