/** Who owns data of users downstream takes part in their erasure. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { forgetEnded } from '../../src/domain/housekeeping.ts';
import { deliveriesOf, hour, mutate, openWorld, type World } from './world.ts';

let world: World;
let number = 0;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(async () => {
  world.receiver.answer = 204;
  await world.app.database.prisma.webhook.deleteMany();
  await world.app.work();
  world.receiver.clear();
});

/** Deletes an account that was made for it, and answers with its erasure as it is after what could be done was done. */
async function erase(): Promise<{
  status: string;
  userId: string;
  owners: readonly { acknowledgedAt: Date | null }[];
}> {
  const { app } = world;
  number += 1;
  const username = `leaver-${number}`;
  const admin = await app.as('admin');
  const made = (await admin.run(
    `mutation { createUser(input: { username: "${username}" }) { ... on CreateUserSuccess { user { id } } } }`,
  )) as { createUser: { user: { id: string } } };
  const { id } = await app.database.prisma.user.findFirstOrThrow({ where: { username } });
  await admin.run(`mutation { deleteUser(id: "${made.createUser.user.id}") { __typename } }`);
  await app.work();
  return erasureOf(id);
}

const erasureOf = (userId: string) =>
  world.app.database.prisma.erasure.findFirstOrThrow({ where: { userId }, include: { owners: true } });

const requests = () => world.receiver.received.filter(({ event }) => event.type === 'erasure.requested');

test.each([200, 204])('%i says that the data is erased, and the erasure completes', async (status) => {
  world.receiver.answer = status;
  await world.webhook({ ownsData: true });
  const erasure = await erase();
  expect(erasure).toMatchObject({ status: 'COMPLETED', owners: [{ acknowledgedAt: expect.any(Date) }] });
  expect(requests()).toHaveLength(1);
  expect(requests()[0]?.event.data).toMatchObject({
    subjectId: erasure.userId,
    accountIds: [erasure.userId],
    acknowledgeUrl: expect.stringContaining('/acknowledgements?'),
  });
});

test('202 says that it will be, and the URL that came along says when it is', async () => {
  const { app } = world;
  world.receiver.answer = 202;
  await world.webhook({ ownsData: true });
  const erasure = await erase();
  expect(erasure).toMatchObject({ status: 'RUNNING', owners: [{ acknowledgedAt: null }] });
  const { pathname, search } = new URL(String(requests()[0]?.event.data.acknowledgeUrl));
  expect((await app.call('POST', pathname + search)).status).toBeLessThan(300);
  await app.work();
  expect(await erasureOf(erasure.userId)).toMatchObject({ status: 'COMPLETED' });
  expect(requests()).toHaveLength(1);
});

test('while the webhook fails, the erasure waits for it', async () => {
  const { app } = world;
  world.receiver.answer = 500;
  await world.webhook({ ownsData: true });
  const { userId } = await erase();
  expect(await erasureOf(userId)).toMatchObject({ status: 'RUNNING' });
  world.receiver.answer = 204;
  app.clock.offset += 10_000;
  await app.work();
  expect(await erasureOf(userId)).toMatchObject({ status: 'COMPLETED' });
});

test.each(['deleteWebhook(id: "ID")', 'updateWebhook(id: "ID", input: { ownsData: false })'])(
  'after %s no erasure waits for it',
  async (call) => {
    const { app } = world;
    world.receiver.answer = 202;
    const made = await world.webhook({ ownsData: true });
    const { userId } = await erase();
    expect(await erasureOf(userId)).toMatchObject({ status: 'RUNNING' });
    await mutate(world, call.replace('ID', made.id));
    await app.work();
    expect(await erasureOf(userId)).toMatchObject({
      status: 'COMPLETED',
      owners: [{ acknowledgedAt: null, withdrawnAt: expect.any(Date) }],
    });
  },
);

test('who asked for other events only is told to erase, too; who owns no data gets no URL, and is not waited for', async () => {
  const { app } = world;
  await world.webhook({ ownsData: true, eventTypes: ['SESSION_CREATED'] });
  expect(await erase()).toMatchObject({ status: 'COMPLETED', owners: [{}] });
  expect(requests()).toHaveLength(1);
  await app.database.prisma.webhook.deleteMany();
  world.receiver.clear();
  await world.webhook();
  expect(await erase()).toMatchObject({ status: 'COMPLETED', owners: [] });
  expect(requests()[0]?.event.data).not.toHaveProperty('acknowledgeUrl');
});

