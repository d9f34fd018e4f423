import { type DomainError, InsufficientScopeError, RateLimitedError } from '../errors.ts';

/** The headers that HTTP asks for with an error's status (RFC 6750, RFC 9110). */
export function errorHeaders(error: DomainError): Record<string, string> {
  if (error.code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer realm="usergraph"' };
  if (error instanceof InsufficientScopeError) {
    return {
      'www-authenticate': `Bearer realm="usergraph", error="insufficient_scope", scope="${error.scope}"`,
    };
  }
  if (error instanceof RateLimitedError) return { 'retry-after': String(error.retryAfter) };
  if (error.code === 'SERVICE_UNAVAILABLE') return { 'retry-after': '5' };
  return {};
}

/** What `extensions` tells of an error besides its code. */
export function errorDetails(error: DomainError): Record<string, unknown> {
  if (error instanceof InsufficientScopeError) return { scope: error.scope };
  if (error instanceof RateLimitedError) return { retryAfter: error.retryAfter };
  return error.path.length > 0 ? { argumentPath: error.path } : {};
}

/** The answer to a request that failed before it reached a surface, in the shape of a GraphQL response. */
export function errorResponse(error: DomainError, requestId: string): Response {
  const extensions = { code: error.code, ...errorDetails(error), requestId };
  return Response.json(
    { errors: [{ message: error.message, extensions }] },
    { status: error.status, headers: { ...errorHeaders(error), 'cache-control': 'no-store' } },
  );
}
