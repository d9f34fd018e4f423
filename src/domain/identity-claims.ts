/** What a provider says of a person (OpenID Connect Core, section 5.1), as far as it can be used here. */
import { createUserInput } from './input.ts';

export interface IdentityClaims {
  /** The id of the account at the provider. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider says that the address is the person's. */
  readonly isEmailVerified: boolean;
  /** What a new account starts with. */
  readonly profile: IdentityProfile;
}

export interface IdentityProfile {
  readonly name: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly avatarUrl: string | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
}

type Claims = Readonly<Record<string, unknown>>;
type Field = keyof IdentityProfile | 'email';

/**
 * Reads the claims of an ID token, and those of the UserInfo endpoint where it has none. An address and whether it is
 * verified come from the same place, so that one place cannot vouch for what another says.
 */
export function readClaims(token: Claims, userInfo: Claims): IdentityClaims {
  const more = { ...userInfo, ...token };
  const from = token.email === undefined ? userInfo : token;
  const verified = from.email_verified;
  return {
    subject: String(token.sub),
    email: usable('email', from.email),
    isEmailVerified: verified === true || verified === 'true',
    profile: {
      name: usable('name', more.name),
      firstName: usable('firstName', more.given_name),
      lastName: usable('lastName', more.family_name),
      avatarUrl: usable('avatarUrl', more.picture),
      locale: usable('locale', more.locale),
      timeZone: usable('timeZone', more.zoneinfo),
    },
  };
}

/** A value as an account may have it; null for any other, since nobody is kept out for a long name. */
function usable(field: Field, value: unknown): string | null {
  return createUserInput.shape[field].safeParse(value).data ?? null;
}
