/**
 * Capability tokens: JWTs for at most an hour that an organization signs itself, with a key whose public half it
 * registered. Its programs so make credentials as narrow as a task needs, without asking this server.
 */
import { decodeJwt, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { Context } from '../context.ts';
import { decodeId, isUuid, type NodeType } from '../domain/ids.ts';
import type { Actor, Scope } from '../domain/policy.ts';
import { headerOf, parseScopes } from './access-tokens.ts';
import { actingUserSelect, toActingUser } from './acting-user.ts';

export const capabilityTokenType = 'capability+jwt';
/** What keys may sign with: each of them pins its own. */
export const capabilityAlgorithms = ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'] as const;
/** SHA-256 in base64url, as thumbprints are (RFC 7638). */
const keyIdForm = /^[\w-]{43}$/;
/** In seconds. */
const longestLifetime = 3600;
const tolerance = 5;

/** What a capability may be: never to make other credentials, nor a superuser's powers. */
export const capabilityScopes = [
  'openid',
  'profile',
  'data:read',
  'data:write',
  'users:write',
] as const satisfies readonly Scope[];
const grantable: ReadonlySet<Scope> = new Set(capabilityScopes);

type Dependencies = Pick<Context, 'prisma' | 'now' | 'issuer'>;

/** The actor behind a capability token; null for one that is no good. */
export async function verifyCapabilityToken(
  token: string,
  dependencies: Dependencies,
): Promise<Actor | null> {
  const { prisma, now, issuer } = dependencies;
  const { kid } = headerOf(token) ?? {};
  if (typeof kid !== 'string' || !keyIdForm.test(kid)) return null;
  const key = await prisma.signingKey.findUnique({
    where: { keyId: kid },
    select: { id: true, algorithm: true, publicJwk: true, organizationId: true, retiredAt: true },
  });
  const organizationId = key?.organizationId ?? null;
  if (key === null || organizationId === null || key.retiredAt !== null) return null;
  const verified = await jwtVerify(token, await importJWK(key.publicJwk as JWK, key.algorithm), {
    algorithms: [key.algorithm],
    typ: capabilityTokenType,
    audience: issuer,
    requiredClaims: ['iss', 'iat', 'exp', 'scope'],
    clockTolerance: tolerance,
    currentDate: now(),
  }).catch(() => null);
  const claims = verified && readClaims(verified.payload, { organizationId, now: now(), issuer });
  if (claims === null) return null;
  const user =
    claims.accountId === null ? null : await findAccount(dependencies, organizationId, claims.accountId);
  if (claims.accountId !== null && user === null) return null;
  return {
    user,
    organizationId: user === null ? organizationId : null,
    credential: { kind: 'CAPABILITY_TOKEN', id: key.id, expiresAt: claims.expiresAt },
    scopes: claims.scopes,
  };
}

/** Whether a token says of itself that an organization signed it: nothing is verified. */
export function looksLikeCapability(token: string, issuers: readonly string[]): boolean {
  if (headerOf(token)?.typ?.toLowerCase() === capabilityTokenType) return true;
  try {
    return !issuers.includes(decodeJwt(token).iss ?? '');
  } catch {
    return false;
  }
}

function readClaims(
  { iss, aud, sub, iat = 0, exp = 0, scope }: JWTPayload,
  { organizationId, now, issuer }: { organizationId: string; now: Date; issuer: string },
) {
  if (uuidOf(iss, 'Organization') !== organizationId || aud !== issuer) return null;
  if (exp - iat > longestLifetime || exp <= iat || iat > now.getTime() / 1000 + tolerance) return null;
  if (typeof scope !== 'string') return null;
  const scopes = parseScopes(scope);
  if (scope.split(' ').filter(Boolean).length !== scopes.size) return null;
  if ([...scopes].some((one) => !grantable.has(one))) return null;
  const isOwn = sub === undefined || uuidOf(sub, 'Organization') === organizationId;
  const accountId = isOwn ? null : uuidOf(sub, 'User');
  if (!isOwn && accountId === null) return null;
  return { scopes, accountId, expiresAt: new Date(exp * 1000) };
}

/** An id as the graph writes it, or as the dialects do. */
function uuidOf(id: unknown, type: NodeType): string | null {
  if (typeof id !== 'string') return null;
  if (isUuid(id)) return id.toLowerCase();
  try {
    const decoded = decodeId(id);
    return decoded.type === type ? decoded.uuid : null;
  } catch {
    return null;
  }
}

/** A capability may act as a service account of the organization, and as nobody else. */
async function findAccount({ prisma, now }: Dependencies, organizationId: string, id: string) {
  const row = await prisma.user.findFirst({
    where: { id, organizationId, kind: 'SERVICE_ACCOUNT', status: 'ACTIVE' },
    select: actingUserSelect(now()),
  });
  return row && toActingUser(row, now());
}
