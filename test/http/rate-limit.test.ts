import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { clientOf } from '../graphql/accounts.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { read } from './post.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

/** A fresh count of 5 a minute over the same accounts, and requests to it from any address. */
function limited() {
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const config = loadConfig({ RATE_LIMIT_PER_MINUTE: '5' });
  const counted = createApp({ database: app.database, config, log });
  return async (token: string | null, remoteAddress = '192.0.2.1', query = '{ __typename }') => {
    const headers = {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const init = { method: 'POST', headers, body: JSON.stringify({ query }) };
    return read(await counted.fetch(new Request('http://usergraph.test/graphql', init), { remoteAddress }));
  };
}

async function statuses(count: number, send: () => Promise<{ status: number }>): Promise<number[]> {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) all.push((await send()).status);
  return all;
}

async function uuidOf(username: string): Promise<string> {
  return (await app.database.prisma.user.findUniqueOrThrow({ where: { username } })).id;
}

describe('the sixth request of a minute', () => {
  it('is refused with 429, a code and the seconds to wait', async () => {
    const send = limited();
    expect(await statuses(5, () => send(null))).toEqual([200, 200, 200, 200, 200]);
    const { status, headers, errors } = await send(null);
    const retryAfter = Number(headers.get('retry-after'));
    expect(status).toBe(429);
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(errors[0]).toMatchObject({
      message: `Too many requests; try again in ${retryAfter} seconds.`,
      extensions: { code: 'RATE_LIMITED', retryAfter },
    });
  });

  it('changes nothing', async () => {
    const send = limited();
    const { token } = await clientOf(app, await uuidOf('grace'));
    await statuses(5, () => send(token));
    const { data } = await send(
      token,
      undefined,
      'mutation { updateMe(input: { company: "Sixth" }) { __typename } }',
    );
    expect(data).toBeUndefined();
    expect(await app.database.prisma.user.count({ where: { company: 'Sixth' } })).toBe(0);
  });
});

describe('the count', () => {
  it('of the anonymous is of their address', async () => {
    const send = limited();
    await statuses(6, () => send(null, '192.0.2.1'));
    expect((await send(null, '192.0.2.1')).status).toBe(429);
    expect((await send(null, '192.0.2.2')).status).toBe(200);
  });

  it('of an account is its own, whatever address or credential it comes with', async () => {
    const send = limited();
    const ada = await uuidOf('ada');
    const [first, second] = [(await clientOf(app, ada)).token, (await clientOf(app, ada)).token];
    const create =
      'mutation { createApiToken(input: { name: "x", scopes: [PROFILE] }) { ... on CreateApiTokenSuccess { secret } } }';
    const { createApiToken } = (await app.withToken(first).run(create)) as {
      createApiToken: { secret: string };
    };
    await statuses(3, () => send(first, '192.0.2.1'));
    await statuses(2, () => send(createApiToken.secret, '192.0.2.2'));
    for (const token of [first, second, createApiToken.secret]) {
      expect((await send(token, '192.0.2.3')).status).toBe(429);
    }
    const grace = await clientOf(app, await uuidOf('grace'));
    expect((await send(grace.token, '192.0.2.1')).status).toBe(200);
    expect((await send(null, '192.0.2.1')).status).toBe(200);
  });

  it('counts a document of many fields as one request, and one that fails too', async () => {
    const send = limited();
    expect((await send(null, '192.0.2.1', '{ a: __typename b: __typename c: __typename }')).status).toBe(200);
    await statuses(4, () => send(null, '192.0.2.1', '{ nothing }'));
    expect((await send(null, '192.0.2.1')).status).toBe(429);
  });

  it('counts credentials that nobody was given, to the address they come from', async () => {
    const send = limited();
    const guess = () => send(`ug_ses_${'A'.repeat(43)}`, '192.0.2.9');
    expect(await statuses(5, guess)).toEqual([401, 401, 401, 401, 401]);
    expect((await guess()).status).toBe(429);
  });

  it('is told by viewer.rateLimit, this request included', async () => {
    const send = limited();
    const query = '{ viewer { rateLimit { limit remaining resetAt } } }';
    const left: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      const { data } = await send(null, '192.0.2.1', query);
      const { rateLimit } = (
        data as { viewer: { rateLimit: { limit: number; remaining: number; resetAt: string } } }
      ).viewer;
      expect(rateLimit.limit).toBe(5);
      const seconds = (Date.parse(rateLimit.resetAt) - Date.now()) / 1000;
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60.5);
      left.push(rateLimit.remaining);
    }
    expect(left).toEqual([4, 3, 2]);
  });

  it('leaves health and pages alone', async () => {
    const log = createLog({ logLevel: 'silent', logFormat: 'json' });
    const counted = createApp({
      database: app.database,
      config: loadConfig({ RATE_LIMIT_PER_MINUTE: '1' }),
      log,
    });
    const get = (path: string) => counted.fetch(new Request(`http://usergraph.test${path}`));
    for (const path of ['/livez', '/readyz', '/schema.graphql', '/']) {
      expect(await statuses(3, () => get(path))).toEqual([200, 200, 200]);
    }
  });
});
