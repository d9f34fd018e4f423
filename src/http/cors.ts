/** Cross-origin access (Fetch standard). Credentials travel in a header, never in a cookie, so any origin may be let in. */
export function corsHeaders(request: Request, allowed: '*' | readonly string[]): Record<string, string> {
  const origin = request.headers.get('origin');
  if (origin === null) return {};
  const vary = { vary: 'Origin' };
  if (allowed !== '*' && !allowed.includes(origin)) return vary;
  const common = {
    ...vary,
    'access-control-allow-origin': allowed === '*' ? '*' : origin,
    'access-control-expose-headers': 'X-Request-Id, Retry-After, WWW-Authenticate',
  };
  if (request.method !== 'OPTIONS') return common;
  return {
    ...common,
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': 'Authorization, Content-Type, Accept, X-Request-Id',
    'access-control-max-age': '86400',
  };
}
