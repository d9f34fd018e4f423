import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Prefixes make a leaked secret recognizable to people and to scanners. */
export const secretPrefixes = {
  session: 'ug_ses_',
  apiToken: 'ug_tok_',
  refreshToken: 'ug_ref_',
  clientSecret: 'ug_cli_',
  authorizationCode: 'ug_cod_',
  deviceCode: 'ug_dev_',
  invitation: 'ug_inv_',
  exportLink: 'ug_exp_',
  undoCode: 'ug_und_',
} as const;
export type SecretKind = keyof typeof secretPrefixes;

export interface IssuedSecret {
  /** The whole secret, shown once. */
  readonly secret: string;
  /** What is stored: SHA-256. A fast hash is enough for 256 random bits. */
  readonly hash: Uint8Array<ArrayBuffer>;
  /** The beginning of the secret, by which its owner recognizes it. */
  readonly prefix: string;
}

/** Makes a bearer secret of 256 random bits: a prefix, the bits in base64url, and a checksum. */
export function issueSecret(kind: SecretKind, randomBytes: (size: number) => Uint8Array): IssuedSecret {
  return secretOf(kind, randomBytes(32));
}

/** The secret that 256 bits make. */
export function secretOf(kind: SecretKind, bits: Uint8Array): IssuedSecret {
  const body = secretPrefixes[kind] + Buffer.from(bits).toString('base64url');
  const secret = body + checksum(body);
  return { secret, hash: hashSecret(secret), prefix: secret.slice(0, secretPrefixes[kind].length + 4) };
}

export function hashSecret(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', secret, 'buffer'));
}

const form = new RegExp(`^(${Object.values(secretPrefixes).join('|')})[A-Za-z0-9_-]{43}[A-Za-z0-9]{6}$`);
const kinds = new Map(Object.entries(secretPrefixes).map(([kind, prefix]) => [prefix, kind as SecretKind]));

/** The kind of a presented secret by its form, or null for what this server never issued: no database is asked for it. */
export function secretKind(secret: string): SecretKind | null {
  const kind = kinds.get((form.exec(secret)?.[1] ?? '') as never);
  return kind !== undefined && checksum(secret.slice(0, -6)) === secret.slice(-6) ? kind : null;
}

const anywhere = new RegExp(
  `(${Object.values(secretPrefixes).join('|')})[\\w-]+|whsec_[\\w+/=-]+|eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]*`,
  'g',
);

/** A text without the secrets and signed tokens in it, which somebody put where none belongs. */
export function maskSecrets(text: string): string {
  return text.replace(anywhere, (_, prefix = '') => `${prefix}…`);
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The CRC-32 of a text in six base-62 digits, so that a scanner tells a secret from what only looks like one. */
function checksum(text: string): string {
  let rest = crc32(text);
  let written = '';
  for (let place = 0; place < 6; place += 1) {
    written = digits.charAt(rest % 62) + written;
    rest = Math.floor(rest / 62);
  }
  return written;
}
