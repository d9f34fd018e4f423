/** E-mail, as a real server on a real socket gets it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { clientOf, createPerson } from '../graphql/accounts.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { openSender } from './outgoing.ts';

interface Mail {
  readonly user: string | undefined;
  readonly from: string;
  readonly to: string[];
  readonly secure: boolean;
  readonly source: string;
}

let app: TestApp;
let client: Client;
const closing: (() => Promise<unknown> | unknown)[] = [];
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const newAddress = () => `new-${crypto.randomUUID()}@example.net`;

/** A server that keeps what it gets. */
async function listen(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 100,
    onData(stream, { user, envelope, secure }, done) {
      text(stream).then((source) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ user, from, to: envelope.rcptTo.map(({ address }) => address), secure, source });
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => {}); // clients that hang up
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
  return { mails, port: (server.server.address() as AddressInfo).port };
}

async function open(env: Record<string, string>) {
  const sender = openSender(app, env);
  closing.push(() => sender.close());
  client = await clientOf(app, (await createPerson(app)).uuid);
  return sender;
}

it('goes to the address alone, as text, from the configured sender', async () => {
  const { mails, port } = await listen();
  const from = 'Accounts <accounts@example.com>';
  const sender = await open({ SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: from });
  const address = newAddress();
  expect(await sender.addEmail(client.token, address)).toBe('AddEmailSuccess');
  await vi.waitFor(() => expect(mails).toHaveLength(1), 5_000);
  expect(mails[0]).toMatchObject({ from: 'accounts@example.com', to: [address] });
  const source = mails[0]?.source ?? '';
  expect(source).toContain(`From: ${from}\r\n`);
  expect(source).toContain(`To: ${address}\r\n`);
  expect(source).toContain('Subject: Verify your e-mail address\r\n');
  expect(source).toContain('Auto-Submitted: auto-generated\r\n');
  expect(source).toMatch(/^Content-Type: text\/plain; charset=utf-8\r$/m);
  expect(source.split('\r\n\r\n')[0], 'no code among the headers').not.toMatch(/[A-Z2-9]{4}-[A-Z2-9]{4}-/);
  expect(source).toMatch(/^ {4}[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\r$/m);
  expect(sender.failures()).toEqual([]);
});

it('signs in to the server with what the URL says, and never tells it', async () => {
  const { mails, port } = await listen({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'mailer' && password === 'p@ss/word'
        ? done(null, { user: username })
        : done(new Error(`no login for ${username} ${password}`)),
  });
  const good = await open({ SMTP_URL: `smtp://mailer:p%40ss%2Fword@127.0.0.1:${port}` });
  await good.addEmail(client.token, newAddress());
  await vi.waitFor(() => expect(mails).toMatchObject([{ user: 'mailer' }]), 5_000);
  const bad = await open({ SMTP_URL: `smtp://mailer:wr0ng@127.0.0.1:${port}` });
  expect(await bad.addEmail(client.token, newAddress())).toBe('AddEmailSuccess');
  await vi.waitFor(() => expect(bad.failures()).toHaveLength(1), 5_000);
  expect(bad.failures()).toMatchObject([{ reason: expect.stringContaining('535') }]);
  expect(bad.logged.join()).not.toContain('wr0ng');
});

it('goes to no server whose certificate nobody vouches for', async () => {
  const { mails, port } = await listen({ disabledCommands: ['AUTH'] });
  const sender = await open({ SMTP_URL: `smtp://127.0.0.1:${port}` });
  expect(await sender.addEmail(client.token, newAddress())).toBe('AddEmailSuccess');
  await vi.waitFor(() => expect(sender.failures()).toHaveLength(1), 5_000);
  expect(sender.failures()[0]?.reason).toContain('certificate');
  expect(mails).toEqual([]);
});

it('that a server refuses is logged without its text and its reader, and told to nobody', async () => {
  const { mails, port } = await listen({
    onRcptTo: ({ address }, _session, done) => done(new Error(`${address} is no mailbox of ours`)),
  });
  const sender = await open({ SMTP_URL: `smtp://127.0.0.1:${port}` });
  const address = newAddress();
  expect(await sender.addEmail(client.token, address)).toBe('AddEmailSuccess');
  await vi.waitFor(() => expect(sender.failures()).toHaveLength(1), 5_000);
  expect(sender.failures()).toMatchObject([
    {
      channel: 'email',
      msg: 'a message could not be sent',
      reason: 'the SMTP server: EENVELOPE 550 RCPT TO',
    },
  ]);
  expect(sender.logged.join()).not.toContain(address);
  expect(sender.logged.join()).not.toMatch(/[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}/);
  expect(mails).toEqual([]);
});

it('for which there is no server is logged, and told to nobody', async () => {
  const { port } = await listen();
  await closing.pop()?.();
  const sender = await open({ SMTP_URL: `smtp://127.0.0.1:${port}` });
  expect(await sender.addEmail(client.token, newAddress())).toBe('AddEmailSuccess');
  await vi.waitFor(() => expect(sender.failures()).toHaveLength(1), 5_000);
  expect(sender.failures()[0]?.reason).toContain('ECONNREFUSED');
});

it('that a server never takes keeps nobody waiting, and a stop not for ever', async () => {
  const asked: string[] = [];
  const { port } = await listen({ onMailFrom: ({ address }) => void asked.push(address) });
  const sender = await open({ SMTP_URL: `smtp://127.0.0.1:${port}` });
  expect(await sender.addEmail(client.token, newAddress())).toBe('AddEmailSuccess');
  await vi.waitFor(() => expect(asked).toHaveLength(1), 5_000);
  const stopping = performance.now();
  await closing.pop()?.();
  expect(performance.now() - stopping).toBeLessThan(9_000);
}, 20_000);

it('that is on its way arrives although the app stops', async () => {
  const { mails, port } = await listen({
    onMailFrom: (_address, _session, done) => void setTimeout(done, 300),
  });
  const sender = await open({ SMTP_URL: `smtp://127.0.0.1:${port}` });
  await sender.addEmail(client.token, newAddress());
  expect(mails).toEqual([]);
  await closing.pop()?.();
  expect(mails).toHaveLength(1);
});

it('that no server is configured for is written to the log, to be read there', async () => {
  const sender = await open({});
  const address = newAddress();
  await sender.addEmail(client.token, address);
  expect(sender.failures()).toMatchObject([
    { channel: 'email', to: address, text: expect.stringMatching(/[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}/) },
  ]);
});
