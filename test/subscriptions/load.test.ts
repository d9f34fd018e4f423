/** Many streams, and slow ones: what they hold is bounded, and given back. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { issueSecret } from '../../src/auth/secrets.ts';
import { createSources } from '../../src/sources.ts';
import { type Served, serve } from '../clients/serve.ts';
import { eventually } from './stream.ts';

vi.setConfig({ testTimeout: 180_000 });

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

const { newId, randomBytes } = createSources();

/** Sessions of as many people, one each, without signing in. */
async function openSessions(number: number): Promise<{ userId: string; token: string }[]> {
  const { prisma } = served.app.database;
  const people = await prisma.user.findMany({
    where: { status: 'ACTIVE', kind: 'HUMAN' },
    take: number,
    select: { id: true },
  });
  const made = people.map(({ id: userId }) => ({ userId, ...issueSecret('session', randomBytes) }));
  await prisma.session.createMany({
    data: made.map(({ userId, hash }) => ({
      id: newId(),
      userId,
      tokenHash: hash,
      lastUsedAt: new Date(),
      expiresAt: new Date(Date.now() + 1e9),
    })),
  });
  return made.map(({ userId, secret }) => ({ userId, token: secret }));
}

/** A stream over a plain socket, that is read only as long as it is not paused. */
function follow(token: string, selection: string): { socket: Socket; text: () => string } {
  const body = JSON.stringify({ query: `subscription { userChanged { ${selection} } }` });
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {}); // what came until then is looked at
  socket.write(
    [
      'POST /graphql HTTP/1.1',
      'Host: usergraph.test',
      'Accept: text/event-stream',
      'Content-Type: application/json',
      `Authorization: Bearer ${token}`,
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
  return { socket, text: () => text };
}

it('a client that does not read is told of the newest state when it does, and nothing queues up', async () => {
  const [one] = await openSessions(1);
  if (one === undefined) throw new Error('nobody is there');
  // About 400 KB a time, so that a few fill all the buffers on the way.
  const selection = Array.from({ length: 28 }, (_, n) => `u${n}: user { metadata }`).join(' ');
  const { socket, text } = follow(one.token, selection);
  await eventually(() => text().includes('event: next'));
  socket.pause();
  const client = served.app.withToken(one.token);
  const changes = 60;
  for (let n = 1; n <= changes; n += 1) {
    const metadata = { number: n, padding: 'x'.repeat(15_000) };
    await client.run(
      `mutation ($metadata: JSONObject) { updateMe(input: { metadata: $metadata }) { __typename } }`,
      { metadata },
    );
    await sleep(60);
  }
  socket.resume();
  await eventually(() => text().includes(`"number":${changes},`), 20_000);
  const told = text().split('event: next').length - 1;
  expect(told).toBeGreaterThan(1);
  expect(told).toBeLessThan(changes * 0.8);
  socket.destroy();
});

it('a thousand streams hold little, each is told of its own, and all is given back', async () => {
  const sessions = await openSessions(100);
  expect(sessions.length).toBe(100);
  const before = process.memoryUsage().rss;
  const streams: ReturnType<typeof follow>[] = [];
  for (const { token } of sessions) {
    const own = Array.from({ length: 10 }, () => follow(token, 'events user { id bio }'));
    await eventually(() => own.every(({ text }) => text().includes('"events":[]')), 30_000);
    streams.push(...own);
  }
  const held = process.memoryUsage().rss - before;
  expect(held / streams.length).toBeLessThan(300 * 1024); // both ends of it
  const [first, second] = sessions;
  if (first === undefined || second === undefined) throw new Error('nobody is there');
  await served.app
    .withToken(first.token)
    .run(`mutation { updateMe(input: { bio: "One of a hundred." }) { __typename } }`);
  const told = () => streams.filter(({ text }) => text().includes('One of a hundred.'));
  await eventually(() => told().length === 10, 30_000);
  expect(told()).toEqual(streams.slice(0, 10));
  const ended = () => served.app.logged.filter((line) => line.includes('"msg":"request"')).length;
  const lines = ended();
  for (const { socket } of streams) socket.destroy();
  await eventually(() => ended() >= lines + streams.length, 60_000);
});
