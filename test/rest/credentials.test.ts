/** Where each vendor's clients put a secret, and where it does not count. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let token: string;
let kit: string;
beforeAll(async () => {
  app = await openTestApp();
  token = (await app.as('ada')).token ?? '';
  const { id } = await app.database.prisma.user.findFirstOrThrow({ where: { firstName: 'Kit' } });
  kit = `/api/v1/users/${id}`;
});
afterAll(() => app.close());

const places = { zenml: '/users/me', sweatstack: '/api/v1/users/', katapult: '/users/current', bird: '/me' };

describe.each(Object.entries(places))('%s', (name, path) => {
  const ask = async (authorization: string) =>
    (await app.call('GET', path, { headers: { authorization } })).status;
  const refused = name === 'katapult' ? 400 : 401;

  it.each(['Bearer ', 'bearer ', 'BEARER   '])('takes a secret after %j', async (scheme) => {
    expect(await ask(scheme + token)).toBe(200);
    expect(await ask(`${scheme}${token}  `)).toBe(200);
  });

  it.each(['Basic ', 'Token ', 'Bearer, ', 'Bearer Bearer '])('takes none after %j', async (scheme) => {
    expect(await ask(scheme + token)).toBe(refused);
  });

  it('takes none of two', async () => {
    expect(await ask(`Bearer ${token}, Bearer ${token}`)).toBe(refused);
  });

  it(`takes a secret without a word: ${name === 'bird'}`, async () => {
    expect(await ask(token)).toBe(name === 'bird' ? 200 : refused);
  });

  it(`takes a cookie: ${name === 'sweatstack'}`, async () => {
    const { status } = await app.call('GET', path, { headers: { cookie: `token=${token}` } });
    expect(status).toBe(name === 'sweatstack' ? 200 : refused);
  });
});

describe("SweatStack's cookie", () => {
  const ask = (method: string, headers: Record<string, string> = {}, cookie = `token=${token}`) =>
    app.call(method, method === 'POST' ? '/api/v1/users/' : kit, {
      headers: { cookie, ...headers },
      ...(method !== 'GET' && method !== 'DELETE' && { json: { first_name: 'Kit', last_name: null } }),
    });

  it.each(['a=b; token=$; c=d', 'token=$;', '  token=$'])('is found in %j', async (cookies) => {
    expect((await ask('GET', {}, cookies.replace('$', token))).status).toBe(200);
  });

  it.each(['Token=$', 'xtoken=$', 'token= $x', 'token', 'token=', 'a=token=$'])(
    'is not %j',
    async (cookies) => {
      expect((await ask('GET', {}, cookies.replace('$', token))).status).toBe(401);
    },
  );

  it('counts less than the Authorization header', async () => {
    expect((await ask('GET', { authorization: 'Bearer x' })).status).toBe(401);
  });

  it.each([{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }, {}])(
    'reads whoever asked the browser to send it: %o',
    async (headers) => {
      expect((await ask('GET', headers as Record<string, string>)).status).toBe(200);
    },
  );

  const signs = {
    own: [
      {},
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      { origin: 'http://usergraph.test' },
      { origin: 'https://usergraph.test' }, // where TLS ends before this server
      { 'sec-fetch-site': 'same-origin', origin: 'http://usergraph.test' },
    ],
    foreign: [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'CROSS-SITE' },
      { 'sec-fetch-site': '' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://usergraph.test.evil.example' },
      { origin: 'http://usergraph.test:81' },
      { 'sec-fetch-site': 'cross-site', origin: 'http://usergraph.test' },
    ],
  } as const;

  it.each(signs.own)('changes what a page of this origin asks for: %o', async (headers) => {
    expect((await ask('PUT', headers as Record<string, string>)).status).toBe(200);
  });

  it.each(signs.foreign)("changes nothing that another origin's page asks for: %o", async (headers) => {
    const before = await app.database.prisma.user.count();
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect([method, (await ask(method, headers)).status]).toEqual([method, 401]);
    expect(await app.database.prisma.user.count()).toBe(before);
  });

  it('is not needed where a bearer token comes, from whichever origin', async () => {
    const headers = {
      authorization: `Bearer ${token}`,
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    };
    expect((await app.call('PUT', kit, { headers, json: { first_name: 'Kit' } })).status).toBe(200);
  });
});

describe('REST_MISSING_BEARER_STATUS', () => {
  it.each(['401', '403'])('%s is what FastAPI services answer without a bearer token', async (status) => {
    const set = await openTestApp({ env: { REST_MISSING_BEARER_STATUS: status }, seed: false });
    const without = {
      zenml: await set.call('GET', '/users/me'),
      sweatstack: await set.call('GET', '/api/v1/users/'),
    };
    const bad = await set.call('GET', '/users/me', { token: 'x' });
    const others = [await set.call('GET', '/users/current'), await set.call('GET', '/me')];
    await set.close();
    for (const { status: given, headers } of Object.values(without)) {
      expect(given).toBe(Number(status));
      expect(headers.has('www-authenticate')).toBe(status === '401');
    }
    expect(without.sweatstack.body).toEqual({ detail: 'Not authenticated' });
    if (status === '403') expect(without.zenml.body).toEqual({ detail: 'Not authenticated' });
    expect(bad.status).toBe(401); // there is a token, though a bad one
    expect(others.map((answer) => answer.status)).toEqual([400, 401]);
  });

  it.each(['400', '200', '0401', 'yes'])('%s is refused with what to write', (value) => {
    expect(() => loadConfig({ REST_MISSING_BEARER_STATUS: value })).toThrow(
      `REST_MISSING_BEARER_STATUS: must be 401 or 403 (got "${value}")`,
    );
  });
});
