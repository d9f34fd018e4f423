/** Where the vendors' clients put a secret. */

import { decodeJwt } from 'jose';
import { parseBearer } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { issueSessionToken } from '../domain/sessions.ts';
import { UnauthenticatedError } from '../errors.ts';
import { isFromOwnOrigin, readCookie, sessionCookie, setCookie, tokenCookie } from '../http/cookies.ts';
import type { HttpRequest } from '../http/message.ts';
import type { AddedHeader } from './dialect.ts';

/** The secret of `Authorization: Bearer …`; null without one, and for another scheme. */
export function bearer({ headers }: HttpRequest): string | null {
  return parseBearer(headers.get('authorization') ?? '');
}

/** The secret of `Authorization`, with or without the word Bearer. */
export function bareOrBearer({ headers }: HttpRequest): string | null {
  return /^(?:Bearer +)?(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1] ?? null;
}

/**
 * The secret in a cookie. A browser sends cookies whichever page asks, so one that another origin's page may have sent
 * counts only where nothing is changed.
 */
function cookie(request: HttpRequest, name: string): string | null {
  return request.method === 'GET' || isFromOwnOrigin(request) ? readCookie(request, name) : null;
}

/** The secret of a web session: the access token in its cookie; once that is over, the session's own. */
export function webSession(request: HttpRequest, now: Date): string | null {
  return needsRenewal(request, now) ? cookie(request, sessionCookie) : cookie(request, tokenCookie);
}

/**
 * The new access token of a web session whose last one is over, as a header and as a cookie.
 * @throws {UnauthenticatedError} when that was of another session: a browser must not become somebody else unasked
 */
export async function renewedWebSession(
  context: Context,
  request: HttpRequest,
): Promise<readonly AddedHeader[]> {
  const { user, credential } = context.actor;
  const { id, expiresAt } = credential;
  if (!needsRenewal(request, context.now()) || user === null || id === null || expiresAt === null) return [];
  const last = cookie(request, tokenCookie);
  if (last !== null && claimsOf(last)?.sid !== id)
    throw new UnauthenticatedError('The token is over, and its session is another one.');
  const session = { id, userId: user.id, clientId: null, actorId: null, scopes: [], expiresAt };
  const { token } = await issueSessionToken(context, session, [...context.actor.scopes]);
  return [
    ['refreshed-token', token],
    ['set-cookie', setCookie(tokenCookie, token, expiresAt)],
  ];
}

function needsRenewal(request: HttpRequest, now: Date): boolean {
  if (cookie(request, sessionCookie) === null) return false;
  const token = cookie(request, tokenCookie);
  if (token === null) return true;
  const { exp } = claimsOf(token) ?? {};
  return exp !== undefined && exp * 1000 <= now.getTime();
}

/** What a JWT says of itself, not verified: the session's cookie is the credential, whichever way this turns out. */
function claimsOf(token: string): { readonly exp?: number; readonly sid?: unknown } | null {
  try {
    return decodeJwt(token);
  } catch {
    return null;
  }
}
