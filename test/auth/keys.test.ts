/** What this server signs with: one key for all processes, sealed at rest, replaced without anybody noticing. */
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { createKeys, rotateKeys } from '../../src/auth/keys.ts';
import { createSealing } from '../../src/auth/sealing.ts';
import { loadConfig } from '../../src/config.ts';
import { DatabaseStateError } from '../../src/db/errors.ts';
import { createLog } from '../../src/log.ts';
import { createSources } from '../../src/sources.ts';
import { readEverything } from '../policy/database-text.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { claimsOf, forge, now, stolenKey, testSecret } from './forge.ts';

const env = { USERGRAPH_SECRET: testSecret, PUBLIC_URL: 'https://users.example' };
const minute = 60_000;
const hour = 60 * minute;

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ env });
});
afterAll(() => app.close());

const silent = createLog({ logLevel: 'silent', logFormat: 'json' });

/** Another process on the same database, with a clock that goes with the first one's. */
function process(changes: Record<string, string> = {}) {
  const config = loadConfig({ ...env, ...changes });
  const now = () => new Date(Date.now() + app.clock.offset);
  return createApp({ database: app.database, config, log: silent, now });
}

/** What a process knows of the keys, and makes of them. */
function dependencies(secret = testSecret) {
  const sources = createSources({ now: () => new Date(Date.now() + app.clock.offset) });
  const sealing = createSealing(secret, sources.randomBytes);
  return { ...sources, sealing, prisma: app.database.prisma };
}

const rotate = (isLeak = false, secret = testSecret) =>
  rotateKeys(dependencies(secret), { isLeak, record: async () => {} });

const ownKeys = () => app.database.prisma.signingKey.findMany({ where: { organizationId: null } });

async function signIn() {
  const document = `mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
    ... on SignInSuccess { accessToken { token } } } }`;
  const { signIn: signedIn } = (await app.anonymous.run(document)) as {
    signIn: { accessToken: { token: string } };
  };
  return signedIn.accessToken.token;
}

const works = async (token: string) => (await app.withToken(token).send('{ me { id } }')).status === 200;

/** Whether another process takes it. */
async function worksAt(other: ReturnType<typeof process>, token: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ query: '{ me { id } }' });
  const request = new Request('https://users.example/graphql', { method: 'POST', headers, body });
  return (await other.fetch(request)).status === 200;
}

const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

describe('the first start', () => {
  it('of five processes at once makes one key, with which all of them sign and verify', async () => {
    const processes = Array.from({ length: 5 }, () => process());
    await Promise.all(processes.map((one) => one.ready()));
    expect(await ownKeys()).toHaveLength(1);
    const token = await signIn();
    for (const one of processes) expect(await worksAt(one, token)).toBe(true);
    await Promise.all(processes.map((one) => one.close()));
  });

  it('leaves the private half in the database sealed only', async () => {
    const { privateKey, publicJwk, keyId } = await stolenKey(app.database);
    const { d = '' } = privateKey.export({ format: 'jwk' });
    expect(d).toMatch(/^[\w-]{43}$/);
    const everything = (await readEverything(app.database)).map(({ text }) => text).join('\n');
    expect(everything).toContain(publicJwk.x);
    for (const form of ['base64url', 'base64', 'hex'] as const)
      expect(everything).not.toContain(Buffer.from(d, 'base64url').toString(form));
    expect(everything).not.toContain(Buffer.from(`"d":"${d}"`).toString('hex'));
    const [row] = await ownKeys();
    expect(Buffer.from(row?.encryptedPrivateJwk ?? []).toString('latin1')).not.toContain('kty');
    expect(row?.publicJwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', kid: keyId });
  });

  it('with another USERGRAPH_SECRET is refused with a message that says so, and neither secret', async () => {
    const other = process({ USERGRAPH_SECRET: 'another secret of enough characters' });
    const error = await other.ready().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseStateError);
    expect((error as Error).message).toMatch(/USERGRAPH_SECRET.*usergraph keys rotate/s);
    expect(String((error as Error).stack)).not.toContain('another secret');
    expect(await ownKeys()).toHaveLength(1);
    await other.close();
  });

  it('with a sealed key that was changed, or moved to another name, is refused, too', async () => {
    const [row] = await ownKeys();
    const { sealing } = dependencies();
    const [id, sealed] = [row?.id ?? '', row?.encryptedPrivateJwk ?? new Uint8Array()];
    const write = (encryptedPrivateJwk: Uint8Array<ArrayBuffer>) =>
      app.database.prisma.signingKey.update({ where: { id }, data: { encryptedPrivateJwk } });
    const flipped = Uint8Array.from(sealed, (byte, index) => (index === 20 ? byte ^ 1 : byte));
    const moved = sealing.seal(sealing.open(sealed, row?.keyId ?? ''), 'another key');
    for (const bad of [flipped, moved, new Uint8Array(3)]) {
      await write(bad);
      await expect(createKeys(dependencies()).jwks()).rejects.toThrow(DatabaseStateError);
    }
    await write(Uint8Array.from(sealed));
    await expect(createKeys(dependencies()).jwks()).resolves.toBeDefined();
  });
});

describe('the published keys', () => {
  it('verify access tokens by any library, and hold nothing private', async () => {
    const set = await createKeys(dependencies()).jwks();
    const token = await signIn();
    const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
      issuer: env.PUBLIC_URL,
      audience: env.PUBLIC_URL,
      typ: 'at+jwt',
      algorithms: ['ES256'],
    });
    expect(payload.sub).toBe(claimsOf(token).sub);
    for (const jwk of set.keys)
      expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});

