import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible';

/** How often something happened under a key within the window that runs. */
export interface Count {
  readonly points: number;
  readonly msBeforeNext: number;
}

/** Counts under keys; each key has a window of its own, which begins when something is counted under it. */
export interface Counter {
  add(key: string, points: number): Promise<Count>;
  forget(key: string): Promise<void>;
}

export interface Counters {
  readonly requests: Counter;
  /** @throws {ServiceUnavailableError} where it cannot count: nobody may guess passwords uncounted */
  readonly signIns: Counter;
  /** @throws {ServiceUnavailableError} where it cannot count: nobody's phone or mailbox may be flooded uncounted */
  readonly codes: Counter;
  close(): Promise<void>;
}

/** Seconds. */
export const windows = { requests: 60, signIns: 15 * 60, codes: 60 * 60 } as const;

/** The library refuses nothing: each caller has a limit of its own, so who is over it is decided by who asks. */
export const unlimited = Number.MAX_SAFE_INTEGER;

/** Counts in this process. */
export function createMemoryCounters(): Counters {
  return {
    requests: createMemoryCounter(windows.requests),
    signIns: createMemoryCounter(windows.signIns),
    codes: createMemoryCounter(windows.codes),
    close: async () => {},
  };
}

export const createMemoryCounter = (duration: number): Counter =>
  counterOf(new RateLimiterMemory({ points: unlimited, duration }));

/** Counts by a limiter of the library's, wherever that keeps its counts. */
export function counterOf(limiter: RateLimiterAbstract): Counter {
  return {
    async add(key, points) {
      const { consumedPoints, msBeforeNext } = await limiter.consume(key, points);
      return { points: consumedPoints, msBeforeNext };
    },
    async forget(key) {
      await limiter.delete(key);
    },
  };
}
