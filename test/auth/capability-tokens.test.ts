/** Credentials that organizations sign themselves, and the keys that they register for it. */
import {
  constants,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/policy.ts';
import { ask } from '../policy/ask.ts';
import { ago, collectRows, hour } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { ecKeys, forge, hmacWith, type Json, now, signWith, stolenKey, testSecret } from './forge.ts';

const issuer = 'https://users.example';
let app: TestApp;
let acme: string;
let babel: string;
let owner: string;
let robot: string;
let foreignRobot: string;
let suspendedRobot: string;
let foreignOwner: string;

beforeAll(async () => {
  app = await openTestApp({ env: { USERGRAPH_SECRET: testSecret, PUBLIC_URL: issuer } });
  const rows = collectRows();
  const [ada, eve] = [rows.user({ name: 'Ada' }), rows.user({ name: 'Eve' })];
  acme = rows.organization('Acmetwo', [[ada, 'OWNER']]);
  babel = rows.organization('Babeltwo', [[eve, 'OWNER']]);
  const service = (organizationId: string, columns: object = {}) =>
    rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId, ...columns });
  [robot, foreignRobot] = [service(acme), service(babel)];
  suspendedRobot = service(acme, { status: 'SUSPENDED' });
  owner = rows.session(ada).secret;
  foreignOwner = rows.session(eve).secret;
  await rows.write(app.database);
});
afterAll(() => app.close());

const registration = `mutation ($input: RegisterSigningKeyInput!) { registerSigningKey(input: $input) { __typename
  ... on RegisterSigningKeySuccess { signingKey { id keyId name algorithm publicJwk isActive retiredAt } }
  ... on InvalidInputError { problems { path code message } } ... on Error { code } } }`;

interface Registered {
  readonly signingKey: { id: string; keyId: string; algorithm: string; publicJwk: Json };
  readonly problems?: readonly { path: string[]; code: string; message: string }[];
}

const jwkOf = (key: KeyObject): Json => key.export({ format: 'jwk' }) as Json;

async function register(publicJwk: Json, input: object = {}, secret = owner): Promise<Registered> {
  const data = await app.withToken(secret).run(registration, {
    input: { organizationId: encodeId('Organization', acme), name: 'Reports', publicJwk, ...input },
  });
  return (data as { registerSigningKey: Registered }).registerSigningKey;
}

const retire = (id: string, secret = owner) =>
  ask(app.withToken(secret), 'retireSigningKey(id: $id)', { id });

/** A registered key, with what is needed to sign by it. */
async function newKey(pair = ecKeys(), input: object = {}, secret = owner) {
  const { signingKey, problems } = await register(jwkOf(pair.publicKey), input, secret);
  if (problems) throw new Error(JSON.stringify(problems));
  return { ...signingKey, privateKey: pair.privateKey };
}

let shared: Promise<Awaited<ReturnType<typeof newKey>>> | undefined;
/** The key that most tests sign with. */
const theKey = () => {
  shared ??= newKey();
  return shared;
};

const good = () => ({ iss: acme, aud: issuer, iat: now(), exp: now(600_000), scope: 'profile data:read' });

/** A good capability but for what is said. */
async function capability(claims: Json = {}, header: Json = {}, signer?: Parameters<typeof forge>[2]) {
  const { keyId, privateKey } = await theKey();
  return forge(
    { alg: 'ES256', typ: 'capability+jwt', kid: keyId, ...header },
    { ...good(), ...claims },
    signer ?? privateKey,
  );
}

const viewer =
  '{ viewer { user { id } credential { kind id scopes expiresAt } organizations { organization { name } } } }';
const look = (token: string) => app.withToken(token).send(viewer);

