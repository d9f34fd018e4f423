/** Public keys as organizations give them: JSON Web Keys (RFC 7517), of few kinds and strong ones. */
import { type CryptoKey, calculateJwkThumbprint, exportJWK, importJWK, type JWK } from 'jose';
import type { capabilityAlgorithms } from '../auth/capability-tokens.ts';
import type { InputProblem, ProblemCode } from '../errors.ts';

export type KeyAlgorithm = (typeof capabilityAlgorithms)[number];

export interface PublicKey {
  /** The thumbprint of the key (RFC 7638): the same for one key, however it was written. */
  readonly keyId: string;
  readonly algorithm: KeyAlgorithm;
  /** Nothing but what makes the key. */
  readonly jwk: JWK;
}

interface Kind {
  /** What keys of this kind may sign with; the first one where the key does not say. */
  readonly algorithms: readonly [KeyAlgorithm, ...KeyAlgorithm[]];
  /** The members that make the key (RFC 7518, section 6; RFC 8037). */
  readonly members: readonly string[];
}

const kinds: ReadonlyMap<unknown, Kind> = new Map<string, Kind>([
  ['EC P-256', { algorithms: ['ES256'], members: ['kty', 'crv', 'x', 'y'] }],
  ['EC P-384', { algorithms: ['ES384'], members: ['kty', 'crv', 'x', 'y'] }],
  ['OKP Ed25519', { algorithms: ['EdDSA'], members: ['kty', 'crv', 'x'] }],
  ['RSA', { algorithms: ['RS256', 'PS256'], members: ['kty', 'n', 'e'] }],
]);

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const modulusBits = { min: 2048, max: 4096 };
/** 65537: other exponents are weak, or slow to verify with. */
const exponent = 'AQAB';

const problem = (code: ProblemCode, message: string): InputProblem => ({
  path: ['input', 'publicJwk'],
  code,
  message,
});

/** The key that a JWK is, or why it is none that tokens may be signed with. */
export async function readPublicJwk(
  jwk: Readonly<Record<string, unknown>>,
): Promise<{ readonly key: PublicKey } | { readonly problem: InputProblem }> {
  const secret = privateMembers.find((member) => jwk[member] !== undefined);
  if (secret !== undefined)
    return {
      problem: problem(
        'NOT_ALLOWED',
        `must hold no private key, and has the member ${secret}: make a new pair, since this one left its owner, and send the public half only`,
      ),
    };
  const kind = kinds.get(jwk.kty === 'RSA' ? jwk.kty : `${jwk.kty} ${jwk.crv}`);
  if (kind === undefined)
    return { problem: problem('NOT_ALLOWED', 'must be a key of EC P-256 or P-384, Ed25519, or RSA') };
  const algorithm = kind.algorithms.find((one) => one === (jwk.alg ?? kind.algorithms[0]));
  if (algorithm === undefined)
    return { problem: problem('NOT_ALLOWED', `must have the alg ${kind.algorithms.join(' or ')}, or none`) };
  if (!isForVerifying(jwk))
    return { problem: problem('NOT_ALLOWED', 'must be for signatures: use sig, and key_ops with verify') };
  return importPublic(jwk, kind, algorithm);
}

function isForVerifying({ use, key_ops: operations }: Readonly<Record<string, unknown>>): boolean {
  const forSignatures = use === undefined || use === 'sig';
  return forSignatures && (operations === undefined || [operations].flat().includes('verify'));
}

/** Only what makes the key is imported, and kept as the runtime writes it, so that one key has one form. */
async function importPublic(
  jwk: Readonly<Record<string, unknown>>,
  { members }: Kind,
  algorithm: KeyAlgorithm,
): Promise<{ readonly key: PublicKey } | { readonly problem: InputProblem }> {
  const bare = Object.fromEntries(members.map((member) => [member, jwk[member]]));
  const isText = Object.values(bare).every(
    (value) => typeof value === 'string' && /^[\w-]{1,1024}$/.test(value),
  );
  const imported = isText
    ? await importJWK(bare as unknown as JWK, algorithm, { extractable: true }).catch(() => null)
    : null;
  if (imported === null)
    return { problem: problem('INVALID', 'is no public key: a member is missing or wrong') };
  const { modulusLength } = (imported as CryptoKey).algorithm as { modulusLength?: number };
  const isWeak = modulusLength !== undefined && (modulusLength < modulusBits.min || bare.e !== exponent);
  if (isWeak || (modulusLength ?? 0) > modulusBits.max)
    return {
      problem: problem(
        'NOT_ALLOWED',
        `must have from ${modulusBits.min} to ${modulusBits.max} bits and the exponent 65537 (${exponent})`,
      ),
    };
  const canonical = await exportJWK(imported);
  return { key: { keyId: await calculateJwkThumbprint(canonical), algorithm, jwk: canonical } };
}
