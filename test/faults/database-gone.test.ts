import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { seedDemoAccounts } from '../../src/demo/seed.ts';
import { createLog } from '../../src/log.ts';
import { createPostgresServer, type PostgresServer } from '../setup/postgres-server.ts';

/** It stops its server, so it starts one of its own. */
describe.skipIf(inject('postgres') === undefined)('while the database is gone', () => {
  let server: PostgresServer;
  let database: Database;
  let app: App;
  let token: string;
  const lines: string[] = [];

  const post = async (query: string, bearer?: string) => {
    const response = await app.fetch(
      new Request('http://usergraph.test/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) },
        body: JSON.stringify({ query }),
      }),
    );
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const statusOf = async (path: string) =>
    (await app.fetch(new Request(`http://usergraph.test${path}`))).status;
  const signIn = `mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
    ... on SignInSuccess { token }
  } }`;

  beforeAll(async () => {
    const created = await createPostgresServer();
    if (!created)
      throw new Error('install PostgreSQL: this test cannot stop the server of TEST_DATABASE_URL');
    server = created;
    database = await openDatabase(server.url, { connectionTimeout: 1000 });
    await migrate(database.pool);
    await seedDemoAccounts(database);
    const stream = { write: (line: string) => void lines.push(line) };
    const log = createLog({ logLevel: 'info', logFormat: 'json', stream });
    app = createApp({ database, config: loadConfig({}), log });
    token = (await post(signIn)).body.data.signIn.token;
  });
  afterAll(async () => {
    await app.close();
    await database.close();
    await server.remove();
  });

  test('each request is told so with a 503, nothing of the cause, and all works again once it is back', async () => {
    await server.stop('SIGKILL');
    for (const answer of [await post('{ me { id } }', token), await post(signIn)]) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(answer.body.errors[0].extensions.code).toBe('SERVICE_UNAVAILABLE');
      expect(JSON.stringify(answer.body)).not.toMatch(/prisma|postgres|127\.0\.0\.1|ECONN/i);
    }
    expect(await statusOf('/livez')).toBe(200);
    expect(await statusOf('/readyz')).toBe(503);
    expect(await statusOf('/')).toBe(200);
    expect(lines.some((line) => line.includes('cannot be reached'))).toBe(true);

    await server.start();
    expect(await post('{ me { username } }', token)).toMatchObject({
      status: 200,
      body: { data: { me: { username: 'ada' } } },
    });
    expect(await statusOf('/readyz')).toBe(200);
  });
});
