/** The tokens of who really acts: of the caller itself, or, where somebody acts for another account, of that somebody. */
import { hashSecret, secretKind } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { UnauthenticatedError } from '../errors.ts';
import { requireUser } from './caller.ts';
import type { Scope } from './policy.ts';
import { standingRefreshToken } from './refresh.ts';
import { issueSessionToken, type SessionGrant, sessionGrantSelect, sessionScopes } from './sessions.ts';
import { transact } from './transaction.ts';

export interface PrincipalToken {
  readonly accessToken: string;
  /** Empty where there is nothing to refresh, or where that would give more than the caller has. */
  readonly refreshToken: string;
}

/**
 * Tokens of the principal, with no scope that the credential lacks which asks for them.
 * @param presented what the caller came with, which is handed back where it cannot be exchanged
 */
export async function issuePrincipalToken(context: Context, presented: string): Promise<PrincipalToken> {
  requireUser(context);
  const { kind, id } = context.actor.credential;
  // An access token of an API token is not exchanged: it would outlive the secret that it was made with.
  if (kind === 'API_TOKEN' && secretKind(presented) === 'apiToken')
    return ofApiToken(context, id, hashSecret(presented));
  if (kind !== 'SESSION' || id === null) return { accessToken: presented, refreshToken: '' };
  const row = await context.prisma.session.findUnique({
    where: { id },
    select: {
      ...sessionGrantSelect,
      parentSession: { select: sessionGrantSelect },
      parentApiTokenId: true,
    },
  });
  const session = context.actor.delegate ? row?.parentSession : row;
  return session ? ofSession(context, session) : ofApiToken(context, row?.parentApiTokenId ?? null);
}

async function ofSession(context: Context, session: SessionGrant): Promise<PrincipalToken> {
  const { scopes } = context.actor;
  const { token } = await issueSessionToken(context, session, [...scopes]);
  const isWhole = sessionScopes(session).every((scope) => isIdentity(scope) || scopes.has(scope));
  if (!isWhole) return { accessToken: token, refreshToken: '' };
  const refreshToken = await transact(context, (tx) => standingRefreshToken(context, tx, session));
  return { accessToken: token, refreshToken };
}

/** What says who somebody is, and opens nothing. */
const isIdentity = (scope: Scope) => scope === 'openid' || scope === 'offline_access';

/** An access token of an API token, which is asked again where others are refreshed. */
async function ofApiToken(
  { prisma, accessTokens, actor, now }: Context,
  id: string | null,
  presented?: Uint8Array,
): Promise<PrincipalToken> {
  const row = id === null ? null : await prisma.apiToken.findUnique({ where: { id } });
  if (row === null) throw new UnauthenticatedError('The credential has ended.');
  const scopes = [...actor.scopes].filter((scope) => row.scopes.includes(scope));
  const { userId, organizationId, expiresAt, previousExpiresAt, tokenHash, previousHash } = row;
  const before = previousExpiresAt !== null && previousExpiresAt > now() ? previousHash : null;
  const secretHash = presented ?? before ?? tokenHash; // a session may be of either secret: of the one that ends first
  const grant = { userId, organizationId, expiresAt, apiTokenId: row.id, secretHash, clientId: null, scopes };
  const { token } = await accessTokens.issue(grant);
  return { accessToken: token, refreshToken: '' };
}