describe('a capability token', () => {
  it('acts as its organization, with its scopes and until its end', async () => {
    const { id } = await theKey();
    const exp = now(600_000);
    expect((await look(await capability({ exp }))).data).toEqual({
      viewer: {
        user: null,
        credential: {
          kind: 'CAPABILITY_TOKEN',
          id,
          scopes: expect.arrayContaining(['PROFILE', 'DATA_READ']),
          expiresAt: new Date(exp * 1000).toISOString(),
        },
        organizations: [{ organization: { name: 'Acmetwo' } }],
      },
    });
  });

  it('acts as a service account of the organization, and writes as such, no more than its scopes say', async () => {
    const token = await capability({ sub: robot, scope: 'profile users:write' });
    expect((await look(token)).data).toMatchObject({ viewer: { user: { id: encodeId('User', robot) } } });
    expect(
      await ask(app.withToken(token), 'createManagedUser(input: $input)', { input: { firstName: 'Kit' } }),
    ).toBe('ok');
    const [event] = await app.database.prisma.auditEvent.findMany({ where: { actorId: robot } });
    expect(event).toMatchObject({ action: 'user.create', credentialKind: 'CAPABILITY_TOKEN' });
    const reader = await capability({ sub: robot });
    expect(
      await ask(app.withToken(reader), 'createManagedUser(input: $input)', { input: { firstName: 'Kit' } }),
    ).toBe('INSUFFICIENT_SCOPE');
    expect(
      await ask(app.withToken(token), 'createApiToken(input: $input)', { input: { name: 'x', scopes: [] } }),
    ).toBe('INSUFFICIENT_SCOPE');
  });

  it.each<[string, () => Json]>([
    [
      'ids as the graph writes them',
      () => ({ iss: encodeId('Organization', acme), sub: encodeId('User', robot) }),
    ],
    ['the organization as its subject', () => ({ sub: acme })],
    ['no scope at all', () => ({ scope: '' })],
    ['an hour', () => ({ exp: now(3_600_000) })],
    ['a beginning that is past', () => ({ nbf: now(-1000) })],
  ])('may have %s', async (_what, claims) => {
    const { iat } = good();
    expect((await look(await capability({ iat, ...claims() }))).status).toBe(200);
  });

  it('may be signed with PS256 where its key says so, and then not with RS256', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { signingKey } = await register({ ...jwkOf(pair.publicKey), alg: 'PS256' });
    const make = (alg: string, signer: Parameters<typeof forge>[2]) =>
      forge({ alg, typ: 'capability+jwt', kid: signingKey.keyId }, good(), signer);
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const pss = (input: string) => sign('sha256', Buffer.from(input), { key: pair.privateKey, ...padding });
    expect((await look(make('PS256', pss))).status).toBe(200);
    expect((await look(make('RS256', pair.privateKey))).status).toBe(401);
    await retire(signingKey.id);
  });

  const pairs: [string, () => { publicKey: KeyObject; privateKey: KeyObject }][] = [
    ['ES384', () => ecKeys('P-384')],
    ['EdDSA', () => generateKeyPairSync('ed25519')],
    ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ];
  it.each(pairs)('may be signed with %s, and with that alone', async (algorithm, pair) => {
    const key = await newKey(pair());
    expect(key.algorithm).toBe(algorithm);
    const make = (alg: string) =>
      forge({ alg, typ: 'capability+jwt', kid: key.keyId }, good(), key.privateKey);
    expect((await look(make(algorithm))).status).toBe(200);
    for (const alg of ['ES256', 'PS256', 'HS256', 'none', 'Ed25519'])
      expect((await look(make(alg))).status).toBe(401);
    await retire(key.id);
  });
});

const attacker = ecKeys();
const without = (claim: string) => ({ [claim]: undefined });

