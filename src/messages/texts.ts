/** What this server writes to people about the addresses and numbers of their accounts. */
import type { Message } from './messages.ts';

interface Code {
  readonly to: string;
  readonly code: string;
  readonly minutes: number;
  /** The URL of this server. */
  readonly issuer: string;
}

export function emailCode({ to, code, minutes, issuer }: Code): Message {
  const text = `Somebody, hopefully you, added this e-mail address to an account at ${issuer}

To prove that it is yours, enter this code at ${issuer}/account/verify within ${minutes} minutes:

    ${code}

If it was not you, ignore this message. Give the code to nobody.
`;
  return { channel: 'email', to, subject: 'Verify your e-mail address', text };
}

export function phoneCode({ to, code, minutes, issuer }: Code): Message {
  const text = `${code} verifies your phone number at ${issuer} for ${minutes} minutes. Give it to nobody.`;
  return { channel: 'sms', to, subject: 'Verify your phone number', text };
}

interface MemberInvitation {
  readonly to: string;
  /** The name of the organization. */
  readonly organization: string;
  readonly role: 'OWNER' | 'ADMIN' | 'MEMBER';
  readonly code: string;
  readonly days: number;
  /** The URL of this server. */
  readonly issuer: string;
}

const roleWords = { OWNER: 'an owner', ADMIN: 'an admin', MEMBER: 'a member' } as const;

export function memberInvitation({ to, organization, role, code, days, issuer }: MemberInvitation): Message {
  const text = `Somebody at ${issuer} invites you to join the organization "${organization}" as ${roleWords[role]}.

To join, sign in to an account with this e-mail address, and enter this code at ${issuer}/account/invitation within ${days} days:

    ${code}

If you do not expect this, ignore this message: without the code nothing happens. Give it to nobody.
`;
  return { channel: 'email', to, subject: 'You are invited to join an organization', text };
}

interface Notice {
  readonly to: string;
  readonly issuer: string;
}

/** Does not name the new address: whoever reads the old mailbox need not know it. */
export function defaultChanged({ to, issuer }: Notice): Message {
  const text = `Your account at ${issuer} no longer has this one as its default e-mail address.

${unexpected}`;
  return { channel: 'email', to, subject: 'Your default e-mail address was changed', text };
}

export function emailRemoved({ to, issuer, address }: Notice & { readonly address: string }): Message {
  const text = `The e-mail address ${address} was removed from your account at ${issuer}, and no longer signs in.

${unexpected}`;
  return { channel: 'email', to, subject: 'An e-mail address was removed from your account', text };
}

const unexpected = `If it was not you, change your password, end your sessions, and tell an administrator.
`;
