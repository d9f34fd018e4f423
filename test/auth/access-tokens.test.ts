/** What is taken for an access token of this server, and all that is not (RFC 9068, RFC 8725, OWASP ASVS 5, 9.1 and 9.2). */
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import {
  claimsOf,
  ecKeys,
  encode,
  forge,
  hmacWith,
  type Json,
  now,
  signWith,
  stolenKey,
  testSecret,
} from './forge.ts';

const issuer = 'https://users.example';
let app: TestApp;
let key: Awaited<ReturnType<typeof stolenKey>>;
let ada: { token: string; claims: Json };
let grace: { claims: Json };

beforeAll(async () => {
  app = await openTestApp({ env: { USERGRAPH_SECRET: testSecret, PUBLIC_URL: issuer } });
  ada = await open('ada');
  grace = await open('grace');
  key = await stolenKey(app.database);
});
afterAll(() => app.close());

/** Signs in, and answers the access token of the session. */
async function open(login: string) {
  const document = `mutation { signIn(input: { login: "${login}", password: "usergraph-demo" }) {
    ... on SignInSuccess { accessToken { token } } } }`;
  const { signIn } = (await app.anonymous.run(document)) as { signIn: { accessToken: { token: string } } };
  const { token } = signIn.accessToken;
  return { token, claims: claimsOf(token) };
}

const ask = (token: string) =>
  app.withToken(token).send<{ me: { displayName: string } | null }, object>('{ me { displayName } }');

/** What the thief of the server's key could make: everything right, but for what is said here. */
const made = (claims: Json = {}, header: Json = {}) =>
  forge(
    { alg: 'ES256', typ: 'at+jwt', kid: key.keyId, ...header },
    { ...ada.claims, ...claims },
    key.privateKey,
  );

describe('a token with nothing wrong', () => {
  it('is one of RFC 9068, and says what it stands for', () => {
    const [header] = ada.token.split('.');
    expect(JSON.parse(Buffer.from(header ?? '', 'base64url').toString())).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: key.keyId,
    });
    expect(Object.keys(ada.claims).sort()).toEqual(
      ['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'sub'].sort(),
    );
    expect(ada.claims).toMatchObject({ iss: issuer, aud: issuer, client_id: 'usergraph' });
    expect(Number(ada.claims.exp) - Number(ada.claims.iat)).toBe(600);
  });

  it.each<[string, () => string]>([
    ['as it was issued', () => ada.token],
    ['made by hand, so that all below fail for their own reason', () => made()],
    ['with its type in full', () => made({}, { typ: 'application/at+jwt' })],
    ['with claims that this server does not know', () => made({ groups: ['x'], act: { sub: 'nobody' } })],
    ['with scopes that this server does not know', () => made({ scope: 'profile cloud:fly' })],
    ['issued by a clock that is two seconds ahead', () => made({ iat: now(2000), exp: now(602_000) })],
  ])('works %s', async (_what, make) => {
    expect((await ask(make())).data).toEqual({ me: { displayName: 'Ada Lovelace' } });
  });

  it('may do no more than its scopes say', async () => {
    const { errors } = await app
      .withToken(made({ scope: 'profile' }))
      .send('mutation { updateMe(input: { bio: "x" }) { __typename } }');
    expect(errors[0]?.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'users:write' });
  });
});

