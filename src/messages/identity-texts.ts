/** What this server writes to people about the identities that their accounts are signed in to with. */
import type { Message } from './messages.ts';

interface Notice {
  readonly to: string;
  /** The URL of this server. */
  readonly issuer: string;
  /** The provider's name, as people know it. */
  readonly provider: string;
}

export function identityLinked({ to, issuer, provider }: Notice): Message {
  const text = `Your account at ${issuer} can now be signed in to with ${provider}.

If it was not you, unlink it, change your password, end your sessions, and tell an administrator.
`;
  return { channel: 'email', to, subject: `${provider} was linked to your account`, text };
}

export function identityUnlinked({ to, issuer, provider }: Notice): Message {
  const text = `Your account at ${issuer} can no longer be signed in to with ${provider}. Its other sessions were ended.

If it was not you, change your password, and tell an administrator.
`;
  return { channel: 'email', to, subject: `${provider} was unlinked from your account`, text };
}
