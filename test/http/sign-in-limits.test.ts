import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { demoPassword } from '../../src/demo/people.ts';
import { createLog } from '../../src/log.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type Failure, read } from './post.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

/** A fresh count over the same accounts: 5 attempts for an account, 8 from an address. */
function serving(env: Record<string, string> = {}): App {
  const config = loadConfig({
    SIGN_IN_ATTEMPTS_PER_ACCOUNT: '5',
    SIGN_IN_ATTEMPTS_PER_ADDRESS: '8',
    ...env,
  });
  return createApp({
    database: app.database,
    config,
    log: createLog({ logLevel: 'silent', logFormat: 'json' }),
  });
}

async function run(
  counted: App,
  query: string,
  from = '192.0.2.1',
  headers: Record<string, string> = {},
): Promise<Failure> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  };
  return read(
    await counted.fetch(new Request('http://usergraph.test/graphql', init), { remoteAddress: from }),
  );
}

const field = (login: string, password: string, alias = 'signIn') =>
  `${alias}: signIn(input: { login: "${login}", password: "${password}" }) { __typename }`;

/** What came of one attempt: the type of the answer, or the code of the error. */
async function attempt(counted: App, login: string, password = 'wrong', from?: string): Promise<string> {
  const { data, errors } = await run(counted, `mutation { ${field(login, password)} }`, from);
  const answered = data as { signIn: { __typename: string } } | null | undefined;
  return answered?.signIn.__typename ?? String(errors[0]?.extensions.code);
}

async function attempts(count: number, one: (index: number) => Promise<string>): Promise<string[]> {
  const all: string[] = [];
  for (let index = 0; index < count; index += 1) all.push(await one(index));
  return all;
}

const wrong = 'InvalidCredentialsError';
const sessions = () => app.database.prisma.session.count();

describe('attempts to sign in to one account', () => {
  it('are refused after the fifth, from any address, with the right password too', async () => {
    const counted = serving();
    const before = await sessions();
    expect(await attempts(5, (index) => attempt(counted, 'ada', 'wrong', `192.0.2.${index}`))).toEqual(
      Array(5).fill(wrong),
    );
    expect(await attempt(counted, 'ada', demoPassword, '198.51.100.1')).toBe('RATE_LIMITED');
    expect(await sessions()).toBe(before);
    expect(await attempt(counted, 'grace', demoPassword, '198.51.100.1')).toBe('SignInSuccess');
  });

  it('say when to come back', async () => {
    const counted = serving();
    await attempts(5, () => attempt(counted, 'ada'));
    const { status, headers, errors } = await run(counted, `mutation { ${field('ada', 'wrong')} }`);
    const seconds = Number(headers.get('retry-after'));
    expect(status).toBe(429);
    expect(seconds).toBeGreaterThan(14 * 60);
    expect(seconds).toBeLessThanOrEqual(15 * 60);
    expect(errors[0]?.extensions.retryAfter).toBe(seconds);
  });

  it('count whatever the case of the login, and for logins that are nobody’s alike', async () => {
    const counted = serving();
    const logins = ['Nobody', 'nobody', 'NOBODY', 'noBody', 'nobodY'];
    expect(await attempts(5, (index) => attempt(counted, logins[index] ?? ''))).toEqual(Array(5).fill(wrong));
    expect(await attempt(counted, 'nobody')).toBe('RATE_LIMITED');
  });

  it('reach it by its own letters only, not by those that the database takes for them', async () => {
    const { prisma } = app.database;
    const { userId } = await prisma.loginName.findUniqueOrThrow({ where: { name: 'grace' } });
    const address = 'kathie@example.net';
    await prisma.email.create({ data: { id: crypto.randomUUID(), userId, address } });
    const counted = serving();
    await attempts(5, () => attempt(counted, address));
    for (const login of ['kath\u0130e@example.net', '\u212Aathie@example.net', 'kathie@example.net\u0000'])
      expect(await attempt(serving(), login.replace('\u0000', '\\u0000'), demoPassword)).toBe(wrong);
    expect(await attempt(counted, 'kath\u0130e@example.net', demoPassword)).toBe(wrong);
    expect(await attempt(serving(), 'Kathie@Example.net', demoPassword)).toBe('SignInSuccess');
  });

  it('are forgotten once one succeeds, and only those to that account', async () => {
    const counted = serving({ SIGN_IN_ATTEMPTS_PER_ADDRESS: '100' });
    await attempts(4, () => attempt(counted, 'ada'));
    await attempts(5, () => attempt(counted, 'linus'));
    expect(await attempt(counted, 'ada', demoPassword)).toBe('SignInSuccess');
    expect(await attempts(5, () => attempt(counted, 'ada'))).toEqual(Array(5).fill(wrong));
    expect(await attempt(counted, 'linus')).toBe('RATE_LIMITED');
  });
});

