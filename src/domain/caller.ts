import type { Context } from '../context.ts';
import { ForbiddenError, UnauthenticatedError } from '../errors.ts';
import { type ActingUser, isPerson } from './policy.ts';

/** @throws {UnauthenticatedError} when nobody says who asks */
export function requireCaller({ actor }: Pick<Context, 'actor'>): void {
  if (actor.credential.kind === 'ANONYMOUS') throw new UnauthenticatedError();
}

/** The account that acts. @throws when none stands behind the credential, or there is no credential */
export function requireUser(context: Pick<Context, 'actor'>): ActingUser {
  requireCaller(context);
  if (context.actor.user !== null) return context.actor.user;
  throw new ForbiddenError('This credential belongs to an organization; no user stands behind it.');
}

/**
 * The account that acts, itself: nobody acts for it.
 * @throws {ForbiddenError} for a delegate: what it was given ends at the account itself
 */
export function requireOwnUser(context: Pick<Context, 'actor'>): ActingUser {
  const user = requireUser(context);
  if (context.actor.delegate)
    throw new ForbiddenError('Who acts for an account works with that account alone.');
  return user;
}

/**
 * The person at the other end: signed in, and neither a client nor a delegate of theirs.
 * @throws {ForbiddenError} for any other credential
 */
export function requirePerson(context: Pick<Context, 'actor'>): ActingUser {
  const user = requireOwnUser(context);
  if (isPerson(context.actor)) return user;
  throw new ForbiddenError('Only the person itself may do this: sign in.');
}
