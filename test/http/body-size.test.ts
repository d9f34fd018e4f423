import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { type HttpServer, listen } from '../../src/server.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { post, read } from './post.ts';

const limit = 4 * 1024;
let app: TestApp;
let server: HttpServer;
beforeAll(async () => {
  const env = { MAX_BODY_KIB: '4' };
  app = await openTestApp({ seed: false, env });
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const served = createApp({ database: app.database, config: loadConfig(env), log });
  server = await listen(served, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server?.close();
  await app?.close();
});

/** A valid request of exactly this many bytes. */
function bodyOf(size: number): string {
  const empty = JSON.stringify({ query: '{ __typename }', extensions: { fill: '' } });
  return empty.replace('""', `"${'x'.repeat(size - empty.length)}"`);
}

/** The same bytes in pieces, so that no length is known before they have come. */
function streamOf(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(sent, sent + 1000));
      sent += 1000;
    },
  });
}

const tooLarge = { code: 'PAYLOAD_TOO_LARGE', requestId: expect.any(String) };

describe('a body', () => {
  it('as large as allowed is read, and a byte more is refused, with a length', async () => {
    const headers = (body: string) => ({ 'content-length': String(body.length) });
    expect((await post(app, bodyOf(limit), headers(bodyOf(limit)))).status).toBe(200);
    const { status, errors } = await post(app, bodyOf(limit + 1), headers(bodyOf(limit + 1)));
    expect([status, errors[0]?.extensions]).toEqual([413, tooLarge]);
  });

  it('as large as allowed is read, and a byte more is refused, without a length', async () => {
    const init = (size: number) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: streamOf(bodyOf(size)),
      duplex: 'half' as const,
    });
    expect((await app.fetch('/graphql', init(limit))).status).toBe(200);
    const { status, errors } = await read(await app.fetch('/graphql', init(limit + 1)));
    expect([status, errors[0]?.extensions]).toEqual([413, tooLarge]);
  });

  it('that announces too much is refused without being read', async () => {
    const { status } = await post(app, '{}', { 'content-length': String(limit + 1) });
    expect(status).toBe(413);
  });

  it('whose length is no number is refused', async () => {
    expect((await post(app, bodyOf(100), { 'content-length': 'much' })).status).toBeGreaterThanOrEqual(400);
  });

  it.each(['with a length', 'in chunks'])('that is too large is refused over a socket, %s', async (how) => {
    const body = bodyOf(limit * 100);
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(how === 'in chunks' ? { body: streamOf(body), duplex: 'half' as const } : { body }),
    });
    const { status, errors } = await read(response);
    expect([status, errors[0]?.extensions]).toEqual([413, tooLarge]);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });

  it('names the limit that is set', async () => {
    const { errors } = await post(app, bodyOf(limit + 1));
    expect(errors[0]?.message).toBe('The request body is larger than 4 KiB.');
  });
});
