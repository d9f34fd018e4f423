/** Codes, and what they are exchanged for, once (RFC 6749, section 4.1.3). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { hashSecret, secretKind } from '../../auth/secrets.ts';
import { type Context, within } from '../../context.ts';
import { OAuthError } from '../../errors.ts';
import type { AuthorizationCode, OAuthClient } from '../../generated/prisma/client.ts';
import { record } from '../audit.ts';
import { anonymous, type Scope } from '../policy.ts';
import { endSession } from '../sessions.ts';
import { type Transaction, transact } from '../transaction.ts';
import { type OpenedSession, openConsented } from './client-sessions.ts';
import { covers } from './scopes.ts';

export interface PresentedCode {
  readonly client: OAuthClient;
  readonly code: string;
  readonly codeVerifier: string;
  /** Need not be told: PKCE binds the code to who asked for it. When it is, it must be the one that was asked with. */
  readonly redirectUri: string | null;
}

/**
 * Exchanges a code for a session of the client.
 * @throws {OAuthError} invalid_grant for one that is unknown, over, another client's, not proved, or used before; the last ends the session
 */
export async function redeemAuthorizationCode(
  context: Context,
  presented: PresentedCode,
): Promise<OpenedSession & { readonly code: AuthorizationCode }> {
  const outcome =
    secretKind(presented.code) === 'authorizationCode'
      ? await transact(within(context, { actor: anonymous }), (tx) => redeem(context, tx, presented))
      : null;
  if (outcome === null)
    throw new OAuthError('invalid_grant', 'The code is unknown, over, used, or not proved to be yours.');
  return outcome;
}

async function redeem(context: Context, tx: Transaction, presented: PresentedCode) {
  const code = await lockCode(tx, presented.code);
  if (code === null) return null;
  if (code.usedAt !== null) {
    await endReused(context, tx, code);
    return null;
  }
  if (code.expiresAt <= context.now() || !isProved(code, presented)) return null;
  const { userId, clientId, authenticatedAt } = code;
  const scopes = code.scopes as Scope[];
  if (!covers(presented.client.scopes, scopes)) return null; // the client lost one meanwhile
  const opened = await openConsented(context, tx, { userId, clientId, scopes, authenticatedAt });
  if (opened === null) return null;
  const used = { usedAt: context.now(), sessionId: opened.session.id };
  await tx.authorizationCode.update({ where: { id: code.id }, data: used, select: { id: true } });
  return { ...opened, code };
}

/** Of those who present it at once, one gets a session; for the others it was used before. */
async function lockCode(tx: Transaction, secret: string): Promise<AuthorizationCode | null> {
  const codeHash = hashSecret(secret);
  await tx.$queryRaw`SELECT 1 FROM authorization_codes WHERE code_hash = ${codeHash} FOR UPDATE`;
  return tx.authorizationCode.findUnique({ where: { codeHash } });
}

function isProved(code: AuthorizationCode, { client, redirectUri, codeVerifier }: PresentedCode): boolean {
  if (code.clientId !== client.id) return false;
  if (redirectUri !== null && redirectUri !== code.redirectUri) return false;
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(codeVerifier)) return false;
  const challenge = createHash('sha256').update(codeVerifier).digest();
  return timingSafeEqual(challenge, Buffer.from(code.codeChallenge, 'base64url'));
}

/** A code that comes again was seen by somebody else, who may have been the first to use it. */
async function endReused(
  context: Context,
  tx: Transaction,
  { sessionId, userId }: AuthorizationCode,
): Promise<void> {
  if (sessionId === null || !(await endSession(context, tx, sessionId))) return;
  context.log.warn({ sessionId }, 'a used authorization code came again: its session was ended');
  await record(within(context, { actor: anonymous }), tx, {
    action: 'session.revoke',
    subject: { type: 'Session', id: sessionId },
    about: userId,
    changes: { authorizationCodeReused: { before: null, after: true } },
  });
}
