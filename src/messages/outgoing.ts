import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Delivery } from './delivery.ts';
import { createLogMessages } from './log-messages.ts';
import type { Message, Messages } from './messages.ts';
import { createSmsWebhook } from './sms-webhook.ts';
import { createSmtp } from './smtp.ts';

/** Messages that may be on their way at once; those beyond it are dropped, so that a slow server cannot fill the memory. */
const mostPending = 1_000;
/** How long a stop waits for those on their way, in milliseconds. */
const patience = 5_000;

type Deliveries = Record<Message['channel'], Delivery | null>;

/** Sends by what is configured, for each channel; what nothing is configured for goes to the log. */
export function createMessages(
  { mail, smsWebhookUrl }: Pick<Config, 'mail' | 'smsWebhookUrl'>,
  log: Log,
): Messages {
  const { smtpUrl, from } = mail;
  return createOutgoing(
    {
      email: smtpUrl === null ? null : createSmtp({ smtpUrl, from }),
      sms: smsWebhookUrl === null ? null : createSmsWebhook(smsWebhookUrl),
    },
    log,
  );
}

/** Nobody waits for a delivery: neither its time nor its failure may tell whether there was something to send. */
function createOutgoing(deliveries: Deliveries, log: Log): Messages {
  const logged = createLogMessages(log);
  const pending = new Set<Promise<void>>();

  function start(delivery: Delivery, message: Message): void {
    const { channel, subject } = message;
    const sending = delivery
      .deliver(message)
      .catch(({ message: reason }: Error) => {
        log.error({ channel, subject, reason }, 'a message could not be sent');
      })
      .finally(() => pending.delete(sending));
    pending.add(sending);
  }

  return {
    async send(message) {
      const { channel, subject } = message;
      const delivery = deliveries[channel];
      if (delivery === null) await logged.send(message);
      else if (pending.size < mostPending) start(delivery, message);
      else log.error({ channel, subject }, 'a message was dropped: too many are on their way');
    },
    async close() {
      const stop = new AbortController();
      const tired = sleep(patience, undefined, { signal: stop.signal }).catch(() => {});
      await Promise.race([Promise.allSettled(pending), tired]);
      stop.abort();
      for (const delivery of Object.values(deliveries)) delivery?.close();
    },
  };
}
