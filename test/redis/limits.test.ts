/** Limits that processes count together, in a real Redis; and what holds while it is gone. */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { demoPassword } from '../../src/demo/people.ts';
import { createLog } from '../../src/log.ts';
import { type Failure, read } from '../http/post.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { createRedisServer, findRedis, type RedisServer } from '../setup/redis-server.ts';

const secret = 'the same secret for all of the processes';

describe.skipIf(findRedis() === undefined)('with Redis or Valkey', () => {
  let app: TestApp;
  let redis: RedisServer;
  const opened: App[] = [];
  const lines: string[] = [];

  beforeAll(async () => {
    [app, redis] = await Promise.all([openTestApp(), createRedisServer()]);
  });
  beforeEach(async () => {
    await command((client) => client.flushall());
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    lines.length = 0;
  });
  afterAll(async () => {
    await app?.close();
    await redis?.remove();
  });

  /** One of several processes that share the database and Redis. */
  function open(env: Record<string, string> = {}): App {
    const log = createLog({
      logLevel: 'info',
      logFormat: 'json',
      stream: { write: (line: string) => void lines.push(line) },
    });
    const config = loadConfig({
      RATE_LIMIT_PER_MINUTE: '10',
      SIGN_IN_ATTEMPTS_PER_ACCOUNT: '5',
      REDIS_URL: redis.url,
      USERGRAPH_SECRET: secret,
      ...env,
    });
    const one = createApp({ database: app.database, config, log });
    opened.push(one);
    return one;
  }

  async function command<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(redis.url);
    try {
      return await work(client);
    } finally {
      client.disconnect();
    }
  }

  async function send(
    one: App,
    query = '{ __typename }',
    { from = '192.0.2.1', token }: { from?: string; token?: string | null } = {},
  ): Promise<Failure & { ms: number }> {
    const started = performance.now();
    const request = new Request('http://usergraph.test/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query }),
    });
    const answer = await read(await one.fetch(request, { remoteAddress: from }));
    return { ...answer, ms: performance.now() - started };
  }
  const signIn = (one: App, login: string, password: string) =>
    send(
      one,
      `mutation { signIn(input: { login: "${login}", password: "${password}" }) { __typename ... on SignInSuccess { token } } }`,
    );
  const addEmail = (address: string) =>
    `mutation { addEmail(input: { address: "${address}" }) { __typename } }`;
  const left = ({ headers }: Failure) => Number(/;r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1]);
  const logged = (text: string) => lines.filter((line) => line.includes(text));

  /** Asks until the answer is as wanted: what is back is not used at once. */
  async function eventually(
    ask: () => Promise<Failure>,
    wanted: (answer: Failure) => boolean,
  ): Promise<Failure> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await ask();
      if (wanted(answer)) return answer;
      if (attempt === 100) throw new Error(`still ${answer.status} ${answer.text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  describe('processes', () => {
    it('count requests together, from the first one on, and so do those that start later', async () => {
      const [first, second] = [open(), open()];
      const seen = [];
      for (const one of [first, second, first, second]) seen.push(left(await send(one)));
      expect(seen).toEqual([9, 8, 7, 6]);
      expect(left(await send(open(), '{ a: __typename b: __typename }'))).toBe(4);
      expect(left(await send(open(), '{ __typename }', { from: '192.0.2.2' }))).toBe(9);
      expect(logged('Redis')).toEqual([]);
    });

    it('answer 500 at once without losing one', async () => {
      const processes = [open({ RATE_LIMIT_PER_MINUTE: '400' }), open({ RATE_LIMIT_PER_MINUTE: '400' })];
      const statuses = await Promise.all(
        Array.from({ length: 500 }, async (_, index) => (await send(processes[index % 2] as App)).status),
      );
      expect(statuses.filter((status) => status === 200)).toHaveLength(400);
      expect(statuses.filter((status) => status === 429)).toHaveLength(100);
    });

    it('count attempts to sign in together, and forget them together', async () => {
      const [first, second] = [open(), open()];
      for (const one of [first, second, first, second])
        expect((await signIn(one, 'grace', 'wrong')).status).toBe(200);
      expect((await signIn(second, 'grace', demoPassword)).text).toContain('SignInSuccess');
      for (const one of [first, second, first]) await signIn(one, 'grace', 'wrong');
      const late = open({ RATE_LIMIT_PER_MINUTE: '100' });
      for (const one of [late, late]) await signIn(one, 'grace', 'wrong');
      expect((await signIn(late, 'grace', demoPassword)).status).toBe(429);
    });

    it('count codes by message together, for who asks and for where they go', async () => {
      const processes = [0, 1].map(() => open({ RATE_LIMIT_PER_MINUTE: '1000' }));
      const add = async (person: string, address: string, turn: number) => {
        const { token } = await app.as(person);
        return (await send(processes[turn % 2] as App, addEmail(address), { token })).text;
      };
      for (let turn = 0; turn < 30; turn += 1)
        expect(await add('ada', 'grace@example.com', turn)).toContain('LoginNameTakenError');
      for (const turn of [0, 1])
        expect(await add('ada', 'grace@example.com', turn)).toContain('RATE_LIMITED');
      expect(await add('grace', 'private@example.net', 0)).toContain('AddEmailSuccess');
      const [keys, lifetimes] = await command(async (client) => {
        const all = await client.keys('usergraph:codes:*');
        return [all, await Promise.all(all.map((key) => client.ttl(key)))] as const;
      });
      expect(keys.map((key) => key.replace(/[\w-]{43}$/, '')).sort()).toEqual([
        'usergraph:codes:actor:',
        'usergraph:codes:actor:',
        'usergraph:codes:destination:',
      ]);
      for (const seconds of lifetimes) expect(Math.abs(seconds - 3590)).toBeLessThanOrEqual(10);
    });

    it('leave nothing in Redis that says who came, and nothing that stays', async () => {
      const one = open();
      const token = (await app.as('ada')).token;
      await send(one, '{ __typename }', { token });
      await send(one, '{ __typename }', { from: '203.0.113.77' });
      await signIn(one, 'Ada@Example.com', 'wrong');
      const [keys, lifetimes] = await command(async (client) => {
        const all = await client.keys('*');
        return [all, await Promise.all(all.map((key) => client.ttl(key)))] as const;
      });
      expect(keys.length).toBeGreaterThanOrEqual(5);
      for (const key of keys) {
        expect(key).toMatch(/^usergraph:(requests|sign-ins):(account|address|login):[\w-]{36,43}$/);
        expect(key).not.toMatch(/ada|203|192/i);
      }
      for (const seconds of lifetimes) {
        expect(seconds).toBeGreaterThan(0);
        expect(seconds).toBeLessThanOrEqual(15 * 60);
      }
    });
  });

  describe.each(['is stopped', 'hangs'] as const)('while Redis %s', (how) => {
    const end = () => (how === 'hangs' ? Promise.resolve(redis.pause()) : redis.stop());
    const begin = () => (how === 'hangs' ? Promise.resolve(redis.resume()) : redis.start());

    it('requests are counted by each process, sign-ins are refused, nothing hangs, and all is well after', async () => {
      const one = open();
      const token = (await app.as('ada')).token;
      expect(left(await send(one, '{ __typename }', { token }))).toBe(9);
      await end();
      const warnings: Error[] = [];
      const warn = (warning: Error) => void warnings.push(warning);
      process.on('warning', warn);
      try {
        const many = await Promise.all(
          Array.from({ length: 50 }, (_, index) =>
            send(one, '{ __typename }', { from: `198.51.100.${index}` }),
          ),
        );
        expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
        expect(Math.max(...many.map(({ ms }) => ms))).toBeLessThan(3000);
        expect(warnings).toEqual([]);

        const answers = [];
        for (let index = 0; index < 11; index += 1)
          answers.push(await send(one, '{ me { username } }', { token }));
        expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429]);
        expect(answers[0]?.data).toEqual({ me: { username: 'ada' } });
        expect(left(answers[9] as Failure)).toBe(0);
        expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(3000);

        const before = await app.database.prisma.session.count();
        for (const password of [demoPassword, 'wrong']) {
          const refused = await signIn(one, 'ada', password);
          expect([refused.status, refused.errors[0]?.extensions.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
          expect(refused.errors[0]?.message).toBe('This is not possible at the moment; try again.');
          expect(refused.headers.get('retry-after')).toBe('5');
          expect(refused.text).not.toMatch(/redis|database|127\.0\.0\.1|ECONN/i);
          expect(refused.ms).toBeLessThan(3000);
        }
        expect(await app.database.prisma.session.count()).toBe(before);
        expect(logged('Redis does not count')).toHaveLength(1);
      } finally {
        process.off('warning', warn);
        await begin();
      }
      const back = await eventually(
        () => signIn(one, 'grace', demoPassword),
        ({ status }) => status === 200,
      );
      expect(back.text).toContain('SignInSuccess');
      expect(logged('Redis counts again')).toHaveLength(1);
      expect(left(await send(open(), '{ __typename }', { token }))).toBeGreaterThan(0);
    });
  });

  it('a process that starts while it is gone serves reads, refuses sign-ins and codes, and uses it once it is there', async () => {
    await redis.stop();
    try {
      const one = open();
      expect(await send(one)).toMatchObject({ status: 200 });
      expect((await signIn(one, 'grace', demoPassword)).status).toBe(503);
      const { token } = await app.as('ada');
      expect((await send(one, addEmail('uncounted@example.net'), { token })).status).toBe(503);
      const added = { where: { address: 'uncounted@example.net' } };
      expect(await app.database.prisma.email.count(added)).toBe(0);
      await redis.start();
      await eventually(
        () => signIn(one, 'grace', demoPassword),
        ({ status }) => status === 200,
      );
    } finally {
      await redis.start();
    }
  });

  it('a process that Redis does not let in says so without its password, in log and answer', async () => {
    const locked = await createRedisServer({ password: 'right-and-long' });
    try {
      const one = open({ REDIS_URL: locked.url.replace('right-and-long', 'wrong-sesame') });
      expect((await send(one)).status).toBe(200);
      const refused = await signIn(one, 'grace', demoPassword);
      expect(refused.status).toBe(503);
      expect(logged('Redis does not count')).toHaveLength(1);
      expect(lines.join('') + refused.text).not.toContain('sesame');
      const good = open({ REDIS_URL: locked.url });
      expect((await signIn(good, 'grace', demoPassword)).status).toBe(200);
    } finally {
      await locked.remove();
    }
  });

  it('who has signed in stays so where the attempts before cannot be forgotten, and the log repeats no key', async () => {
    const stubborn = await createRedisServer({ settings: ['--rename-command', 'DEL', ''] });
    try {
      const one = open({ REDIS_URL: stubborn.url });
      expect((await signIn(one, 'grace', demoPassword)).text).toContain('SignInSuccess');
      expect(logged('Redis does not count')).toHaveLength(1);
      expect(lines.join('')).not.toMatch(/usergraph:sign-ins|grace/);
    } finally {
      await stubborn.remove();
    }
  });
});