describe('a rotation', () => {
  it('ends no token: the key before verifies for an hour, and is published as long', async () => {
    const old = await stolenKey(app.database);
    const before = await signIn();
    const keyId = await rotate();
    expect(kidOf(before)).not.toBe(keyId);
    app.clock.offset += 31_000; // until then a process goes by what it read
    const after = await signIn();
    expect(kidOf(after)).toBe(keyId);
    expect([await works(before), await works(after)]).toEqual([true, true]);
    const published = async () => (await createKeys(dependencies()).jwks()).keys.map(({ kid }) => kid);
    expect(await published()).toEqual([keyId, old.keyId]);

    app.clock.offset += hour;
    expect(await published()).toEqual([keyId]);
    const claims = { ...claimsOf(after), iat: now(app.clock.offset), exp: now(app.clock.offset + minute) };
    const header = { alg: 'ES256', typ: 'at+jwt', kid: old.keyId };
    expect(await works(forge(header, claims, old.privateKey))).toBe(false);
    const current = await stolenKey(app.database);
    expect(await works(forge({ ...header, kid: keyId }, claims, current.privateKey))).toBe(true);
  });

  it('is noticed by processes that read the keys before, as soon as a token names the new one', async () => {
    const other = process();
    const token = await signIn();
    expect(await worksAt(other, token)).toBe(true);
    const keyId = await rotate();
    const { privateKey } = await stolenKey(app.database);
    app.clock.offset += 101; // unknown names make it read ten times a second, no more
    const claims = { ...claimsOf(token), iat: now(app.clock.offset), exp: now(app.clock.offset + minute) };
    const next = forge({ alg: 'ES256', typ: 'at+jwt', kid: keyId }, claims, privateKey);
    expect(await worksAt(other, next)).toBe(true);
    await other.close();
  });

  it('after a leak ends what the keys before signed, within half a minute, and no session', async () => {
    await rotate();
    app.clock.offset += 31_000;
    const [session, token] = [(await app.as('ada')).token ?? '', await signIn()];
    expect([await works(session), await works(token)]).toEqual([true, true]);
    const keyId = await rotate(true);
    app.clock.offset += 31_000;
    expect([await works(session), await works(token)]).toEqual([true, false]);
    expect((await createKeys(dependencies()).jwks()).keys.map(({ kid }) => kid)).toEqual([keyId]);
  });

  it('of several at once leaves one key that signs', async () => {
    await Promise.all(Array.from({ length: 5 }, () => rotate()));
    expect((await ownKeys()).filter(({ retiredAt }) => retiredAt === null)).toHaveLength(1);
  });

  it('helps where the secret was lost: the new key is sealed with the new one', async () => {
    const secret = 'the secret after the lost one, long enough';
    await expect(createKeys(dependencies(secret)).jwks()).rejects.toThrow(DatabaseStateError);
    const keyId = await rotate(false, secret);
    const keys = createKeys(dependencies(secret));
    expect((await keys.jwks()).keys[0]?.kid).toBe(keyId);
    expect(kidOf(await keys.sign({ a: 1 }, 'test'))).toBe(keyId);
  });
});

it('unknown names of keys do not make a process read the database each time', async () => {
  const { prisma, ...rest } = dependencies('the secret after the lost one, long enough');
  let reads = 0;
  const counting = prisma.$extends({
    query: {
      signingKey: {
        findMany({ args, query }) {
          reads += 1;
          return query(args);
        },
      },
    },
  });
  const keys = createKeys({ ...rest, prisma: counting as never });
  for (let index = 0; index < 200; index += 1) expect(await keys.find(`unknown-${index}`)).toBeNull();
  expect(reads).toBeLessThan(20);
});

describe('the key of receipts', () => {
  beforeAll(async () => {
    await rotate();
    app.clock.offset += 31_000;
  });

  it('is published, and no token that it signed is taken', async () => {
    const token = await signIn();
    await (await createKeys(dependencies()).receiptSigner())({}, 'erasure-receipt+jwt');
    app.clock.offset += 31_000; // by then every process has read it
    const stolen = await stolenKey(app.database, testSecret, 'receipts');
    const published = await createKeys(dependencies()).jwks();
    expect(published.keys.map(({ kid }) => kid)).toContain(stolen.keyId);
    const claims = {
      ...claimsOf(token),
      iat: now(app.clock.offset),
      exp: now(app.clock.offset + minute),
    };
    const header = { alg: 'ES256', typ: 'at+jwt', kid: stolen.keyId };
    expect(await works(forge(header, claims, stolen.privateKey))).toBe(false);
    const current = await stolenKey(app.database);
    expect(await works(forge({ ...header, kid: current.keyId }, claims, current.privateKey))).toBe(true);
  });

  it('stays published when it is rotated, also as a leaked one, and signs nothing any more', async () => {
    const before = await stolenKey(app.database, testSecret, 'receipts');
    for (const isLeak of [false, true]) {
      await rotate(isLeak);
      app.clock.offset += 2 * hour;
      const keys = createKeys(dependencies());
      const sign = await keys.receiptSigner();
      expect(kidOf(await sign({}, 'erasure-receipt+jwt'))).not.toBe(before.keyId);
      expect((await keys.jwks()).keys.map(({ kid }) => kid)).toContain(before.keyId);
    }
  });
});
