import type { AnswerHeaders, HttpRequest } from './message.ts';

/** What pages may read of an answer besides its body; the last ones are of the dialects. */
const exposed = [
  'X-Request-Id',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'ETag',
  'Location',
  'Idempotency-Replayed',
  'X-Api-Schema',
  'X-Ratelimit-Permitted',
  'X-Ratelimit-Remaining',
  'Refreshed-Token',
].join(', ');

/** Cross-origin access (Fetch standard). No answer to a request with cookies can be read, so any origin may be let in. */
export function addCorsHeaders(
  headers: AnswerHeaders,
  request: HttpRequest,
  allowed: '*' | readonly string[],
): void {
  const origin = request.headers.get('origin');
  if (allowed === '*') headers.set('access-control-allow-origin', '*');
  else headers.append('vary', 'Origin');
  if (origin === null || (allowed !== '*' && !allowed.includes(origin))) return;
  if (allowed !== '*') headers.set('access-control-allow-origin', origin);
  headers.set('access-control-expose-headers', exposed);
  if (request.method !== 'OPTIONS') return;
  headers.set('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE, OPTIONS');
  headers.set(
    'access-control-allow-headers',
    'Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key, Refreshed-Token',
  );
  headers.set('access-control-max-age', '86400');
}
