/** What webhooks are sent, and what they are not. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { verify } from './receiver.ts';
import { deliveriesOf, hour, mutate, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(async () => {
  world.receiver.answer = 204;
  world.app.clock.offset = 0;
  await world.app.database.prisma.webhook.deleteMany();
  await world.app.work();
  world.receiver.clear();
});

test('an event is sent once, signed so that the library of Standard Webhooks verifies it', async () => {
  const { app, receiver } = world;
  const { secret } = await world.webhook({ eventTypes: ['USER_UPDATED'] });
  await world.rename('ada', 'Ada of the first delivery');
  await app.work();
  await app.work();
  expect(receiver.received).toHaveLength(1);
  const [received] = receiver.received;
  if (received === undefined) throw new Error('nothing came');
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(verify(secret, received)).toEqual(received.event);
  expect(() => verify(`whsec_${Buffer.alloc(32).toString('base64')}`, received)).toThrow();
  expect(() => verify(secret, { ...received, body: received.body.replace('User', 'Usur') })).toThrow();
  const row = await app.database.prisma.outboxEvent.findFirstOrThrow({
    where: { type: 'user.updated' },
    orderBy: { sequence: 'desc' },
  });
  expect(received).toMatchObject({
    method: 'POST',
    path: '/hooks',
    headers: {
      'content-type': 'application/json',
      'user-agent': `Usergraph/${version}`,
      'webhook-id': row.id,
    },
    event: {
      type: 'user.updated',
      timestamp: row.occurredAt.toISOString(),
      data: {
        subjectId: await world.uuidOf('Ada of the first delivery'),
        objectType: 'User',
        fields: ['name'],
      },
    },
  });
});

test('no body holds anything personal: neither values nor names, addresses or secrets', async () => {
  const { app, receiver } = world;
  await world.webhook();
  const { id } = await app.database.prisma.user.findFirstOrThrow({ where: { username: 'grace' } });
  const client = await app.as('grace');
  const token = `mutation { createApiToken(input: { name: "Secret plan", scopes: [PROFILE] }) { ... on CreateApiTokenSuccess { secret } } }`;
  const answer = await client.send(token);
  await world.rename('grace', 'Grace Unrepeatable');
  await client.run(
    `mutation { updateMe(input: { bio: "bio-unrepeatable", metadata: { hobby: "hobby-unrepeatable" } }) { __typename } }`,
  );
  await client.run(`mutation { addEmail(input: { address: "unrepeatable@example.org" }) { __typename } }`);
  await app.work();
  expect(receiver.types()).toContain('user.updated');
  const bodies = receiver.received.map(({ body }) => body).join('\n');
  const secret = JSON.stringify(answer.data).match(/ug_tok_\w+/)?.[0] ?? 'ug_tok_';
  for (const fact of [
    'nrepeatable',
    'Secret plan',
    'example.org',
    'example.com',
    'grace',
    'Grace',
    '192.0.2',
    secret,
  ])
    expect(bodies).not.toContain(fact);
  expect(bodies).toContain(id);
});

test('a webhook is told of the types that it asked for, and of no other', async () => {
  const { app, receiver } = world;
  await world.webhook({ eventTypes: ['SESSION_CREATED', 'USER_SUSPENDED'] });
  const { id } = await suspendable('Wanted Types');
  await app.work();
  expect(receiver.types()).toEqual([]);
  await setStatus(id, 'SUSPENDED');
  await setStatus(id, 'ACTIVE');
  await app.work();
  expect(receiver.types()).toEqual(['user.suspended']);
});

test('a suspension is told as such, and as nothing else; what follows is an update', async () => {
  const { app, receiver } = world;
  await world.webhook({ eventTypes: ['USER_CREATED', 'USER_UPDATED', 'USER_SUSPENDED'] });
  const { id } = await suspendable('Suspended Once');
  await setStatus(id, 'SUSPENDED');
  await setStatus(id, 'ACTIVE');
  await app.work();
  expect(receiver.types()).toEqual(['user.created', 'user.suspended', 'user.updated']);
});

test('a change that is rolled back is told to nobody', async () => {
  const { app, receiver } = world;
  await world.webhook();
  const client = await app.as('ada');
  await app.work();
  receiver.clear();
  const document = `mutation { updateMe(input: { name: "Rolled back", username: "grace" }) { __typename } }`;
  expect(await client.run(document)).toEqual({ updateMe: { __typename: 'LoginNameTakenError' } });
  await app.work();
  expect(receiver.received).toEqual([]);
});

test('an organization is told of its own, and of nothing else', async () => {
  const { app, receiver } = world;
  const acme = await world.organizationId('Acme');
  await world.webhook({ organizationId: acme }, 'ada');
  await app.work();
  receiver.clear();
  await world.rename('ada', 'Ada who is a person');
  await world.rename('grace', 'Grace of another organization');
  const babel = await world.organizationId('Babel');
  const make = `mutation ($id: ID!, $name: String!) { createServiceAccount(input: { organizationId: $id, name: $name }) { __typename } }`;
  await (await app.as('grace')).run(make, { id: babel, name: 'Robot of Babel' });
  await app.work();
  expect(receiver.types()).toEqual([]);
  await (await app.as('ada')).run(make, { id: acme, name: 'Robot of Acme' });
  await app.work();
  expect(receiver.types()).toEqual(['user.created']);
  expect(receiver.received[0]?.event.data.subjectId).toBe(await world.uuidOf('Robot of Acme'));
});

test('after a rotation both secrets verify for a day, then the new one alone', async () => {
  const { app, receiver } = world;
  const made = await world.webhook({ eventTypes: ['USER_UPDATED'] });
  const rotation = `mutation ($id: ID!) { rotateWebhookSecret(id: $id) { ... on RotateWebhookSecretSuccess { secret } } }`;
  const admin = await app.as('admin');
  const rotated = (await admin.run(rotation, { id: made.id })) as { rotateWebhookSecret: { secret: string } };
  const { secret } = rotated.rotateWebhookSecret;
  expect(secret).not.toBe(made.secret);
  await world.rename('ada', 'Ada of two secrets');
  await app.work();
  const [first] = receiver.received;
  if (first === undefined) throw new Error('nothing came');
  expect(verify(secret, first)).toEqual(verify(made.secret, first));
  app.clock.offset = 24 * hour + 1;
  await world.rename('ada', 'Ada of one secret');
  await app.work();
  expect(first.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
  expect(receiver.received[1]?.headers['webhook-signature']).toMatch(/^v1,\S+$/);
});

test('a redirect is not followed, and is a failure', async () => {
  const { app, receiver } = world;
  const made = await world.webhook({ eventTypes: ['USER_UPDATED'] });
  receiver.answer = (_received, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${receiver.port}/elsewhere` }).end();
  await world.rename('ada', 'Ada who is sent on');
  await app.work();
  expect(receiver.received.map(({ path }) => path)).toEqual(['/hooks']);
  expect(await deliveriesOf(world, made)).toMatchObject([
    { status: 'PENDING', attempts: 1, lastStatus: 307, lastError: 'answered 307' },
  ]);
});

test('an answer without end is not read to its end, and nothing of it is kept', async () => {
  const { app, receiver } = world;
  const made = await world.webhook({ eventTypes: ['USER_UPDATED'] });
  let written = 0;
  receiver.answer = (_received, response) => {
    response.writeHead(500, { 'x-said': 'remember-me' });
    const more = () => {
      while (!response.destroyed && written < 1e9) {
        written += 16_384;
        if (!response.write('remember-me '.repeat(1366))) break;
      }
    };
    response.on('drain', more).on('error', () => {});
    more();
  };
  await world.rename('ada', 'Ada who is answered at length');
  await app.work();
  expect(written).toBeLessThan(64e6); // what the sockets between them hold, at most
  const rows = await app.database.prisma.webhookDelivery.findMany({ where: { webhookId: made.uuid } });
  expect(rows).toMatchObject([{ lastStatus: 500, lastError: 'answered 500' }]);
  expect(
    JSON.stringify(rows, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('remember');
  expect(app.logged.join('\n')).not.toContain('remember-me');
});

test('who does not answer within ten seconds has not taken it', async () => {
  const { app, receiver } = world;
  const made = await world.webhook({ eventTypes: ['USER_UPDATED'] });
  receiver.answer = () => {};
  await world.rename('ada', 'Ada who waits');
  const before = Date.now();
  await app.work();
  expect(Date.now() - before).toBeGreaterThan(9_500);
  expect(Date.now() - before).toBeLessThan(15_000);
  expect(await deliveriesOf(world, made)).toMatchObject([
    { status: 'PENDING', lastStatus: null, lastError: 'gave no answer within 10 seconds' },
  ]);
});

test('nothing is gathered for a disabled webhook, and what it was to be sent before waits until it is enabled', async () => {
  const { app, receiver } = world;
  const made = await world.webhook({ eventTypes: ['USER_UPDATED'] });
  receiver.answer = 500;
  await world.rename('ada', 'Ada before');
  await app.work();
  expect(await mutate(world, `updateWebhook(id: "${made.id}", input: { isEnabled: false })`)).toBe(
    'UpdateWebhookSuccess',
  );
  receiver.answer = 204;
  app.clock.offset = hour;
  await world.rename('ada', 'Ada meanwhile');
  await app.work();
  expect(receiver.received).toHaveLength(1);
  await mutate(world, `updateWebhook(id: "${made.id}", input: { isEnabled: true })`);
  await app.work();
  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[1]?.headers['webhook-id']).toBe(receiver.received[0]?.headers['webhook-id']);
});

async function suspendable(name: string): Promise<{ id: string }> {
  const admin = await world.app.as('admin');
  const username = name.toLowerCase().replaceAll(' ', '-');
  const document = `mutation ($input: CreateUserInput!) { createUser(input: $input) { ... on CreateUserSuccess { user { id } } ... on Error { message } } }`;
  const data = (await admin.run(document, { input: { name, username } })) as {
    createUser: { user: { id: string } };
  };
  return data.createUser.user;
}

async function setStatus(id: string, status: string): Promise<void> {
  const admin = await world.app.as('admin');
  await admin.run(
    `mutation { updateUser(id: "${id}", input: { status: ${status} }) { ... on Error { message } } }`,
  );
}
