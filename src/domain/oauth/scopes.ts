/** The scopes of OAuth2 requests (RFC 6749, section 3.3). */
import { OAuthError } from '../../errors.ts';
import { type Scope, scopes } from '../policy.ts';

/**
 * What a client asks for, of what it may be given. A scope that this server does not have is passed over, as the answer
 * tells what was granted; all that the client may have, where it names none.
 * @throws {OAuthError} invalid_scope for one that the client was not registered with, or when nothing is left
 */
export function requestedScopes(text: string | null, available: readonly string[]): readonly Scope[] {
  const named = text === null ? null : new Set(text.split(' '));
  const wanted = scopes.filter((scope) => (named === null ? available.includes(scope) : named.has(scope)));
  const refused = wanted.find((scope) => !available.includes(scope));
  if (refused !== undefined)
    throw new OAuthError('invalid_scope', `The scope ${refused} may not be given here.`);
  if (wanted.length === 0)
    throw new OAuthError('invalid_scope', 'No scope that this server has is asked for.');
  return wanted;
}

/** Whether all of these are among those. */
export function covers(given: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => given.includes(scope));
}
