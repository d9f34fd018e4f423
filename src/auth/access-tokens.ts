/** Access tokens of this server: JWTs for ten minutes (RFC 9068), each of which leads to a row that can be revoked. */
import { createHash } from 'node:crypto';
import { type CryptoKey, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import type { Sources } from '../context.ts';
import { isUuid } from '../domain/ids.ts';
import { type Scope, scopes } from '../domain/policy.ts';
import { algorithm, type Keys } from './keys.ts';

/** In seconds. */
export const accessTokenLifetime = 600;
export const accessTokenType = 'at+jwt';
/** The `client_id` of tokens that no client asked for. */
export const firstPartyClient = 'usergraph';
/** Clocks of servers that verify may differ by this, in seconds. */
const tolerance = 5;

/** What an access token stands for. */
export interface Grant {
  /** The account; null for an organization's own token. */
  readonly userId: string | null;
  /** The session or the API token that it leads to: exactly one. */
  readonly sessionId?: string;
  readonly apiTokenId?: string;
  /** The stored hash of the API token's secret that it is made with: it ends with that secret. */
  readonly secretHash?: Uint8Array;
  readonly organizationId?: string | null;
  readonly clientId: string | null;
  readonly scopes: readonly Scope[];
  /** Who acts for the account (RFC 8693, section 4.1). */
  readonly actorId?: string | null;
  /** When what it leads to ends. */
  readonly expiresAt: Date;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAt: Date;
  /** In seconds. */
  readonly expiresIn: number;
}

export interface VerifiedAccessToken {
  readonly subject: string;
  readonly sessionId: string | null;
  readonly apiTokenId: string | null;
  readonly scopes: ReadonlySet<Scope>;
  /** What `secretDigest` makes of the API token's secret that it was made with; null for one of a session. */
  readonly secretDigest: string | null;
  readonly expiresAt: Date;
}

export interface AccessTokens {
  issue(grant: Grant): Promise<AccessToken>;
  /** Null for whatever is not a good access token of this server. */
  verify(token: string): Promise<VerifiedAccessToken | null>;
}

type Dependencies = Pick<Sources, 'now' | 'newId'> & {
  readonly keys: Keys;
  readonly issuer: () => string;
};

export function createAccessTokens({ keys, issuer, now, newId }: Dependencies): AccessTokens {
  return {
    async issue(grant) {
      const { userId, sessionId, apiTokenId, secretHash, organizationId } = grant;
      const { clientId, scopes, actorId, expiresAt } = grant;
      const issuedAt = Math.floor(now().getTime() / 1000);
      const last = Math.floor(expiresAt.getTime() / 1000);
      const exp = Math.min(issuedAt + accessTokenLifetime, last);
      const token = await keys.sign(
        {
          iss: issuer(),
          aud: issuer(),
          sub: userId ?? organizationId ?? '',
          client_id: clientId ?? firstPartyClient,
          iat: issuedAt,
          exp,
          jti: newId(),
          ...(sessionId !== undefined && { sid: sessionId }),
          ...(apiTokenId !== undefined && { tid: apiTokenId }),
          ...(secretHash !== undefined && { tsh: secretDigest(secretHash) }),
          scope: scopes.join(' '),
          ...(actorId != null && { act: { sub: actorId } }),
        },
        accessTokenType,
      );
      return { token, expiresAt: new Date(exp * 1000), expiresIn: Math.max(0, exp - issuedAt) };
    },

    async verify(token) {
      const key = await findKey(keys, token); // outside: a database that is gone is no bad token
      if (key === null) return null;
      const verified = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: accessTokenType,
        issuer: issuer(),
        audience: issuer(),
        requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id', 'scope'],
        clockTolerance: tolerance,
        currentDate: now(),
      }).catch(() => null); // why not is all the same to whoever presents it
      return verified === null || verified.payload.aud !== issuer() ? null : read(verified.payload, now());
    },
  };
}

/** Tells the secrets of an API token apart without telling what is stored of them. */
export function secretDigest(secretHash: Uint8Array): string {
  return createHash('sha256').update(secretHash).digest().subarray(0, 16).toString('base64url');
}

async function findKey(keys: Keys, token: string): Promise<CryptoKey | null> {
  const { kid } = headerOf(token) ?? {};
  return typeof kid === 'string' ? keys.find(kid) : null;
}

/** Whether a text has the one form in which a signed JWT is written: decoders take others, too (RFC 7515, section 2). */
function isCompactToken(text: string): boolean {
  const [signature, ...before] = text.split('.').reverse();
  return (
    before.length === 2 &&
    /^[\w.-]+$/.test(text) &&
    Buffer.from(signature ?? '', 'base64url').toString('base64url') === signature
  );
}

/** What the header of a JWT says, not verified; null when the token is none, or says what no text is. */
export function headerOf(
  token: string,
): { readonly kid?: unknown; readonly typ?: string | undefined } | null {
  if (!isCompactToken(token)) return null;
  try {
    const { kid, typ } = decodeProtectedHeader(token);
    return typ === undefined || typeof typ === 'string' ? { kid, typ } : null;
  } catch {
    return null;
  }
}

function read(payload: JWTPayload, now: Date): VerifiedAccessToken | null {
  const { sub, sid, tid, tsh, scope, exp = 0, iat = 0 } = payload;
  const leads = [sid, tid].filter((id) => id !== undefined);
  if (typeof sub !== 'string' || !isUuid(sub) || typeof scope !== 'string') return null;
  if (leads.length !== 1 || typeof leads[0] !== 'string' || !isUuid(leads[0])) return null;
  if (exp - iat > accessTokenLifetime || iat > now.getTime() / 1000 + tolerance) return null;
  return {
    subject: sub,
    sessionId: (sid as string | undefined) ?? null,
    apiTokenId: (tid as string | undefined) ?? null,
    scopes: parseScopes(scope),
    secretDigest: typeof tsh === 'string' ? tsh : null,
    expiresAt: new Date(exp * 1000),
  };
}

/** The scopes of a space-separated list (RFC 6749, section 3.3) that this server has. */
export function parseScopes(text: string): Set<Scope> {
  const named = new Set(text.split(' '));
  return new Set(scopes.filter((scope) => named.has(scope)));
}
