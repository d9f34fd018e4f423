/** Which client it is, and whether it is that (RFC 6749, section 2.3). */
import { timingSafeEqual } from 'node:crypto';
import { hashSecret } from '../../auth/secrets.ts';
import type { Context } from '../../context.ts';
import { OAuthError } from '../../errors.ts';
import type { OAuthClient } from '../../generated/prisma/client.ts';
import { isUuid } from '../ids.ts';

/** The client with this id, as long as it is not revoked. */
export async function findClient(
  { prisma }: Pick<Context, 'prisma'>,
  clientId: string,
): Promise<OAuthClient | null> {
  if (!isUuid(clientId)) return null;
  return prisma.oAuthClient.findFirst({ where: { id: clientId, revokedAt: null } });
}

export interface ClientCredentials {
  readonly clientId: string;
  /** Null or empty where a client sends none. */
  readonly clientSecret: string | null;
}

/**
 * The client that proves itself: a confidential one by its secret; a public one has nothing to prove it by.
 * @throws {OAuthError} invalid_client
 */
export async function authenticateClient(
  context: Pick<Context, 'prisma'>,
  { clientId, clientSecret }: ClientCredentials,
): Promise<OAuthClient> {
  const client = await findClient(context, clientId);
  const secret = clientSecret || null;
  const isProven =
    client !== null && (client.secretHash === null ? secret === null : isSecretOf(client.secretHash, secret));
  if (client === null || !isProven)
    throw new OAuthError('invalid_client', 'The client is unknown, or did not prove itself.');
  return client;
}

function isSecretOf(hash: Uint8Array, secret: string | null): boolean {
  return secret !== null && timingSafeEqual(hash, hashSecret(secret));
}
