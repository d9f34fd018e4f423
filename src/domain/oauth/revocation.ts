/** Lets a client give back what it was granted (RFC 7009). */
import { hashSecret, secretKind } from '../../auth/secrets.ts';
import { type Context, within } from '../../context.ts';
import { OAuthError } from '../../errors.ts';
import type { OAuthClient } from '../../generated/prisma/client.ts';
import { record } from '../audit.ts';
import { anonymous } from '../policy.ts';
import { endSession } from '../sessions.ts';
import { transact } from '../transaction.ts';

/**
 * Ends the session that a refresh token or an access token is of, with all its tokens. A token that is not known is as
 * good as revoked.
 * @throws {OAuthError} for a token of somebody else, and for one that was exchanged for an API token
 */
export async function revokeToken(
  context: Context,
  { client, token }: { readonly client: OAuthClient; readonly token: string },
): Promise<void> {
  const sessionId = await sessionOf(context, token);
  if (sessionId === null) return;
  await transact(within(context, { actor: anonymous }), async (tx) => {
    const session = await tx.session.findUnique({
      where: { id: sessionId },
      select: { userId: true, clientId: true },
    });
    if (session === null) return;
    if (session.clientId !== client.id)
      throw new OAuthError('invalid_request', 'The token was not given to this client.');
    if (!(await endSession(context, tx, sessionId))) return;
    await record(context, tx, {
      action: 'session.revoke',
      subject: { type: 'Session', id: sessionId },
      about: session.userId,
    });
  });
}

async function sessionOf({ prisma, accessTokens }: Context, token: string): Promise<string | null> {
  if (secretKind(token) === 'refreshToken') {
    const found = await prisma.refreshToken.findUnique({
      where: { tokenHash: hashSecret(token) },
      select: { sessionId: true },
    });
    return found?.sessionId ?? null;
  }
  const verified = await accessTokens.verify(token);
  if (verified?.apiTokenId != null || secretKind(token) === 'apiToken')
    throw new OAuthError('unsupported_token_type', 'An API token is revoked by its owner, in the graph.');
  return verified?.sessionId ?? null;
}
