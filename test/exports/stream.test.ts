/** An archive is read while it is sent: its size needs no memory, and whoever reads slowly or goes away holds nothing. */

import { request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { toFetchRequest } from '../../src/http/message.ts';
import { listen } from '../../src/server.ts';
import { collectRows } from '../policy/rows.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

vi.setConfig({ testTimeout: 240_000 });

const count = 50_000;
let app: TestApp;
let ada: Client;
let userId: string;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  const rows = collectRows();
  userId = rows.user({ username: 'ada' });
  const { secret } = rows.session(userId);
  await rows.write(app.database);
  ada = app.withToken(secret);
  // Ten at a time have the same moment, so that pages end among them.
  await app.database.prisma.$executeRaw`
    INSERT INTO data_records (id, user_id, collection, occurred_at, data)
    SELECT gen_random_uuid(), ${userId}::uuid, 'activities', timestamptz '2026-01-01' + (n / 10) * interval '1 second',
      jsonb_build_object('n', n, 'text', repeat('x', 2000))
    FROM generate_series(1, ${count}::int) n`;
});
afterAll(() => app.close());

async function link(): Promise<URL> {
  const { exportMe } = (await ada.run(
    'mutation { exportMe { ... on ExportMeSuccess { export { url } } } }',
  )) as {
    exportMe: { export: { url: string } };
  };
  return new URL(exportMe.export.url);
}

async function open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const { pathname, search } = await link();
  const { body } = await app.fetch(pathname + search);
  if (body === null) throw new Error('no body');
  return body.getReader();
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The bytes that are still needed. */
function inUse(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const logged = () => app.logged.filter((line) => line.includes('/v1/exports/')).length;

test('50,000 records of 2 KB stream whole, each once, in memory that does not grow with them', async () => {
  const reader = await open();
  const decoder = new TextDecoder();
  const seen = new Set<number>();
  const used: number[] = [];
  let [size, rest] = [0, ''];
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    size += chunk.value.length;
    rest += decoder.decode(chunk.value, { stream: true });
    for (const [, n = ''] of rest.matchAll(/"n": ?(\d+)/g)) seen.add(Number(n));
    rest = rest.slice(-30);
    if (size > used.length * 10_000_000) used.push(inUse());
  }
  expect(seen.size).toBe(count);
  expect(rest.trim().endsWith('}')).toBe(true);
  expect(size).toBeGreaterThan(100_000_000);
  expect(Math.max(...used) - Math.min(...used)).toBeLessThan(20_000_000);
});

test('who reads slowly holds no connection: others are served meanwhile', async () => {
  const reader = await open();
  await reader.read();
  await reader.read();
  for (const _time of [1, 2, 3])
    await ada.run('mutation { updateMe(input: { bio: "meanwhile" }) { __typename } }');
  await reader.cancel();
});

test('who goes away ends the reading', async () => {
  const before = logged();
  const reader = await open();
  await reader.read();
  await reader.cancel();
  expect(logged()).toBe(before + 1); // the line of a stream is written at its end
});

test('a connection that breaks ends the reading', async () => {
  const before = logged();
  const server = await listen(
    { answer: (sent, connection) => app.handle(toFetchRequest(sent), connection) },
    { host: '127.0.0.1', port: 0 },
  );
  const { pathname, search } = await link();
  await new Promise<void>((resolve, reject) => {
    const sent = request(server.url + pathname + search, (response) => {
      response.once('data', () => {
        response.destroy();
        resolve();
      });
    });
    sent.once('error', reject);
    sent.end();
  });
  await expect.poll(logged, { timeout: 20_000 }).toBe(before + 1);
  await server.close();
});

test('an archive of an account that goes away meanwhile is cut, and so is no JSON', async () => {
  const reader = await open();
  await reader.read();
  await app.database.prisma.user.update({ where: { id: userId }, data: { status: 'SUSPENDED' } });
  const rest = async () => {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read());
  };
  await expect(rest()).rejects.toThrow();
  expect(app.logged.some((line) => line.includes('an export could not be finished'))).toBe(true);
  await app.database.prisma.user.update({ where: { id: userId }, data: { status: 'ACTIVE' } });
});
