import { encodeId } from '../domain/ids.ts';
import type { ApiToken } from '../generated/prisma/client.ts';
import { renderTable } from './welcome.ts';

/** What is known of a token, for programs: its hashes are nobody's business. */
export function describeToken(token: ApiToken) {
  const { userId, organizationId, name, prefix, scopes, allowedNetworks, rateLimit } = token;
  return {
    id: encodeId('ApiToken', token.id),
    owner: ownerOf({ userId, organizationId }),
    name,
    prefix,
    scopes,
    allowedNetworks,
    rateLimit,
    createdAt: token.createdAt,
    lastUsedAt: token.lastUsedAt,
    expiresAt: token.expiresAt,
    revokedAt: token.revokedAt,
  };
}

function ownerOf({ userId, organizationId }: Pick<ApiToken, 'userId' | 'organizationId'>): string {
  return userId !== null ? encodeId('User', userId) : encodeId('Organization', organizationId ?? '');
}

const dayOf = (date: Date | null) => date?.toISOString().slice(0, 10) ?? '–';

export function renderTokens(tokens: readonly ApiToken[], now: Date): string {
  if (tokens.length === 0) return 'There are none.\n';
  const rows = tokens.map((token) => [
    encodeId('ApiToken', token.id),
    token.name,
    `${token.prefix}…`,
    ownerOf(token),
    token.scopes.join(' ') || '–',
    dayOf(token.lastUsedAt),
    token.revokedAt !== null ? 'revoked' : token.expiresAt <= now ? 'expired' : dayOf(token.expiresAt),
  ]);
  return renderTable([['Id', 'Name', 'Secret', 'Owner', 'Scopes', 'Last used', 'Ends'], ...rows]);
}
