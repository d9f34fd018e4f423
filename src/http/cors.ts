/** Cross-origin access (Fetch standard). Credentials travel in a header, never in a cookie, so any origin may be let in. */
export function addCorsHeaders(headers: Headers, request: Request, allowed: '*' | readonly string[]): void {
  const origin = request.headers.get('origin');
  if (allowed !== '*') headers.append('vary', 'Origin');
  if (origin === null || (allowed !== '*' && !allowed.includes(origin))) return;
  headers.set('access-control-allow-origin', allowed === '*' ? '*' : origin);
  headers.set('access-control-expose-headers', 'X-Request-Id, Retry-After, WWW-Authenticate');
  if (request.method !== 'OPTIONS') return;
  headers.set('access-control-allow-methods', 'GET, POST, OPTIONS');
  headers.set('access-control-allow-headers', 'Authorization, Content-Type, Accept');
  headers.set('access-control-max-age', '86400');
}
