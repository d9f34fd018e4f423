import { createHash } from 'node:crypto';

/** What `api_tokens` holds of the token of a request; null without one. Bird's clients send it without the word Bearer. */
export function hashOfToken(authorization) {
  if (!authorization) return null;
  const token = authorization.startsWith('Bearer ') ? authorization.slice(7) : authorization;
  return createHash('sha256').update(token).digest();
}
