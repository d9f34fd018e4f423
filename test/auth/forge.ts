/** Tokens made by hand, good ones and bad ones: no library that verifies has a say in what they look like. */
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createSealing } from '../../src/auth/sealing.ts';
import type { Database } from '../../src/db/database.ts';

export const testSecret = 'a secret that only these tests use';

export type Json = Record<string, unknown>;

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A JWS in compact form: signed with a private key, or by a function. */
export function forge(
  header: unknown,
  claims: unknown,
  key: KeyObject | ((input: string) => Uint8Array | string),
): string {
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = typeof key === 'function' ? key(input) : signWith(key, input);
  return `${input}.${typeof signature === 'string' ? signature : Buffer.from(signature).toString('base64url')}`;
}

/** ECDSA as JWS writes it, EdDSA, or RSA with PKCS #1 padding. */
export function signWith(key: KeyObject, input: string, dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363') {
  const isEd = key.asymmetricKeyType === 'ed25519';
  const hash = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  return sign(isEd ? null : hash, Buffer.from(input), { key, dsaEncoding });
}

export const hmacWith = (secret: string | Uint8Array) => (input: string) =>
  createHmac('sha256', secret).update(input).digest();

export const ecKeys = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });

export const now = (offset = 0) => Math.floor((Date.now() + offset) / 1000);

/** The claims of a token as they stand in it. */
export const claimsOf = (token: string): Json =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** The key that the server signs with: what a thief of the database and of the secret would have. */
export async function stolenKey(
  { prisma }: Pick<Database, 'prisma'>,
  secret = testSecret,
  purpose: 'tokens' | 'receipts' = 'tokens',
) {
  const row = await prisma.signingKey.findFirstOrThrow({
    where: { organizationId: null, retiredAt: null, purpose },
  });
  const { open } = createSealing(secret, (size) => new Uint8Array(size));
  const jwk = JSON.parse(open(row.encryptedPrivateJwk ?? new Uint8Array(), row.keyId));
  const publicJwk = row.publicJwk as Json;
  return { keyId: row.keyId, publicJwk, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
}
