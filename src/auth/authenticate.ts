/**
 * Request → actor. One verifier for each kind of credential; each costs one statement, or none where what it reads is kept
 * from before (`ReadCache`): whether a credential is good is decided anew each time, by the clock and by what was read.
 */
import type { Context } from '../context.ts';
import { type Actor, anonymous, type Scope, scopes, scopesLent } from '../domain/policy.ts';
import { day, minute } from '../durations.ts';
import { NetworkNotAllowedError, UnauthenticatedError, UnreadableCredentialError } from '../errors.ts';
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import type { RequestHeaders } from '../http/message.ts';
import { secretDigest, type VerifiedAccessToken } from './access-tokens.ts';
import { actingUserSelect, toActingUser } from './acting-user.ts';
import { looksLikeCapability, verifyCapabilityToken } from './capability-tokens.ts';
import { isWithin } from './networks.ts';
import { hashSecret, secretKind } from './secrets.ts';

type Dependencies = Pick<
  Context,
  'prisma' | 'now' | 'issuer' | 'accessTokens' | 'externalTokens' | 'settings' | 'cache'
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
 * @throws {UnreadableCredentialError} for a header without exactly one token
 * @throws {UnauthenticatedError} for another scheme, which says nothing to this server
 */
export function bearerSecret(headers: RequestHeaders): string | null {
  const header = headers.get('authorization');
  if (header === null) return null;
  const secret = parseBearer(header);
  if (secret !== null) return secret;
  if (/^Bearer\b/i.test(header)) throw new UnreadableCredentialError();
  throw new UnauthenticatedError('The Authorization header must be: Bearer <token>.', 'none');
}

/**
 * The actor behind a secret; anonymous without one.
 * @throws {UnauthenticatedError} for a credential that is unknown, expired, revoked or of an inactive account
 * @throws {NetworkNotAllowedError} for a good one that may not be used from where the request came
 */
export async function authenticate(secret: string | null, dependencies: Dependencies): Promise<Actor> {
  if (secret === null) return anonymous;
  const { issuer, externalTokens } = dependencies;
  const isToken = secret.includes('.');
  const isCapability = isToken && looksLikeCapability(secret, [issuer, ...externalTokens.issuers]);
  const verify = isCapability ? verifyCapabilityToken : isToken ? verifyToken : verifySecret;
  const actor = await verify(secret, dependencies);
  if (actor !== null) return actor;
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

/** An access token of this server, or of an issuer that is trusted. */
async function verifyToken(token: string, dependencies: Dependencies): Promise<Actor | null> {
  const { accessTokens, externalTokens } = dependencies;
  const verified = await accessTokens.verify(token);
  if (verified === null) return externalTokens.verify(token, dependencies);
  const { sessionId, apiTokenId, subject } = verified;
  const actor =
    sessionId !== null
      ? await verifySession({ id: sessionId, userId: subject }, dependencies)
      : apiTokenId !== null && (await verifyExchanged(apiTokenId, verified, dependencies));
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
    createdAt: true,
    expiresAt: true,
    revokedAt: true,
    lastUsedAt: true,
    client: { select: { revokedAt: true } },
    parentSession: { select: { id: true, revokedAt: true, expiresAt: true, lastUsedAt: true } },
    parentApiToken: {
      select: {
        id: true,
        revokedAt: true,
        expiresAt: true,
        previousExpiresAt: true,
        allowedNetworks: true,
        rateLimit: true,
      },
    },
    user: { select: { ...actingUserSelect(now), managerId: true } },
  }) as const satisfies Prisma.SessionSelect;

export type SessionRow = Prisma.SessionGetPayload<{ select: ReturnType<typeof sessionSelect> }>;

async function verifySession(
  where: { tokenHash: Uint8Array<ArrayBuffer> } | { id: string; userId: string },
  dependencies: Dependencies,
) {
  const { prisma, now, cache } = dependencies;
  const { value: session } = await cache.find(
    'id' in where ? `session ${where.id} ${where.userId}` : secretKey(where.tokenHash),
    () => prisma.session.findUnique({ where, select: sessionSelect(now()) }),
    groundsOfSession,
  );
  const actor = session && (await sessionActor(session, dependencies));
  if (session === null || actor === null) return null;
  await touch(prisma.session, session, now());
  if (session.parentSession !== null) await touch(prisma.session, session.parentSession, now());
  return actor;
}

