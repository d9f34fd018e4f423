/** How a client says who it is (RFC 6749, section 2.3): in the header, or in the form. */

import type { ClientCredentials } from '../domain/oauth/client-authentication.ts';
import { single } from '../domain/oauth/parameters.ts';
import { OAuthError } from '../errors.ts';
import type { RequestHeaders } from '../http/message.ts';

/** @throws {OAuthError} for a header that is none, and for a client that says who it is in both places */
export function readClientCredentials(
  headers: RequestHeaders,
  params: URLSearchParams,
): ClientCredentials | null {
  const clientId = single(params, 'client_id');
  const clientSecret = single(params, 'client_secret');
  const header = headers.get('authorization');
  if (header === null) return clientId === null ? null : { clientId, clientSecret };
  const basic = readBasic(header);
  if (basic === null) throw new OAuthError('invalid_client', 'The Authorization header must be: Basic …');
  if (clientSecret !== null)
    throw new OAuthError('invalid_request', 'The client proves itself in the header and in the form.');
  if (clientId !== null && clientId !== basic.clientId)
    throw new OAuthError('invalid_request', 'The header and the form name different clients.');
  return basic;
}

function readBasic(header: string): ClientCredentials | null {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header)?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  const [clientId, clientSecret] = [text.slice(0, colon), text.slice(colon + 1)].map(formDecoded);
  return clientId == null || clientSecret == null ? null : { clientId, clientSecret };
}

/** Both halves are encoded like a form's values, so that they can hold a colon. */
function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
