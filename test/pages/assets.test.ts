import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { findAssets, read, readText } from './ask.ts';

describe('assets', () => {
  it('are cached for good under a URL that changes with their content', async () => {
    for (const file of await findAssets('/graphql')) {
      const { headers } = await read(file);
      expect(file).toMatch(/^\/assets\/[\w-]{16}\/[\w.-]+$/);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('are compressed as the client accepts, with the same content', async () => {
    const file = (await findAssets('/graphql')).find((path) => path.endsWith('/graphiql.css')) ?? '';
    const plain = await readBody(file, 'identity');
    const brotli = await readBody(file, 'gzip, deflate, br');
    const gzip = await readBody(file, 'gzip, br;q=0');
    expect([plain.encoding, brotli.encoding, gzip.encoding]).toEqual([null, 'br', 'gzip']);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(plain.vary).toBe('accept-encoding');
  });

  it('send GraphiQL in less than 2 MB, editor and workers included', async () => {
    const files = await findAssets('/graphql');
    const bundle = files.find((path) => path.endsWith('/graphiql.js'))?.replace('graphiql.js', '') ?? '';
    const workers = ['editor', 'graphql', 'json'].map((name) => `${bundle}${name}.worker.js`);
    const bodies = await Promise.all([...files, ...workers].map((file) => readBody(file, 'br')));
    expect(bodies.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(2_000_000);
  });

  it('leave fonts and images out of the style sheet, as files that exist', async () => {
    const file = (await findAssets('/graphql')).find((path) => path.endsWith('/graphiql.css')) ?? '';
    const style = await readText(file);
    expect(style).not.toContain('data:');
    const names = [...style.matchAll(/url\(([^)]+)\)/g)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect((await read(file.replace('graphiql.css', name))).status, name).toBe(200);
  });

  it.each(['/assets/', '/assets/aaaaaaaaaaaaaaaa/theme.css', '/assets/aaaaaaaaaaaaaaaa/..%2fpackage.json'])(
    'do not include %s',
    async (path) => {
      const response = await read(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('cache-control')).toBe('no-cache');
    },
  );

  async function readBody(file: string, acceptEncoding: string) {
    const response = await read(file, { 'accept-encoding': acceptEncoding });
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-length')).toBe(String(body.length));
    return { body, encoding: response.headers.get('content-encoding'), vary: response.headers.get('vary') };
  }
});