const vectors: Record<string, () => Promise<string>> = {
  'is not signed': () => capability({}, { alg: 'none' }, () => ''),
  'is signed with HS256 and the public key': async () =>
    capability({}, { alg: 'HS256' }, hmacWith(JSON.stringify((await theKey()).publicJwk))),
  'is signed by another key': () => capability({}, {}, attacker.privateKey),
  'brings its key along': () => capability({}, { jwk: jwkOf(attacker.publicKey) }, attacker.privateKey),
  'says where its key is': () => capability({}, { jku: 'http://127.0.0.1:9/' }, attacker.privateKey),
  'has its signature as DER': async () => {
    const { privateKey } = await theKey();
    return capability({}, {}, (input) => signWith(privateKey, input, 'der'));
  },
  'is padded': async () => `${await capability()}==`,
  'is signed with another algorithm than its key’s': () => capability({}, { alg: 'ES384' }),
  'has the type of an access token': () => capability({}, { typ: 'at+jwt' }),
  'has the type JWT': () => capability({}, { typ: 'JWT' }),
  'has no type': () => capability({}, without('typ')),
  'has a type that is no text': () => capability({}, { typ: 7 }),
  'names no key': () => capability({}, without('kid')),
  'names an unknown key': () => capability({}, { kid: 'B'.repeat(43) }),
  'names a key by SQL': () => capability({}, { kid: "' OR '1'='1" }),
  'names a key by U+0000': () => capability({}, { kid: '\u0000' }),
  'names a key by half a character': () => capability({}, { kid: '\ud800' }),
  'names a key by a number': () => capability({}, { kid: 1 }),
  'has a critical extension': () => capability({}, { crit: ['x'], x: 1 }),
  'is of no issuer': () => capability(without('iss')),
  'is of another organization': () => capability({ iss: babel }),
  'is of this server': () => capability({ iss: issuer }),
  'is of a user': () => capability({ iss: encodeId('User', robot) }),
  'is for no audience': () => capability(without('aud')),
  'is for another audience': () => capability({ aud: 'https://other.example' }),
  'is for a list of audiences': () => capability({ aud: [issuer] }),
  'is over': () => capability({ iat: now(-700_000), exp: now(-10_000) }),
  'ends never': () => capability(without('exp')),
  'ends beyond all numbers': () => capability({ exp: Number.MAX_VALUE }),
  'ends before it begins': () => capability({ iat: now(3000), exp: now(1000) }),
  'lasts longer than an hour': () => capability({ exp: now(3_605_000) }),
  'has no time of issue': () => capability(without('iat')),
  'was issued in the future': () => capability({ iat: now(60_000), exp: now(120_000) }),
  'begins later': () => capability({ nbf: now(60_000) }),
  'has no scope': () => capability(without('scope')),
  'has a list of scopes': () => capability({ scope: ['profile'] }),
  'wants to be a superuser': () => capability({ scope: 'profile admin' }),
  'wants to make tokens': () => capability({ scope: 'tokens:write' }),
  'wants to stay signed in': () => capability({ scope: 'offline_access' }),
  'wants a scope that there is not': () => capability({ scope: 'profile cloud:fly' }),
  'acts as a person': async () =>
    capability({
      sub: await app.database.prisma.membership
        .findFirstOrThrow({ where: { organizationId: acme } })
        .then(({ userId }) => userId),
    }),
  'acts as a service account of another organization': () => capability({ sub: foreignRobot }),
  'acts as a suspended service account': () => capability({ sub: suspendedRobot }),
  'acts as nobody': () => capability({ sub: randomUUID() }),
  'acts as another organization': () => capability({ sub: babel }),
  'acts as null': () => capability({ sub: null }),
  'acts as a number': () => capability({ sub: 1 }),
};