const attacker = ecKeys();
const p384 = ecKeys('P-384');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = () =>
  createPublicKey({ key: key.publicJwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string;
const without = (claim: string) => ({ [claim]: undefined });
const own = (header: Json, signer: Parameters<typeof forge>[2], claims: Json = {}) =>
  forge({ typ: 'at+jwt', kid: key.keyId, ...header }, { ...ada.claims, ...claims }, signer);
const part = (token: string, index: number) => token.split('.')[index] ?? '';
const resigned = (change: (signature: Buffer) => Uint8Array | string) => {
  const token = made();
  const changed = change(Buffer.from(part(token, 2), 'base64url'));
  const text = typeof changed === 'string' ? changed : Buffer.from(changed).toString('base64url');
  return `${part(token, 0)}.${part(token, 1)}.${text}`;
};

const vectors: Record<string, Record<string, () => string>> = {
  'its algorithm': {
    'is none, unsigned': () => own({ alg: 'none' }, () => ''),
    'is none, with the signature of a good one': () => own({ alg: 'none' }, () => part(ada.token, 2)),
    'is none in other letters': () => own({ alg: 'nOnE' }, () => ''),
    'is absent': () => own({}, key.privateKey),
    'is no text': () => own({ alg: ['ES256'] }, key.privateKey),
    'is HS256, keyed with the public key as PEM': () => own({ alg: 'HS256' }, hmacWith(publicPem())),
    'is HS256, keyed with the public key as JWK': () =>
      own({ alg: 'HS256' }, hmacWith(JSON.stringify(key.publicJwk))),
    'is HS256, keyed with a coordinate of the public key': () =>
      own({ alg: 'HS256' }, hmacWith(Buffer.from(String(key.publicJwk.x), 'base64url'))),
    'is HS256, keyed with nothing': () => own({ alg: 'HS256' }, hmacWith('')),
    'is RS256 of another key': () => own({ alg: 'RS256' }, rsa.privateKey),
    'is ES384 of a key of another curve': () => own({ alg: 'ES384' }, p384.privateKey),
    'is ES256, of a key of another curve': () => own({ alg: 'ES256' }, p384.privateKey),
    'is ES384, of the right key': () => made({}, { alg: 'ES384' }),
    'is that of an encrypted token': () => `${encode({ alg: 'dir', enc: 'A256GCM' })}.${encode('')}.a.b.c`,
  },
  'its type': {
    'is JWT, as of an id token': () => made({ nonce: 'n' }, { typ: 'JWT' }),
    'is absent': () => made({}, without('typ')),
    'is no text': () => made({}, { typ: 1 }),
    'is a list': () => made({}, { typ: ['at+jwt'] }),
    'is that of a capability': () => made({}, { typ: 'capability+jwt' }),
    'is that of a logout token': () => made({}, { typ: 'logout+jwt' }),
  },
  'its key': {
    'is not named': () => made({}, without('kid')),
    'is unknown': () => made({}, { kid: 'A'.repeat(43) }),
    'is the attacker’s, under the name of the real one': () => own({ alg: 'ES256' }, attacker.privateKey),
    'is named by a path': () => made({}, { kid: '../../../../dev/null' }),
    'is named by SQL': () => made({}, { kid: "' OR '1'='1" }),
    'is named by a property of every object': () => made({}, { kid: '__proto__' }),
    'is named by half a character': () => made({}, { kid: '\ud800' }),
    'is named by a number': () => made({}, { kid: 1 }),
    'is named by a list': () => made({}, { kid: [key.keyId] }),
    'comes along in the header': () =>
      own({ alg: 'ES256', jwk: attacker.publicKey.export({ format: 'jwk' }) }, attacker.privateKey),
    'comes along in the header, and none is named': () =>
      own(
        { alg: 'ES256', kid: undefined, jwk: attacker.publicKey.export({ format: 'jwk' }) },
        attacker.privateKey,
      ),
    'is to be fetched (jku)': () =>
      own({ alg: 'ES256', jku: 'http://127.0.0.1:9/jwks.json' }, attacker.privateKey),
    'is to be fetched (x5u)': () =>
      own({ alg: 'ES256', x5u: 'http://127.0.0.1:9/x.pem' }, attacker.privateKey),
    'comes along as a certificate': () => own({ alg: 'ES256', x5c: ['MIIB'] }, attacker.privateKey),
  },
  'its header': {
    'has a critical extension': () => made({}, { crit: ['exp'], exp: 1 }),
    'has an empty list of critical extensions': () => made({}, { crit: [] }),
    'leaves the payload unencoded': () => made({}, { crit: ['b64'], b64: false }),
    'is no object': () => forge('null', ada.claims, key.privateKey),
    'is no JSON': () => forge('{', ada.claims, key.privateKey),
  },
  'its form': {
    'is cut in the signature': () => made().slice(0, -1),
    'is cut to two parts': () => made().split('.').slice(0, 2).join('.'),
    'has no signature': () => `${made().split('.').slice(0, 2).join('.')}.`,
    'has a fourth part': () => `${made()}.${part(made(), 2)}`,
    'ends in a dot': () => `${made()}.`,
    'begins with a dot': () => `.${made()}`,
    'is dots': () => '..',
    'is padded': () => `${made()}==`,
    'is in the other alphabet of base64': () =>
      resigned((signature) =>
        Buffer.concat([signature.subarray(0, 62), Buffer.of(255, 255)]).toString('base64'),
      ),
    'writes the same signature in another way': () =>
      resigned((signature) => {
        const text = signature.toString('base64url');
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
        return text.slice(0, -1) + alphabet[alphabet.indexOf(text.slice(-1)) + 1];
      }),
    'has its signature as DER': () =>
      own({ alg: 'ES256' }, (input) => signWith(key.privateKey, input, 'der')),
    'has a signature of zeros': () => resigned(() => new Uint8Array(64)),
    'has the signature of another one': () => resigned(() => part(made({ jti: 'other' }), 2)),
    'has another payload than was signed': () =>
      `${part(made(), 0)}.${encode({ ...ada.claims, sub: grace.claims.sub, sid: grace.claims.sid })}.${part(made(), 2)}`,
    'has a payload that is a list': () =>
      own({ alg: 'ES256' }, key.privateKey, {}).replace(/\..*\./, `.${encode([])}.`),
    'is JSON': () => JSON.stringify({ payload: part(made(), 1), protected: part(made(), 0), signature: '.' }),
  },
  'its issuer or audience': {
    'is another issuer': () => made({ iss: 'https://evil.example' }),
    'is the issuer with a slash': () => made({ iss: `${issuer}/` }),
    'is a list of issuers': () => made({ iss: [issuer] }),
    'is no issuer': () => made(without('iss')),
    'is another audience': () => made({ aud: 'https://api.example' }),
    'is a list with the audience': () => made({ aud: [issuer] }),
    'is a list of audiences': () => made({ aud: [issuer, 'https://api.example'] }),
    'is no audience': () => made(without('aud')),
  },
  'its time': {
    'is over': () => made({ iat: now(-700_000), exp: now(-100_000) }),
    'has no end': () => made(without('exp')),
    'ends in text': () => made({ exp: String(now(600_000)) }),
    'ends never': () => made({ exp: null }),
    'ends beyond all numbers': () => own({ alg: 'ES256' }, key.privateKey, { exp: Number.MAX_VALUE }),
    'lasts eleven minutes': () => made({ iat: now(), exp: now(660_000) }),
    'lasts a year': () => made({ exp: now(31_536_000_000) }),
    'begins in a minute': () => made({ nbf: now(60_000) }),
    'begins in text': () => made({ nbf: 'now' }),
    'was issued in a minute': () => made({ iat: now(60_000), exp: now(600_000) }),
    'was issued never': () => made(without('iat')),
    'was issued in text': () => made({ iat: 'now' }),
  },
  'its other claims': {
    'have no subject': () => made(without('sub')),
    'have a number as the subject': () => made({ sub: 1 }),
    'have a name as the subject': () => made({ sub: 'ada' }),
    'have another subject than the session': () => made({ sub: grace.claims.sub }),
    'have the session of another subject': () => made({ sid: grace.claims.sid }),
    'have no id': () => made(without('jti')),
    'have no client': () => made(without('client_id')),
    'have no scope': () => made(without('scope')),
    'have a list of scopes': () => made({ scope: ['profile'] }),
    'lead nowhere': () => made(without('sid')),
    'lead to a session and an API token': () => made({ tid: randomUUID() }),
    'lead to a session by null and an API token': () => made({ sid: null, tid: randomUUID() }),
    'lead to a session that never was': () => made({ sid: randomUUID() }),
    'lead to SQL': () => made({ sid: "' OR '1'='1" }),
    'lead to a list': () => made({ sid: [ada.claims.sid] }),
    'take the session for an API token': () => made({ ...without('sid'), tid: ada.claims.sid }),
  },
};

describe.each(Object.entries(vectors))('a token is no credential when %s', (_what, cases) => {
  it.each(Object.entries(cases))('%s', async (_case, make) => {
    const token = make();
    const { status, text, errors } = await ask(token);
    expect([status, errors[0]?.extensions.code], text).toEqual([401, 'UNAUTHENTICATED']);
    expect(text).not.toContain('Ada');
    for (const secret of token.split('.').filter((piece) => piece.length > 20)) {
      expect(text).not.toContain(secret);
      expect(app.logged.join('')).not.toContain(secret);
    }
  });
});

it('there are at least thirty such vectors, and none of them is a bug that was masked', () => {
  expect(Object.values(vectors).flatMap((cases) => Object.keys(cases)).length).toBeGreaterThanOrEqual(30);
  expect(app.logged.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
});

describe('a good token stops at once', () => {
  const works = async (token: string) => (await ask(token)).status === 200;

  it('when its session is revoked', async () => {
    const { token, claims } = await open('ada');
    const other = await app.as('ada');
    expect(await works(token)).toBe(true);
    const { encodeId } = await import('../../src/domain/ids.ts');
    await other.run('mutation ($id: ID!) { revokeSession(id: $id) { __typename } }', {
      id: encodeId('Session', String(claims.sid)),
    });
    expect(await works(token)).toBe(false);
    expect(await works(ada.token)).toBe(true);
  });

  it('when it signs out itself', async () => {
    const { token } = await open('ada');
    await app.withToken(token).run('mutation { signOut { __typename } }');
    expect(await works(token)).toBe(false);
  });

  it('when its account is suspended, and works again when that is taken back', async () => {
    const { token, claims } = await open('grace');
    const set = (status: 'ACTIVE' | 'SUSPENDED') =>
      app.database.prisma.user.update({ where: { id: String(claims.sub) }, data: { status } });
    await set('SUSPENDED');
    expect(await works(token)).toBe(false);
    await set('ACTIVE');
    expect(await works(token)).toBe(true);
  });

  it('when its session ends, though it would last itself', async () => {
    const { token, claims } = await open('ada');
    await app.database.prisma.session.update({
      where: { id: String(claims.sid) },
      data: { expiresAt: new Date(Date.now() - 1000) },
    });
    expect(await works(token)).toBe(false);
  });

  it('when nobody used its session for too long', async () => {
    const { token, claims } = await open('ada');
    await app.database.prisma.session.update({
      where: { id: String(claims.sid) },
      data: { lastUsedAt: new Date(Date.now() - 15 * 24 * 60 * 60 * 1000) },
    });
    expect(await works(token)).toBe(false);
  });

  it('after its ten minutes, and five seconds for clocks that differ', async () => {
    const { token, claims } = await open('ada');
    const left = Number(claims.exp) * 1000 - Date.now();
    app.clock.offset = left + 3000;
    expect(await works(token)).toBe(true);
    app.clock.offset = left + 6000;
    expect(await works(token)).toBe(false);
    app.clock.offset = 0;
  });
});

it('a refused token writes nothing: neither a use nor an audit row', async () => {
  const { prisma } = app.database;
  const read = async () => [
    await prisma.session.findMany({ orderBy: { id: 'asc' } }),
    await prisma.auditEvent.count(),
  ];
  await prisma.session.updateMany({ data: { lastUsedAt: new Date(Date.now() - 3_600_000) } });
  const before = await read();
  for (const make of Object.values(vectors).flatMap((cases) => Object.values(cases))) await ask(make());
  expect(await read()).toEqual(before);
});
