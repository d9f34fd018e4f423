/** A server that stops ends its streams, and waits for nobody who does not read. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createNotifications } from '../../src/db/notifications.ts';
import { createFeed } from '../../src/feed.ts';
import { createLog } from '../../src/log.ts';
import { listen } from '../../src/server.ts';
import { openTestApp, testSecret } from '../setup/app.ts';
import { codeOf, eventually, subscribe } from './stream.ts';

vi.setConfig({ testTimeout: 180_000 });

const query = 'subscription { userChanged { events user { displayName } } }';

it('ends open streams with `complete`, opens no other, and is soon closed, whoever does not read', async () => {
  const kit = await openTestApp();
  const { token } = await kit.as('ada');
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const app = createApp({
    database: kit.database,
    config: loadConfig({ USERGRAPH_SECRET: testSecret }),
    log,
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const streams = await Promise.all([1, 2, 3].map(() => subscribe(server.url, { query, token })));
  for (const stream of streams) await stream.next();
  const ahead = connect(Number(new URL(server.url).port), '127.0.0.1'); // says nothing, as browsers' do
  const stuck = connect(Number(new URL(server.url).port), '127.0.0.1');
  for (const socket of [ahead, stuck]) socket.on('error', () => {});
  const many = Array.from({ length: 28 }, (_, n) => `u${n}: user { metadata }`).join(' ');
  const body = JSON.stringify({ query: `subscription { userChanged { ${many} } }` });
  stuck.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise((resolve) => stuck.once('data', resolve));
  stuck.pause();
  for (let n = 0; n < 40; n += 1) {
    // More than fits into the buffers on the way to it.
    await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: 'mutation ($metadata: JSONObject) { updateMe(input: { metadata: $metadata }) { __typename } }',
        variables: { metadata: { number: n, padding: 'x'.repeat(15_000) } },
      }),
    });
    await sleep(60);
  }

  app.drain();
  const late = await subscribe(server.url, { query, token });
  expect([late.status, codeOf(await late.next())]).toEqual([503, 'SERVICE_UNAVAILABLE']);
  const started = Date.now();
  await server.close();
  expect(Date.now() - started).toBeGreaterThan(1_500); // it was given its time
  expect(Date.now() - started).toBeLessThan(6_000);
  for (const stream of streams) {
    let last = await stream.next();
    while (typeof last !== 'string') last = await stream.next();
    expect(last).toBe('complete');
  }
  await app.close();
  await kit.close();
});

it('nothing listens any more for those who are gone', async () => {
  const { database, close } = await openTestApp({ seed: false });
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const notifications = database.connect && createNotifications({ connect: database.connect, log });
  const feed = createFeed(notifications);
  const heard: string[] = [];
  const stops = await Promise.all(
    ['a', 'b', 'a'].map((id) => feed.listen([id, 'c', id], ({ type }) => heard.push(`${id} ${type}`))),
  );
  expect(feed.size).toBe(3);
  const announce = async (subjectId: string, type: string) => {
    await database.pool.query(`SELECT pg_notify('usergraph_events', $1)`, [`${subjectId} ${type}`]);
    feed.tell([{ subjectId, type }]);
  };
  await announce('a', 'x');
  await announce('c', 'y');
  await eventually(() => new Set(heard).size === 3);
  expect(heard.sort()).toEqual(expect.arrayContaining(['a x', 'a y', 'b y']));
  for (const stop of stops) stop();
  const before = heard.length;
  await announce('a', 'z');
  expect([feed.size, heard.length]).toEqual([0, before]);
  feed.close();
  await notifications?.close();
  await close();
});
