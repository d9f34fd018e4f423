/** What a token endpoint answers (RFC 6749, section 5.1), with an ID token where OpenID Connect wants one. */
import type { Context } from '../../context.ts';
import type { Scope } from '../policy.ts';
import { issueSessionToken, type SessionGrant, sessionScopes } from '../sessions.ts';
import { claimsOf, claimsSelect } from './user-info.ts';

export interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** In seconds. */
  readonly expires_in: number;
  readonly refresh_token?: string;
  /** What was granted, separated by spaces. */
  readonly scope: string;
  readonly id_token?: string;
  /** Only of a token exchange (RFC 8693). */
  readonly issued_token_type?: string;
}

interface Granted {
  readonly session: SessionGrant;
  readonly refreshToken: string;
  readonly narrowedTo?: readonly Scope[] | undefined;
  /** Of a sign-in that the client asked for in the browser. */
  readonly signIn?: { readonly nonce: string | null; readonly authenticatedAt: Date };
}

export async function answerWithSession(context: Context, granted: Granted): Promise<TokenAnswer> {
  const { session, refreshToken, narrowedTo } = granted;
  const all = sessionScopes(session);
  const scopes = narrowedTo === undefined ? all : all.filter((scope) => narrowedTo.includes(scope));
  const { token, expiresIn } = await issueSessionToken(context, session, scopes);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresIn,
    refresh_token: refreshToken,
    scope: scopes.join(' '),
    ...(scopes.includes('openid') && { id_token: await issueIdToken(context, granted, scopes) }),
  };
}

/** As long as the access token that it comes with; it is read at once, and is no credential. */
const idTokenLifetime = 600;

async function issueIdToken(
  { prisma, keys, issuer, now }: Context,
  { session, signIn }: Granted,
  scopes: readonly Scope[],
): Promise<string> {
  const user = await prisma.user.findUniqueOrThrow({ where: { id: session.userId }, select: claimsSelect });
  const iat = Math.floor(now().getTime() / 1000);
  return keys.sign(
    {
      ...claimsOf(user, (scope) => scopes.includes(scope)),
      iss: issuer,
      aud: session.clientId,
      iat,
      exp: iat + idTokenLifetime,
      sid: session.id,
      ...(signIn && { auth_time: Math.floor(signIn.authenticatedAt.getTime() / 1000) }),
      ...(signIn?.nonce != null && { nonce: signIn.nonce }),
    },
    'JWT',
  );
}
