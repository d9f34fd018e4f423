/** At least once, whatever is killed; and never twice at the same time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { createSealing } from '../../src/auth/sealing.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { sealWebhookSecret } from '../../src/domain/webhook-secrets.ts';
import { createSources } from '../../src/sources.ts';
import { testSecret } from '../setup/app.ts';
import { createServerDatabase } from '../setup/databases.ts';
import { type RunningProcess, script } from '../setup/processes.ts';
import { openReceiver, type Receiver, verify } from './receiver.ts';
import { minute } from './world.ts';

vi.setConfig({ testTimeout: 180_000 });

const { now, newId, randomBytes } = createSources();
const secret = `whsec_${Buffer.from(randomBytes(32)).toString('base64')}`;
let receiver: Receiver;
let url: string;
let remove: () => Promise<void>;
const processes: RunningProcess[] = [];

beforeEach(async () => {
  receiver = await openReceiver();
  const directory = mkdtempSync(path.join(tmpdir(), 'usergraph-webhooks-'));
  const removeDirectory = async () => rmSync(directory, { recursive: true, force: true });
  const server = inject('postgres');
  const created = server && (await createServerDatabase());
  url = created?.url ?? `pglite:${path.join(directory, 'data')}`;
  remove = async () => {
    await created?.remove();
    await removeDirectory();
  };
  if (created) await onDatabase((database) => migrate(database.pool));
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.kill('SIGKILL')));
  await receiver.close();
  await remove();
});

/** Works on the database while no process of the embedded one does. */
async function onDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(url);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Writes a webhook, and events about accounts as committed changes do. */
const prepare = (accounts: readonly string[], each: number) =>
  onDatabase(async ({ prisma }) => {
    const id = newId();
    const encryptedSecret = sealWebhookSecret({ sealing: createSealing(testSecret, randomBytes), now }, id, {
      secret,
    });
    await prisma.webhook.create({ data: { id, name: 'Receiver', url: receiver.url, encryptedSecret } });
    for (let n = 0; n < each; n += 1) {
      for (const subjectId of accounts)
        await prisma.outboxEvent.create({
          data: { id: newId(), type: 'user.updated', subjectId, payload: { n }, occurredAt: now() },
        });
    }
  });

async function startProcess(ahead = 0): Promise<RunningProcess> {
  const started = script(new URL('./server-process.ts', import.meta.url), [url, String(ahead)]);
  processes.push(started);
  await started.printed(/working/);
  return started;
}

async function until(condition: () => boolean, ms = 80_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never came: ${condition}`);
    await sleep(20);
  }
}

const nsOf = (subjectId: string) =>
  receiver.received
    .filter(({ event }) => event.data.subjectId === subjectId)
    .map(({ event }) => event.data.n);

test('a process that is killed after it has sent, before it has noted that, leaves the event to be sent again, in order', async () => {
  const account = newId();
  await prepare([account], 3);
  const first = await startProcess().then((started) => {
    receiver.answer = async ({ event }, response) => {
      if (event.data.n === 1 && !first?.child.killed) await started.kill('SIGKILL');
      response.writeHead(204).end();
    };
    return started;
  });
  await until(() => first.child.killed && nsOf(account).includes(1));
  await first.exited();
  expect(nsOf(account)).toEqual([0, 1]);
  receiver.answer = 204;
  await startProcess(2 * minute);
  await until(() => nsOf(account).includes(2));
  expect(nsOf(account)).toEqual([0, 1, 1, 2]);
  const [, sent, again] = receiver.received;
  expect(again?.headers['webhook-id']).toBe(sent?.headers['webhook-id']);
  for (const received of receiver.received.slice(0, 2)) expect(() => verify(secret, received)).not.toThrow();
});

test('SIGTERM ends what is being sent, and another process sends it at once', async () => {
  const account = newId();
  await prepare([account], 2);
  receiver.answer = () => {}; // never
  const first = await startProcess();
  await until(() => receiver.received.length === 1);
  const before = Date.now();
  first.child.kill('SIGTERM');
  expect(await first.exited()).toBe(0);
  expect(Date.now() - before).toBeLessThan(5_000);
  receiver.answer = 204;
  await startProcess();
  await until(() => nsOf(account).includes(1));
  expect(nsOf(account)).toEqual([0, 0, 1]);
});

test.runIf(inject('postgres'))(
  'two processes deliver each event once, in order, and never two of one account at once',
  async () => {
    const accounts = Array.from({ length: 20 }, newId);
    await prepare(accounts, 10);
    const running = new Set<string>();
    const clashes: string[] = [];
    let most = 0;
    receiver.answer = async ({ event: { data } }, response) => {
      if (running.has(data.subjectId)) clashes.push(data.subjectId);
      running.add(data.subjectId);
      most = Math.max(most, running.size);
      await sleep(20);
      running.delete(data.subjectId);
      response.writeHead(204).end();
    };
    await Promise.all([startProcess(), startProcess()]);
    await until(() => receiver.received.length >= 200);
    await sleep(500);
    expect(clashes).toEqual([]);
    expect(receiver.received).toHaveLength(200);
    for (const account of accounts) expect(nsOf(account)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBeGreaterThan(5); // both took part
  },
);
