import { createTransport } from 'nodemailer';
import { type Delivery, DeliveryError } from './delivery.ts';

/** In milliseconds. A server that takes longer is as good as gone. */
const timeouts = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 10_000 };
const longest = 30_000;

/** Sends e-mail by an SMTP server; over TLS where the server offers it, and always for `smtps`. */
export function createSmtp({ smtpUrl, from }: { smtpUrl: string; from: string }): Delivery {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    ...timeouts,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async deliver({ to, subject, text }) {
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          // So that no holiday notice answers (RFC 3834).
          headers: { 'auto-submitted': 'auto-generated' },
          signal: AbortSignal.timeout(longest),
        });
      } catch (error) {
        throw new DeliveryError(reasonOf(error));
      }
    },
    close: () => transport.close(),
  };
}

/** Codes alone, once there is a connection: what a server answers may name the mailbox. */
function reasonOf(error: unknown): string {
  const { message, code, responseCode, command } = error as Record<string, unknown>;
  const parts = [code, responseCode, command, command === 'CONN' && message];
  return `the SMTP server: ${parts.filter(Boolean).join(' ')}`;
}
