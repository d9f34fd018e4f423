/** Web sessions of SweatStack's clients: a JWT in the cookie `token`, which the session's own cookie has renewed. */
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterEach(() => {
  app.clock.offset = 0;
});
afterAll(() => app.close());

const path = '/api/v1/users/';
const minute = 60_000;

async function open(login = 'ada') {
  const document = `mutation { signIn(input: { login: "${login}", password: "usergraph-demo" }) {
    ... on SignInSuccess { token accessToken { token } user { uuid } } } }`;
  const { signIn } = (await app.anonymous.run(document)) as {
    signIn: { token: string; accessToken: { token: string }; user: { uuid: string } };
  };
  return { session: signIn.token, token: signIn.accessToken.token, userId: signIn.user.uuid };
}

interface Cookies {
  readonly token?: string;
  readonly session?: string;
}

function ask(
  { token, session }: Cookies,
  {
    method = 'GET',
    at = path,
    ...init
  }: { method?: string; at?: string; headers?: object; json?: object } = {},
) {
  const pairs = [
    'theme=dark',
    ...(session === undefined ? [] : [`usergraph_session=${session}`]),
    ...(token === undefined ? [] : [`token=${token}`]),
  ];
  return app.call(method, at, { ...init, headers: { ...init.headers, cookie: pairs.join('; ') } });
}

const renewed = ({ headers }: { headers: Headers }) => ({
  header: headers.get('refreshed-token'),
  cookies: headers.getSetCookie(),
});

describe('the cookie `token`', () => {
  it('is a credential as long as its JWT is good, and is left alone', async () => {
    const { token, session, userId } = await open();
    const answer = await ask({ token, session });
    expect([answer.status, answer.body[0].id]).toEqual([200, userId]);
    expect(renewed(answer)).toEqual({ header: null, cookies: [] });
  });

  it('is renewed once its JWT is over, as a header and as a cookie that no script and no other site can use', async () => {
    const { token, session, userId } = await open();
    app.clock.offset = 11 * minute;
    const answer = await ask({ token, session });
    expect([answer.status, answer.body[0].id]).toEqual([200, userId]);
    const { header, cookies } = renewed(answer);
    const [old, next] = [decodeJwt(token), decodeJwt(header ?? '')];
    expect(next).toMatchObject({ sub: userId, sid: old.sid, scope: old.scope });
    expect(next.exp).toBeGreaterThan(Number(old.exp) + 600);
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toContain(`token=${header}; Expires=`);
    expect(cookies[0]).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const again = await ask({ token: header ?? '', session });
    expect([again.status, renewed(again).header]).toEqual([200, null]);
    expect((await app.call('GET', path, { token: header })).status).toBe(200);
  });

  it('is renewed on a failure, too', async () => {
    const { token, session } = await open();
    app.clock.offset = 11 * minute;
    const answer = await ask({ token, session }, { at: `${path}nobody` });
    expect(answer.status).toBe(404);
    expect(renewed(answer).header).toMatch(/^ey/);
    expect(renewed(answer).cookies).toHaveLength(1);
  });

  it('is made where there is only the session’s own', async () => {
    const { session } = await open();
    expect(renewed(await ask({ session })).header).toMatch(/^ey/);
  });

  it('is over for good without a session', async () => {
    const { token } = await open();
    app.clock.offset = 11 * minute;
    const answer = await ask({ token });
    expect([answer.status, renewed(answer)]).toEqual([401, { header: null, cookies: [] }]);
  });

  it('is over for good when the session is', async () => {
    const { token, session } = await open();
    await app.withToken(session).run('mutation { signOut { __typename } }');
    const soon = await ask({ token, session });
    app.clock.offset = 11 * minute;
    const late = await ask({ token, session });
    for (const answer of [soon, late])
      expect([answer.status, renewed(answer)]).toEqual([401, { header: null, cookies: [] }]);
  });

  it('never makes a browser somebody else: a JWT of another session is not renewed', async () => {
    const [ada, grace] = [await open('ada'), await open('grace')];
    app.clock.offset = 11 * minute;
    const answer = await ask({ token: grace.token, session: ada.session });
    expect([answer.status, renewed(answer)]).toEqual([401, { header: null, cookies: [] }]);
    expect(answer.text).not.toContain(ada.userId);
  });

  it('counts less than a bearer token', async () => {
    const [ada, grace] = [await open('ada'), await open('grace')];
    app.clock.offset = 11 * minute;
    const { status, headers } = await ask(
      { token: ada.token, session: ada.session },
      { headers: { authorization: `Bearer ${grace.session}` } },
    );
    expect([status, headers.get('refreshed-token')]).toEqual([200, null]);
  });

  it('lets nothing be changed, nor is it renewed, from a page of another site', async () => {
    const { token, session } = await open();
    const json = { first_name: 'Mallory', last_name: null };
    for (const offset of [0, 11 * minute]) {
      app.clock.offset = offset;
      for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
        const answer = await ask({ token, session }, { method: 'POST', headers, json });
        expect([answer.status, renewed(answer)]).toEqual([401, { header: null, cookies: [] }]);
      }
    }
    const found = await app.database.prisma.user.count({ where: { firstName: 'Mallory' } });
    expect(found).toBe(0);
    const own = await ask(
      { token, session },
      { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' }, json },
    );
    expect([own.status, own.headers.get('refreshed-token')]).toEqual([200, expect.stringMatching(/^ey/)]);
  });

  it('is not read by other APIs, nor by the graph', async () => {
    const { token, session } = await open();
    for (const at of ['/users/me', '/me', '/users/current', '/graphql?query={users{totalCount}}']) {
      const answer = await ask({ token, session }, { at });
      expect(answer.status, at).toBeGreaterThanOrEqual(400);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });
});
