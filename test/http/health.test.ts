import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { secretOf } from '../../src/auth/secrets.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { type HttpServer, listen } from '../../src/server.ts';
import { openTestDatabase, type TestDatabase } from '../setup/databases.ts';

let database: TestDatabase;
let app: ReturnType<typeof createApp>;
let server: HttpServer;
beforeAll(async () => {
  database = await openTestDatabase();
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  app = createApp({ database: database.database, config: loadConfig({}), log });
  server = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server?.close();
  await app?.close();
  await database?.close();
});

const ask = async (path: string, method = 'GET') => {
  const response = await fetch(`${server.url}${path}`, { method });
  return {
    status: response.status,
    body: await response.text(),
    cache: response.headers.get('cache-control'),
  };
};

describe('HEAD', () => {
  it.each(['/', '/livez', '/readyz', '/schema.graphql', '/nothing'])(
    'answers %s as GET does, without a body',
    async (path) => {
      const [head, get] = [await ask(path, 'HEAD'), await ask(path)];
      expect(head).toEqual({ ...get, body: '' });
      expect(get.body).not.toBe('');
    },
  );

  it('of /graphql has no body', async () => {
    expect((await ask('/graphql?query={__typename}', 'HEAD')).body).toBe('');
  });
});

// In this order: what is closed and drained stays so.
describe('health', () => {
  it('is fine while the process runs and the database answers, and is never cached', async () => {
    expect(await ask('/livez')).toEqual({ status: 200, body: '{"status":"ok"}', cache: 'no-store' });
    expect(await ask('/readyz')).toEqual({ status: 200, body: '{"status":"ok"}', cache: 'no-store' });
  });

  it('of a draining process is live, and not ready, while requests are still answered', async () => {
    app.drain();
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: '{"status":"draining"}' });
    expect((await ask('/livez')).status).toBe(200);
    const response = await fetch(`${server.url}/graphql?query={__typename}`);
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('of a process without its database is live, and not ready, and says no more', async () => {
    const log = createLog({ logLevel: 'silent', logFormat: 'json' });
    const other = createApp({ database: database.database, config: loadConfig({}), log });
    await database.database.close();
    const ready = await other.fetch(new Request('http://usergraph.test/readyz'));
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'database unavailable' }]);
    expect((await other.fetch(new Request('http://usergraph.test/livez'))).status).toBe(200);
    const query = await other.fetch(
      new Request('http://usergraph.test/graphql', {
        headers: { authorization: `Bearer ${secretOf('session', new Uint8Array(32)).secret}` },
      }),
    );
    expect([query.status, query.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await query.json()).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    await other.close();
  });
});
