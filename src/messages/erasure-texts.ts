/** What this server writes to people whose account is being deleted. */
import type { Message } from './messages.ts';

interface Deleted {
  readonly to: string;
  /** What undoes the deletion. */
  readonly code: string;
  readonly until: Date;
  /** The URL of this server. */
  readonly issuer: string;
}

export function accountDeleted({ to, code, until, issuer }: Deleted): Message {
  const text = `Your account at ${issuer} was deleted. Nobody can sign in to it any more, and it will be erased with all that it owns on ${until.toISOString()}.

Until then this code undoes it, as the input of the mutation restoreMe at ${issuer}/graphql:

    ${code}

If the deletion was meant, ignore this message. Give the code to nobody.
`;
  return { channel: 'email', to, subject: 'Your account was deleted', text };
}
