/** Request → actor. One verifier for each kind of credential; each costs one statement. */
import type { Context } from '../context.ts';
import { type Actor, anonymous, type Scope, scopes } from '../domain/policy.ts';
import { NetworkNotAllowedError, UnauthenticatedError } from '../errors.ts';
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import type { VerifiedAccessToken } from './access-tokens.ts';
import { actingUserSelect, toActingUser } from './acting-user.ts';
import { looksLikeCapability, verifyCapabilityToken } from './capability-tokens.ts';
import { isWithin } from './networks.ts';
import { hashSecret, secretKind } from './secrets.ts';

type Dependencies = Pick<
  Context,
  'prisma' | 'now' | 'issuer' | 'accessTokens' | 'externalTokens' | 'settings'
> & {
  /** Where the request came from; null when that is not known. */
  readonly client: Pick<Context['client'], 'ipAddress'>;
};

/** The secret of a header of the form `Bearer …`; null for one of another form. */
export function parseBearer(header: string): string | null {
  return /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? null;
}

/**
 * The secret of `Authorization: Bearer …` (RFC 6750); null without that header.
 * @throws {UnauthenticatedError} for a header of another form
 */
export function bearerSecret(headers: Headers): string | null {
  const header = headers.get('authorization');
  if (header === null) return null;
  const secret = parseBearer(header);
  if (secret === null)
    throw new UnauthenticatedError('The Authorization header must be: Bearer <token>.', 'unreadable');
  return secret;
}

/**
 * The actor behind a secret; anonymous without one.
 * @throws {UnauthenticatedError} for a credential that is unknown, expired, revoked or of an inactive account
 * @throws {NetworkNotAllowedError} for a good one that may not be used from where the request came
 */
export async function authenticate(secret: string | null, dependencies: Dependencies): Promise<Actor> {
  if (secret === null) return anonymous;
  const actor = secret.includes('.')
    ? await verifyToken(secret, dependencies)
    : await verifySecret(secret, dependencies);
  if (actor !== null) return actor;
  const { issuer, externalTokens } = dependencies;
  const isCapability =
    secret.includes('.') && looksLikeCapability(secret, [issuer, ...externalTokens.issuers]);
  throw new UnauthenticatedError(
    'The credential is unknown, expired or revoked.',
    isCapability ? 'capability' : 'other',
  );
}

async function verifySecret(secret: string, dependencies: Dependencies): Promise<Actor | null> {
  const kind = secretKind(secret);
  if (kind === 'session') return verifySession({ tokenHash: hashSecret(secret) }, dependencies);
  if (kind === 'apiToken') return verifyApiToken(hashSecret(secret), dependencies);
  return null;
}

/** A JWT: an access token of this server, of an organization (a capability), or of an issuer that is trusted. */
async function verifyToken(token: string, dependencies: Dependencies): Promise<Actor | null> {
  const { accessTokens, externalTokens, issuer } = dependencies;
  if (looksLikeCapability(token, [issuer, ...externalTokens.issuers]))
    return verifyCapabilityToken(token, dependencies);
  const verified = await accessTokens.verify(token);
  if (verified === null) return externalTokens.verify(token, dependencies);
  const { sessionId, apiTokenId } = verified;
  const actor =
    sessionId !== null
      ? await verifySession({ id: sessionId }, dependencies)
      : apiTokenId !== null && (await verifyApiToken(apiTokenId, dependencies));
  return actor ? narrowed(actor, verified) : null;
}

/** What the token and the row that it leads to both allow. */
function narrowed(actor: Actor, { subject, scopes: named, expiresAt }: VerifiedAccessToken): Actor | null {
  if (subject !== (actor.user?.id ?? actor.organizationId)) return null;
  const ends = actor.credential.expiresAt;
  return {
    ...actor,
    credential: { ...actor.credential, expiresAt: ends !== null && ends < expiresAt ? ends : expiresAt },
    scopes: new Set([...actor.scopes].filter((scope) => named.has(scope))),
  };
}

/** What must be read of a session to act by it. */
export const sessionSelect = (now: Date) =>
  ({
    id: true,
    clientId: true,
    scopes: true,
    actorId: true,
    authenticatedAt: true,
    expiresAt: true,
    revokedAt: true,
    lastUsedAt: true,
    client: { select: { revokedAt: true } },
    parentSession: { select: { revokedAt: true, expiresAt: true } },
    parentApiToken: { select: { revokedAt: true, expiresAt: true } },
    user: { select: { ...actingUserSelect(now), managerId: true } },
  }) as const satisfies Prisma.SessionSelect;

export type SessionRow = Prisma.SessionGetPayload<{ select: ReturnType<typeof sessionSelect> }>;

async function verifySession(
  where: { tokenHash: Uint8Array<ArrayBuffer> } | { id: string },
  dependencies: Dependencies,
) {
  const { prisma, now } = dependencies;
  const session = await prisma.session.findUnique({ where, select: sessionSelect(now()) });
  const actor = session && (await sessionActor(session, dependencies));
  if (session === null || actor === null) return null;
  await touch(prisma.session, session, now());
  return actor;
}

