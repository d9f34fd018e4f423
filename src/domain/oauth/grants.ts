/** What clients exchange for tokens: codes, refresh tokens, device codes, API tokens. */

import { hashSecret } from '../../auth/secrets.ts';
import type { Context } from '../../context.ts';
import { InvalidRefreshTokenError, OAuthError } from '../../errors.ts';
import type { OAuthClient } from '../../generated/prisma/client.ts';
import { refreshSession } from '../refresh.ts';
import { type PresentedCode, redeemAuthorizationCode } from './authorization-codes.ts';
import { authenticateClient, type ClientCredentials } from './client-authentication.ts';
import { redeemDeviceCode } from './device.ts';
import { required, single } from './parameters.ts';
import { requestedScopes } from './scopes.ts';
import { answerWithSession, type TokenAnswer } from './token-answer.ts';
import { exchangeApiToken } from './token-exchange.ts';

export type { TokenAnswer } from './token-answer.ts';

/** The values of `grant_type` that `answerTokenRequest` knows. */
export const grantTypes = {
  authorizationCode: 'authorization_code',
  refreshToken: 'refresh_token',
  deviceCode: 'urn:ietf:params:oauth:grant-type:device_code',
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const;

export interface TokenRequest {
  readonly params: URLSearchParams;
  /** How the client says who it is; null where it does not. */
  readonly credentials: ClientCredentials | null;
}

/** Answers a request to a token endpoint (RFC 6749, section 3.2). @throws {OAuthError} */
export async function answerTokenRequest(
  context: Context,
  { params, credentials }: TokenRequest,
): Promise<TokenAnswer> {
  const grantType = required(params, 'grant_type');
  if (grantType === grantTypes.tokenExchange) {
    const client = credentials && (await authenticateClient(context, credentials));
    return exchangeApiToken(context, { client, params });
  }
  const grant = grants.get(grantType);
  if (grant === undefined)
    throw new OAuthError('unsupported_grant_type', 'This server does not know the grant_type.');
  if (credentials === null) throw new OAuthError('invalid_client', 'The client does not say who it is.');
  const client = await authenticateClient(context, credentials);
  return grant(context, client, params);
}

type Grant = (context: Context, client: OAuthClient, params: URLSearchParams) => Promise<TokenAnswer>;

const grants = new Map<string, Grant>([
  [
    grantTypes.authorizationCode,
    async (context, client, params) =>
      exchangeAuthorizationCode(context, {
        client,
        code: required(params, 'code'),
        codeVerifier: required(params, 'code_verifier'),
        redirectUri: single(params, 'redirect_uri'),
      }),
  ],
  [
    grantTypes.refreshToken,
    async (context, client, params) =>
      exchangeRefreshToken(context, {
        client,
        refreshToken: required(params, 'refresh_token'),
        scope: single(params, 'scope'),
      }),
  ],
  [
    grantTypes.deviceCode,
    async (context, client, params) =>
      exchangeDeviceCode(context, { client, deviceCode: required(params, 'device_code') }),
  ],
]);

/** @throws {OAuthError} invalid_grant */
export async function exchangeAuthorizationCode(
  context: Context,
  presented: PresentedCode,
): Promise<TokenAnswer> {
  const { session, secrets, code } = await redeemAuthorizationCode(context, presented);
  return answerWithSession(context, { session, refreshToken: secrets.refreshToken, signIn: code });
}

/** @throws {OAuthError} invalid_grant, or invalid_scope for more than was granted (RFC 6749, section 6) */
export async function exchangeRefreshToken(
  context: Context,
  {
    client,
    refreshToken,
    scope = null,
  }: { readonly client: OAuthClient; readonly refreshToken: string; readonly scope?: string | null },
): Promise<TokenAnswer> {
  // Before it is used up: who asked for too much can ask again.
  const narrowedTo = scope === null ? undefined : await narrowed(context, { client, refreshToken, scope });
  const refreshed = await refreshSession(context, { refreshToken, clientId: client.id }).catch(
    (error: unknown) => {
      if (!(error instanceof InvalidRefreshTokenError)) throw error;
      throw new OAuthError('invalid_grant', 'The refresh token is unknown, used, or over.');
    },
  );
  return answerWithSession(context, { ...refreshed, narrowedTo });
}

async function narrowed(
  { prisma }: Context,
  { client, refreshToken, scope }: { client: OAuthClient; refreshToken: string; scope: string },
) {
  const found = await prisma.refreshToken.findUnique({
    where: { tokenHash: hashSecret(refreshToken), session: { clientId: client.id } },
    select: { session: { select: { scopes: true } } },
  });
  return found === null ? undefined : requestedScopes(scope, found.session.scopes);
}

/** @throws {OAuthError} as `redeemDeviceCode` does */
export async function exchangeDeviceCode(
  context: Context,
  { client, deviceCode }: { readonly client: OAuthClient; readonly deviceCode: string },
): Promise<TokenAnswer> {
  const { session, secrets } = await redeemDeviceCode(context, { deviceCode, clientId: client.id });
  return answerWithSession(context, { session, refreshToken: secrets.refreshToken });
}
