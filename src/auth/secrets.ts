import { createHash } from 'node:crypto';

/** Prefixes make a leaked secret recognizable to people and to scanners. */
export const secretPrefixes = { session: 'ug_ses_', apiToken: 'ug_tok_' } as const;
export type SecretKind = keyof typeof secretPrefixes;

export interface IssuedSecret {
  /** The whole secret, shown once. */
  readonly secret: string;
  /** What is stored: SHA-256. A fast hash is enough for 256 random bits. */
  readonly hash: Uint8Array<ArrayBuffer>;
  /** The beginning of the secret, by which its owner recognizes it. */
  readonly prefix: string;
}

/** Makes a bearer secret of 256 random bits. */
export function issueSecret(kind: SecretKind, randomBytes: (size: number) => Uint8Array): IssuedSecret {
  const secret = secretPrefixes[kind] + Buffer.from(randomBytes(32)).toString('base64url');
  return { secret, hash: hashSecret(secret), prefix: secret.slice(0, secretPrefixes[kind].length + 4) };
}

export function hashSecret(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(secret).digest());
}

/** The kind of a presented secret by its form, or null for what this server never issued. */
export function secretKind(secret: string): SecretKind | null {
  if (!/^ug_(ses|tok)_[A-Za-z0-9_-]{43}$/.test(secret)) return null;
  return secret.startsWith(secretPrefixes.session) ? 'session' : 'apiToken';
}
