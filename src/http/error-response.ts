import { PothosValidationError } from '@pothos/core';
import { databaseBusy, databaseGone } from '../db/unavailable.ts';
import {
  DomainError,
  InsufficientScopeError,
  InvalidIdError,
  MethodNotAllowedError,
  RateLimitedError,
  ServiceUnavailableError,
  UnauthenticatedError,
  UnreadableCredentialError,
} from '../errors.ts';
import type { Log } from '../log.ts';
import type { Exchange } from './exchange.ts';
import type { HttpAnswer } from './message.ts';

/**
 * The domain error behind whatever was thrown: listed ones as they are, Pothos' complaint of an id of another type, and
 * a database that does not answer. Anything else is a bug: logged with its stack, and masked.
 */
export function toDomainError(error: unknown, log: Log): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof PothosValidationError) return new InvalidIdError(error.message);
  const isGone = databaseGone(error);
  if (isGone || databaseBusy(error)) {
    log.error({ err: error }, isGone ? 'the database cannot be reached' : 'the database was too slow');
    return new ServiceUnavailableError(error);
  }
  log.error({ err: error }, 'unexpected error');
  return new DomainError('INTERNAL_SERVER_ERROR', { cause: error });
}

/** The headers that HTTP asks for with an error's status (RFC 9110), as the dialects send them. */
export function errorHeaders(error: DomainError): Record<string, string> {
  if (error.status === 401) return { 'www-authenticate': 'Bearer realm="usergraph"' };
  if (error instanceof InsufficientScopeError) {
    return {
      'www-authenticate': `Bearer realm="usergraph", error="insufficient_scope", scope="${error.scope}"`,
    };
  }
  if (error instanceof RateLimitedError) return { 'retry-after': String(error.retryAfter) };
  if (error instanceof MethodNotAllowedError) return { allow: error.allow };
  if (error.code === 'SERVICE_UNAVAILABLE') return { 'retry-after': '5' };
  return {};
}

/** The same as this server's own surfaces send them: with a challenge that says why (RFC 6750, section 3). */
export function nativeErrorHeaders(error: DomainError): Record<string, string> {
  const challenge = bearerChallenge(error);
  return { ...errorHeaders(error), ...(challenge !== null && { 'www-authenticate': challenge }) };
}

/** Who sent no credential is told no error, but how to authenticate. Null where a credential is not what is missing. */
function bearerChallenge(error: DomainError): string | null {
  if (error instanceof UnreadableCredentialError) return challenge({ error: 'invalid_request' }, error);
  if (error instanceof InsufficientScopeError)
    return challenge({ error: 'insufficient_scope', scope: error.scope }, error);
  if (error instanceof UnauthenticatedError && !error.isMissing)
    return challenge({ error: 'invalid_token' }, error);
  return null;
}

function challenge(attributes: Readonly<Record<string, string>>, { message }: DomainError): string {
  const all = { realm: 'usergraph', ...attributes, error_description: message.replace(/[^ !#-[\]-~]/g, '') };
  return `Bearer ${Object.entries(all)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`;
}

/** What `extensions` tells of an error besides its code. */
export function errorDetails(error: DomainError): Record<string, unknown> {
  if (error instanceof InsufficientScopeError) return { scope: error.scope };
  if (error instanceof RateLimitedError) return { retryAfter: error.retryAfter };
  return error.argumentPath.length > 0 ? { argumentPath: error.argumentPath } : {};
}

/** The status that nginx gave to a request whose client went away; nobody reads it but the log. */
const clientClosedRequest = 499;

/** The answer to a request that failed: as its surface tells it; before it reached one, in the shape of a GraphQL response. */
export function errorResponse(error: unknown, { request, requestId, log, fail }: Exchange): HttpAnswer {
  if (request.signal.aborted) return new Response(null, { status: clientClosedRequest });
  const known = toDomainError(error, log);
  if (fail) return fail(known);
  const extensions = { code: known.code, ...errorDetails(known), requestId };
  return Response.json(
    { errors: [{ message: known.message, extensions }] },
    { status: known.status, headers: { ...nativeErrorHeaders(known), 'cache-control': 'no-store' } },
  );
}