describe('a capability token is no credential when it', () => {
  it.each(Object.entries(vectors))('%s', async (_what, make) => {
    const token = await make();
    const { status, errors, text } = await look(token);
    expect([status, errors[0]?.extensions.code], text).toEqual([401, 'UNAUTHENTICATED']);
    for (const part of token.split('.').filter(({ length }) => length > 20)) {
      expect(text).not.toContain(part);
      expect(app.logged.join('')).not.toContain(part);
    }
  });

  it('is signed by this server, whose keys sign for no organization', async () => {
    await app.as('ada');
    await app.anonymous.run(`mutation { signIn(input: { login: "ada", password: "usergraph-demo" }) {
      ... on SignInSuccess { accessToken { token } } } }`);
    const { keyId, privateKey } = await stolenKey(app.database);
    expect((await look(await capability({}, { kid: keyId }, privateKey))).status).toBe(401);
  });

  it('names a key of an organization, and says that it is an access token of this server', async () => {
    const claims = { iss: issuer, sub: robot, client_id: 'x', jti: 'x', sid: randomUUID() };
    expect((await look(await capability(claims, { typ: 'at+jwt' }))).status).toBe(401);
  });

  it('is one of those above, none of which is a bug that was masked', () => {
    expect(app.logged.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });
});

describe('a key', () => {
  it('is known by its thumbprint and without a private half, and stands in the list of its organization', async () => {
    const pair = ecKeys();
    const { signingKey } = await register(
      { ...jwkOf(pair.publicKey), kid: 'mine', use: 'sig', ext: true, secretNote: 'x' },
      { name: 'Nightly' },
    );
    const { calculateJwkThumbprint } = await import('jose');
    expect(signingKey).toMatchObject({
      keyId: await calculateJwkThumbprint(jwkOf(pair.publicKey) as never),
      name: 'Nightly',
      algorithm: 'ES256',
      isActive: true,
      retiredAt: null,
    });
    expect(Object.keys(signingKey.publicJwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const list = `query ($id: ID!) { organization(id: $id) { signingKeys { totalCount nodes { id } } } }`;
    const id = { id: encodeId('Organization', acme) };
    expect((await app.withToken(owner).send(list, id)).text).toContain(signingKey.id);
    const readers: Scope[] = ['profile'];
    const rows = collectRows();
    const weak = rows.apiToken({ organizationId: acme }, readers);
    const mate = rows.user();
    const session = rows.session(mate).secret;
    await rows.write(app.database);
    await app.database.prisma.membership.create({
      data: { organizationId: acme, userId: mate, role: 'MEMBER' },
    });
    for (const secret of [weak.secret, session]) {
      const { text } = await app.withToken(secret).send(list, id);
      expect(text).toContain('"signingKeys":{"totalCount":0,"nodes":[]}');
    }
    expect(await retire(signingKey.id)).toBe('ok');
  });

  it('stops what it signed as soon as it is retired, and never comes back; another one goes on', async () => {
    const pair = ecKeys();
    const [old, next] = [await newKey(pair), await newKey()];
    const make = ({ keyId, privateKey }: typeof old) =>
      forge({ alg: 'ES256', typ: 'capability+jwt', kid: keyId }, good(), privateKey);
    expect([(await look(make(old))).status, (await look(make(next))).status]).toEqual([200, 200]);
    expect([await retire(old.id), await retire(old.id)]).toEqual(['ok', 'ok']);
    expect([(await look(make(old))).status, (await look(make(next))).status]).toEqual([401, 200]);
    expect((await register(jwkOf(pair.publicKey))).problems).toMatchObject([{ code: 'NOT_ALLOWED' }]);
    const events = await app.database.prisma.auditEvent.findMany({
      where: { subjectType: 'SigningKey', action: 'key.retire', organizationId: acme },
    });
    expect(events.filter(({ credentialKind }) => credentialKind === 'SESSION').length).toBeGreaterThan(0);
    await retire(next.id);
  });

  const rsa = (modulusLength: number, publicExponent = 65537) =>
    jwkOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey);
  const ec = () => jwkOf(ecKeys().publicKey);
  const refused: [string, string, () => Json][] = [
    ['holds its private half', 'NOT_ALLOWED', () => jwkOf(ecKeys().privateKey)],
    [
      'holds the private half of RSA',
      'NOT_ALLOWED',
      () => jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
    ],
    ['holds null for the private half', 'NOT_ALLOWED', () => ({ ...ec(), d: null })],
    ['is a shared secret', 'NOT_ALLOWED', () => ({ kty: 'oct', k: 'AAAA' })],
    ['is of the curve of Bitcoin', 'NOT_ALLOWED', () => jwkOf(ecKeys('secp256k1').publicKey)],
    ['is of P-521', 'NOT_ALLOWED', () => jwkOf(ecKeys('P-521').publicKey)],
    ['is for key agreement', 'NOT_ALLOWED', () => jwkOf(generateKeyPairSync('x25519').publicKey)],
    ['is of 1024 bits', 'NOT_ALLOWED', () => rsa(1024)],
    [
      'is of 5120 bits',
      'NOT_ALLOWED',
      () => ({ ...rsa(2048), n: Buffer.alloc(640, 255).toString('base64url') }),
    ],
    ['has the exponent 3', 'NOT_ALLOWED', () => rsa(2048, 3)],
    ['wants another algorithm than its kind', 'NOT_ALLOWED', () => ({ ...ec(), alg: 'RS256' })],
    ['wants a symmetric algorithm', 'NOT_ALLOWED', () => ({ ...rsa(2048), alg: 'HS256' })],
    ['wants none', 'NOT_ALLOWED', () => ({ ...ec(), alg: 'none' })],
    ['is for encryption', 'NOT_ALLOWED', () => ({ ...ec(), use: 'enc' })],
    ['is for signing only', 'NOT_ALLOWED', () => ({ ...ec(), key_ops: ['sign'] })],
    ['is empty', 'NOT_ALLOWED', () => ({})],
    ['has a kind that every object has', 'NOT_ALLOWED', () => ({ kty: '__proto__', crv: undefined })],
    ['has a kind that is no text', 'NOT_ALLOWED', () => ({ kty: { a: 1 }, crv: ['P-256'] })],
    ['lacks a coordinate', 'INVALID', () => ({ ...ec(), y: undefined })],
    ['is no point of its curve', 'INVALID', () => ({ ...ec(), y: ec().x })],
    ['has a coordinate that is no text', 'INVALID', () => ({ ...ec(), x: 1 })],
    ['has a very long member', 'INVALID', () => ({ ...rsa(2048), n: 'A'.repeat(100_000) })],
  ];
  it.each(refused)('that %s is refused, and written nowhere', async (_what, code, make) => {
    const before = await app.database.prisma.signingKey.count();
    const jwk = make();
    const { problems } = await register(jwk, { name: '' });
    expect(problems?.map((problem) => [problem.path.join('.'), problem.code]).sort()).toEqual(
      [
        ['input.name', 'TOO_SHORT'],
        ['input.publicJwk', code],
      ].sort(),
    );
    expect(await app.database.prisma.signingKey.count()).toBe(before);
    if (typeof jwk.d === 'string') expect(app.logged.join('')).not.toContain(jwk.d);
  });

  it('is taken once, also when two ask for it at the same time, in two organizations', async () => {
    const jwk = ec();
    const foreign = { organizationId: encodeId('Organization', babel) };
    const answers = await Promise.all([register(jwk), register(jwk), register(jwk, foreign, foreignOwner)]);
    const made = answers.filter(({ problems }) => problems === undefined);
    expect(made).toHaveLength(1);
    for (const { problems } of answers)
      expect(problems ?? [{ code: 'NOT_ALLOWED' }]).toMatchObject([{ code: 'NOT_ALLOWED' }]);
    await app.database.prisma.signingKey.deleteMany({ where: { keyId: made[0]?.signingKey.keyId ?? '' } });
  });

  it('is one of ten in use at most, however many are registered at once', async () => {
    const input = { organizationId: encodeId('Organization', babel) };
    const answers = await Promise.all(Array.from({ length: 14 }, () => register(ec(), input, foreignOwner)));
    const made = answers.filter(({ problems }) => problems === undefined);
    expect(made).toHaveLength(10);
    expect(answers.find(({ problems }) => problems)?.problems?.[0]?.path).toEqual([
      'input',
      'organizationId',
    ]);
    expect(await retire(made[0]?.signingKey.id ?? '', foreignOwner)).toBe('ok');
    expect((await register(ec(), input, foreignOwner)).problems).toBeUndefined();
  });
});

describe('a key is registered and retired by those who run the organization, and by nobody else', () => {
  const input = () => ({
    input: {
      organizationId: encodeId('Organization', acme),
      name: 'x',
      publicJwk: jwkOf(ecKeys().publicKey),
    },
  });
  const registering = (secret: string | null) =>
    ask(app.withToken(secret), 'registerSigningKey(input: $input)', input());

  it('whoever they are to it', async () => {
    const rows = collectRows();
    const [admin, mate, stranger, root] = [
      rows.user(),
      rows.user(),
      rows.user(),
      rows.user({ isSuperuser: true }),
    ];
    const cases: [string | null, string, string][] = [
      [null, 'UNAUTHENTICATED', 'UNAUTHENTICATED'],
      [rows.session(stranger).secret, 'NOT_FOUND', 'NOT_FOUND'],
      [rows.session(mate).secret, 'FORBIDDEN', 'NOT_FOUND'],
      [rows.apiToken({ organizationId: acme }).secret, 'FORBIDDEN', 'NOT_FOUND'],
      [rows.apiToken({ userId: robot }).secret, 'FORBIDDEN', 'NOT_FOUND'],
      [rows.session(admin).secret, 'ok', 'ok'],
      [rows.session(root).secret, 'ok', 'ok'],
    ];
    await rows.write(app.database);
    await app.database.prisma.membership.createMany({
      data: [
        { organizationId: acme, userId: admin, role: 'ADMIN' },
        { organizationId: acme, userId: mate, role: 'MEMBER' },
      ],
    });
    for (const [secret, registered, retired] of cases) {
      const { id } = await newKey();
      expect(await registering(secret)).toBe(registered);
      expect(await ask(app.withToken(secret), 'retireSigningKey(id: $id)', { id })).toBe(retired);
      await app.database.prisma.signingKey.updateMany({
        where: { organizationId: acme, keyId: { not: (await theKey()).keyId } },
        data: { retiredAt: ago(hour) },
      });
    }
  });

  it('by no token that lacks what a key hands on, or is bound to networks', async () => {
    const { userId } = await app.database.prisma.membership.findFirstOrThrow({
      where: { organizationId: acme, role: 'OWNER' },
    });
    const all: Scope[] = ['tokens:write', 'openid', 'profile', 'data:read', 'data:write', 'users:write'];
    const rows = collectRows();
    const token = (scopes: Scope[], columns: object = {}) =>
      rows.apiToken({ userId }, scopes, columns).secret;
    const lacking = all.map((one) => token(all.filter((scope) => scope !== one)));
    const [enough, bound] = [token(all), token(all, { allowedNetworks: ['192.0.2.0/24'] })];
    await rows.write(app.database);
    for (const secret of lacking) expect(await registering(secret)).toBe('INSUFFICIENT_SCOPE');
    expect(await registering(bound)).toBe('FORBIDDEN');
    expect(await registering(enough)).toBe('ok');
  });

  it('and this server’s own keys are nobody’s', async () => {
    const own = await app.database.prisma.signingKey.findFirstOrThrow({ where: { organizationId: null } });
    const admin = await app.as('admin');
    expect(await ask(admin, 'retireSigningKey(id: $id)', { id: encodeId('SigningKey', own.id) })).toBe(
      'NOT_FOUND',
    );
    expect((await register(own.publicJwk as Json)).problems).toMatchObject([{ code: 'NOT_ALLOWED' }]);
    const { retiredAt } = await app.database.prisma.signingKey.findUniqueOrThrow({ where: { id: own.id } });
    expect(retiredAt).toBeNull();
  });
});

it('the example of the documentation works as it stands', async () => {
  const text = readFileSync(new URL('../../docs/capability-tokens.md', import.meta.url), 'utf8');
  const block = (language: string) =>
    new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(text)?.[1] ?? '';
  const pair = ecKeys();
  const organization = encodeId('Organization', acme);
  const registered = (await app.withToken(owner).run(block('graphql'), {
    organization,
    publicJwk: jwkOf(pair.publicKey),
  })) as { registerSigningKey: { signingKey: { keyId: string } } };
  const { keyId } = registered.registerSigningKey.signingKey;
  const file = new URL(`./example-${randomUUID()}.mjs`, import.meta.url); // beside this file, where jose is found
  writeFileSync(file, block('js'));
  const { makeCapability } = await import(file.href).finally(() => rmSync(file));
  const privateJwk = jwkOf(createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const token = await makeCapability({ server: issuer, organizationId: organization, keyId, privateJwk });
  expect((await look(token)).data).toMatchObject({ viewer: { credential: { kind: 'CAPABILITY_TOKEN' } } });
});
