import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const signInDocument = `mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
  ... on SignInSuccess { token refreshToken accessToken { token expiresAt expiresIn } } } }`;
const refreshDocument = `mutation ($refreshToken: String!) { refreshSession(input: { refreshToken: $refreshToken }) {
  __typename ... on RefreshSessionSuccess { refreshToken accessToken { token } } ... on Error { code } } }`;

interface SignedIn {
  token: string;
  refreshToken: string;
  accessToken: { token: string; expiresIn: number };
}

async function open(): Promise<SignedIn> {
  const { signIn } = (await app.anonymous.run(signInDocument)) as { signIn: SignedIn };
  return signIn;
}

async function refresh(refreshToken: string) {
  const { data } = await app.anonymous.send(refreshDocument, { refreshToken });
  return (data as { refreshSession: Partial<SignedIn> & { __typename: string; code?: string } })
    .refreshSession;
}

const whoAmI = async (token: string | undefined) =>
  (await app.withToken(token ?? '').send('{ me { displayName } }')).status;

describe('a refresh token', () => {
  it('is taken for the next one and a new access token', async () => {
    const { refreshToken, accessToken } = await open();
    expect(accessToken.expiresIn).toBe(600);
    const next = await refresh(refreshToken);
    expect(next.__typename).toBe('RefreshSessionSuccess');
    expect(next.refreshToken).not.toBe(refreshToken);
    expect(await whoAmI(next.accessToken?.token)).toBe(200);
    expect((await refresh(next.refreshToken ?? '')).__typename).toBe('RefreshSessionSuccess');
  });

  it('leads 500 who race for it to one successor, and logs nobody out', async () => {
    const { refreshToken, token } = await open();
    const answers = await Promise.all(Array.from({ length: 500 }, () => refresh(refreshToken)));
    expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
    expect(answers[0]?.refreshToken).toMatch(/^ug_ref_/);
    expect(await whoAmI(token)).toBe(200);
    expect((await refresh(answers[0]?.refreshToken ?? '')).__typename).toBe('RefreshSessionSuccess');
  });

  it('leads a late racer to the newest of the chain', async () => {
    const { refreshToken } = await open();
    const second = await refresh(refreshToken);
    const third = await refresh(second.refreshToken ?? '');
    expect((await refresh(refreshToken)).refreshToken).toBe(third.refreshToken);
  });

  it('ends the session when it comes again after the grace', async () => {
    const { refreshToken, token, accessToken } = await open();
    const next = await refresh(refreshToken);
    app.clock.offset += 31_000;
    expect(await refresh(refreshToken)).toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    expect(await refresh(next.refreshToken ?? '')).toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
    expect(await whoAmI(token)).toBe(401);
    expect(await whoAmI(accessToken.token)).toBe(401);
  });
});
