import type { Message } from './messages.ts';

/** One way for messages to leave. */
export interface Delivery {
  /** Settles once somebody else has the message. @throws {DeliveryError} */
  deliver(message: Message): Promise<void>;
  close(): void;
}

/** Why a message did not leave, in words that hold neither its text nor its reader nor a password. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}
