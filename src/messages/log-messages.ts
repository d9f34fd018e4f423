import type { Log } from '../log.ts';
import type { Messages } from './messages.ts';

/** Writes messages to the log, for development: the codes that they carry are to be read there. */
export function createLogMessages(log: Log): Messages {
  return {
    async send({ channel, to, subject, text }) {
      log.info({ channel, to, subject, text }, 'a message that no server is set for');
    },
    close: async () => {},
  };
}
