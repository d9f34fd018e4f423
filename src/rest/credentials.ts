/** Where the vendors' clients put a secret. */
import { parseBearer } from '../auth/authenticate.ts';
import { isFromOwnOrigin, readCookie } from '../http/cookies.ts';

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
  return request.method === 'GET' || isFromOwnOrigin(request) ? readCookie(request, name) : null;
}
