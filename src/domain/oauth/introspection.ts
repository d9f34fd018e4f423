/** Tells a program that was given a token what the token is good for (RFC 7662). */
import { decodeJwt } from 'jose';
import { authenticate, sessionActor, sessionSelect } from '../../auth/authenticate.ts';
import { hashSecret, secretKind } from '../../auth/secrets.ts';
import type { Context } from '../../context.ts';
import { NetworkNotAllowedError, OAuthError, UnauthenticatedError } from '../../errors.ts';
import type { OAuthClient } from '../../generated/prisma/client.ts';
import type { Actor } from '../policy.ts';

export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly token_type?: 'Bearer';
      readonly scope: string;
      readonly client_id?: string;
      /** The account, or the organization of a token that no user stands behind. */
      readonly sub: string;
      readonly username?: string;
      readonly iss: string;
      readonly aud?: string;
      /** Seconds since 1970. */
      readonly exp: number;
      readonly iat?: number;
      readonly jti?: string;
      readonly act?: { readonly sub: string };
    };

const inactive: Introspection = { active: false };

/**
 * Access tokens and API tokens are told of to every client that can keep a secret; refresh tokens to their own client
 * alone. Whatever else is presented is not active, and why is not told.
 * @throws {OAuthError} invalid_client for a public client: anybody could pose as it, and try tokens that they found
 */
export async function introspectToken(
  context: Context,
  { client, token }: { readonly client: OAuthClient; readonly token: string },
): Promise<Introspection> {
  if (client.secretHash === null)
    throw new OAuthError('invalid_client', 'Only a client with a secret may ask about tokens.');
  const kind = secretKind(token);
  if (kind === 'refreshToken') return introspectRefreshToken(context, client, token);
  if (kind === 'apiToken') return describe(context, await actorOf(context, token));
  const verified = await context.accessTokens.verify(token);
  const described = verified === null ? inactive : describe(context, await actorOf(context, token));
  if (!described.active) return inactive;
  const { client_id, aud, iat, jti, act } = decodeJwt(token);
  const claims = { client_id, aud, iat, jti, act } as object;
  return { ...described, ...claims };
}

async function actorOf(context: Context, token: string): Promise<Actor | null> {
  return authenticate(token, context).catch((error: unknown) => {
    if (error instanceof UnauthenticatedError || error instanceof NetworkNotAllowedError) return null;
    throw error;
  });
}

function describe({ issuer }: Context, actor: Actor | null): Introspection {
  const sub = actor?.user?.id ?? actor?.organizationId;
  const expiresAt = actor?.credential.expiresAt;
  if (!actor || !sub || !expiresAt) return inactive;
  const username = actor.scopes.has('profile') ? actor.user?.username : null;
  return {
    active: true,
    token_type: 'Bearer',
    scope: [...actor.scopes].join(' '),
    sub,
    ...(username != null && { username }),
    iss: issuer,
    exp: Math.floor(expiresAt.getTime() / 1000),
  };
}

/** A used one is no longer active, also while those who raced for it are still led to its successor. */
async function introspectRefreshToken(
  context: Context,
  client: OAuthClient,
  token: string,
): Promise<Introspection> {
  const now = context.now();
  const found = await context.prisma.refreshToken.findUnique({
    where: { tokenHash: hashSecret(token) },
    select: { usedAt: true, expiresAt: true, session: { select: sessionSelect(now) } },
  });
  if (found === null || found.usedAt !== null || found.expiresAt <= now) return inactive;
  if (found.session.clientId !== client.id) return inactive;
  const actor = await sessionActor(found.session, context);
  const described = describe(context, actor);
  if (!described.active) return inactive;
  const { token_type: _, ...rest } = described;
  return { ...rest, client_id: client.id, exp: Math.floor(found.expiresAt.getTime() / 1000) };
}
