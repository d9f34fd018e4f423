/** What a provider says of itself: asked for when it is needed, kept for an hour, and never guessed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { openTestDatabase, type TestDatabase } from '../setup/databases.ts';
import { type FakeIssuer, startFakeIssuer } from '../setup/fake-issuer.ts';
import { origin } from '../setup/oidc-world.ts';

let kept: TestDatabase;
let app: App;
let fake: FakeIssuer;
let offset = 0;
const metadataPath = '/.well-known/openid-configuration';
const log = createLog({ logLevel: 'silent', logFormat: 'json' });

beforeAll(async () => {
  kept = await openTestDatabase();
});
afterAll(() => kept.close());
beforeEach(async () => {
  offset = 0;
  fake = await startFakeIssuer();
  const provider = { name: 'corp', label: 'Corp', issuer: fake.issuer, clientId: 'c', clientSecret: 's' };
  const config = loadConfig({ PUBLIC_URL: `${origin}/users/`, OIDC_PROVIDERS: JSON.stringify([provider]) });
  app = createApp({ database: kept.database, config, log, now: () => new Date(Date.now() + offset) });
});
afterEach(async () => {
  await app.close();
  await fake.close();
});

const start = () => app.fetch(new Request(`${origin}/sign-in/corp`));
const asked = () => fake.asked.filter((path) => path === metadataPath).length;

async function expectPage(response: Response) {
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('5');
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(await response.text()).toContain('Corp cannot be asked who you are just now.');
}

describe('what a provider says of itself', () => {
  it('is asked for once an hour, however many sign in', async () => {
    const answers = await Promise.all([start(), start(), start()]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
    const states = answers.map(({ headers }) =>
      new URL(headers.get('location') ?? '').searchParams.get('state'),
    );
    expect(new Set(states).size).toBe(3);
    expect(asked()).toBe(1);
    offset = 61 * 60 * 1000;
    expect((await start()).status).toBe(303);
    expect(asked()).toBe(2);
  });

  it('is held on to while the provider is gone for a moment', async () => {
    await start();
    fake.setDown(true);
    expect((await start()).status).toBe(303);
  });

  it('is asked for again after a failure', async () => {
    fake.setDown(true);
    await expectPage(await start());
    await expectPage(await start());
    fake.setDown(false);
    expect((await start()).status).toBe(303);
  });

  it('must be its own', async () => {
    fake.metadata.issuer = 'https://evil.example';
    await expectPage(await start());
  });

  it.each<[string, () => void]>([
    ['is an error', () => fake.answers.set(metadataPath, () => ({ status: 500 }))],
    [
      'is not JSON',
      () => fake.answers.set(metadataPath, () => ({ headers: { 'content-type': 'text/html' } })),
    ],
    [
      'is elsewhere',
      () => fake.answers.set(metadataPath, () => ({ status: 302, headers: { location: '/jwks' } })),
    ],
    ['names no place to sign in', () => void delete fake.metadata.authorization_endpoint],
  ])('is not used when it %s', async (_name, spoil) => {
    spoil();
    await expectPage(await start());
  });

  it('is not waited for longer than five seconds', async () => {
    fake.answers.set(metadataPath, () => new Promise(() => {}));
    const started = performance.now();
    await expectPage(await start());
    expect(performance.now() - started).toBeLessThan(9000);
  });
});

it('a proxy that serves this under a path of its own finds the cookie there', async () => {
  const { headers } = await start();
  expect(headers.get('set-cookie')).toContain('; Path=/users/sign-in/corp; ');
  expect(new URL(headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(
    `${origin}/users/sign-in/corp/callback`,
  );
});

describe('an issuer', () => {
  const config = (issuer: string) => {
    const OIDC_PROVIDERS = JSON.stringify([{ name: 'corp', issuer, clientId: 'c', clientSecret: 'hidden' }]);
    return () => loadConfig({ OIDC_PROVIDERS });
  };

  it.each([
    'https://id.example',
    'https://id.example/realms/corp',
    'http://localhost:8080',
    'http://127.0.0.1',
    'http://[::1]:80/',
  ])('may be %s', (issuer) => {
    expect(config(issuer)().oidcProviders).toHaveLength(1);
  });

  it.each([
    'http://id.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://127.0.0.1:80@evil.example',
    'http://localhost@evil.example',
    'ftp://localhost',
    'id.example',
  ])('cannot be %s', (issuer) => {
    expect(config(issuer)).toThrow(/OIDC_PROVIDERS: .*must be an https URL/);
    expect(config(issuer)).not.toThrow(/hidden/);
  });
});
