/** Access tokens of an issuer that the operator trusts, presented as they are. */
import { createHmac, randomBytes } from 'node:crypto';
import { base64url, type JWTPayload } from 'jose';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  calculatePKCECodeChallenge,
  discovery,
} from 'openid-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { openTestApp, type TestApp, testSecret } from '../setup/app.ts';
import { createCookieBrowser } from '../setup/cookie-browser.ts';
import { type FakeIssuer, makeKey, startFakeIssuer } from '../setup/fake-issuer.ts';
import {
  audience,
  clientSecret,
  type OidcProviderServer,
  startOidcProvider,
} from '../setup/oidc-provider.ts';

let app: TestApp;
let fake: FakeIssuer;
let idp: OidcProviderServer;
const redirectUri = 'http://client.test/back';

/** The issuer by two names, of which one may grant more, and a real one. */
const trusted = (issuer: string, real: string) =>
  JSON.stringify([
    { name: 'corp', issuer, audience },
    {
      name: 'wide',
      issuer: `${issuer}/wide`,
      jwksUri: `${issuer}/jwks`,
      audience,
      scopes: ['admin', 'profile', 'users:write'],
    },
    { name: 'real', issuer: real, audience },
  ]);

beforeAll(async () => {
  idp = await startOidcProvider({ clients: [{ clientId: 'client', redirectUri }] });
  fake = await startFakeIssuer();
  app = await openTestApp({ env: { TRUSTED_ISSUERS: trusted(fake.issuer, idp.issuer) } });
  await identify('wide', 'admin');
  await identify('real', 'grace');
  await identify('corp', 'margaret');
});
afterAll(async () => {
  await app.close();
  await fake.close();
  await idp.close();
});
beforeEach(async () => {
  app.clock.offset = 0;
  await app.database.prisma.oAuthIdentity.deleteMany({ where: { provider: 'corp', subject: 'ada' } });
  await identify('corp', 'ada');
});

/** Gives an account of the demo an identity at a provider, whose subject is the login. */
async function identify(provider: string, login: string) {
  const { prisma } = app.database;
  const { id: userId } = await prisma.user.findUniqueOrThrow({
    where: { username: login },
    select: { id: true },
  });
  await prisma.oAuthIdentity.create({ data: { id: crypto.randomUUID(), userId, provider, subject: login } });
}

const seconds = () => Math.floor(Date.now() / 1000);
const good = (claims: JWTPayload = {}): JWTPayload => ({
  iss: fake.issuer,
  aud: audience,
  sub: 'ada',
  iat: seconds(),
  exp: seconds() + 300,
  ...claims,
});

const log = createLog({ logLevel: 'silent', logFormat: 'json' });

async function statusOf(of: App, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ query: '{ me { id } }' });
  return (await of.fetch(new Request('http://usergraph.test/graphql', { method: 'POST', headers, body })))
    .status;
}

