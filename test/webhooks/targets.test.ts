/** Where events are never sent: into the machine, or into the networks around it. */
import { randomBytes } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSealing } from '../../src/auth/sealing.ts';
import { issueWebhookSecret, sealWebhookSecret } from '../../src/domain/webhook-secrets.ts';
import { isPublicAddress, webhookUrlProblem } from '../../src/domain/webhook-urls.ts';
import { testSecret } from '../setup/app.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { openWorld, type World } from './world.ts';

let world: World;
/** Listens on all addresses of the machine, of both families; whatever reaches it should not have. */
let trap: Receiver;
beforeAll(async () => {
  world = await openWorld({ env: { WEBHOOK_ALLOWED_NETWORKS: '' } });
  trap = await openReceiver('::');
});
afterAll(async () => {
  await world.close();
  await trap.close();
});

/** Each names this machine, or something inside, in a way that a careless check lets through. */
const hosts = [
  '127.0.0.1',
  '127.0.0.2',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0x7f.1',
  '017700000001',
  '0177.0.0.1',
  '0177.0x0.1',
  '127.0.0.1.',
  '0',
  '0.0.0.0',
  '0.0.0.1',
  '%31%32%37.0.0.1',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:7f00:1]',
  '[::ffff:0:7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'LocalHost.',
  'sub.localhost',
  'a.b.localhost.',
  'ⓛocalhost',
  'loc%61lhost',
  'loc\u00adalhost',
  '10.0.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '168.63.129.16',
  '172.16.0.1',
  '192.0.0.1',
  '192.168.0.1',
  '198.18.0.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  'intranet',
];

const at = (host: string, scheme = 'https') => `${scheme}://${host}:${trap.port}/hooks`;

const tricks = () => [
  ...hosts.map((host) => at(host)),
  ...['127.0.0.1', '[::1]', 'localhost', 'example.com', '93.184.216.34'].map((host) => at(host, 'http')),
  `https://127.0.0.1:${trap.port}`,
  `https://example.com@127.0.0.1:${trap.port}/`,
  `https://user:password@example.com/`,
  `https://example.com:443@127.0.0.1:${trap.port}/`,
  `https://127.0.0.1:${trap.port}\\@example.com/`,
  `https://example.com\\@127.0.0.1:${trap.port}/`,
  `https:\\\\127.0.0.1:${trap.port}/`,
  `https:127.0.0.1:${trap.port}/`,
  `https:/127.0.0.1:${trap.port}/`,
  `https:///127.0.0.1:${trap.port}/`,
  `https://127.0.0.1:${trap.port}/#@example.com`,
  `https://example.com#@127.0.0.1:${trap.port}/`,
  ` https://127.0.0.1:${trap.port}/`,
  `https://127.0.0.1\t:${trap.port}/`,
  `https://exa\nmple.com/`,
  `//127.0.0.1:${trap.port}/`,
  `ftp://127.0.0.1:${trap.port}/`,
  `gopher://127.0.0.1:${trap.port}/_POST`,
  `file:///etc/passwd`,
  `javascript:fetch('/')`,
  `data:text/plain,hello`,
  `unix:/var/run/docker.sock`,
  `wss://127.0.0.1:${trap.port}/`,
  `not a url`,
  '',
];

describe('a webhook', () => {
  test('is not made, by anybody, for what names this machine or a private network', async () => {
    const acme = await world.organizationId('Acme');
    expect(tricks().length).toBeGreaterThan(75);
    for (const url of tricks()) {
      for (const [login, input] of [
        ['admin', {}],
        ['ada', { organizationId: acme }],
      ] as const) {
        const answer = await world.create({ ...input, url }, login);
        expect(answer.__typename, url).toBe('InvalidInputError');
        expect(
          answer.problems.map(({ path }: { path: string[] }) => path.join('.')),
          url,
        ).toContain('input.url');
      }
    }
    expect(await world.app.database.prisma.webhook.count()).toBe(0);
    expect(trap.connections).toBe(0);
  });

  test('is not turned to it by a change either', async () => {
    const made = await world.webhook({ url: 'https://example.com/hooks' });
    const admin = await world.app.as('admin');
    const document = `mutation ($id: ID!, $url: String) { updateWebhook(id: $id, input: { url: $url }) { __typename } }`;
    for (const url of tricks()) {
      const answer = await admin.run(document, { id: made.id, url });
      expect(answer, url).toEqual({ updateWebhook: { __typename: 'InvalidInputError' } });
    }
    const { url } = await world.app.database.prisma.webhook.findUniqueOrThrow({ where: { id: made.uuid } });
    expect(url).toBe('https://example.com/hooks');
    await world.app.database.prisma.webhook.deleteMany();
  });

  test('is made for what may be public, and shown as it is sent to', async () => {
    for (const [given, shown] of [
      ['https://example.com', 'https://example.com/'],
      ['HTTPS://EXAMPLE.com:8443/a b?c=d'.replace(' ', '%20'), 'https://example.com:8443/a%20b?c=d'],
      ['https://93.184.216.34/hooks', 'https://93.184.216.34/hooks'],
      ['https://[2606:2800:220:1:248:1893:25c8:1946]/', 'https://[2606:2800:220:1:248:1893:25c8:1946]/'],
    ] as const)
      expect((await world.create({ url: given })).webhook?.url).toBe(shown);
    await world.app.database.prisma.webhook.deleteMany();
  });
});

