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
  expect(visit.problems).toEqual([]);
});

async function openGraphiql(path = '/graphql') {
  await page.goto(path);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
}

async function signIn(login: string, password: string) {
  await page.getByLabel('Username or e-mail').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const signOutButton = () => page.getByRole('button', { name: 'Sign out' });
const alert = () => page.getByRole('alert').filter({ hasText: /./ }).first();

/** The text of the response pane; its editor draws spaces as no-break spaces. */
async function readResponse() {
  const text = await page.getByRole('region', { name: 'Result Window' }).textContent();
  return (text ?? '').replaceAll('\u00a0', ' ');
}

async function runQuery() {
  await page.getByRole('button', { name: /^Execute query/ }).click();
  return readResponse();
}

const readToken = () => page.evaluate<string>(`sessionStorage.getItem('usergraph.session') ?? ''`);

describe('GraphiQL', () => {
  it('signs in, runs the examples and signs out', async () => {
    await openGraphiql();
    await signIn('ada', 'usergraph-demo');
    await signOutButton().waitFor();
    expect(await page.getByText('Signed in as').textContent()).toMatch(/Ada/);

    await runQuery();
    await eventually(readResponse).toContain('"username": "ada"');
    expect(await readResponse()).not.toContain('"errors"');

    await page.getByRole('button', { name: 'Users', exact: true }).click();
    // GraphiQL learns the operation of a tab shortly after it shows the tab.
    await eventually(runQuery).toContain('"totalCount"');
    expect(await readResponse()).not.toContain('"errors"');
    await page.screenshot({ path: `${screenshots}/graphiql-signed-in.png` });

    const token = await readToken();
    expect(token).toMatch(/^ug_ses_/);
    await signOutButton().click();
    await page.getByLabel('Password').waitFor();
    expect(await readToken()).toBe('');
    await eventually(() => askWho(token)).toBe('UNAUTHENTICATED');
  });

  it('follows a subscription until it is stopped', async () => {
    const query = 'subscription Follow { userChanged { events user { bio } } }';
    await openGraphiql(`/graphql?query=${encodeURIComponent(query)}`);
    await signIn('ada', 'usergraph-demo');
    await signOutButton().waitFor();
    await runQuery();
    await eventually(readResponse).toContain('"events": []');
    const bio = 'Written while somebody follows.';
    await page.evaluate(
      `fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${JSON.stringify(
        JSON.stringify({ query: `mutation { updateMe(input: { bio: "${bio}" }) { __typename } }` }),
      )} }).then((response) => response.text())`,
    );
    await eventually(readResponse).toContain(bio);
    expect(await readResponse()).toContain('"user.updated"');
    await page.getByRole('button', { name: /^Stop query/ }).click();
    await page.getByRole('button', { name: /^Execute query/ }).waitFor();
  });

  it('shows why a sign-in failed and keeps no token', async () => {
    await openGraphiql();
    await signIn('ada', 'wrong');
    expect(await alert().textContent()).toMatch(/\w+ .*\w+/);
    expect(await readToken()).toBe('');
    await page.screenshot({ path: `${screenshots}/graphiql-wrong-password.png` });

    await signIn('ada', 'usergraph-demo');
    await signOutButton().waitFor();
    expect(await page.locator('#notice').textContent()).toBe('');
  });

  it('signs in to a demo account with one click, and stays signed in over a reload', async () => {
    await openGraphiql();
    await page.getByRole('button', { name: 'Sign in as grace' }).click();
    await signOutButton().waitFor();
    await page.reload();
    await signOutButton().waitFor();
    expect(await page.getByText('Signed in as').textContent()).toMatch(/Grace/);
  });

  it('drops a token that the server no longer accepts', async () => {
    await openGraphiql();
    await signIn('ada', 'usergraph-demo');
    await signOutButton().waitFor();
    await revoke(await readToken());
    await runQuery();
    expect(await alert().textContent()).toMatch(/session has ended/);
    expect(await readToken()).toBe('');
    allowProblem(/status of 401/);
  });

  it('drops a token that ended between two visits', async () => {
    await openGraphiql();
    await page.evaluate(`sessionStorage.setItem('usergraph.session', 'ug_ses_unknown')`);
    await page.reload();
    expect(await alert().textContent()).toMatch(/session has ended/);
    await page.getByLabel('Password').waitFor();
    allowProblem(/status of 401/);
  });

  it('sends its token to the endpoint alone, and never instead of another', async () => {
    await openGraphiql();
    await signIn('ada', 'usergraph-demo');
    await signOutButton().waitFor();
    expect(await sentAuthorization('/graphql')).toMatch(/^Bearer ug_ses_/);
    expect(await sentAuthorization('/livez')).toBeUndefined();
    expect(await sentAuthorization('/graphql', { authorization: 'Basic eDp5' })).toBe('Basic eDp5');
    allowProblem(/status of 4\d\d/);
  });

  it('opens a linked query, runs it from the keyboard and leaves the address clean', async () => {
    await openGraphiql(`/graphql?query=${encodeURIComponent('query Linked { __typename }')}`);
    expect(new URL(page.url()).search).toBe('');
    await page.locator('.graphiql-query-editor .view-line').first().click();
    await page.keyboard.press('Control+Enter');
    await eventually(readResponse).toContain('"__typename": "Query"');
    await eventually(() => page.evaluate(`localStorage.getItem('graphiql:tabState')`)).toContain('Linked');
    await page.reload();
    const tabs = page.locator('.graphiql-tab-button');
    await eventually(() => tabs.allTextContents()).toEqual(['Linked', 'Me', 'Users']);
  });

  it('fills the form from a link and waits for the visitor', async () => {
    await openGraphiql('/graphql#login=ada');
    expect(await page.getByLabel('Username or e-mail').inputValue()).toBe('ada');
    expect(new URL(page.url()).hash).toBe('');
    await page.keyboard.press('Enter');
    await signOutButton().waitFor();
  });

  it('describes the schema in Docs and in Explorer', async () => {
    await openGraphiql();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page
      .getByRole('heading', { name: 'Docs' })
      .or(page.getByText('Docs', { exact: true }))
      .first()
      .waitFor();
    await page.locator('.graphiql-plugin').getByText('Query', { exact: true }).first().click();
    await page.locator('.graphiql-plugin').getByText('users', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).click();
    await page.locator('.graphiql-explorer-root').first().waitFor();
    await page.screenshot({ path: `${screenshots}/graphiql-explorer.png` });
  });

  it('loads nothing again on a second visit but the page', async () => {
    await openGraphiql();
    await eventually(listAssets).toContainEqual(expect.stringMatching(/^\d{6} graphql.worker.js$/));
    await openGraphiql();
    await eventually(listAssets).toContainEqual(expect.stringMatching(/^0 graphql.worker.js$/));
    const loaded = await listAssets();
    expect(loaded.length).toBeGreaterThan(12);
    expect(loaded.filter((text) => !text.startsWith('0 '))).toEqual([]);
  });

  it('gives every field a label and every button a name', async () => {
    await openGraphiql();
    const nameless = await page.evaluate<string[]>(`[...document.querySelectorAll('.bar input, button')]
      .filter((element) => element.offsetParent)
      .filter((element) => !element.labels.length && !element.textContent.trim() && !element.ariaLabel)
      .map((element) => element.outerHTML)`);
    expect(nameless).toEqual([]);
  });
});

/** What each asset cost in bytes over the network, with its name. */
function listAssets() {
  return page.evaluate<string[]>(`performance.getEntriesByType('resource')
    .filter(({ name }) => name.includes('/assets/'))
    .map(({ name, transferSize }) => transferSize + ' ' + name.split('/').pop())`);
}

/** A problem that a test provokes on purpose: a browser reports every refused request as an error. */
function allowProblem(pattern: RegExp) {
  visit.problems = visit.problems.filter((problem) => !pattern.test(problem));
}

async function post(query: string, token: string) {
  const response = await fetch(`${product.origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { errors?: { extensions?: { code?: string } }[] };
}

async function askWho(token: string) {
  return (await post('{ me { id } }', token)).errors?.[0]?.extensions?.code;
}

async function revoke(token: string) {
  expect((await post('mutation { signOut { __typename } }', token)).errors).toBeUndefined();
}

async function sentAuthorization(path: string, headers: Record<string, string> = {}) {
  const [request] = await Promise.all([
    page.waitForRequest((sent) => new URL(sent.url()).pathname === path),
    page.evaluate(`fetch(${JSON.stringify(path)}, ${JSON.stringify({ headers })}).then(() => undefined)`),
  ]);
  return (await request.allHeaders()).authorization;
}
