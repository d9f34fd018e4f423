import type { Scope } from '../../domain/policy.ts';

/** What an app may do with each scope, as its user reads it. */
export const scopeWords: Readonly<Record<Scope, string>> = {
  openid: 'Know that it is you',
  profile: 'See your profile: your name, e-mail addresses, phone numbers, language and time zone',
  'data:read': 'Read your data',
  'data:write': 'Add, change and delete your data',
  'users:write': 'Change or delete your account, and the accounts that you manage',
  'tokens:write': 'Make and revoke API tokens in your name',
  admin: 'Do everything that a superuser may, if you are one',
  offline_access: 'Keep its access while you are away, until you disconnect it',
};
