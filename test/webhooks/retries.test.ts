/** What happens when a webhook does not take what it is sent. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { backOff } from '../../src/webhooks/outcomes.ts';
import type { Received } from './receiver.ts';
import { deliveriesOf, hour, minute, mutate, openWorld, second, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.app.as('ada');
  await world.app.as('grace');
  await world.app.as('admin');
});
afterAll(() => world.close());
afterEach(async () => {
  world.receiver.answer = 204;
  await world.app.database.prisma.webhook.deleteMany();
  await world.app.work();
  world.receiver.clear();
});

const updates = { eventTypes: ['USER_UPDATED'] };
const idsOf = (received: readonly Received[]) => received.map(({ headers }) => headers['webhook-id']);

/** Lets time pass, then does what is due. */
async function wait(ms: number): Promise<void> {
  world.app.clock.offset += ms;
  await world.app.work();
}

test('a delivery that fails is tried again ever later, each time under the same id, and is then given up', async () => {
  const { receiver } = world;
  const made = await world.webhook(updates);
  receiver.answer = 503;
  await world.rename('ada', 'Ada of many attempts');
  await wait(0);
  for (const [index, delay] of backOff.entries()) {
    const [delivery] = await deliveriesOf(world, made);
    expect(delivery).toMatchObject({ status: 'PENDING', attempts: index + 1, lastStatus: 503 });
    await wait(delay - 5 * second);
    expect(receiver.received).toHaveLength(index + 1);
    await wait(0.1 * delay + 6 * second);
    expect(receiver.received).toHaveLength(index + 2);
  }
  expect(backOff.map((delay) => delay / second)).toEqual([5, 30, 120, 600, 3600, 10800, 21600, 43200, 86400]);
  expect(new Set(idsOf(receiver.received)).size).toBe(1);
  const [dead] = await deliveriesOf(world, made);
  expect(dead).toMatchObject({ status: 'DEAD', attempts: 10, nextAttemptAt: null, deliveredAt: null });
  await wait(48 * hour);
  expect(receiver.received).toHaveLength(10);
});

test('what was given up is passed over by what comes later, and can be sent again', async () => {
  const { app, receiver } = world;
  const made = await world.webhook(updates);
  await world.rename('ada', 'Ada who is given up');
  await world.rename('ada', 'Ada who comes later');
  receiver.answer = ({ headers }, response) => {
    const isFirst = headers['webhook-id'] === idsOf(receiver.received)[0];
    response.writeHead(isFirst ? 500 : 200).end();
  };
  await wait(0);
  for (const delay of backOff) await wait(1.1 * delay + 1);
  const [first, later] = await deliveriesOf(world, made);
  expect([first?.status, later?.status]).toEqual(['DEAD', 'DELIVERED']);
  receiver.answer = 204;
  receiver.clear();
  expect(await mutate(world, `redeliverWebhook(id: "${first?.id}")`)).toBe('RedeliverWebhookSuccess');
  await app.work();
  expect(idsOf(receiver.received)).toEqual([first?.eventId]);
  expect(await deliveriesOf(world, made)).toMatchObject([{ status: 'DELIVERED', attempts: 1 }, {}]);
});

test('what was delivered can be sent again, under the id that it had', async () => {
  const { app, receiver } = world;
  const made = await world.webhook(updates);
  await world.rename('ada', 'Ada who is sent twice');
  await app.work();
  const [delivery] = await deliveriesOf(world, made);
  await mutate(world, `redeliverWebhook(id: "${delivery?.id}")`);
  await app.work();
  expect(idsOf(receiver.received)).toEqual([delivery?.eventId, delivery?.eventId]);
});

test('the events of an account come in order: a later one waits for an earlier one that fails', async () => {
  const { app, receiver } = world;
  await world.webhook(updates);
  let left = 2;
  receiver.answer = ({ event }, response) => {
    const fails = event.data.subjectId === ada && left > 0;
    if (fails) left -= 1;
    response.writeHead(fails ? 500 : 204).end();
  };
  const ada = (await app.database.prisma.user.findFirstOrThrow({ where: { username: 'ada' } })).id;
  for (const n of [1, 2, 3]) await world.rename('ada', `Ada, change ${n}`);
  for (const n of [1, 2]) await world.rename('grace', `Grace, change ${n}`);
  const events = await app.database.prisma.outboxEvent.findMany({
    where: { type: 'user.updated' },
    orderBy: { sequence: 'desc' },
    take: 5,
  });
  const [a1, a2, a3, g1, g2] = events.map(({ id }) => id).reverse();
  const sent = (mine: boolean) =>
    idsOf(receiver.received.filter(({ event }) => (event.data.subjectId === ada) === mine));
  await wait(0);
  expect(sent(true)).toEqual([a1]);
  expect(sent(false)).toEqual([g1, g2]); // who waits for nobody is not held up
  await world.rename('ada', 'Ada, a change while others wait');
  await app.work();
  expect(sent(true)).toEqual([a1]);
  await wait(6 * second);
  expect(sent(true)).toEqual([a1, a1]);
  await wait(34 * second);
  expect(sent(true)).toEqual([a1, a1, a1, a2, a3, expect.any(String)]);
});

