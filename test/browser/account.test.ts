import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Visit } from '../setup/browser.ts';
import { authorizationRequest, codeSentTo, redeemCode } from '../setup/pages.ts';
import { type AccountWorld, leastContrast, openAccountWorld, signIn } from './account-world.ts';

const screenshots = '.cache/screenshots';
let world: AccountWorld;
let visit: Visit;
let page: Page;

beforeAll(async () => {
  world = await openAccountWorld();
});
afterAll(() => world?.close());

beforeEach(async () => {
  visit = await world.visit();
  page = visit.page;
});
afterEach(async () => {
  await visit.context.close();
  expect(visit.problems).toEqual([]);
});

const heading = () => page.getByRole('heading', { level: 1 }).textContent();
const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const path = () => page.url().slice(world.url.length);

/** What the keyboard is at. */
const focused = () =>
  page.evaluate<string>(`(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()`);

async function tabTo(text: string) {
  for (let step = 0; step < 30; step += 1) {
    await page.keyboard.press('Tab');
    if ((await focused()) === text) return;
  }
  throw new Error(`the keyboard never reaches ${text}`);
}

describe('without scripts, a browser', () => {
  it('leads a user of a client through signing in and consent to a code, and the client to tokens', async () => {
    const [client, person] = [await world.registerClient(), await world.addPerson()];
    const { path: asked, verifier } = authorizationRequest(client);
    await page.goto(asked);
    expect(await page.getByText('to go on to Training Log').isVisible()).toBe(true);
    await signIn(page, person);
    expect(await heading()).toBe('Let Training Log use your account?');
    await press('Allow');
    expect(await heading()).toBe('The client');
    const { origin, pathname, searchParams } = new URL(page.url());
    expect([origin + pathname, searchParams.get('state')]).toEqual([client.redirectUri, 'a state & more']);
    const code = searchParams.get('code') ?? '';
    expect((await redeemCode(world.app, client, { code, verifier })).status).toBe(200);

    await page.goto('/account');
    await page.getByRole('button', { name: 'Disconnect Training Log' }).click();
    expect(await page.getByRole('status').textContent()).toContain('The app is disconnected');
  });

  it('goes straight on to a client of the operator, by the redirects after its sign-in form', async () => {
    const [client, person] = [await world.registerClient({ isTrusted: true }), await world.addPerson()];
    await page.goto(authorizationRequest(client).path);
    await signIn(page, person);
    expect(page.url()).toMatch(new RegExp(`^${client.redirectUri}\\?.*code=ug_cod_`));
  });

  it('tells a client that its user refused', async () => {
    const [client, person] = [await world.registerClient(), await world.addPerson()];
    await page.goto(authorizationRequest(client).path);
    await signIn(page, person);
    await press('Deny');
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
  });

  it('lets a device in', async () => {
    const [client, person] = [await world.registerClient({ name: 'TV' }), await world.addPerson()];
    const form = { client_id: client.clientId };
    const { body: device } = await world.app.call('POST', '/oauth/device_authorization', { form });
    await page.goto('/device');
    await signIn(page, person);
    await page.getByLabel('Code').fill(device.user_code.toLowerCase());
    await press('Continue');
    expect(await heading()).toBe('Connect TV?');
    expect(await page.locator('.code').textContent()).toBe(device.user_code);
    await press('Connect');
    expect(await heading()).toBe('The device is connected');
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
    const token = { ...form, grant_type, device_code: device.device_code };
    expect((await world.app.call('POST', '/oauth/token', { form: token })).status).toBe(200);
  });

  it('recovers an account', async () => {
    const { username, email } = await world.addPerson();
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await page.getByLabel('Username or e-mail address').fill(email);
    await press('Send a code');
    expect(await page.getByLabel('Username or e-mail address').inputValue()).toBe(email);
    await page.getByLabel('Code').fill(await codeSentTo(world.app, email));
    await page.getByLabel('New password').fill('eleven paper boats');
    await press('Set new password');
    expect(path()).toBe('/sign-in?notice=password-reset');
    await signIn(page, { username, password: 'eleven paper boats' });
    expect(path()).toBe('/account');
  });

  it('makes an account, and verifies its address', async () => {
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Make an account' }).click();
    await page.getByLabel('Name (optional)', { exact: true }).fill('Nova Newcomer');
    await page.getByLabel('E-mail address').fill('nova@example.com');
    await page.getByLabel('Password').fill('short');
    await press('Make the account');
    expect(await page.title()).toBe('Error: Make an account · Usergraph');
    await page.getByRole('link', { name: 'Password must have at least 8 characters' }).click();
    expect(await focused()).toBe('Password');
    await page.keyboard.type('twelve wooden spoons');
    await press('Make the account');
    await page.getByLabel('Code').fill(await codeSentTo(world.app, 'nova@example.com'));
    await press('Verify');
    expect(await page.getByRole('status').textContent()).toBe('The e-mail address is verified.');
    expect(await page.getByText('Nova Newcomer').isVisible()).toBe(true);
  });

  it('ends another session, and then its own', async () => {
    const person = await world.addPerson();
    const other = await world.visit();
    for (const one of [other.page, page]) {
      await one.goto('/sign-in');
      await signIn(one, person);
    }
    await page.getByRole('button', { name: /^End session of Chrome/ }).click();
    await other.page.reload();
    expect(other.page.url()).toContain('/sign-in');
    await other.context.close();
    await press('Sign out');
    expect(await page.getByRole('status').textContent()).toBe('You are signed out.');
    await page.goBack();
    await page.reload();
    expect(await heading()).toBe('Sign in');
  });

  it('does nothing for a form of another site', async () => {
    await page.goto('/sign-in');
    await signIn(page, await world.addPerson());
    await page.goto(world.clientOrigin);
    await press('Sign out of Usergraph');
    expect(await heading()).toBe('This is not allowed');
    await page.goto('/account');
    expect(await heading()).toBe('Your account');
  });
});

