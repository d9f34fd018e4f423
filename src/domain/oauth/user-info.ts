/** What OpenID Connect tells of a user (Core 1.0, section 5.1), as far as the scopes go. */
import type { Context } from '../../context.ts';
import { InsufficientScopeError, UnauthenticatedError } from '../../errors.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import { requireUser } from '../caller.ts';
import type { Scope } from '../policy.ts';

export interface UserClaims {
  readonly sub: string;
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly preferred_username?: string;
  readonly picture?: string;
  readonly locale?: string;
  readonly zoneinfo?: string;
  /** Seconds since 1970. */
  readonly updated_at?: number;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly phone_number?: string;
  readonly phone_number_verified?: boolean;
}

/** What claims are made of. */
export const claimsSelect = {
  id: true,
  displayName: true,
  firstName: true,
  lastName: true,
  username: true,
  avatarUrl: true,
  locale: true,
  timeZone: true,
  updatedAt: true,
  emails: { where: { isDefault: true }, select: { address: true, verifiedAt: true } },
  phoneNumbers: { where: { isPrimary: true }, select: { number: true, verifiedAt: true } },
} as const satisfies Prisma.UserSelect;

export type ClaimedUser = Prisma.UserGetPayload<{ select: typeof claimsSelect }>;

/** The claims of an account. Without the scope `profile` it is no more than its id. */
export function claimsOf(user: ClaimedUser, has: (scope: Scope) => boolean): UserClaims {
  if (!has('profile')) return { sub: user.id };
  const [email] = user.emails;
  const [phone] = user.phoneNumbers;
  const claims = {
    sub: user.id,
    name: user.displayName,
    given_name: user.firstName,
    family_name: user.lastName,
    preferred_username: user.username,
    picture: user.avatarUrl,
    locale: user.locale,
    zoneinfo: user.timeZone,
    updated_at: Math.floor(user.updatedAt.getTime() / 1000),
    email: email?.address,
    email_verified: email && email.verifiedAt !== null,
    phone_number: phone?.number,
    phone_number_verified: phone && phone.verifiedAt !== null,
  };
  const told = Object.entries(claims).filter(([, value]) => value != null);
  return Object.fromEntries(told) as object as UserClaims;
}

/** The claims of the acting account. @throws {InsufficientScopeError} without the scope `openid` */
export async function readUserInfo(context: Context): Promise<UserClaims> {
  const { id } = requireUser(context);
  const { scopes } = context.actor;
  if (!scopes.has('openid')) throw new InsufficientScopeError('openid');
  const user = await context.prisma.user.findUnique({ where: { id }, select: claimsSelect });
  if (user === null) throw new UnauthenticatedError('The account is gone.');
  return claimsOf(user, (scope) => scopes.has(scope));
}
