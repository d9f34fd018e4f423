/** Request → actor. One verifier for each kind of credential; each costs one statement. */
import type { Context, Sources } from '../context.ts';
import { type ActingUser, type Actor, anonymous, type Scope, scopes } from '../domain/policy.ts';
import { NetworkNotAllowedError, UnauthenticatedError } from '../errors.ts';
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import { isWithin } from './networks.ts';
import { hashSecret, type SecretKind, secretKind } from './secrets.ts';

type Dependencies = Pick<Context, 'prisma'> &
  Pick<Sources, 'now'> & {
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
  if (secret === null) throw new UnauthenticatedError('The Authorization header must be: Bearer <token>.');
  return secret;
}

/**
 * The actor behind a secret; anonymous without one.
 * @throws {UnauthenticatedError} for a credential that is unknown, expired, revoked or of an inactive account
 * @throws {NetworkNotAllowedError} for a good one that may not be used from where the request came
 */
export async function authenticate(secret: string | null, dependencies: Dependencies): Promise<Actor> {
  if (secret === null) return anonymous;
  const kind = secretKind(secret);
  const actor = kind === null ? null : await verifiers[kind](hashSecret(secret), dependencies);
  if (actor === null) throw new UnauthenticatedError('The credential is unknown, expired or revoked.');
  return actor;
}

type Verifier = (hash: Uint8Array<ArrayBuffer>, dependencies: Dependencies) => Promise<Actor | null>;

const verifiers: Record<SecretKind, Verifier> = {
  async session(tokenHash, { prisma, now }) {
    const session = await prisma.session.findUnique({
      where: { tokenHash },
      select: {
        id: true,
        expiresAt: true,
        revokedAt: true,
        lastUsedAt: true,
        user: { select: actingUserSelect(now()) },
      },
    });
    if (session === null || isOver(session, now()) || session.user.status !== 'ACTIVE') return null;
    await touch(prisma.session, session, now());
    return {
      user: toActingUser(session.user),
      organizationId: null,
      credential: { kind: 'SESSION', id: session.id, expiresAt: session.expiresAt },
      scopes: allScopes,
    };
  },

  async apiToken(tokenHash, { prisma, now, client }) {
    const token = await prisma.apiToken.findUnique({
      where: { tokenHash },
      select: {
        id: true,
        scopes: true,
        expiresAt: true,
        revokedAt: true,
        lastUsedAt: true,
        organizationId: true,
        allowedNetworks: true,
        rateLimit: true,
        user: { select: actingUserSelect(now()) },
      },
    });
    if (token === null || isOver(token, now())) return null;
    if (token.user !== null && token.user.status !== 'ACTIVE') return null;
    const { allowedNetworks, rateLimit } = token;
    if (allowedNetworks.length > 0 && !isWithin(allowedNetworks, client.ipAddress))
      throw new NetworkNotAllowedError(client.ipAddress);
    await touch(prisma.apiToken, token, now());
    return {
      user: token.user && toActingUser(token.user),
      organizationId: token.organizationId,
      credential: {
        kind: 'API_TOKEN',
        id: token.id,
        expiresAt: token.expiresAt,
        rateLimit,
        allowedNetworks,
      },
      scopes: new Set(token.scopes as Scope[]),
    };
  },
};

/** A session may do all that its user may. */
export const allScopes: ReadonlySet<Scope> = new Set(scopes);

/** More shares than anybody has; the bound keeps what is read for each request finite. */
const mostShares = 10_000;

/** What must be read of an account to act as it. */
export function actingUserSelect(now: Date) {
  return {
    id: true,
    kind: true,
    status: true,
    username: true,
    isSuperuser: true,
    organizationId: true,
    memberships: {
      orderBy: [{ createdAt: 'asc' }, { organizationId: 'asc' }],
      select: { organizationId: true, role: true },
    },
    sharesReceived: {
      where: { OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      select: { grantorId: true, scopes: true },
      take: mostShares,
    },
  } as const satisfies Prisma.UserSelect;
}

type ActingUserRow = Prisma.UserGetPayload<{ select: ReturnType<typeof actingUserSelect> }>;

export function toActingUser({ status: _, sharesReceived, ...user }: ActingUserRow): ActingUser {
  return {
    ...user,
    shares: new Map(sharesReceived.map(({ grantorId, scopes }) => [grantorId, scopes as Scope[]])),
  };
}

function isOver({ expiresAt, revokedAt }: { expiresAt: Date; revokedAt: Date | null }, now: Date): boolean {
  return revokedAt !== null || expiresAt <= now;
}

const minute = 60_000;

/** Notes the use of a credential, at most once a minute. */
async function touch(
  table: Pick<PrismaClient['session'], 'updateMany'> | Pick<PrismaClient['apiToken'], 'updateMany'>,
  { id, lastUsedAt }: { id: string; lastUsedAt: Date | null },
  now: Date,
): Promise<void> {
  if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < minute) return;
  await (table as PrismaClient['session']).updateMany({ where: { id }, data: { lastUsedAt: now } });
}
