import type { Context } from '../context.ts';
import { RateLimitedError } from '../errors.ts';

/**
 * Counts an attempt at what could be guessed or flooded: from this address together with the sign-ins, and at its subject
 * by itself, so that who is locked out of one is not locked out of the other.
 * @throws {RateLimitedError} after too many
 */
export async function countAttempt(
  { limits, client }: Pick<Context, 'limits' | 'client'>,
  at: 'sign-up' | 'password-change' | 'password-reset' | 'reset-code' | 'undo-code',
  subject: string,
): Promise<void> {
  const attempts = await limits.consumeSignIn(`${at} ${subject}`, client.ipAddress);
  if (!attempts.allowed) throw new RateLimitedError(attempts);
}
