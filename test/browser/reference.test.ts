import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchBrowser, type Product, startProduct, startVisit, type Visit } from '../setup/browser.ts';

const screenshots = '.cache/screenshots';
let product: Product;
let browser: Browser;
let visit: Visit;
let page: Page;

const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 10_000 });

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

beforeEach(async () => {
  visit = await startVisit(browser, product.origin, { viewport: { width: 1280, height: 800 } });
  page = visit.page;
});

afterEach(async () => {
  await visit.context.close();
  expect(visit.problems.filter((problem) => !isScalarsDoubt.test(problem))).toEqual([]);
});

/** Scalar takes some valid schemas for invalid (`items: false` is one), says so in two messages and shows them well. */
const isScalarsDoubt = /^console: (document validation errors|\[(Object(, )?)+\]$)/;

const testButton = (operation: string) =>
  page.getByRole('button', { name: `Test Request (${operation})`, exact: true });
const client = () => page.getByRole('dialog', { name: 'API Client' });
const response = () => client().getByRole('region', { name: 'Response', exact: true });
const signOutButton = () => page.getByRole('button', { name: 'Sign out' });

async function signInAs(login: string) {
  await page.getByRole('button', { name: `Sign in as ${login}` }).click();
  await signOutButton().waitFor();
}

/** Sends an operation as it stands and answers the request that left the browser. */
async function send(operation: string) {
  await testButton(operation).click();
  const path = operation.split(' ')[1];
  const [sent] = await Promise.all([
    page.waitForRequest((request) => new URL(request.url()).pathname === path),
    client()
      .getByRole('button', { name: /^Send \w+ request to/ })
      .click(),
  ]);
  return sent;
}

const closeClient = () => client().getByRole('button', { name: 'Close Client' }).click();

describe('the API reference', () => {
  it('shows the operations of every document', async () => {
    await page.goto('/reference');
    await testButton('get /users/me').waitFor();
    await page.getByRole('button', { name: 'ZenML Pro', exact: true }).click();
    expect(await page.getByRole('option').allTextContents()).toHaveLength(5);
    await page.getByRole('option', { name: 'SweatStack' }).click();
    await testButton('get /api/v1/users/').waitFor();
    expect(await testButton('get /users/me').count()).toBe(0);
  });

  it('tries an operation with the token of the visitor', async () => {
    await page.goto('/reference#sweatstack');
    await signInAs('ada');
    const sent = await send('get /api/v1/users/');
    expect(new URL(sent.url()).origin).toBe(product.origin);
    await eventually(() => response().textContent()).toContain('Robin Vega');
    expect(await response().textContent()).toContain('"display_name": "Kit"');
    expect(await response().textContent()).toContain('200 OK');
    await page.screenshot({ path: `${screenshots}/reference-try.png` });
  });

  it('sends the token of whoever is signed in now, and none when nobody is', async () => {
    await page.goto('/reference#bird');
    const tokens: unknown[] = [];
    for (const login of ['ada', undefined, 'grace']) {
      if (login) await signInAs(login);
      tokens.push((await (await send('get /me')).allHeaders()).authorization);
      await eventually(() => response().textContent()).toContain(login ? '200 OK' : '401');
      await closeClient();
      if (login) await signOutButton().click();
    }
    expect(tokens).toEqual([expect.stringMatching(bearer), undefined, expect.stringMatching(bearer)]);
    expect(tokens[0]).not.toBe(tokens[2]);
    visit.problems = visit.problems.filter((problem) => !/status of 401/.test(problem));
  });

  it('stays signed in on the way from GraphiQL, and keeps the token in this tab', async () => {
    await page.goto('/graphql');
    await signInAs('ada');
    await page.getByRole('link', { name: 'API reference' }).click();
    await signOutButton().waitFor();
    await testButton('get /users/me').waitFor();
    expect((await (await send('get /users/me')).allHeaders()).authorization).toMatch(bearer);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain('ug_ses_');
  });

  it('loads nothing again on a second visit but the page and its document', async () => {
    for (const visited of ['first', 'second']) {
      await page.goto('/reference');
      await testButton('get /users/me').waitFor();
      const loaded = await listAssets();
      expect(loaded.length).toBeGreaterThan(6);
      if (visited === 'second') expect(loaded.filter((text) => !text.startsWith('0 '))).toEqual([]);
    }
  });
});

const bearer = /^Bearer ug_ses_[\w-]{49}$/;

/** What each asset cost in bytes over the network, with its name. */
function listAssets() {
  return page.evaluate<string[]>(`performance.getEntriesByType('resource')
    .filter(({ name }) => name.includes('/assets/'))
    .map(({ name, transferSize }) => transferSize + ' ' + name.split('/').pop())`);
}