describe('attempts from one address', () => {
  it('are refused after the eighth, to whichever account, and lock none of them', async () => {
    const counted = serving();
    expect(await attempts(8, (index) => attempt(counted, `guess-${index}`))).toEqual(Array(8).fill(wrong));
    expect(await attempts(6, () => attempt(counted, 'grace', demoPassword))).toEqual(
      Array(6).fill('RATE_LIMITED'),
    );
    expect(await attempt(counted, 'grace', demoPassword, '198.51.100.1')).toBe('SignInSuccess');
  });

  it('are not forgotten when one succeeds: who has an account of its own guesses no more than others', async () => {
    const counted = serving();
    await attempts(7, (index) => attempt(counted, `guess-${index}`));
    expect(await attempt(counted, 'grace', demoPassword)).toBe('SignInSuccess');
    expect(await attempt(counted, 'ada')).toBe('RATE_LIMITED');
  });

  it('count together in a network of 64 bits of IPv6', async () => {
    const counted = serving();
    await attempts(8, (index) => attempt(counted, `guess-${index}`, 'wrong', `2001:db8::${index + 1}`));
    expect(await attempt(counted, 'ada', 'wrong', '2001:db8::ffff')).toBe('RATE_LIMITED');
    expect(await attempt(counted, 'ada', 'wrong', '2001:db8:0:1::1')).toBe(wrong);
  });

  it('count for the connection, whatever X-Forwarded-For says, unless a trusted proxy wrote it', async () => {
    const forwarded = (counted: App, index: number) =>
      run(counted, `mutation { ${field(`guess-${index}`, 'wrong')} }`, '192.0.2.1', {
        'x-forwarded-for': `203.0.113.${index}`,
      });
    const [direct, proxied] = [serving(), serving({ TRUSTED_PROXIES: '192.0.2.1' })];
    for (let index = 0; index < 8; index += 1) {
      expect((await forwarded(direct, index)).status).toBe(200);
      expect((await forwarded(proxied, index)).status).toBe(200);
    }
    expect((await forwarded(direct, 9)).status).toBe(429);
    expect((await forwarded(proxied, 9)).status).toBe(200);
  });
});

describe('a hundred aliased sign-ins are a hundred', () => {
  const many = (count: number, login: (index: number) => string) =>
    `mutation { ${Array.from({ length: count }, (_, index) => field(login(index), 'wrong', `a${index}`)).join(' ')} }`;
  const remaining = ({ headers }: Failure) => Number(/;r=(\d+);/.exec(headers.get('ratelimit') ?? '')?.[1]);

  it('attempts, in several operations: the limits end them as if each came alone', async () => {
    const counted = serving({ SIGN_IN_ATTEMPTS_PER_ADDRESS: '60' });
    const answers: Failure[] = [];
    for (let operation = 0; operation < 4; operation += 1)
      answers.push(
        await run(
          counted,
          many(25, (index) => `guess-${operation}-${index}`),
        ),
      );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
    expect(answers.map(remaining)).toEqual([975, 950, 925, 900]);
    expect(await attempt(counted, 'ada', demoPassword)).toBe('RATE_LIMITED');
  });

  it('attempts to one account, of which no more are tried than the account may be', async () => {
    const counted = serving({ SIGN_IN_ATTEMPTS_PER_ADDRESS: '1000' });
    const before = await sessions();
    const guesses = Array.from({ length: 30 }, (_, index) =>
      field('ada', index === 6 ? demoPassword : 'wrong', `a${index}`),
    );
    const { status, data, errors } = await run(counted, `mutation { ${guesses.join(' ')} }`);
    expect([status, data]).toEqual([429, null]);
    expect(errors[0]?.extensions.code).toBe('RATE_LIMITED');
    expect(await sessions()).toBe(before);
  });

  it('requests, in one operation too, which is refused with none of them tried', async () => {
    const counted = serving();
    const refused = await run(
      counted,
      many(100, () => 'ada'),
    );
    expect([refused.status, refused.data, remaining(refused)]).toEqual([400, undefined, 900]);
    expect(await attempts(5, () => attempt(counted, 'ada'))).toEqual(Array(5).fill(wrong));
  });
});

it('the sign-in of a dialect counts with that of the graph', async () => {
  const counted = serving();
  const login = (from: string) =>
    counted.fetch(
      new Request('http://usergraph.test/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ username: 'ada', password: 'wrong' }),
      }),
      { remoteAddress: from },
    );
  await attempts(3, () => attempt(counted, 'ada'));
  expect([(await login('192.0.2.2')).status, (await login('192.0.2.2')).status]).toEqual([401, 401]);
  const refused = await login('192.0.2.2');
  expect([refused.status, refused.headers.get('retry-after') !== null]).toEqual([429, true]);
  expect(await attempt(counted, 'ada', demoPassword, '192.0.2.3')).toBe('RATE_LIMITED');
});
