/** Text messages, as a webhook on a real socket gets them. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { clientOf, createPerson } from '../graphql/accounts.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { openSender } from './outgoing.ts';

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let app: TestApp;
const closing: (() => Promise<unknown> | unknown)[] = [];
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(answer: (response: ServerResponse) => void = (response) => response.end()) {
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    calls.push({ method, url, headers, body: await text(request) });
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { calls, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Adds a number to a new account by an app that sends to this webhook. */
async function add(url: string) {
  const sender = openSender(app, { SMS_WEBHOOK_URL: url });
  closing.push(() => sender.close());
  const { token } = await clientOf(app, (await createPerson(app)).uuid);
  expect(await sender.addPhoneNumber(token, '+4930999888')).toBe('AddPhoneNumberSuccess');
  return sender;
}

it('gets the number and the text as JSON', async () => {
  const { calls, host } = await listen();
  const sender = await add(`http://${host}/send?from=usergraph`);
  await vi.waitFor(() => expect(calls).toHaveLength(1), 5_000);
  expect(calls[0]).toMatchObject({ method: 'POST', url: '/send?from=usergraph' });
  expect(calls[0]?.headers['content-type']).toBe('application/json');
  expect(JSON.parse(calls[0]?.body ?? '')).toEqual({
    to: '+4930999888',
    text: expect.stringMatching(/^\d{6} verifies your phone number at http/),
  });
  expect(sender.failures()).toEqual([]);
});

it('gets the password of its URL in a header, and the log never', async () => {
  const { calls, host } = await listen((response) => response.writeHead(401).end('who are you?'));
  const sender = await add(`http://gate:s%40cret@${host}/`);
  await vi.waitFor(() => expect(sender.failures()).toHaveLength(1), 5_000);
  expect(calls[0]?.headers.authorization).toBe(`Basic ${Buffer.from('gate:s@cret').toString('base64')}`);
  expect(sender.failures()).toMatchObject([{ channel: 'sms', reason: 'the webhook answered 401' }]);
  expect(sender.logged.join()).not.toMatch(/s@cret|s%40cret/);
});

it('that is not there, or leads elsewhere, is logged without the text, and told to nobody', async () => {
  const { calls, host } = await listen();
  const gone = await listen();
  await closing.pop()?.();
  const away = await listen((response) => response.writeHead(307, { location: `http://${host}/` }).end());
  const senders = [await add(`http://${gone.host}/`), await add(`http://${away.host}/`)];
  for (const { failures, logged } of senders) {
    await vi.waitFor(() => expect(failures()).toHaveLength(1), 5_000);
    expect(logged.join()).not.toMatch(/\+4930999888|\d{6} verifies/);
  }
  expect(senders[0]?.failures()[0]?.reason).toBe('the webhook: ECONNREFUSED');
  expect(calls).toEqual([]);
});

it('that does not answer is given up after 5 seconds, and keeps nobody waiting', async () => {
  const { host } = await listen(() => {});
  const sender = await add(`http://${host}/`);
  expect(sender.failures(), 'the answer came before').toEqual([]);
  await vi.waitFor(() => expect(sender.failures()).toHaveLength(1), 10_000);
  expect(sender.failures()[0]?.reason).toBe('the webhook: TimeoutError');
}, 20_000);
