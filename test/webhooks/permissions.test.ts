/** Who manages webhooks, and what they are shown. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventTypes } from '../../src/domain/audit.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { mostWebhooks } from '../../src/domain/webhooks.ts';
import { schema } from '../../src/schema/index.ts';
import { mutate, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(async () => {
  await world.app.database.prisma.webhook.deleteMany();
});

const everything = `{ viewer { organizations { organization { name webhooks(first: 5) { totalCount nodes { id name url eventTypes ownsData
  isEnabled organization { name } deliveries(first: 5) { totalCount nodes { id eventType subjectId } } } } } } } }`;

test('a secret is shown once: in no later answer, in no audit row, in no column and in no line of the log', async () => {
  const { app } = world;
  const acme = await world.organizationId('Acme');
  const { id, secret } = await world.webhook({ organizationId: acme }, 'ada');
  const rotation = `mutation { rotateWebhookSecret(id: "${id}") { ... on RotateWebhookSecretSuccess { secret } } }`;
  const ada = await app.as('ada');
  const rotated = (await ada.run(rotation)) as { rotateWebhookSecret: { secret: string } };
  await world.rename('ada', 'Ada of the secret');
  await app.work();
  const shown = [JSON.stringify(await ada.run(everything)), app.logged.join('\n')];
  for (const table of ['webhooks', 'webhook_deliveries', 'outbox_events', 'audit_events']) {
    const { rows } = await app.database.pool.query(`SELECT t::text AS text FROM ${table} t`);
    shown.push(JSON.stringify(rows));
  }
  expect(shown[0]).toContain(world.receiver.url);
  for (const one of [secret, rotated.rotateWebhookSecret.secret]) {
    const bits = Buffer.from(one.slice('whsec_'.length), 'base64');
    for (const text of shown) {
      expect(text).not.toContain(one.slice('whsec_'.length));
      expect(text).not.toContain(bits.toString('hex'));
    }
  }
  expect(
    Object.keys((schema.getType('Webhook') as { getFields?: () => object }).getFields?.() ?? {}),
  ).not.toContain('secret');
});

test('an organization is shown its own webhooks and their deliveries, and a member who does not run it none', async () => {
  const { app } = world;
  const [acme, babel] = [await world.organizationId('Acme'), await world.organizationId('Babel')];
  await world.webhook({ name: 'Of Acme', organizationId: acme }, 'ada');
  await world.webhook({ name: 'Of Babel', organizationId: babel }, 'grace');
  await world.webhook({ name: 'Of the operator' });
  await app.work();
  const ada = JSON.stringify(await (await app.as('ada')).run(everything)); // owner of Acme, member of Babel
  expect(ada).toContain('Of Acme');
  expect(ada).not.toMatch(/Of Babel|Of the operator/);
  const grace = JSON.stringify(await (await app.as('grace')).run(everything));
  expect(grace).toContain('Of Babel');
  expect(grace).not.toMatch(/Of Acme|Of the operator/);
});

test("another organization's webhook is not there: it is neither changed, nor rotated, nor deleted, nor sent again", async () => {
  const { app } = world;
  const babel = await world.organizationId('Babel');
  const theirs = await world.webhook({ organizationId: babel }, 'grace');
  const operators = await world.webhook();
  await app.work();
  const before = await app.database.prisma.webhook.findMany({ orderBy: { id: 'asc' } });
  for (const { id, uuid } of [theirs, operators]) {
    for (const call of [
      `updateWebhook(id: "${id}", input: { url: "https://example.com/" })`,
      `rotateWebhookSecret(id: "${id}")`,
      `deleteWebhook(id: "${id}")`,
    ])
      expect(await mutate(world, call, {}, 'ada'), call).toBe('NOT_FOUND');
    const delivery = await app.database.prisma.webhookDelivery.findFirstOrThrow({
      where: { webhookId: uuid },
    });
    const again = `redeliverWebhook(id: "${encodeId('WebhookDelivery', delivery.id)}")`;
    expect(await mutate(world, again, {}, 'ada')).toBe('NOT_FOUND');
    expect(
      await app.database.prisma.webhookDelivery.findUniqueOrThrow({ where: { id: delivery.id } }),
    ).toEqual(delivery);
  }
  expect(await app.database.prisma.webhook.findMany({ orderBy: { id: 'asc' } })).toEqual(before);
});

test('each change stands in the trail with its values, and a change to what is there already does not', async () => {
  const { app } = world;
  const made = await world.webhook({ eventTypes: ['USER_UPDATED', 'USER_CREATED', 'USER_CREATED'] });
  const update = (input: string) => mutate(world, `updateWebhook(id: "${made.id}", input: { ${input} })`);
  await update('name: "Renamed", eventTypes: [], isEnabled: false');
  await update('name: "Renamed", isEnabled: false');
  await update('ownsData: true, url: "https://EXAMPLE.com"');
  await mutate(world, `rotateWebhookSecret(id: "${made.id}")`);
  await mutate(world, `deleteWebhook(id: "${made.id}")`);
  const rows = await app.database.prisma.auditEvent.findMany({
    where: { subjectId: made.uuid },
    orderBy: { sequence: 'asc' },
  });
  expect(rows.map(({ action, changes }) => ({ action, changes }))).toMatchObject([
    {
      action: 'webhook.create',
      changes: { eventTypes: { before: null, after: ['user.created', 'user.updated'] } },
    },
    {
      action: 'webhook.update',
      changes: {
        name: { before: 'Receiver', after: 'Renamed' },
        eventTypes: { before: ['user.created', 'user.updated'], after: [] },
        isEnabled: { before: true, after: false },
      },
    },
    {
      action: 'webhook.update',
      changes: {
        ownsData: { before: false, after: true },
        url: { before: world.receiver.url, after: 'https://example.com/' },
      },
    },
    { action: 'webhook.rotate-secret', changes: { secret: { before: true, after: true } } },
    { action: 'webhook.delete', changes: null },
  ]);
});

test('an absent field keeps its value, and null is refused', async () => {
  const { app } = world;
  const made = await world.webhook({ ownsData: true });
  const before = await app.database.prisma.webhook.findUniqueOrThrow({ where: { id: made.uuid } });
  const admin = await app.as('admin');
  const document = `mutation ($input: UpdateWebhookInput!) { updateWebhook(id: "${made.id}", input: $input) { __typename } }`;
  expect(await admin.run(document, { input: {} })).toEqual({
    updateWebhook: { __typename: 'UpdateWebhookSuccess' },
  });
  for (const field of ['name', 'url', 'eventTypes', 'ownsData', 'isEnabled'])
    expect(await admin.run(document, { input: { [field]: null } }), field).toEqual({
      updateWebhook: { __typename: 'InvalidInputError' },
    });
  expect(await app.database.prisma.webhook.findUniqueOrThrow({ where: { id: made.uuid } })).toEqual(before);
});

test('all problems of an input are told at once', async () => {
  const answer = await world.create({ name: '', url: 'http://192.168.0.1/' });
  expect(answer.problems).toEqual([
    { path: ['input', 'url'], code: 'NOT_ALLOWED', message: 'must be at a public address' },
    { path: ['input', 'name'], code: 'TOO_SHORT', message: 'must not be empty' },
  ]);
});

test('there are no more of one owner than there may be, however many are made at once', async () => {
  const { app } = world;
  const acme = await world.organizationId('Acme');
  const answers = await Promise.all(
    Array.from({ length: mostWebhooks + 5 }, (_, n) =>
      world.create({ name: `No. ${n}`, organizationId: acme }, 'ada'),
    ),
  );
  const made = answers.filter(({ __typename }) => __typename === 'CreateWebhookSuccess');
  expect(made).toHaveLength(mostWebhooks);
  expect(await app.database.prisma.webhook.count()).toBe(mostWebhooks);
});

test('every type of event is in the graph, with a sentence of its own', () => {
  const type = schema.getType('EventType') as unknown as {
    getValues(): { value: string; description: string }[];
  };
  const values = type.getValues();
  expect(values.map(({ value }) => value).sort()).toEqual([...eventTypes]);
  for (const { description } of values) expect(description).toMatch(/^`[a-z_.]+`: [A-Z].+\.$/);
});
