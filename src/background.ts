import { setImmediate } from 'node:timers/promises';
import type { Log } from './log.ts';

/** Work that no answer waits for, so that neither its time nor its failure tells anything to who asked. */
export interface Background {
  /** Begins the work after the answer is on its way. A failure is logged under this name. */
  start(name: string, work: () => Promise<void>): void;
  /** Waits for all that was started. */
  close(): Promise<void>;
}

export function createBackground(log: Log): Background {
  const running = new Set<Promise<void>>();
  return {
    start(name, work) {
      const run = setImmediate()
        .then(work)
        .catch((error: unknown) => log.error({ err: error, work: name }, 'what nobody waits for failed'))
        .finally(() => running.delete(run));
      running.add(run);
    },
    async close() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
