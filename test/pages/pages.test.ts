import { describe, expect, it } from 'vitest';
import { createPages } from '../../src/pages/pages.ts';
import { ask, findAssets, origin, read, readText } from './ask.ts';

describe.each(['/', '/graphql', '/reference'])('%s', (path) => {
  it('is a page that nothing may frame, sniff or extend', async () => {
    const { status, headers } = await read(path);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    const policy = headers.get('content-security-policy');
    expect(policy).toContain(
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const pictures = path === '/reference' ? "img-src 'self' data:;" : "img-src 'self';";
    expect(policy).toContain(pictures);
    expect(policy?.replace(pictures, '')).not.toMatch(/unsafe-eval|https?:|blob:|data:|\*/);
    expect(policy).not.toMatch(/(script-src|style-src|style-src-elem) [^;]*unsafe-inline/);
  });

  it('has no inline script, style or handler', async () => {
    const page = await readText(path);
    expect(page).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:/i);
  });

  it('loads and links nothing from elsewhere', async () => {
    const page = await readText(path);
    const targets = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map((match) => match[1]);
    expect(targets.length).toBeGreaterThan(3);
    for (const target of targets) expect(target).not.toMatch(/^(\/|\w+:)/);
  });

  it('names only files that exist', async () => {
    const files = await findAssets(path);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect((await read(file)).status, file).toBe(200);
  });

  it('names its language, its title and its landmarks', async () => {
    const page = await readText(path);
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toMatch(/<title>[^<]+<\/title>/);
    expect(page).toMatch(/<header[\s\S]*<main/);
  });
});

describe('the landing page', () => {
  it('runs no script at all', async () => {
    expect(await readText('/')).not.toContain('<script');
    expect((await read('/')).headers.get('content-security-policy')).not.toContain('script-src');
  });

  it('offers the demo accounts only while there are any', async () => {
    let seeded = false;
    const changing = createPages({ version: '1.2.3', demoAccounts: async () => seeded });
    const landing = async () => (await changing.handle(new Request(origin), new URL(origin)))?.text();
    expect(await landing()).not.toContain('usergraph-demo');
    seeded = true;
    expect(await landing()).toContain('href="graphql#login=ada"');
  });

  it('leads to the API reference when there is one', async () => {
    expect(await readText('/')).toContain('href="reference"');
    const without = createPages({ version: '1.2.3', demoAccounts: false });
    for (const path of ['/', '/graphql']) {
      const request = new Request(origin + path, { headers: { accept: 'text/html' } });
      const page = await without.handle(request, new URL(request.url));
      expect(await page?.text()).not.toContain('reference');
    }
  });

  it('shows commands for the address under which it was reached, or the public one', async () => {
    expect(await readText('/')).toContain(`curl ${origin}/graphql`);
    const published = createPages({
      version: '1.2.3',
      demoAccounts: false,
      publicUrl: 'https://accounts.example',
    });
    const page = await published.handle(new Request(origin), new URL(origin));
    expect(await page?.text()).toContain('curl https://accounts.example/graphql');
  });
});

describe('every path', () => {
  const paths = ['/', '/reference', '/robots.txt', '/favicon.ico', '/assets/aaaaaaaaaaaaaaaa/theme.css'];

  it.each([...paths, '/graphql'])('answers HEAD %s with the headers of GET and no body', async (path) => {
    const [head, get] = [await read(path, {}, 'HEAD'), await read(path)];
    const withoutNonce = ({ headers }: Response) =>
      JSON.stringify([...headers]).replace(/nonce-[^']+/, 'nonce');
    expect(head.status).toBe(get.status);
    expect(withoutNonce(head)).toBe(withoutNonce(get));
    expect(await head.text()).toBe('');
  });

  it.each(paths)('refuses POST %s and says what is allowed', async (path) => {
    const response = await read(path, {}, 'POST');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('keeps crawlers out', async () => {
    expect(await readText('/robots.txt')).toBe('User-agent: *\nDisallow: /\n');
  });

  it('has an icon for pages that name none', async () => {
    expect((await read('/favicon.ico')).headers.get('content-type')).toBe('image/svg+xml');
  });

  it('is left alone when it is no page', () => {
    for (const path of ['/livez', '/users', '/graphql/x', '/index.html']) expect(ask(path)).toBeUndefined();
  });
});
