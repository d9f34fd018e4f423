import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { createServers } from '../setup/servers.ts';
import { subscribe } from '../subscriptions/stream.ts';

vi.setConfig({ testTimeout: 90_000 });

const servers = createServers();
afterEach(() => servers.killAll());
afterAll(() => servers.remove());

/** A request whose body is only half sent until it is completed. */
async function openSlowRequest(url: string) {
  const body = JSON.stringify({ query: '{ __typename }' });
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    connection: 'keep-alive',
  };
  const outgoing = request(`${url}/graphql`, { method: 'POST', headers });
  outgoing.on('error', () => {}); // the server may end before it answers
  outgoing.write(body.slice(0, 10));
  await sleep(200);
  return {
    async complete() {
      outgoing.end(body.slice(10));
      const [response] = await once(outgoing, 'response');
      let text = '';
      for await (const chunk of response) text += chunk;
      return { status: response.statusCode, text };
    },
    abandon: () => outgoing.destroy(),
  };
}

test('SIGTERM lets a running request finish, accepts no other, and exits with 0', async () => {
  const { process, url } = await servers.start();
  await fetch(`${url}/livez`); // leaves an idle keep-alive connection, which must not hold the exit
  const slow = await openSlowRequest(url);
  process.child.kill('SIGTERM');
  await sleep(300);
  await expect(fetch(`${url}/livez`)).rejects.toThrow();
  expect(await slow.complete()).toEqual({ status: 200, text: '{"data":{"__typename":"Query"}}' });
  const completed = Date.now();
  expect(await process.exited()).toBe(0);
  expect(Date.now() - completed).toBeLessThan(5_000);
  expect(servers.contents()).toEqual(['pgdata']);
  expect(process.stderr).toContain('"msg":"stopped"');
});

test('SIGTERM ends streams, which have no end of their own, and so is not held up by them', async () => {
  const { process, url } = await servers.start();
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query:
        'mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) { ... on SignInSuccess { token } } }',
    }),
  });
  const { token } = ((await answer.json()) as { data: { signIn: { token: string } } }).data.signIn;
  const stream = await subscribe(url, { query: 'subscription { userChanged { events } }', token });
  expect(await stream.next()).toEqual({ data: { userChanged: { events: [] } } });
  const before = Date.now();
  process.child.kill('SIGTERM');
  expect(await stream.next()).toBe('complete');
  expect(await process.exited()).toBe(0);
  expect(Date.now() - before).toBeLessThan(9_000);
  expect(process.stderr).toContain('"msg":"stopped"');
});

test('a second signal exits at once', async () => {
  const { process, url } = await servers.start();
  const slow = await openSlowRequest(url);
  process.child.kill('SIGTERM');
  await sleep(300);
  process.child.kill('SIGINT');
  expect(await process.exited()).toBe(1);
  slow.abandon();
});

test('a request that does not finish holds the exit for ten seconds, which is then said', async () => {
  const { process, url } = await servers.start();
  const slow = await openSlowRequest(url);
  const before = Date.now();
  process.child.kill('SIGTERM');
  expect(await process.exited()).toBe(1);
  expect(Date.now() - before).toBeGreaterThan(9_500);
  expect(Date.now() - before).toBeLessThan(15_000);
  expect(process.stderr).toContain('requests still ran 10 s after SIGTERM: exiting without them');
  slow.abandon();
});