/** Under what the row is kept that a secret leads to. */
const secretKey = (hash: Uint8Array) => `secret ${Buffer.from(hash).toString('base64')}`;

const groundsOfSession = ({ id, clientId, actorId, user, parentSession, parentApiToken }: SessionRow) => ({
  ids: [id, clientId, actorId, user.id, parentSession?.id, parentApiToken?.id],
});

/** The actor that an open session makes; null when it is over, its client or its delegate may no more. */
export async function sessionActor(
  session: SessionRow,
  dependencies: Pick<Dependencies, 'prisma' | 'now' | 'settings' | 'client'>,
): Promise<Actor | null> {
  const { now, settings } = dependencies;
  const isIdle = ({ lastUsedAt }: { lastUsedAt: Date }) =>
    lastUsedAt.getTime() + settings.sessionIdleDays * day <= now().getTime();
  if (isOver(session, now()) || session.user.status !== 'ACTIVE') return null;
  if (isIdle(session) || (session.parentSession !== null && isIdle(session.parentSession))) return null;
  if (session.client !== null && session.client.revokedAt !== null) return null;
  const parent = session.parentSession ?? session.parentApiToken;
  if (parent !== null && isOver(parent, now())) return null;
  const rotatedAt = session.parentApiToken?.previousExpiresAt ?? null; // when the secret ended that may have opened it
  if (rotatedAt !== null && rotatedAt <= now() && session.createdAt < rotatedAt) return null;
  const bounds = boundsOf(session.parentApiToken, dependencies.client.ipAddress);
  const { id, clientId, expiresAt } = session;
  const credential = { kind: 'SESSION', id, clientId, expiresAt, ...bounds } as const;
  const { managerId, ...row } = session.user;
  const granted = () => new Set(session.scopes as Scope[]);
  if (session.actorId === null)
    return madeOnce(session, () => ({
      user: toActingUser(row, now()),
      organizationId: null,
      credential,
      scopes: session.clientId === null ? allScopes : granted(),
    }));
  const user = toActingUser(row, now());
  const lent = await lentScopes(session.actorId, { id: user.id, managerId }, dependencies);
  if (lent === null) return null;
  return {
    user: { ...user, ...onlyItself },
    organizationId: null,
    credential,
    scopes: new Set([...granted()].filter((scope) => lent.has(scope))),
    delegate: { id: session.actorId },
  };
}

/** What an API token is bound to holds for the sessions that it opened, too. @throws {NetworkNotAllowedError} */
function boundsOf(token: SessionRow['parentApiToken'], ipAddress: string | null) {
  if (token === null) return {};
  const { id, allowedNetworks, rateLimit } = token;
  requireNetwork(allowedNetworks, ipAddress);
  return { allowedNetworks, rateLimit, rateLimitKey: id };
}

function requireNetwork(allowed: readonly string[], ipAddress: string | null): void {
  if (allowed.length > 0 && !isWithin(allowed, ipAddress)) throw new NetworkNotAllowedError(ipAddress);
}

/** Who acts for an account reaches what is its own: neither what it manages, nor its organizations, nor what others share. */
const onlyItself = { isSuperuser: false, organizationId: null, memberships: [], shares: new Map() } as const;

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
  const lent = scopesLent(subject.managerId === actorId, actor.sharesReceived[0]?.scopes ?? []);
  return lent.length > 0 ? new Set(lent) : null;
}

const apiTokenSelect = (now: Date) =>
  ({
    id: true,
    scopes: true,
    expiresAt: true,
    revokedAt: true,
    lastUsedAt: true,
    tokenHash: true,
    previousHash: true,
    previousExpiresAt: true,
    organizationId: true,
    allowedNetworks: true,
    rateLimit: true,
    user: { select: actingUserSelect(now) },
  }) as const satisfies Prisma.ApiTokenSelect;

type ApiTokenRow = Prisma.ApiTokenGetPayload<{ select: ReturnType<typeof apiTokenSelect> }>;

