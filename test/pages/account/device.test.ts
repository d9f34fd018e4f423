import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../../setup/app.ts';
import {
  addPerson,
  hiddenField,
  openBrowser,
  type RegisteredClient,
  readable,
  registerClient,
  signedIn,
  submit,
} from '../../setup/pages.ts';

let app: TestApp;
let client: RegisteredClient;
beforeAll(async () => {
  app = await openTestApp();
  client = await registerClient(app, { name: 'Living room TV' });
});
afterAll(() => app?.close());

interface Device {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
}

async function startDevice(): Promise<Device> {
  const form = { client_id: client.clientId, scope: 'profile data:read' };
  return (await app.call('POST', '/oauth/device_authorization', { form })).body;
}

/** What the device hears when it asks; it waits as long as it must. */
async function poll({ device_code }: Device) {
  app.clock.offset += 6000;
  const { body } = await app.call('POST', '/oauth/token', {
    form: {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: client.clientId,
      device_code,
    },
  });
  return body as { access_token?: string; error?: string };
}

async function somebody() {
  const person = await addPerson(app);
  return { person, browser: await signedIn(app, person.username, person.password) };
}

describe('a device', () => {
  it('is let in by its code, as the person who types it', async () => {
    const device = await startDevice();
    expect(await poll(device)).toMatchObject({ error: 'authorization_pending' });
    const { person, browser } = await somebody();
    const form = await browser.visit(new URL(device.verification_uri).pathname);
    expect(form.text).toMatch(/<form method="get" action="\.\/device">\s+<div class="field">/);
    const typed = device.user_code.toLowerCase().replace('-', ' ');
    const asked = await browser.visit(`/device?${new URLSearchParams({ user_code: typed })}`);
    const text = readable(asked);
    for (const said of [
      'Connect Living room TV?',
      device.user_code,
      person.username,
      'Read your data',
      '192.0.2.200',
    ])
      expect(text).toContain(said);
    expect(text).not.toContain('Add, change');
    expect(await poll(device)).toMatchObject({ error: 'authorization_pending' });

    const answer = { user_code: hiddenField(asked, 'user_code') ?? '', decision: 'allow' };
    const done = await submit(browser, '/device', answer);
    expect(done.url.pathname + done.url.search).toBe('/device?answer=allowed');
    expect(readable(done)).toContain('The device is connected');
    const { access_token = '' } = await poll(device);
    const me = await app.withToken(access_token).send('{ me { username } }');
    expect(me.data).toEqual({ me: { username: person.username } });
    expect(readable(await browser.visit('/account'))).toContain('Living room TV');
  });

  it('is asked about after signing in, with the code that its link carries', async () => {
    const device = await startDevice();
    const { pathname, search } = new URL(device.verification_uri_complete);
    const { username, password } = await addPerson(app);
    const browser = openBrowser(app);
    const asked = await browser.visit(pathname + search);
    const form = { login: username, password, return_to: hiddenField(asked, 'return_to') ?? '' };
    expect(readable(await submit(browser, '/sign-in', form))).toContain('Connect Living room TV?');
    expect(await poll(device)).toMatchObject({ error: 'authorization_pending' });
  });

  it('is refused, and told so', async () => {
    const device = await startDevice();
    const { browser } = await somebody();
    const done = await submit(browser, '/device', { user_code: device.user_code, decision: 'deny' });
    expect(readable(done)).toContain('The device was refused');
    expect(await poll(device)).toMatchObject({ error: 'access_denied' });
  });

  it('cannot be let in twice, nor when it has stopped waiting', async () => {
    const [first, late] = [await startDevice(), await startDevice()];
    const { browser } = await somebody();
    const allow = (device: Device) =>
      submit(browser, '/device', { user_code: device.user_code, decision: 'allow' });
    expect((await allow(first)).status).toBe(200);
    expect((await allow(first)).status).toBe(422);
    app.clock.offset += 11 * 60_000;
    expect((await allow(late)).status).toBe(422);
    expect(await poll(late)).toMatchObject({ error: 'expired_token' });
  });

  it('cannot be let in by who is signed out', async () => {
    const device = await startDevice();
    const page = await submit(openBrowser(app), '/device', {
      user_code: device.user_code,
      decision: 'allow',
    });
    expect(page.url.pathname).toBe('/sign-in');
    expect(await poll(device)).toMatchObject({ error: 'authorization_pending' });
  });
});

describe('a code that no device waits with', () => {
  it.each(['BCDF-GHJK', 'nonsense', '"><b>', ''])('is told beside the field: %j', async (code) => {
    const { browser } = await somebody();
    const page = await browser.visit(`/device?${new URLSearchParams({ user_code: code })}`);
    expect(page.status).toBe(422);
    expect(page.text).toContain('<a href="#user_code">The code is wrong, used or no longer good.</a>');
    expect(page.text).toMatch(/id="user_code"[^>]* aria-invalid="true"/);
    expect(page.text).not.toContain('<b>');
  });

  it('cannot be guessed at for long', async () => {
    const limited = await openTestApp({ env: { SIGN_IN_ATTEMPTS_PER_ACCOUNT: '3' } });
    const browser = await signedIn(limited, 'ada');
    const statuses: number[] = [];
    for (let guess = 0; guess < 5; guess += 1)
      statuses.push((await browser.visit('/device?user_code=BCDF-GHJK')).status);
    expect(statuses).toEqual([422, 422, 422, 429, 429]);
    await limited.close();
  });
});

it('says nothing of a device that was not asked about', async () => {
  const { browser } = await somebody();
  expect(readable(await browser.visit('/device?answer=anything'))).toContain('Connect a device');
});
