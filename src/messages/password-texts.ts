/** What this server writes to people about their passwords. */
import type { Message } from './messages.ts';

interface ResetCode {
  readonly to: string;
  readonly code: string;
  readonly minutes: number;
  /** The URL of this server. */
  readonly issuer: string;
}

export function resetCode({ to, code, minutes, issuer }: ResetCode): Message {
  const text = `Somebody, hopefully you, asked for a new password for your account at ${issuer}

To set one, enter this code at ${issuer}/account/reset within ${minutes} minutes:

    ${code}

If it was not you, ignore this message: without the code nothing changes. Give it to nobody.
`;
  return { channel: 'email', to, subject: 'Your code for a new password', text };
}

interface PasswordChanged {
  readonly to: string;
  readonly issuer: string;
  readonly at: Date;
  /** Where the change came from. */
  readonly ipAddress: string | null;
}

export function passwordChanged({ to, issuer, at, ipAddress }: PasswordChanged): Message {
  const from = ipAddress === null ? '' : ` from the network address ${ipAddress}`;
  const text = `The password of your account at ${issuer} was changed at ${at.toISOString()}${from}, and all other sessions were ended.

If it was not you, set another one at ${issuer}/account/recover, and tell an administrator.
`;
  return { channel: 'email', to, subject: 'Your password was changed', text };
}
