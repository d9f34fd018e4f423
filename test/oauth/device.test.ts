import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionCookie } from '../../src/http/cookies.ts';
import type { TestApp } from '../setup/app.ts';
import {
  ask,
  failureOf,
  issuer,
  openProvider,
  type RegisteredClient,
  registerClient,
  whoAmI,
} from './provider.ts';

let app: TestApp;
let client: RegisteredClient;
let other: RegisteredClient;
beforeAll(async () => {
  app = await openProvider({ SIGN_IN_ATTEMPTS_PER_ACCOUNT: '10' });
  client = await registerClient(app, { name: 'Television', isConfidential: false, redirectUris: [] });
  other = await registerClient(app, { isConfidential: false });
});
afterAll(() => app.close());

const grantType = 'urn:ietf:params:oauth:grant-type:device_code';

interface Started {
  device_code: string;
  user_code: string;
  verification_uri_complete: string;
}

async function start(form: Record<string, string> = { scope: 'openid profile' }): Promise<Started> {
  return (await ask(app, '/oauth/device_authorization', client, form)).body;
}

const poll = ({ device_code }: Started, as = client) =>
  ask(app, '/oauth/token', as, { grant_type: grantType, device_code });

async function answer({ user_code }: { user_code: string }, decision: 'allow' | 'deny', as = 'ada') {
  const { token } = await app.as(as);
  const headers = { cookie: `${sessionCookie}=${token}` };
  return app.call('POST', '/device', { headers, form: { user_code, decision } });
}

describe('a device', () => {
  it('is told a code for its user, and where that is typed in', async () => {
    const answer = await ask(app, '/oauth/device_authorization', client, { scope: 'openid' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { user_code: userCode, device_code: deviceCode, ...said } = answer.body;
    expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(said).toEqual({
      verification_uri: `${issuer}/device`,
      verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
      expires_in: 600,
      interval: 5,
    });
    const rows = JSON.stringify(await app.database.prisma.deviceAuthorization.findMany());
    expect(rows).not.toContain(deviceCode);
    expect(rows).not.toContain(userCode);
  });

  it('waits until its user has answered, and gets in once', async () => {
    const device = await start();
    expect(failureOf(await poll(device))).toBe('400 authorization_pending');
    await answer(device, 'allow');
    const { status, body } = await poll(device);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid profile' });
    expect(body.id_token).toBeTruthy();
    expect(await whoAmI(app, body.access_token)).toBe(200);
    expect(failureOf(await poll(device))).toBe('400 invalid_grant');
    expect(await whoAmI(app, body.access_token)).toBe(200);
  });

  it('is told that its user did not allow it', async () => {
    const device = await start();
    await answer(device, 'deny');
    expect(failureOf(await poll(device))).toBe('400 access_denied');
    expect(failureOf(await poll(device))).toBe('400 access_denied');
  });

  it('is told to slow down, each time by five seconds more', async () => {
    const device = await start();
    expect(failureOf(await poll(device))).toBe('400 authorization_pending');
    expect(failureOf(await poll(device))).toBe('400 slow_down');
    app.clock.offset += 6000;
    expect(failureOf(await poll(device))).toBe('400 slow_down');
    app.clock.offset += 15_000;
    expect(failureOf(await poll(device))).toBe('400 authorization_pending');
  });

  it('has ten minutes', async () => {
    const device = await start();
    app.clock.offset += 600_001;
    expect(failureOf(await poll(device))).toBe('400 expired_token');
    await answer(device, 'allow');
    expect(failureOf(await poll(device))).toBe('400 expired_token');
  });

  it('gets nothing by a code of another client, or by none', async () => {
    const device = await start();
    await answer(device, 'allow');
    expect(failureOf(await poll(device, other))).toBe('400 invalid_grant');
    expect(failureOf(await poll({ ...device, device_code: 'ug_dev_nothing' }))).toBe('400 invalid_grant');
    expect(failureOf(await poll({ ...device, device_code: device.user_code }))).toBe('400 invalid_grant');
    expect((await poll(device)).status).toBe(200);
  });

  it('gets one session when it asks many times at once', async () => {
    const device = await start();
    await answer(device, 'allow');
    const answers = await Promise.all(Array.from({ length: 10 }, () => poll(device)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('gets nothing once its user has another password', async () => {
    const device = await start();
    await answer(device, 'allow', 'grace');
    const document =
      'mutation ($id: ID!) { updateUser(id: $id, input: { password: "correct horse battery" }) { __typename } }';
    await (await app.as('admin')).run(document, { id: await app.idOf('Grace Hopper') });
    expect(failureOf(await poll(device))).toBe('400 access_denied');
  });

  it('cannot ask for what its client was not registered for, nor without a client', async () => {
    const path = '/oauth/device_authorization';
    expect(failureOf(await ask(app, path, client, { scope: 'admin' }))).toBe('400 invalid_scope');
    expect(failureOf(await ask(app, path, null, { scope: 'openid' }))).toBe('401 invalid_client');
  });
});

describe('the code of a device', () => {
  it('is taken however it is typed', async () => {
    const device = await start();
    await answer({ user_code: ` ${device.user_code.toLowerCase().replace('-', ' ')} ` }, 'allow');
    expect((await poll(device)).status).toBe(200);
  });

  it('is answered once, and then by nobody else', async () => {
    const device = await start();
    await answer(device, 'allow');
    await answer(device, 'deny', 'admin');
    expect((await poll(device)).status).toBe(200);
  });

  it('is answered by a person, and by nothing that acts for one', async () => {
    const device = await start();
    const form = { user_code: device.user_code, decision: 'allow' };
    const { token } = await app.as('ada');
    for (const headers of [{}, { authorization: `Bearer ${token}` }])
      await app.call('POST', '/device', { headers: headers as Record<string, string>, form });
    expect(failureOf(await poll(device))).toBe('400 authorization_pending');
  });

  it('is not answered by a page of another site', async () => {
    const device = await start();
    const { token } = await app.as('ada');
    const answer = await app.call('POST', '/device', {
      headers: { cookie: `${sessionCookie}=${token}`, origin: 'https://evil.example' },
      form: { user_code: device.user_code, decision: 'allow' },
    });
    expect(answer.status).toBe(403);
    expect(failureOf(await poll(device))).toBe('400 authorization_pending');
  });

  it('cannot be guessed on and on', async () => {
    const device = await start();
    const guess = (user_code: string) => answer({ user_code }, 'allow', 'amara.berg');
    for (let attempt = 0; attempt < 10; attempt += 1) expect((await guess('BBBB-BBBB')).status).not.toBe(429);
    const refused = await guess(device.user_code);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(failureOf(await poll(device))).toBe('400 authorization_pending');
  });
});
