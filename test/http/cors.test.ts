import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
});
afterAll(() => app?.close());

const origin = 'https://app.example.com';

/** Sends requests to the same database behind a server with this CORS_ORIGIN. */
function serving(allowed?: string) {
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const config = loadConfig({ CORS_ORIGIN: allowed });
  const { fetch } = createApp({ database: app.database, config, log });
  return (path: string, init: RequestInit = {}) => fetch(new Request(`http://usergraph.test${path}`, init));
}

const from = (caller: string, method = 'GET') => ({ method, headers: { origin: caller } });
const allowedOrigin = (response: Response) => response.headers.get('access-control-allow-origin');

describe('a preflight', () => {
  it('lets pages of any origin send documents with a credential, by default', async () => {
    const response = await serving()('/graphql', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(allowedOrigin(response)).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(response.headers.get('access-control-allow-headers')?.toLowerCase()).toMatch(
      /authorization.*content-type/,
    );
    expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(0);
  });

  it('lets in the origins that are named, and no other', async () => {
    const send = serving(`https://other.example.com, ${origin}`);
    expect(allowedOrigin(await send('/graphql', from(origin, 'OPTIONS')))).toBe(origin);
    for (const stranger of [
      'https://evil.example',
      `${origin}.evil.example`,
      'http://app.example.com',
      'null',
    ]) {
      const response = await send('/graphql', from(stranger, 'OPTIONS'));
      expect(allowedOrigin(response)).toBeNull();
      expect(response.headers.get('access-control-allow-methods')).toBeNull();
    }
  });
});

describe('an answer', () => {
  it.each(['/graphql?query={__typename}', '/nothing', '/livez', '/schema.graphql'])(
    'of %s can be read by a page that may ask, with its request id, and by no other',
    async (path) => {
      const send = serving(origin);
      const response = await send(path, from(origin));
      expect(allowedOrigin(response)).toBe(origin);
      expect(response.headers.get('access-control-expose-headers')).toMatch(/X-Request-Id.*Retry-After/);
      expect(response.headers.get('vary')).toContain('Origin');
      const refused = await send(path, from('https://evil.example'));
      expect(allowedOrigin(refused)).toBeNull();
      expect(refused.headers.get('vary')).toContain('Origin');
    },
  );

  it('with an error can be read too', async () => {
    const headers = { origin, authorization: 'Bearer nothing' };
    const response = await serving(origin)('/graphql?query={__typename}', { headers });
    expect([response.status, allowedOrigin(response)]).toEqual([401, origin]);
  });

  it('never allows cookies', async () => {
    for (const allowed of [undefined, origin]) {
      const response = await serving(allowed)('/graphql', from(origin, 'OPTIONS'));
      expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('to no page says that any may read it, or names none where some may', async () => {
    const path = '/graphql?query={__typename}';
    expect(allowedOrigin(await serving()(path))).toBe('*');
    expect(allowedOrigin(await serving(origin)(path))).toBeNull();
  });
});
