/** What each endpoint of the provider does with the form that it was sent. */

import type { Context } from '../context.ts';
import { authenticateClient } from '../domain/oauth/client-authentication.ts';
import { deviceAnswer, startDeviceAuthorization } from '../domain/oauth/device.ts';
import { answerTokenRequest } from '../domain/oauth/grants.ts';
import { introspectToken } from '../domain/oauth/introspection.ts';
import { required, single } from '../domain/oauth/parameters.ts';
import { revokeToken } from '../domain/oauth/revocation.ts';
import { requestedScopes } from '../domain/oauth/scopes.ts';
import { OAuthError } from '../errors.ts';
import type { OAuthClient } from '../generated/prisma/client.ts';
import type { RequestHeaders } from '../http/message.ts';
import { readClientCredentials } from './client-credentials.ts';

interface Submitted {
  readonly headers: RequestHeaders;
  readonly params: URLSearchParams;
}

/** The answer's body. */
export type FormCall = (context: Context, submitted: Submitted) => Promise<object>;

async function clientOf(context: Context, { headers, params }: Submitted): Promise<OAuthClient> {
  const credentials = readClientCredentials(headers, params);
  if (credentials === null) throw new OAuthError('invalid_client', 'The client does not say who it is.');
  return authenticateClient(context, credentials);
}

export const token: FormCall = (context, { headers, params }) =>
  answerTokenRequest(context, { params, credentials: readClientCredentials(headers, params) });

export const revoke: FormCall = async (context, submitted) => {
  const client = await clientOf(context, submitted);
  await revokeToken(context, { client, token: required(submitted.params, 'token') });
  return {};
};

export const introspect: FormCall = async (context, submitted) => {
  const client = await clientOf(context, submitted);
  return introspectToken(context, { client, token: required(submitted.params, 'token') });
};

export const authorizeDevice: FormCall = async (context, submitted) => {
  const client = await clientOf(context, submitted);
  const scopes = requestedScopes(single(submitted.params, 'scope'), client.scopes);
  return deviceAnswer(await startDeviceAuthorization(context, { clientId: client.id, scopes }));
};