/** What a row says that was not checked when it was written, or whose name stood for something else then. */
describe('a delivery', () => {
  test('reaches nothing on this machine, whatever the webhook says and whatever its name stands for now', async () => {
    const { app } = world;
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const addresses = own.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
    // Names of this machine itself, which the resolver knows as it would know a stranger's that was pointed here.
    const names = ['localhost', hostname(), 'ip6-localhost', 'ip6-loopback', `${hostname()}.`];
    const parsable = [...tricks(), ...[...addresses, ...names].map((host) => at(host))];
    const urls = [...parsable, ...parsable.map((url) => url.replace(/^https/, 'http'))];
    const rowId = (index: number) => `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`;
    await app.database.prisma.webhook.createMany({
      data: urls.map((url, index) => ({
        id: rowId(index),
        name: 'Trick',
        url,
        eventTypes: ['user.updated'],
        encryptedSecret: sealedFor(rowId(index)),
      })),
    });
    await world.rename('ada', 'Ada whom nobody hears of');
    await app.work();
    expect(trap.connections).toBe(0);
    const rows = await app.database.prisma.webhookDelivery.findMany({
      where: { webhook: { name: 'Trick' } },
    });
    expect(rows).toHaveLength(urls.length);
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['PENDING']));
    expect(new Set(rows.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    const reasons = new Set(rows.map(({ lastError }) => lastError));
    for (const reason of reasons)
      expect(reason).toMatch(/^(is at no public address|has a name without an address)$/);
  });
});

describe('a network that the operator allows', () => {
  test('is sent to, also over http; what lies next to it is not', async () => {
    const inside = await openReceiver('127.0.0.5');
    const outside = await openReceiver('127.0.0.6');
    const other = await openWorld({ env: { WEBHOOK_ALLOWED_NETWORKS: '127.0.0.5' } });
    try {
      await other.webhook({ url: inside.url });
      expect(await other.create({ url: outside.url })).toMatchObject({ __typename: 'InvalidInputError' });
      expect(await other.create({ url: 'http://93.184.216.34/' })).toMatchObject({
        __typename: 'InvalidInputError',
      });
      inside.answer = (_received, response) => response.writeHead(302, { location: outside.url }).end();
      await other.rename('ada', 'Ada who is sent next door');
      await other.app.work();
      expect(inside.received.length).toBeGreaterThan(0);
      expect(outside.connections).toBe(0);
    } finally {
      await other.close();
      await inside.close();
      await outside.close();
    }
  });

  test('a name counts by what it stands for, and plain http for nothing else', async () => {
    const networks = ['10.0.0.0/8', '127.0.0.0/8'];
    expect(webhookUrlProblem('http://hooks.internal/', networks)).toBeNull();
    expect(webhookUrlProblem('https://intranet/', networks)).toBeNull();
    expect(webhookUrlProblem('http://localhost/', networks)).toBeNull();
    expect(webhookUrlProblem('http://localhost/', ['10.0.0.0/8'])).toBe('must be at a public address');
    expect(webhookUrlProblem('http://10.1.2.3/', networks)).toBeNull();
    expect(webhookUrlProblem('http://192.168.1.1/', networks)).toBe('must be at a public address');
    const other = await openWorld({ env: { WEBHOOK_ALLOWED_NETWORKS: '10.0.0.0/8' } });
    try {
      const made = await other.webhook({ url: 'http://hooks.internal/' });
      await other.app.database.prisma.webhook.update({
        where: { id: made.uuid },
        data: { url: `http://ip6-localhost:${trap.port}/` },
      });
      await other.rename('ada', 'Ada who knocks');
      await other.app.work();
      expect(trap.connections).toBe(0);
    } finally {
      await other.close();
    }
  });
});

test('an address is public when it is of no special purpose', () => {
  for (const address of ['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946', '2a00:1450::1'])
    expect(isPublicAddress(address)).toBe(true);
  for (const address of ['192.88.99.1', '4000::1', '5f00::1', '3fff::1', 'example.com', ''])
    expect(isPublicAddress(address)).toBe(false);
});

/** A secret of the webhook with this id, as it stands in its row. */
const sealedFor = (id: string) =>
  sealWebhookSecret({ sealing: createSealing(testSecret, randomBytes), now: () => new Date() }, id, {
    secret: issueWebhookSecret(randomBytes),
  });
