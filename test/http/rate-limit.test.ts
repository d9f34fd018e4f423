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

  it('counts a document that fails, too', async () => {
    const send = limited();
    await statuses(5, () => send(null, '192.0.2.1', '{ nothing }'));
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

/** What the header `RateLimit` says is left. */
const left = ({ headers }: { headers: Headers }) =>
  Number(/^"default";r=(\d+);t=\d+$/.exec(headers.get('ratelimit') ?? '')?.[1] ?? 'NaN');

describe('an operation counts as many requests as it has fields at its root', () => {
  it.each([
    ['one field', '{ __typename }', 1],
    [
      'nothing but what is inside a field',
      '{ viewer { rateLimit { limit remaining } credential { kind } } }',
      1,
    ],
    ['a field twice under one name, which runs once', '{ __typename __typename }', 1],
    ['fields', '{ __typename viewer { credential { kind } } }', 2],
    ['aliases', '{ a: __typename b: __typename c: __typename }', 3],
    ['a fragment', '{ ...F a: __typename } fragment F on Query { b: __typename c: __typename }', 3],
    [
      'a fragment that is spread twice, which runs once',
      '{ ...F ...G } fragment F on Query { ...G } fragment G on Query { b: __typename c: __typename }',
      2,
    ],
    ['fragments in their place', '{ ... { a: __typename } ... on Query { b: __typename } }', 2],
    [
      'what is left out, which costs nothing',
      '{ a: __typename b: __typename @skip(if: true) c: __typename @include(if: false) ... @skip(if: true) { d: __typename } }',
      1,
    ],
    [
      'what could be left out, and is not',
      '{ a: __typename b: __typename @skip(if: false) c: __typename @include(if: true) }',
      3,
    ],
    [
      'what a default leaves out',
      'query ($no: Boolean! = false) { a: __typename b: __typename @include(if: $no) }',
      1,
    ],
    ['all of it left out, which counts as a request still', '{ a: __typename @skip(if: true) }', 1],
    ['mutations', 'mutation { a: signOut { __typename } b: signOut { __typename } }', 2],
    [
      'two operations, neither of which is named',
      'query A { a: __typename } query B { a: __typename b: __typename }',
      1,
    ],
  ])('%s', async (_what, query, cost) => {
    expect(5 - left(await limited()(null, '192.0.2.1', query))).toBe(cost);
  });

  it('of the one that is named, with its variables', async () => {
    const counted = createApp({
      database: app.database,
      config: loadConfig({ RATE_LIMIT_PER_MINUTE: '100' }),
      log: createLog({ logLevel: 'silent', logFormat: 'json' }),
    });
    const query = `query A { a: __typename }
      query B($both: Boolean! = false) { a: __typename b: __typename @include(if: $both) c: __typename @skip(if: $both) }`;
    const send = async (operationName: string, variables: object) => {
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, operationName, variables }),
      };
      return left(await counted.fetch(new Request('http://usergraph.test/graphql', init)));
    };
    const seen = [];
    for (const [name, variables] of [
      ['A', {}],
      ['B', { both: true }],
      ['B', { both: false }],
      ['B', {}],
    ] as const)
      seen.push(await send(name, variables));
    expect(seen).toEqual([99, 97, 95, 93]);
  });

  it('also where the document is refused as a whole, for its aliases for example', async () => {
    const counted = createApp({
      database: app.database,
      config: loadConfig({ RATE_LIMIT_PER_MINUTE: '1000' }),
      log: createLog({ logLevel: 'silent', logFormat: 'json' }),
    });
    const query = `{ ${Array.from({ length: 100 }, (_, i) => `a${i}: me { id }`).join(' ')} }`;
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    };
    const answer = await counted.fetch(new Request('http://usergraph.test/graphql', init));
    expect([answer.status, left(answer)]).toEqual([400, 900]);
  });
});

describe('an operation that goes over the limit', () => {
  const company = 'Over The Limit';
  const updates = (count: number) =>
    `mutation { ${Array.from({ length: count }, (_, i) => `a${i}: updateMe(input: { company: "${company}" }) { __typename }`).join(' ')} }`;

  it('is refused before any of it runs', async () => {
    const send = limited();
    const { token } = await clientOf(app, await uuidOf('grace'));
    await statuses(3, () => send(token));
    const { status, errors, data, headers } = await send(token, '192.0.2.1', updates(3));
    expect([status, errors[0]?.extensions.code, data]).toEqual([429, 'RATE_LIMITED', undefined]);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(left({ headers })).toBe(0);
    expect(await app.database.prisma.user.count({ where: { company } })).toBe(0);
  });

  it('and could never run is told so, rather than to come back', async () => {
    const send = limited();
    const { token } = await clientOf(app, await uuidOf('grace'));
    const { status, errors, data, headers } = await send(token, '192.0.2.1', updates(6));
    expect([status, errors[0]?.extensions.code, data]).toEqual([400, 'INVALID_ARGUMENT', undefined]);
    expect(errors[0]?.message).toContain('counts as 6 requests, more than the 5 of a minute');
    expect(headers.get('retry-after')).toBeNull();
    expect(await app.database.prisma.user.count({ where: { company } })).toBe(0);
    expect((await send(token, '192.0.2.1')).status).toBe(200);
  });

  it('runs when it fits exactly, and viewer.rateLimit counts all of it', async () => {
    const query =
      '{ a: __typename b: __typename c: __typename d: __typename viewer { rateLimit { remaining } } }';
    const { status, data } = await limited()(null, '192.0.2.1', query);
    expect(status).toBe(200);
    expect(data).toMatchObject({ viewer: { rateLimit: { remaining: 0 } } });
  });
});