test('one account has one event on its way at a time, and many accounts have five', async () => {
  const { app, receiver } = world;
  await world.webhook({ eventTypes: ['USER_CREATED', 'USER_UPDATED'] });
  const running = new Map<string, number>();
  const most = { account: 0, all: 0 };
  receiver.answer = async ({ event: { data } }, response) => {
    const count = (running.get(data.subjectId) ?? 0) + 1;
    running.set(data.subjectId, count);
    most.account = Math.max(most.account, count);
    most.all = Math.max(
      most.all,
      [...running.values()].reduce((sum, n) => sum + n, 0),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    running.set(data.subjectId, count - 1);
    response.writeHead(204).end();
  };
  const admin = await app.as('admin');
  for (let n = 0; n < 12; n += 1)
    await admin.run(`mutation { createUser(input: { username: "parallel-${n}" }) { __typename } }`);
  for (let n = 0; n < 6; n += 1) await world.rename('ada', `Ada, in line ${n}`);
  await app.work();
  expect(receiver.received).toHaveLength(18);
  expect(most).toEqual({ account: 1, all: 5 });
});

test('a webhook that answers 410 is sent nothing any more, which the trail tells', async () => {
  const { app, receiver } = world;
  const made = await world.webhook(updates);
  receiver.answer = 410;
  await world.rename('ada', 'Ada of the last delivery');
  await wait(0);
  await world.rename('ada', 'Ada of no delivery');
  await wait(24 * hour);
  expect(receiver.received).toHaveLength(1);
  expect(await app.database.prisma.webhook.findUniqueOrThrow({ where: { id: made.uuid } })).toMatchObject({
    disabledAt: expect.any(Date),
  });
  const trail = await app.database.prisma.auditEvent.findMany({ where: { subjectId: made.uuid } });
  expect(trail.map(({ action, credentialKind }) => [action, credentialKind])).toContainEqual([
    'webhook.disable',
    'SYSTEM',
  ]);
  expect(await deliveriesOf(world, made)).toMatchObject([{ status: 'DEAD', lastStatus: 410 }]);
});

test('nothing that failed together comes again at the same moment', async () => {
  const { app, receiver } = world;
  await world.webhook({ eventTypes: ['USER_CREATED'] });
  receiver.answer = 500;
  const admin = await app.as('admin');
  for (let n = 0; n < 10; n += 1)
    await admin.run(`mutation { createUser(input: { username: "scattered-${n}" }) { __typename } }`);
  await app.work();
  const rows = await app.database.prisma.webhookDelivery.findMany({ where: { status: 'PENDING' } });
  const delays = rows.map(({ nextAttemptAt, attemptedAt }) => Number(nextAttemptAt) - Number(attemptedAt));
  expect(new Set(delays.map((delay) => Math.round(delay / 20))).size).toBeGreaterThan(3);
  for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(5 * second);
  for (const delay of delays) expect(delay).toBeLessThan(minute);
});

test('a delivery that a process left behind is made again when its time is up, and not before', async () => {
  const { app, receiver } = world;
  await world.webhook(updates);
  await world.rename('ada', 'Ada who is left behind');
  receiver.answer = 500;
  await wait(0);
  // As a process leaves it that was killed while it was sending.
  const leasedUntil = new Date(Date.now() + app.clock.offset + minute);
  await app.database.prisma.webhookDelivery.updateMany({
    where: { status: 'PENDING' },
    data: { leasedUntil, nextAttemptAt: new Date(0) },
  });
  receiver.answer = 204;
  await wait(50 * second);
  expect(receiver.received).toHaveLength(1);
  await wait(11 * second);
  expect(receiver.received).toHaveLength(2);
});

test('published events are forgotten after 30 days with their deliveries, but not while they are to be sent', async () => {
  const { app, receiver } = world;
  const { forgetEnded } = await import('../../src/domain/housekeeping.ts');
  const { prisma } = app.database;
  const made = await world.webhook(updates);
  await world.rename('ada', 'Ada, delivered and forgotten');
  await app.work();
  receiver.answer = 500;
  await world.rename('ada', 'Ada, still to be told');
  await app.work();
  const rename = await prisma.outboxEvent.count({ where: { type: 'user.updated', publishedAt: null } });
  expect(rename).toBe(0);
  const at = (days: number) => () => new Date(Date.now() + app.clock.offset + days * 24 * hour);
  await forgetEnded({ prisma, now: at(29) });
  expect(await deliveriesOf(world, made)).toHaveLength(2);
  await forgetEnded({ prisma, now: at(31) });
  expect(await prisma.webhookDelivery.findMany({ where: { webhookId: made.uuid } })).toMatchObject([
    { status: 'PENDING' },
  ]);
  expect(await prisma.outboxEvent.count()).toBe(1);
});
