import { describe, expect, it } from 'vitest';
import { createPages } from '../../src/pages/pages.ts';
import { ask, origin, read, readText } from './ask.ts';

describe('GET /graphql', () => {
  it.each([
    ['a browser', '/graphql', undefined],
    ['a browser with a query in its address', '/graphql?query={me{id}}', undefined],
    ['a client that likes both equally', '/graphql', 'application/json, text/html'],
  ])('is GraphiQL for %s', async (_, path, accept) => {
    expect((await read(path, accept ? { accept } : {})).headers.get('content-type')).toBe(
      'text/html; charset=utf-8',
    );
  });

  it.each([
    ['a GraphQL client', '/graphql', 'application/graphql-response+json, application/json;q=0.9'],
    ['a client without preference', '/graphql', '*/*'],
    ['a client that prefers JSON', '/graphql', 'application/json, text/html;q=0.5'],
    ['a client that refuses pages', '/graphql', 'text/html;q=0, */*'],
    ['a query with equal preference', '/graphql?query={me{id}}', 'text/html, application/json'],
  ])('is left to the endpoint for %s', (_, path, accept) => {
    expect(ask(path, { accept })).toBeUndefined();
  });

  it('leaves every other method to the endpoint', () => {
    for (const method of ['POST', 'OPTIONS', 'DELETE']) expect(ask('/graphql', {}, method)).toBeUndefined();
  });

  it('gives every visit a nonce of its own', async () => {
    const nonces = [await readText('/graphql'), await readText('/graphql')].map(
      (page) => /nonce="([^"]+)"/.exec(page)?.[1],
    );
    expect(nonces[0]).toMatch(/^[\w+/]{22}==$/);
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('writes no demo password without a demo', async () => {
    const request = new Request(`${origin}/graphql`, { headers: { accept: 'text/html' } });
    const page = await createPages({ version: '1', demoAccounts: false }).handle(
      request,
      new URL(request.url),
    );
    expect(await page?.text()).not.toContain('usergraph-demo');
  });
});
