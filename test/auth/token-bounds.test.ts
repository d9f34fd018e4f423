/** What a token is bound to besides its scopes: networks, and a rate limit of its own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '1000' } });
});
afterAll(() => app.close());

const create = `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) {
  ... on CreateApiTokenSuccess { secret apiToken { allowedNetworks rateLimit } }
  ... on InvalidInputError { problems { path code message } }
} }`;

interface Created {
  createApiToken: {
    secret: string;
    apiToken: { allowedNetworks: string[]; rateLimit: number | null };
    problems?: { path: string[]; code: string }[];
  };
}

const scopes = ['PROFILE', 'TOKENS_WRITE'];
async function make(bounds: object, maker?: string) {
  const client = maker === undefined ? await app.as('ada') : app.withToken(maker);
  const data = (await client.run(create, { input: { name: 'bound', scopes, ...bounds } })) as Created;
  return data.createApiToken;
}

/** A server behind a proxy of the network 10.0.0.0/8, over the same accounts. */
function behindProxy() {
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const config = loadConfig({ TRUSTED_PROXIES: '10.0.0.0/8' });
  const { fetch } = createApp({ database: app.database, config, log });
  return (path: string, secret: string, forwarded: string, remoteAddress = '10.0.0.1') =>
    fetch(
      new Request(`http://usergraph.test${path}`, {
        headers: { authorization: `Bearer ${secret}`, 'x-forwarded-for': forwarded },
      }),
      { remoteAddress },
    );
}

describe('a token bound to networks', () => {
  it('works from there, and nowhere else, on every surface', async () => {
    const ask = behindProxy();
    const { secret } = await make({ allowedNetworks: ['203.0.113.0/24', '2001:db8::/32'] });
    const statuses = async (forwarded: string, remote?: string) =>
      Promise.all(
        ['/graphql?query={me{id}}', '/users/me', '/api/v1/users/', '/users/current', '/me'].map(
          async (path) => (await ask(path, secret, forwarded, remote)).status,
        ),
      );
    expect(await statuses('203.0.113.9')).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses('2001:db8::9')).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses('198.51.100.1')).toEqual([403, 403, 403, 403, 403]);
    expect(await statuses('203.0.113.9', '198.51.100.1'), 'a header of no proxy').toEqual([
      403, 403, 403, 403, 403,
    ]);
  });

  it('says in the words of Katapult which address was refused', async () => {
    const { secret } = await make({ allowedNetworks: ['203.0.113.0/24'] });
    const { status, body } = await app.call('GET', '/users/current', { token: secret });
    expect([status, body.code, body.detail]).toEqual([
      403,
      'unauthorized_network_for_api_token',
      { ip_address: '192.0.2.200' },
    ]);
  });

  it('notes no use of a token that was refused', async () => {
    const { secret } = await make({ allowedNetworks: ['203.0.113.0/24'] });
    await app.call('GET', '/me', { token: secret });
    const { lastUsedAt } = await app.database.prisma.apiToken.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(lastUsedAt).toBeNull();
  });

  it('makes tokens of the same networks or of narrower ones, and of no others', async () => {
    const { secret } = await make({ allowedNetworks: ['192.0.2.0/24'] });
    expect((await make({}, secret)).apiToken.allowedNetworks).toEqual(['192.0.2.0/24']);
    const narrower = await make({ allowedNetworks: ['192.0.2.128/25'] }, secret);
    expect(narrower.apiToken.allowedNetworks).toEqual(['192.0.2.128/25']);
    for (const wider of [['192.0.0.0/16'], ['192.0.2.0/24', '::/0']]) {
      const { problems } = await make({ allowedNetworks: wider }, secret);
      expect(problems).toMatchObject([{ path: ['input', 'allowedNetworks'], code: 'NOT_ALLOWED' }]);
    }
  });

  it('is refused where a network is none, each in its place', async () => {
    const { problems } = await make({ allowedNetworks: ['10.0.0.0/8', 'everywhere'] });
    expect(problems).toMatchObject([{ path: ['input', 'allowedNetworks', '1'], code: 'INVALID' }]);
  });
});

describe('a token with a rate limit of its own', () => {
  it('is held to it, and no other credential of the account is', async () => {
    const { secret, apiToken } = await make({ rateLimit: 2 });
    const ask = async (token: string | null) => app.call('GET', '/users/current', { token });
    expect(apiToken.rateLimit).toBe(2);
    const answers = [await ask(secret), await ask(secret), await ask(secret)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['1', '0', '0']);
    expect(answers[2]?.body.detail).toEqual({ total_permitted: 2 });
    expect((await ask((await app.as('ada')).token)).status).toBe(200);
  });

  it('counts against its account, too', async () => {
    const { secret } = await make({ rateLimit: 500 });
    const left = async (token: string | null) =>
      Number((await app.call('GET', '/users/current', { token })).headers.get('x-ratelimit-remaining'));
    const { token } = await app.as('ada');
    const before = await left(token);
    await left(secret);
    expect(await left(token)).toBe(before - 2);
  });

  it('costs its account nothing where it is refused itself', async () => {
    const { secret } = await make({ rateLimit: 1 });
    const ask = (token: string | null) => app.call('GET', '/users/current', { token });
    const { token } = await app.as('ada');
    await ask(secret);
    const left = async () => Number((await ask(token)).headers.get('x-ratelimit-remaining'));
    const before = await left();
    for (let index = 0; index < 5; index += 1) expect((await ask(secret)).status).toBe(429);
    expect(await left()).toBe(before - 1);
  });

  it('is refused when its account has used up its own', async () => {
    const log = createLog({ logLevel: 'silent', logFormat: 'json' });
    const config = loadConfig({ RATE_LIMIT_PER_MINUTE: '3' });
    const { secret } = await make({ rateLimit: 3 });
    const { fetch } = createApp({ database: app.database, config, log });
    const { token } = await app.as('ada');
    const statusOf = async (bearer: string | null) =>
      (
        await fetch(
          new Request('http://usergraph.test/me', { headers: { authorization: `Bearer ${bearer}` } }),
        )
      ).status;
    expect([await statusOf(token), await statusOf(token), await statusOf(secret)]).toEqual([200, 200, 200]);
    expect(await statusOf(secret)).toBe(429);
  });

  it('makes tokens of the same limit or of a lower one, and of no higher one', async () => {
    const { secret } = await make({ rateLimit: 100 });
    expect((await make({}, secret)).apiToken.rateLimit).toBe(100);
    expect((await make({ rateLimit: 10 }, secret)).apiToken.rateLimit).toBe(10);
    const { problems } = await make({ rateLimit: 101 }, secret);
    expect(problems).toMatchObject([{ path: ['input', 'rateLimit'], code: 'NOT_ALLOWED' }]);
  });

  it.each([0, -1, 1001])('is not %i where everybody has 1,000', async (rateLimit) => {
    const { problems } = await make({ rateLimit });
    expect(problems?.map(({ path }) => path.join('.'))).toEqual(['input.rateLimit']);
  });
});
