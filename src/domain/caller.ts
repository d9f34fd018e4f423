import type { Context } from '../context.ts';
import { ForbiddenError, UnauthenticatedError } from '../errors.ts';
import type { ActingUser } from './policy.ts';

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