it('the keyboard alone signs in, sees what is wrong first, and gives consent', async () => {
  const [client, { username, password }] = [await world.registerClient(), await world.addPerson()];
  await page.goto(authorizationRequest(client).path);
  await tabTo('Username or e-mail address');
  await page.keyboard.type(username);
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Password');
  await page.keyboard.type('wrong');
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  expect(await focused()).toContain('The login or the password is wrong.');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Username or e-mail address');
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Sign in');
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  await tabTo('Allow');
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  expect(await heading()).toBe('The client');
});

const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { colorScheme, viewport: { width: 1280, height: 800 } },
  { colorScheme, viewport: { width: 320, height: 640 } },
]);

describe.each(looks)('in $colorScheme, $viewport.width pixels wide', (look) => {
  it('each page fits, and each text stands out from what is behind it', async () => {
    const { colorScheme, viewport } = look;
    const [client, person] = [await world.registerClient(), await world.addPerson()];
    const own = await world.visit(look);
    const see = async (where: string) => {
      await own.page.goto(where);
      const name = where.replace(/\?.*/, '').replaceAll('/', '-').slice(1);
      const file = `${screenshots}/account-${name}-${colorScheme}-${viewport.width}.png`;
      await own.page.screenshot({ path: file, fullPage: true });
      expect([where, await own.page.evaluate('document.documentElement.scrollWidth')]).toEqual([
        where,
        viewport.width,
      ]);
      const [contrast, text] = await own.page.evaluate<[number, string]>(leastContrast);
      expect(contrast, `${where}: ${text}`).toBeGreaterThanOrEqual(4.5);
    };
    for (const where of ['/sign-up', '/account/recover', '/account/reset', '/sign-in']) await see(where);
    await signIn(own.page, { ...person, password: 'wrong' });
    expect((await own.page.evaluate<[number, string]>(leastContrast))[0]).toBeGreaterThanOrEqual(4.5);
    await signIn(own.page, person);
    const { path: consent } = authorizationRequest(client);
    for (const where of [consent, '/account', '/account/password', '/account/verify', '/device'])
      await see(where);
    await own.context.close();
    expect(own.problems).toEqual([]);
  });
});
