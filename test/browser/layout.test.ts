import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, type Product, startProduct, startVisit } from '../setup/browser.ts';

const screenshots = '.cache/screenshots';
const looks = (['light', 'dark'] as const).flatMap((colorScheme) => [
  { colorScheme, width: 1280, height: 800 },
  { colorScheme, width: 420, height: 800 },
]);
let product: Product;
let browser: Browser;

beforeAll(async () => {
  [product, browser] = await Promise.all([startProduct(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await product?.stop();
});

describe.each(looks)('in $colorScheme, $width pixels wide', ({ colorScheme, width, height }) => {
  const options = { colorScheme, viewport: { width, height } };

  it('the landing page fits and works without JavaScript', async () => {
    const { page, context, problems } = await startVisit(browser, product.origin, {
      ...options,
      javaScriptEnabled: false,
    });
    await page.goto('/');
    await page.screenshot({ path: `${screenshots}/landing-${colorScheme}-${width}.png`, fullPage: true });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('user accounts');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await page.getByRole('link', { name: 'Open GraphiQL' }).click();
    await page.locator('.no-script').waitFor();
    await page.getByText('Loading').waitFor({ state: 'hidden' });
    await context.close();
    expect(problems).toEqual([]);
  });

  it('GraphiQL fills the window below the bar', async () => {
    const { page, context, problems } = await startVisit(browser, product.origin, options);
    await page.goto('/graphql');
    await page.locator('.graphiql-query-editor .view-line').first().waitFor();
    await page.getByRole('button', { name: 'Show GraphiQL Explorer' }).waitFor();
    await page.screenshot({ path: `${screenshots}/graphiql-${colorScheme}-${width}.png` });
    const bar = await page.getByRole('banner').boundingBox();
    const explorer = await page.locator('.graphiql-container').first().boundingBox();
    expect(explorer).toEqual({ x: 0, y: bar?.height, width, height: height - (bar?.height ?? 0) });
    await context.close();
    expect(problems).toEqual([]);
  });

  it('the API reference begins below the bar, in the same colors', async () => {
    const { page, context, problems } = await startVisit(browser, product.origin, options);
    await page.goto('/reference#katapult');
    await page.getByRole('button', { name: 'Test Request (get /users/current)' }).waitFor();
    await page.screenshot({ path: `${screenshots}/reference-${colorScheme}-${width}.png` });
    const bar = await page.getByRole('banner').first().boundingBox();
    const below = await page.locator('.scalar-app').first().boundingBox();
    expect(below).toMatchObject({ x: 0, y: bar?.height, width });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.evaluate('getComputedStyle(document.body).colorScheme')).toBe(colorScheme);
    await context.close();
    expect(problems).toEqual([]);
  });
});

it('the commands of the landing page work as they stand', async () => {
  const { page, context } = await startVisit(browser, product.origin);
  await page.goto('/');
  const commands = await page.getByRole('region', { name: / with curl$/ }).allTextContents();
  expect(commands).toHaveLength(2);
  const { stdout } = await promisify(execFile)('sh', ['-c', commands.join('\n')]);
  expect(JSON.parse(stdout)).toMatchObject({ data: { me: { displayName: 'Ada Lovelace' } } });
  await context.close();
});

it('every link of the landing page leads somewhere', async () => {
  const { page, context } = await startVisit(browser, product.origin);
  await page.goto('/');
  const links = await page
    .getByRole('link')
    .evaluateAll((found) => found.map((link) => link.getAttribute('href')));
  expect(links.length).toBeGreaterThan(6);
  for (const link of new Set(links)) {
    const { status } = await fetch(new URL(link ?? '', product.origin), { headers: { accept: 'text/html' } });
    expect(status, String(link)).toBe(200);
  }
  await context.close();
});
