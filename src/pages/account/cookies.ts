/** The session of a browser, in its cookies. */

import { secretKind } from '../../auth/secrets.ts';
import { type Context, within } from '../../context.ts';
import type { Actor } from '../../domain/policy.ts';
import { issueSessionToken, revokeOwnSession, type SignedIn } from '../../domain/sessions.ts';
import { NotFoundError, UnauthenticatedError } from '../../errors.ts';
import { clearCookie, readCookie, sessionCookie, setCookie, tokenCookie } from '../../http/cookies.ts';
import type { HttpRequest } from '../../http/message.ts';

/** The session's token in the cookie; null for a cookie that holds anything else. */
export function cookieCredential(request: HttpRequest): string | null {
  const secret = readCookie(request, sessionCookie);
  return secret !== null && secretKind(secret) === 'session' ? secret : null;
}

/** The cookies of a session that was just opened. The one that the browser had before ends with it. */
export async function cookiesOf(
  context: Context,
  { sessionId, token, user, expiresAt }: SignedIn,
  previous: Actor,
): Promise<readonly string[]> {
  const grant = { id: sessionId, userId: user.id, clientId: null, actorId: null, scopes: [], expiresAt };
  const access = await issueSessionToken(context, grant);
  await endPrevious(context, previous);
  // The access token's cookie outlives it: with the session's beside it, it is renewed.
  return [setCookie(sessionCookie, token, expiresAt), setCookie(tokenCookie, access.token, expiresAt)];
}

async function endPrevious(context: Context, previous: Actor): Promise<void> {
  const { kind, id } = previous.credential;
  if (kind !== 'SESSION' || id === null) return;
  try {
    await revokeOwnSession(within(context, { actor: previous }), id);
  } catch (error) {
    const isOver = error instanceof NotFoundError || error instanceof UnauthenticatedError;
    if (!isOver) throw error;
  }
}

export const clearedCookies = (): readonly string[] => [clearCookie(sessionCookie), clearCookie(tokenCookie)];
