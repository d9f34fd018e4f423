/** Where the vendors' clients put a secret. */
import { parseBearer } from '../auth/authenticate.ts';

/** The secret of `Authorization: Bearer …`; null without one, and for another scheme. */
export function bearer({ headers }: Request): string | null {
  return parseBearer(headers.get('authorization') ?? '');
}

/** The secret of `Authorization`, with or without the word Bearer. */
export function bareOrBearer({ headers }: Request): string | null {
  return /^(?:Bearer +)?(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

/**
 * The secret in a cookie. A browser sends cookies whichever page asks, so one that another origin's page may have sent
 * counts only where nothing is changed.
 */
export function cookie(request: Request, name: string): string | null {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  if (!value) return null;
  return request.method === 'GET' || isFromOwnOrigin(request) ? value : null;
}

function isFromOwnOrigin({ url, headers }: Request): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  const origin = headers.get('origin');
  return origin === null || (URL.canParse(origin) && new URL(origin).host === new URL(url).host); // TLS may end before
}
