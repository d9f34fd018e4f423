/** How the OAuth2 endpoints answer, and fail (RFC 6749, sections 5.1 and 5.2; RFC 6750, section 3). */
import { type DomainError, type ErrorCode, OAuthError } from '../errors.ts';
import { nativeErrorHeaders } from '../http/error-response.ts';

/** No answer with a token, or about one, may be kept on the way. */
const unkept = { 'cache-control': 'no-store', pragma: 'no-cache' };

export function oauthAnswer(body: object): Response {
  return Response.json(body, { headers: unkept });
}

/** A failure in the words of OAuth2. */
export function oauthFailure(error: DomainError): Response {
  const body = { error: nameOf(error), error_description: printable(error.message) };
  return Response.json(body, { status: error.status, headers: { ...headersOf(error), ...unkept } });
}

const names: Partial<Record<ErrorCode, string>> = {
  RATE_LIMITED: 'temporarily_unavailable',
  SERVICE_UNAVAILABLE: 'temporarily_unavailable',
  INTERNAL_SERVER_ERROR: 'server_error',
  INSUFFICIENT_SCOPE: 'insufficient_scope',
  UNAUTHENTICATED: 'invalid_token',
  FORBIDDEN: 'access_denied',
  NETWORK_NOT_ALLOWED: 'access_denied',
};

function nameOf(error: DomainError): string {
  return error instanceof OAuthError ? error.error : (names[error.code] ?? 'invalid_request');
}

function headersOf(error: DomainError): Record<string, string> {
  if (error.code === 'INVALID_CLIENT')
    return { 'www-authenticate': 'Basic realm="usergraph", charset="UTF-8"' };
  return nativeErrorHeaders(error);
}

/** The characters that a description may have (RFC 6749, section 5.2). */
function printable(text: string): string {
  return text.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, '?');
}