describe('an address of IPv6', () => {
  it('counts with the others of its network of 64 bits, however it is written', async () => {
    const send = limited();
    for (const address of ['2001:db8:1:2::1', '2001:0db8:0001:0002:ffff::9', '2001:db8:1:2:3:4:5:6'])
      await send(null, address);
    await send(null, '2001:db8:1:2::192.0.2.1');
    expect(left(await send(null, '2001:db8:1:2::')).toFixed()).toBe('0');
    expect((await send(null, '2001:db8:1:2::7')).status).toBe(429);
    for (const address of ['2001:db8:1:3::1', '2001:db8:1::2', '::1', '192.0.2.1', '::ffff:192.0.2.2'])
      expect((await send(null, address)).status, address).toBe(200);
  });
});

describe('the headers of an answer', () => {
  const get = (counted: ReturnType<typeof createApp>, path: string, headers: Record<string, string> = {}) =>
    counted.fetch(new Request(`http://usergraph.test${path}`, { headers }), { remoteAddress: '192.0.2.1' });
  const serving = (env: Record<string, string> = {}) =>
    createApp({
      database: app.database,
      config: loadConfig({ RATE_LIMIT_PER_MINUTE: '20', ...env }),
      log: createLog({ logLevel: 'silent', logFormat: 'json' }),
    });

  it.each(['/graphql?query={__typename}', '/users/me', '/api/v1/users/me', '/users/current', '/me'])(
    'to %s tell where its caller stands, whether it is let in or not',
    async (path) => {
      const counted = serving();
      const { token } = await clientOf(app, await uuidOf('grace'));
      for (const [headers, remaining] of [
        [{ authorization: `Bearer ${token}` }, 19],
        [{ authorization: `Bearer ${token}` }, 18],
        [{}, 19],
        [{ authorization: 'Bearer ug_ses_wrong' }, 18],
      ] as const) {
        const answer = await get(counted, path, headers);
        expect(answer.headers.get('ratelimit-policy')).toBe('"default";q=20;w=60');
        expect(left(answer), JSON.stringify(headers)).toBe(remaining);
        expect(Number(/;t=(\d+)$/.exec(answer.headers.get('ratelimit') ?? '')?.[1])).toBeLessThanOrEqual(60);
      }
    },
  );

  it('tell of a limit that is reached as well', async () => {
    const counted = serving({ RATE_LIMIT_PER_MINUTE: '1' });
    const path = '/graphql?query={__typename}';
    expect((await get(counted, path)).status).toBe(200);
    const refused = await get(counted, path);
    expect([refused.status, left(refused)]).toEqual([429, 0]);
    const seconds = refused.headers.get('retry-after');
    expect(refused.headers.get('ratelimit')).toBe(`"default";r=0;t=${seconds}`);
  });

  it('say nothing where nobody was counted', async () => {
    for (const path of ['/livez', '/schema.graphql', '/', '/nowhere']) {
      const { headers } = await get(serving(), path);
      expect([headers.get('ratelimit'), headers.get('ratelimit-policy')], path).toEqual([null, null]);
    }
  });

  it('can be read by pages of other origins', async () => {
    const { headers } = await get(serving(), '/graphql?query={__typename}', {
      origin: 'https://app.example',
    });
    const exposed = (headers.get('access-control-expose-headers') ?? '').split(', ');
    for (const name of ['RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'])
      expect(exposed).toContain(name);
  });

  it('are of the limit of the token, where that is the stricter one', async () => {
    const grace = await clientOf(app, await uuidOf('grace'));
    const create =
      'mutation { createApiToken(input: { name: "slow", scopes: [PROFILE], rateLimit: 3 }) { ... on CreateApiTokenSuccess { secret } } }';
    const { createApiToken } = (await app.withToken(grace.token).run(create)) as {
      createApiToken: { secret: string };
    };
    const counted = serving();
    const { headers } = await get(counted, '/graphql?query={__typename}', {
      authorization: `Bearer ${createApiToken.secret}`,
    });
    expect(headers.get('ratelimit-policy')).toBe('"default";q=3;w=60');
    expect(left({ headers })).toBe(2);
  });
});
