/** An API token for an access token of ten minutes, to hand to programs that should not have the former (RFC 8693). */
import { authenticate } from '../../auth/authenticate.ts';
import { hashSecret, secretKind } from '../../auth/secrets.ts';
import type { Context } from '../../context.ts';
import { NetworkNotAllowedError, OAuthError, RateLimitedError, UnauthenticatedError } from '../../errors.ts';
import type { OAuthClient } from '../../generated/prisma/client.ts';
import type { Actor } from '../policy.ts';
import { required, single } from './parameters.ts';
import { requestedScopes } from './scopes.ts';
import type { TokenAnswer } from './token-answer.ts';

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

/** @throws {OAuthError} */
export async function exchangeApiToken(
  context: Context,
  { client, params }: { readonly client: OAuthClient | null; readonly params: URLSearchParams },
): Promise<TokenAnswer> {
  requireSupported(context, params);
  const subjectToken = required(params, 'subject_token');
  const actor = await subjectOf(context, subjectToken);
  const { credential, user, organizationId } = actor;
  const scopes = requestedScopes(single(params, 'scope'), [...actor.scopes]);
  const { token, expiresIn } = await context.accessTokens.issue({
    userId: user?.id ?? null,
    apiTokenId: credential.id ?? '',
    secretHash: hashSecret(subjectToken),
    organizationId,
    clientId: client?.id ?? null,
    scopes,
    expiresAt: credential.expiresAt ?? context.now(),
  });
  return {
    access_token: token,
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: expiresIn,
    scope: scopes.join(' '),
  };
}

function requireSupported({ issuer }: Context, params: URLSearchParams): void {
  const refuse = (description: string) => new OAuthError('invalid_request', description);
  if (required(params, 'subject_token_type') !== accessTokenType)
    throw refuse(`The only subject_token_type is ${accessTokenType}: of an API token.`);
  if ((single(params, 'requested_token_type') ?? accessTokenType) !== accessTokenType)
    throw refuse(`The only requested_token_type is ${accessTokenType}.`);
  if (params.has('actor_token')) throw refuse('This server takes no actor_token here.');
  const targets = [...params.getAll('audience'), ...params.getAll('resource')];
  if (targets.some((target) => target.replace(/\/$/, '') !== issuer))
    throw new OAuthError('invalid_target', 'The only audience is this server itself.');
}

/** Who the API token is of. An access token is none: it would live for ever by being exchanged for the next one. */
async function subjectOf(context: Context, subjectToken: string): Promise<Actor> {
  const refused = new OAuthError('invalid_request', 'The subject_token is no API token that is good.');
  if (secretKind(subjectToken) !== 'apiToken') throw refused;
  const actor = await authenticate(subjectToken, context).catch((error: unknown) => {
    const isRefused = error instanceof UnauthenticatedError || error instanceof NetworkNotAllowedError;
    throw isRefused ? refused : error;
  });
  const limit = await context.limits.consume(actor, context.client.ipAddress);
  if (!limit.allowed) throw new RateLimitedError(limit);
  return actor;
}
