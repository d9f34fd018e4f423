import { describe, expect, it } from 'vitest';
import { createPages } from '../../src/pages/pages.ts';
import { apiDocuments, findAssets, origin, read, readText } from './ask.ts';

const withoutNonce = (text: string | null) => text?.replace(/nonce-[\w+/=]+/, 'nonce-…');

describe('GET /reference', () => {
  it('allows its page our own server and nothing else', async () => {
    const { headers } = await read('/reference');
    expect(withoutNonce(headers.get('content-security-policy'))?.split('; ')).toEqual([
      "default-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "style-src 'self'",
      "script-src 'self'",
      "connect-src 'self'",
      "style-src-elem 'self' 'nonce-…'",
      "style-src-attr 'unsafe-inline'",
    ]);
  });

  it('gives every visit a nonce of its own', async () => {
    const nonces = [await readText('/reference'), await readText('/reference')].map(
      (page) => /nonce="([^"]+)"/.exec(page)?.[1],
    );
    expect(nonces[0]).toMatch(/^[\w+/]{22}==$/);
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('hands over every document, with its quotes and angle brackets escaped', async () => {
    const page = await readText('/reference');
    const [, written = ''] = /data-documents="([^"]*)"/.exec(page) ?? [];
    expect(written).not.toContain('<');
    expect(JSON.parse(decode(written))).toEqual(apiDocuments);
  });

  it('links the documents for those without JavaScript', async () => {
    const page = await readText('/reference');
    expect(page).toContain('<a href="openapi/one.json">One &lt;API&gt;</a>');
    expect(page).toContain('<a href="openapi/two.json">Two</a>');
  });

  it('marks itself in the navigation, beside the other pages', async () => {
    const page = await readText('/reference');
    expect(page).toContain('<a href="reference" aria-current="page">');
    for (const href of ['./', 'graphql', 'schema.graphql']) expect(page).toContain(`href="${href}"`);
  });

  it('writes no demo password without a demo', async () => {
    const page = await ask(createPages({ version: '1', demoAccounts: false, apiDocuments }));
    expect(await page?.text()).not.toContain('usergraph-demo');
  });

  it('is no page without a document', () => {
    expect(ask(createPages({ version: '1', demoAccounts: true }))).toBeUndefined();
  });

  function ask(pages: ReturnType<typeof createPages>) {
    const request = new Request(`${origin}/reference`, { headers: { accept: 'text/html' } });
    return pages.handle(request, new URL(request.url));
  }

  function decode(text: string) {
    return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
  }
});

describe('Scalar', () => {
  it('is sent in less than 1 MB, cached for good', async () => {
    const response = await read(await findScalar(), { 'accept-encoding': 'br' });
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await response.arrayBuffer()).byteLength).toBeLessThan(1_000_000);
  });

  it('comes with its license', async () => {
    expect((await readText(await findScalar())).slice(0, 200)).toMatch(/MIT License\s+Copyright.*Scalar/);
  });

  async function findScalar() {
    return (await findAssets('/reference')).find((path) => path.endsWith('/scalar.js')) ?? '';
  }
});