/** Who a token stands for: a username; null where it is refused. */
async function whoIs(token: string): Promise<string | null> {
  const { status, data, errors } = await app.withToken(token).send('{ me { username } }');
  if (status === 200) return (data as { me: { username: string } }).me.username;
  expect([status, errors[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  return null;
}

const without = (claim: string) =>
  Object.fromEntries(Object.entries(good()).filter(([name]) => name !== claim));
const encode = (value: object) => base64url.encode(JSON.stringify(value));

describe('a token of a trusted issuer', () => {
  it('stands for the account that has the identity', async () => {
    expect(await whoIs(await fake.sign(good()))).toBe('ada');
    expect(await whoIs(await fake.sign(good({ aud: ['https://other.example', audience] })))).toBe('ada');
    expect(await whoIs(await fake.sign(good(), { header: { typ: 'at+jwt' } }))).toBe('ada');
  });

  it('of a real provider does too', async () => {
    idp.signInAs('grace');
    const client = await discovery(new URL(idp.issuer), 'client', {}, ClientSecretBasic(clientSecret), {
      execute: [allowInsecureRequests],
    });
    const verifier = randomBytes(32).toString('base64url');
    const to = buildAuthorizationUrl(client, {
      redirect_uri: redirectUri,
      scope: 'openid profile',
      resource: audience,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const browser = createCookieBrowser('http://nowhere.test', () => Promise.reject(new Error('nowhere')));
    const { url } = await browser.visit(to.href, { until: ({ host }) => host === 'client.test' });
    const tokens = await authorizationCodeGrant(
      client,
      url,
      { pkceCodeVerifier: verifier },
      { resource: audience },
    );
    expect(await whoIs(tokens.access_token)).toBe('grace');
    expect(await whoIs(tokens.id_token ?? '')).toBeNull();
  });

  const bad: [string, () => Promise<string> | string][] = [
    ['for another audience', () => fake.sign(good({ aud: 'https://other.example' }))],
    ['for nobody in particular', () => fake.sign(without('aud'))],
    ['of an issuer that nobody named', () => fake.sign(good({ iss: 'https://evil.example' }))],
    ['of an issuer that is almost trusted', () => fake.sign(good({ iss: `${fake.issuer}/` }))],
    ['of no issuer', () => fake.sign(without('iss'))],
    ['of another trusted issuer, by its own key', () => fake.sign(good({ iss: idp.issuer, sub: 'grace' }))],
    ['that is over', () => fake.sign(good({ exp: seconds() - 10 }))],
    ['that never ends', () => fake.sign(without('exp'))],
    ['that does not say since when', () => fake.sign(without('iat'))],
    ['that is not good yet', () => fake.sign(good({ nbf: seconds() + 60 }))],
    ['of nobody', () => fake.sign(without('sub'))],
    ['of somebody who is not known here', () => fake.sign(good({ sub: 'unknown' }))],
    ['of somebody who is known by another provider', () => fake.sign(good({ sub: 'grace' }))],
    ['of a name that no database holds', () => fake.sign(good({ sub: 'a\u0000' }))],
    ['of a suspended account', () => fake.sign(good({ sub: 'margaret' }))],
    ['of another type', () => fake.sign(good(), { header: { typ: 'logout+jwt' } })],
    [
      'with a critical extension',
      () =>
        fake
          .sign(good(), { header: { crit: ['exp'] } })
          .catch(
            () => `${encode({ alg: 'RS256', kid: 'key-1', crit: ['b64x'], b64x: 1 })}.${encode(good())}.AAAA`,
          ),
    ],
    ['of an unknown key', async () => fake.sign(good(), { by: await makeKey('key-9') })],
    ['of another key by a known name', async () => fake.sign(good(), { by: await makeKey('key-1') })],
    ['that is not signed', () => `${encode({ alg: 'none' })}.${encode(good())}.`],
    ['that lost its signature', async () => (await fake.sign(good())).replace(/[^.]+$/, '')],
    [
      'that was changed',
      async () => {
        const [header, , signature] = (await fake.sign(good())).split('.');
        return `${header}.${encode(good({ sub: 'admin' }))}.${signature}`;
      },
    ],
    [
      'that brings its own key',
      async () => {
        const own = await makeKey('key-1');
        return fake.sign(good(), { by: own, header: { jwk: own.publicJwk } });
      },
    ],
  ];
  it.each(bad)('is refused: %s', async (_name, make) => {
    expect(await whoIs(await make())).toBeNull();
  });

  it('is refused when it is signed with its public key as if that were a secret', async () => {
    const input = `${encode({ alg: 'HS256', kid: 'key-1' })}.${encode(good())}`;
    for (const secret of [JSON.stringify(fake.key.publicJwk), fake.key.publicJwk.n ?? '']) {
      const signature = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await whoIs(`${input}.${signature}`)).toBeNull();
    }
  });

  it('is refused by the server that trusts nobody', async () => {
    const before = fake.asked.length;
    const alone = createApp({
      database: app.database,
      config: loadConfig({ USERGRAPH_SECRET: testSecret }),
      log,
    });
    expect(await statusOf(alone, await fake.sign(good()))).toBe(401);
    await alone.close();
    expect(fake.asked).toHaveLength(before);
  });

  it('stops as soon as its account is suspended, or the identity is unlinked', async () => {
    const token = await fake.sign(good());
    expect(await whoIs(token)).toBe('ada');
    await app.database.prisma.user.update({ where: { username: 'ada' }, data: { status: 'SUSPENDED' } });
    expect(await whoIs(token)).toBeNull();
    await app.database.prisma.user.update({ where: { username: 'ada' }, data: { status: 'ACTIVE' } });
    await app.database.prisma.oAuthIdentity.deleteMany({ where: { provider: 'corp', subject: 'ada' } });
    expect(await whoIs(token)).toBeNull();
  });

  it('stops when it is over', async () => {
    const token = await fake.sign(good());
    app.clock.offset = 310_000;
    expect(await whoIs(token)).toBeNull();
  });
});

describe('what such a token may', () => {
  const update = 'mutation { updateMe(input: { bio: "Changed." }) { __typename } }';
  const users = '{ users(first: 100) { totalCount } }';
  const scopeOf = async (token: string, document: string) => {
    const { status, errors } = await app.withToken(token).send(document);
    return status === 200 && errors.length === 0
      ? 'ok'
      : (errors[0]?.extensions.scope ?? errors[0]?.extensions.code);
  };

  it('is what the operator lets the issuer grant, and no more', async () => {
    expect(await scopeOf(await fake.sign(good()), '{ me { email } }')).toBe('ok');
    expect(await scopeOf(await fake.sign(good({ scope: 'users:write admin profile' })), update)).toBe(
      'users:write',
    );
    const wide = good({ iss: `${fake.issuer}/wide`, sub: 'admin' });
    expect(await scopeOf(await fake.sign(wide), update)).toBe('ok');
  });

  it('is what the token says, where it says it', async () => {
    const wide = good({ iss: `${fake.issuer}/wide`, sub: 'admin' });
    expect(await scopeOf(await fake.sign({ ...wide, scope: 'profile' }), update)).toBe('users:write');
    expect(await scopeOf(await fake.sign({ ...wide, scope: '' }), update)).toBe('users:write');
    const count = async (claims: JWTPayload) => {
      const { users: found } = (await app.withToken(await fake.sign(claims)).run(users)) as {
        users: { totalCount: number };
      };
      return found.totalCount;
    };
    expect(await count({ ...wide, scope: 'admin profile' })).toBeGreaterThan(100);
    expect(await count({ ...wide, scope: 'profile' })).toBe(1);
  });

  it('is nothing that only the person itself may', async () => {
    const token = await fake.sign(good({ iss: `${fake.issuer}/wide`, sub: 'admin' }));
    const change =
      'mutation { changePassword(input: { currentPassword: "usergraph-demo", newPassword: "a-new-long-one" }) { __typename } }';
    expect(await scopeOf(token, change)).toBe('FORBIDDEN');
  });

  it('is told in the audit as what it is', async () => {
    const token = await fake.sign(good({ iss: `${fake.issuer}/wide`, sub: 'admin' }));
    await app.withToken(token).run(update);
    const [event] = await app.database.prisma.auditEvent.findMany({ where: { action: 'user.update' } });
    const identity = await app.database.prisma.oAuthIdentity.findFirstOrThrow({
      where: { provider: 'wide' },
    });
    expect(event).toMatchObject({ credentialKind: 'EXTERNAL_TOKEN', credentialId: identity.id });
  });
});

it('the log says why a token was refused, and not the token', async () => {
  const token = await fake.sign(good({ aud: 'https://other.example' }));
  await whoIs(token);
  const lines = app.logged.join('');
  expect(lines).toContain('a token of a trusted issuer was refused');
  expect(lines).not.toContain(token.split('.')[2] ?? token);
});

describe('the keys of an issuer', () => {
  let issuer: FakeIssuer;
  let fresh: App; // has no keys yet, on the same database
  beforeEach(async () => {
    issuer = await startFakeIssuer();
    const TRUSTED_ISSUERS = trusted(issuer.issuer, idp.issuer);
    const config = loadConfig({ USERGRAPH_SECRET: testSecret, TRUSTED_ISSUERS });
    fresh = createApp({ database: app.database, config, log });
  });
  afterEach(async () => {
    await fresh.close();
    await issuer.close();
  });

  const sign = (options: Parameters<FakeIssuer['sign']>[1] = {}) =>
    issuer.sign(good({ iss: issuer.issuer }), options);
  const status = async (token: Promise<string> = sign()) => statusOf(fresh, await token);
  const asked = (path: string) => issuer.asked.filter((one) => one === path).length;

  it('are asked for once, however many tokens come', async () => {
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => status())))).toEqual(new Set([200]));
    expect(await status()).toBe(200);
    expect([asked('/.well-known/openid-configuration'), asked('/jwks')]).toEqual([1, 1]);
  });

  it('are good while the issuer is gone for a moment', async () => {
    expect(await status()).toBe(200);
    issuer.setDown(true);
    expect(await status()).toBe(200);
  });

  it('that cannot be had let nobody in, until they can', async () => {
    issuer.setDown(true);
    expect(await status()).toBe(401);
    issuer.setDown(false);
    expect(await status()).toBe(200);
  });

  const elsewhere = { status: 302, headers: { location: 'https://evil.example' } };
  it.each<[string, () => unknown]>([
    ['fails', () => issuer.answers.set('/jwks', () => ({ status: 500 }))],
    ['tells no keys', () => issuer.answers.set('/jwks', () => ({ body: { keys: 'none' } }))],
    ['leads elsewhere', () => issuer.answers.set('/jwks', () => elsewhere)],
    [
      'tells the metadata of another',
      () => Object.assign(issuer.metadata, { issuer: 'https://evil.example' }),
    ],
    ['tells no place of keys', () => delete issuer.metadata.jwks_uri],
  ])('are not made up when it %s', async (_name, spoil) => {
    spoil();
    expect(await status()).toBe(401);
  });

  it('are not asked for by whoever makes up names of keys', async () => {
    expect(await status()).toBe(200);
    for (let n = 0; n < 5; n += 1)
      expect(await status(sign({ by: await makeKey(`key-${n + 2}`, 'ES256') }))).toBe(401);
    expect(asked('/jwks')).toBe(1);
  });
});

it('an issuer must be reached by TLS, or be this machine', () => {
  const trust = (issuer: object) => () =>
    loadConfig({ TRUSTED_ISSUERS: JSON.stringify([{ name: 'x', audience, ...issuer }]) });
  expect(trust({ issuer: 'http://id.example' })).toThrow(/TRUSTED_ISSUERS: .*must be an https URL/);
  expect(trust({ issuer: 'https://id.example', jwksUri: 'http://id.example/jwks' })).toThrow(
    /must be an https URL/,
  );
  expect(trust({ issuer: 'https://id.example' })().trustedIssuers).toHaveLength(1);
});