async function verifyApiToken(hash: Uint8Array<ArrayBuffer>, dependencies: Dependencies) {
  const { prisma, now, cache } = dependencies;
  const select = () => apiTokenSelect(now());
  const { value: token } = await cache.find(
    secretKey(hash),
    () => prisma.apiToken.findUnique({ where: { tokenHash: hash }, select: select() }),
    ({ id, user, organizationId }) => ({ ids: [id, user?.id, organizationId] }),
  );
  if (token !== null) return apiTokenActor(token, token.expiresAt, dependencies);
  const before = await prisma.apiToken.findUnique({ where: { previousHash: hash }, select: select() });
  return before?.previousExpiresAt ? apiTokenActor(before, before.previousExpiresAt, dependencies) : null;
}

/** An access token of an API token ends with the secret that it was made with, whatever rotations follow. */
async function verifyExchanged(
  id: string,
  { secretDigest: digest, subject }: Pick<VerifiedAccessToken, 'secretDigest' | 'subject'>,
  dependencies: Dependencies,
): Promise<Actor | null> {
  const { prisma, now } = dependencies;
  const token = await prisma.apiToken.findUnique({
    where: { id, OR: [{ userId: subject }, { organizationId: subject }] },
    select: apiTokenSelect(now()),
  });
  if (token === null) return null;
  const { tokenHash, previousHash, previousExpiresAt } = token;
  if (digest === secretDigest(tokenHash)) return apiTokenActor(token, token.expiresAt, dependencies);
  if (previousHash === null || previousExpiresAt === null || digest !== secretDigest(previousHash))
    return null;
  return apiTokenActor(token, previousExpiresAt, dependencies);
}

/** @param ends when the secret that was presented ends, which may be before its token does */
async function apiTokenActor(
  token: ApiTokenRow,
  ends: Date,
  { prisma, now, client }: Dependencies,
): Promise<Actor | null> {
  if (isOver(token, now()) || ends <= now()) return null;
  if (token.user !== null && token.user.status !== 'ACTIVE') return null;
  const { id, organizationId, allowedNetworks, rateLimit } = token;
  requireNetwork(allowedNetworks, client.ipAddress);
  await touch(prisma.apiToken, token, now());
  const expiresAt = ends < token.expiresAt ? ends : token.expiresAt;
  return madeOnce(token, () => ({
    user: token.user && toActingUser(token.user, now()),
    organizationId,
    credential: { kind: 'API_TOKEN', id, expiresAt, rateLimit, allowedNetworks },
    scopes: new Set(token.scopes as Scope[]),
  }));
}

const made = Symbol('the actor of a row');

/** The actor of a row: a row that is kept makes the same one each time, unless a share can end meanwhile. */
function madeOnce(row: (SessionRow | ApiTokenRow) & { [made]?: Actor }, make: () => Actor): Actor {
  if (row.user?.sharesReceived.some(({ expiresAt }) => expiresAt !== null)) return make();
  row[made] ??= make();
  return row[made];
}

/** A session of the user itself may do all that its user may. */
export const allScopes: ReadonlySet<Scope> = new Set(scopes);

function isOver({ expiresAt, revokedAt }: { expiresAt: Date; revokedAt: Date | null }, now: Date): boolean {
  return revokedAt !== null || expiresAt <= now;
}

/** Notes the use of a credential, at most once a minute: of requests at the same time, the first one does. */
async function touch(
  table: Pick<PrismaClient['session'], 'updateMany'> | Pick<PrismaClient['apiToken'], 'updateMany'>,
  row: { readonly id: string; lastUsedAt: Date | null },
  now: Date,
): Promise<void> {
  const { id, lastUsedAt } = row;
  const before = new Date(now.getTime() - minute);
  if (lastUsedAt !== null && lastUsedAt > before) return;
  row.lastUsedAt = now; // where it is kept, this is all of it that may change
  const isDue = [{ lastUsedAt: { lte: before } }, ...(lastUsedAt === null ? [{ lastUsedAt: null }] : [])];
  await (table as PrismaClient['apiToken']).updateMany({
    where: { id, OR: isDue },
    data: { lastUsedAt: now },
  });
}