test('an organization that owns data is not told of the accounts of others', async () => {
  await world.webhook({ ownsData: true, organizationId: await world.organizationId('Acme') }, 'ada');
  expect(await erase()).toMatchObject({ status: 'COMPLETED', owners: [] });
  expect(requests()).toEqual([]);
});

const enable = (id: string, isEnabled: boolean) =>
  mutate(world, `updateWebhook(id: "${id}", input: { isEnabled: ${isEnabled} })`);

test('who is disabled after the erasure began, before the event is published, is told when it is enabled', async () => {
  const { app } = world;
  const { prisma } = app.database;
  world.receiver.answer = 202;
  const { id } = await world.webhook({ ownsData: true });
  const bystander = await world.webhook({ name: 'Bystander' });
  const { userId } = await erase();
  // As a process leaves it that was killed between the beginning of the erasure and the publishing.
  const event = { subjectId: userId, type: 'erasure.requested' };
  await prisma.webhookDelivery.deleteMany({ where: { event } });
  await prisma.outboxEvent.updateMany({ where: event, data: { publishedAt: null } });
  world.receiver.clear();
  await prisma.webhook.updateMany({ data: { disabledAt: new Date() } });
  await app.work();
  expect(requests()).toEqual([]);
  expect(await erasureOf(userId)).toMatchObject({ status: 'RUNNING' });

  world.receiver.answer = 204;
  await enable(bystander.id, true);
  await enable(id, true);
  await app.work();
  expect(requests()).toHaveLength(1); // who is not waited for missed it while it was disabled
  expect(requests()[0]?.event.data.acknowledgeUrl).toEqual(expect.stringContaining('/acknowledgements?'));
  expect(await erasureOf(userId)).toMatchObject({ status: 'COMPLETED' });
});

const forgetAfter = (days: number) =>
  forgetEnded({
    prisma: world.app.database.prisma,
    now: () => new Date(Date.now() + world.app.clock.offset + days * 24 * hour),
  });

test('an owner that was disabled for longer than events are kept is told when it is enabled again', async () => {
  const { app } = world;
  const { prisma } = app.database;
  world.receiver.answer = 500;
  const { id } = await world.webhook({ ownsData: true });
  const { userId } = await erase();
  await enable(id, false);
  await app.work();
  await forgetAfter(31);
  const kept = { where: { subjectId: userId }, select: { type: true } };
  expect(await prisma.outboxEvent.findMany(kept)).toEqual([{ type: 'erasure.requested' }]);
  world.receiver.answer = 204;
  world.receiver.clear();
  app.clock.offset += hour;
  await enable(id, true);
  await app.work();
  expect(requests()).toHaveLength(1);
  expect(await erasureOf(userId)).toMatchObject({ status: 'COMPLETED' });
  await forgetAfter(31);
  expect(await prisma.outboxEvent.findMany(kept)).toEqual([]); // nobody is waited for any more
});

test('a request to erase that was given up can be sent again after longer than events are kept', async () => {
  const { app } = world;
  world.receiver.answer = ({ event }, response) =>
    response.writeHead(event.type === 'erasure.requested' ? 410 : 204).end();
  const made = await world.webhook({ ownsData: true });
  const { userId } = await erase();
  await forgetAfter(31);
  const [dead, ...others] = await deliveriesOf(world, made);
  expect(dead).toMatchObject({ eventType: 'ERASURE_REQUESTED', status: 'DEAD', lastStatus: 410 });
  expect(others).toEqual([]);
  world.receiver.answer = 204;
  await enable(made.id, true);
  expect(await mutate(world, `redeliverWebhook(id: "${dead?.id}")`)).toBe('RedeliverWebhookSuccess');
  await app.work();
  expect(await erasureOf(userId)).toMatchObject({ status: 'COMPLETED' });
});

test('the request to erase is forgotten as other events are once its owner was withdrawn', async () => {
  const { prisma } = world.app.database;
  world.receiver.answer = 202;
  const { id } = await world.webhook({ ownsData: true });
  const { userId } = await erase();
  await forgetAfter(31);
  expect(await prisma.outboxEvent.count({ where: { subjectId: userId } })).toBe(1);
  await mutate(world, `updateWebhook(id: "${id}", input: { ownsData: false })`);
  await forgetAfter(31);
  expect(await prisma.outboxEvent.count({ where: { subjectId: userId } })).toBe(0);
});
