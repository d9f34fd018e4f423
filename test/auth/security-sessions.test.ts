import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, signIn, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ env: { SESSION_DAYS: '30', SESSION_IDLE_DAYS: '14' } });
});
afterAll(() => app?.close());

const day = 24 * 60 * 60 * 1000;

describe('the secret of a session', () => {
  it('is 256 random bits, which no other session has', async () => {
    const secrets: string[] = [];
    for (let opened = 0; opened < 16; opened += 1) secrets.push(await signIn(app.anonymous, 'ada'));
    const bits = secrets.map((secret) =>
      Buffer.from(/^ug_ses_([\w-]{43})/.exec(secret)?.[1] ?? '', 'base64url'),
    );
    expect(new Set(bits.map(({ length }) => length))).toEqual(new Set([32]));
    expect(new Set(secrets).size).toBe(secrets.length);
    // No byte of them is the same all the time, as that of a counter or a clock would be.
    for (let place = 0; place < 32; place += 1)
      expect(new Set(bits.map((bytes) => bytes[place])).size, `byte ${place}`).toBeGreaterThan(8);
  });
});

describe('refreshing', () => {
  const signInDocument = `mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
    ... on SignInSuccess { refreshToken } } }`;
  const refreshDocument = `mutation ($refreshToken: String!) { refreshSession(input: { refreshToken: $refreshToken }) {
    __typename ... on RefreshSessionSuccess { refreshToken accessToken { token } } ... on Error { code } } }`;

  async function refresh(refreshToken: string) {
    const data = (await app.anonymous.run(refreshDocument, { refreshToken })) as {
      refreshSession: { code?: string; refreshToken: string; accessToken: { token: string } };
    };
    return data.refreshSession;
  }

  it('never makes a session last longer than SESSION_DAYS, however often it is done', async () => {
    const { signIn: opened } = (await app.anonymous.run(signInDocument)) as {
      signIn: { refreshToken: string };
    };
    let last = { ...opened, accessToken: { token: '' } };
    for (const days of [9, 18, 27]) {
      app.clock.offset = days * day;
      last = await refresh(last.refreshToken);
    }
    app.clock.offset = 30 * day - 60_000;
    const { refreshToken, accessToken } = await refresh(last.refreshToken);
    const isGood = async () => (await app.withToken(accessToken.token).send('{ me { id } }')).status === 200;
    expect(await isGood()).toBe(true);
    app.clock.offset = 30 * day + 6000;
    expect(await isGood()).toBe(false);
    expect(await refresh(refreshToken)).toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    app.clock.offset = 0;
  });
});
