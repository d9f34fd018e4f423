import type { HttpRequest } from './message.ts';
/** The cookies of a browser session. Both are HttpOnly, Secure, and not sent along with what other sites make a browser do. */

/** The session's opaque token: what the pages of this server go by. */
export const sessionCookie = 'usergraph_session';
/** An access token of the same session: what SweatStack's web clients go by. */
export const tokenCookie = 'token';

const attributes = 'Path=/; HttpOnly; Secure; SameSite=Lax';

/** The header `Set-Cookie` for a cookie that lasts until then. */
export function setCookie(name: string, value: string, expiresAt: Date): string {
  return `${name}=${value}; Expires=${expiresAt.toUTCString()}; ${attributes}`;
}

export function clearCookie(name: string): string {
  return `${name}=; Max-Age=0; ${attributes}`;
}

export function readCookie({ headers }: HttpRequest, name: string): string | null {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) || null;
}

/**
 * Whether a request that a browser made comes from a page of this origin, or from its user. A browser sends cookies
 * whichever page asks, so nothing else may change anything by them.
 */
export function isFromOwnOrigin({ url, headers }: HttpRequest): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = headers.get('origin');
  return origin === null || (URL.canParse(origin) && new URL(origin).host === new URL(url).host); // TLS may end before
}