/** The actor that an open session makes; null when it is over, its client or its delegate may no more. */
export async function sessionActor(
  session: SessionRow,
  dependencies: Pick<Dependencies, 'prisma' | 'now' | 'settings'>,
): Promise<Actor | null> {
  const { now, settings } = dependencies;
  const idle = settings.sessionIdleDays * day;
  if (isOver(session, now()) || session.user.status !== 'ACTIVE') return null;
  if (session.lastUsedAt.getTime() + idle <= now().getTime()) return null;
  if (session.client !== null && session.client.revokedAt !== null) return null;
  const parent = session.parentSession ?? session.parentApiToken;
  if (parent !== null && isOver(parent, now())) return null;
  const credential = {
    kind: 'SESSION',
    id: session.id,
    clientId: session.clientId,
    expiresAt: session.expiresAt,
  } as const;
  const { managerId, ...row } = session.user;
  const user = toActingUser(row);
  const granted = new Set(session.scopes as Scope[]);
  if (session.actorId === null)
    return {
      user,
      organizationId: null,
      credential,
      scopes: session.clientId === null ? allScopes : granted,
    };
  const lent = await lentScopes(session.actorId, { id: user.id, managerId }, dependencies);
  if (lent === null) return null;
  return {
    user: { ...user, ...onlyItself },
    organizationId: null,
    credential,
    scopes: new Set([...granted].filter((scope) => lent.has(scope))),
    delegate: { id: session.actorId },
  };
}

/** Who acts for an account reaches what is its own: neither what it manages, nor its organizations, nor what others share. */
const onlyItself = { isSuperuser: false, organizationId: null, memberships: [], shares: new Map() } as const;

/** What a manager has over the users that it manages. */
const managerScopes = ['profile', 'data:read', 'data:write'] as const satisfies readonly Scope[];

/** The scopes that an active account has over another one now, by managing it or by a share; null for none. */
export async function lentScopes(
  actorId: string,
  subject: { readonly id: string; readonly managerId: string | null },
  { prisma, now }: Pick<Dependencies, 'prisma' | 'now'>,
): Promise<ReadonlySet<Scope> | null> {
  const actor = await prisma.user.findFirst({
    where: { id: actorId, status: 'ACTIVE' },
    select: {
      sharesReceived: {
        where: { grantorId: subject.id, OR: [{ expiresAt: null }, { expiresAt: { gt: now() } }] },
        select: { scopes: true },
      },
    },
  });
  if (actor === null) return null;
  if (subject.managerId === actorId) return new Set(managerScopes);
  const [share] = actor.sharesReceived;
  return share ? new Set(share.scopes as Scope[]) : null;
}

async function verifyApiToken(
  key: Uint8Array<ArrayBuffer> | string,
  { prisma, now, client }: Dependencies,
): Promise<Actor | null> {
  const select = {
    id: true,
    scopes: true,
    expiresAt: true,
    revokedAt: true,
    lastUsedAt: true,
    organizationId: true,
    allowedNetworks: true,
    rateLimit: true,
    user: { select: actingUserSelect(now()) },
  } as const satisfies Prisma.ApiTokenSelect;
  const token =
    typeof key === 'string'
      ? await prisma.apiToken.findUnique({ where: { id: key }, select })
      : ((await prisma.apiToken.findUnique({ where: { tokenHash: key }, select })) ??
        (await prisma.apiToken.findFirst({
          where: { previousHash: key, previousExpiresAt: { gt: now() } },
          select,
        })));
  if (token === null || isOver(token, now())) return null;
  if (token.user !== null && token.user.status !== 'ACTIVE') return null;
  const { id, organizationId, allowedNetworks, rateLimit, expiresAt } = token;
  if (allowedNetworks.length > 0 && !isWithin(allowedNetworks, client.ipAddress))
    throw new NetworkNotAllowedError(client.ipAddress);
  await touch(prisma.apiToken, token, now());
  return {
    user: token.user && toActingUser(token.user),
    organizationId,
    credential: { kind: 'API_TOKEN', id, expiresAt, rateLimit, allowedNetworks },
    scopes: new Set(token.scopes as Scope[]),
  };
}

/** A session of the user itself may do all that its user may. */
export const allScopes: ReadonlySet<Scope> = new Set(scopes);

function isOver({ expiresAt, revokedAt }: { expiresAt: Date; revokedAt: Date | null }, now: Date): boolean {
  return revokedAt !== null || expiresAt <= now;
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** Notes the use of a credential, at most once a minute. */
async function touch(
  table: Pick<PrismaClient['session'], 'updateMany'> | Pick<PrismaClient['apiToken'], 'updateMany'>,
  { id, lastUsedAt }: { id: string; lastUsedAt: Date | null },
  now: Date,
): Promise<void> {
  if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < minute) return;
  await (table as PrismaClient['session']).updateMany({ where: { id }, data: { lastUsedAt: now } });
}
