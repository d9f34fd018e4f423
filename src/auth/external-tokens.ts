/** Access tokens of other issuers that the operator trusts: verified by their published keys, and refused when those cannot be had. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { TrustedIssuer } from '../config.ts';
import type { Context } from '../context.ts';
import { type Actor, type Scope, scopes } from '../domain/policy.ts';
import { parseScopes } from './access-tokens.ts';
import { actingUserSelect, toActingUser } from './acting-user.ts';

const algorithms = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'];
const timeout = 5000;
const tolerance = 5;

export interface ExternalTokens {
  readonly issuers: readonly string[];
  /** The actor behind a token of a trusted issuer; null for one that is no good, or whose account is not here. */
  verify(token: string, context: Pick<Context, 'prisma' | 'now'>): Promise<Actor | null>;
}

type KeySet = ReturnType<typeof createRemoteJWKSet>;

export function createExternalTokens(trusted: readonly TrustedIssuer[], log: Context['log']): ExternalTokens {
  const keySets = new Map<string, Promise<KeySet>>();

  /** The keys of an issuer; a failure to find where they are is not kept. */
  function keysOf({ issuer, jwksUri }: TrustedIssuer): Promise<KeySet> {
    const known = keySets.get(issuer);
    if (known) return known;
    const options = { timeoutDuration: timeout, cooldownDuration: 30_000, cacheMaxAge: 600_000 };
    const found = (jwksUri === undefined ? discover(issuer) : Promise.resolve(jwksUri)).then((uri) =>
      createRemoteJWKSet(new URL(uri), options),
    );
    keySets.set(issuer, found);
    found.catch(() => keySets.delete(issuer));
    return found;
  }

  return {
    issuers: trusted.map(({ issuer }) => issuer),
    async verify(token, { prisma, now }) {
      const from = trusted.find(({ issuer }) => issuer === issuerOf(token));
      if (from === undefined) return null;
      const verified = await keysOf(from)
        .then((keys) =>
          jwtVerify(token, keys, {
            algorithms,
            issuer: from.issuer,
            audience: from.audience,
            requiredClaims: ['sub', 'exp', 'iat'],
            clockTolerance: tolerance,
            currentDate: now(),
          }),
        )
        .catch(({ code, message }: Error & { code?: string }) => {
          log.warn({ issuer: from.issuer, code, reason: message }, 'a token of a trusted issuer was refused');
          return null;
        });
      const typ = verified?.protectedHeader.typ?.toLowerCase();
      if (verified === null || !['jwt', 'at+jwt', 'application/at+jwt', undefined].includes(typ)) return null;
      const { sub = '', exp = 0, scope } = verified.payload;
      const identity = sub.includes('\u0000')
        ? null
        : await prisma.oAuthIdentity.findUnique({
            where: { provider_subject: { provider: from.name, subject: sub } },
            select: { id: true, user: { select: actingUserSelect(now()) } },
          });
      if (identity === null || identity.user.status !== 'ACTIVE') return null;
      return {
        user: toActingUser(identity.user, now()),
        organizationId: null,
        credential: { kind: 'EXTERNAL_TOKEN', id: identity.id, expiresAt: new Date(exp * 1000) },
        scopes: granted(from.scopes, scope),
      };
    },
  };
}

/** What the operator lets the issuer grant, and of that, where the token says, what it says. */
function granted(allowed: readonly Scope[], scope: unknown): ReadonlySet<Scope> {
  const named = typeof scope === 'string' ? parseScopes(scope) : new Set(scopes);
  return new Set(allowed.filter((one) => named.has(one)));
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** @throws when the issuer's metadata cannot be had, or is another issuer's */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const metadata = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (metadata.issuer !== issuer || typeof metadata.jwks_uri !== 'string')
    throw new Error(`${url} is not the metadata of ${issuer}`);
  return metadata.jwks_uri;
}
