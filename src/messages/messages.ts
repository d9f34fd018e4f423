/** Everything that leaves for a person goes through here: by e-mail and as text messages. */

export interface Message {
  readonly channel: 'email' | 'sms';
  /** An e-mail address, or a phone number in E.164 form. */
  readonly to: string;
  /** For e-mail. */
  readonly subject: string;
  readonly text: string;
}

export interface Messages {
  /** Hands a message over. A failure is logged, and told to nobody: it must not tell whether an account exists. */
  send(message: Message): Promise<void>;
  close(): Promise<void>;
}
