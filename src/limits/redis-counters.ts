/** Counts in Redis or Valkey, for all processes together. */
import { Redis, type RedisOptions } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { ServiceUnavailableError } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  type Counter,
  type Counters,
  counterOf,
  createMemoryCounter,
  unlimited,
  windows,
} from './counters.ts';

/** Nothing waits longer than a second, and nothing is kept for later: a count that comes late is worth nothing. */
const options = {
  connectionName: 'usergraph',
  disableClientInfo: true,
  connectTimeout: 1000,
  commandTimeout: 1000,
  disconnectTimeout: 500,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
} satisfies RedisOptions;

/**
 * While Redis does not answer, requests are counted by each process for itself, and sign-ins and codes are refused; it is
 * asked again and again, and used from when it is back.
 */
export function createRedisCounters(url: string, log: Log): Counters {
  const client = new Redis(url, options);
  const ask = createAsking(client, log);
  const requests = createRedisCounter(client, { name: 'requests', duration: windows.requests });
  const signIns = createRedisCounter(client, { name: 'sign-ins', duration: windows.signIns });
  const codes = createRedisCounter(client, { name: 'codes', duration: windows.codes });
  const meanwhile = createMemoryCounter(windows.requests);
  const refuse = (cause: unknown) => {
    throw new ServiceUnavailableError(cause, 'This is not possible at the moment; try again.');
  };
  return {
    requests: {
      add: (key, points) => ask(() => requests.add(key, points)).catch(() => meanwhile.add(key, points)),
      forget: (key) => ask(() => requests.forget(key)).catch(() => meanwhile.forget(key)),
    },
    signIns: {
      add: (key, points) => ask(() => signIns.add(key, points)).catch(refuse),
      // Who has signed in is not turned away because the attempts before it still count.
      forget: (key) => ask(() => signIns.forget(key)).catch(() => {}),
    },
    codes: {
      add: (key, points) => ask(() => codes.add(key, points)).catch(refuse),
      forget: (key) => ask(() => codes.forget(key)).catch(() => {}),
    },
    close: async () => client.disconnect(),
  };
}

function createRedisCounter(client: Redis, { name, duration }: { name: string; duration: number }): Counter {
  const limiter = new RateLimiterRedis({
    storeClient: client,
    keyPrefix: `usergraph:${name}`,
    points: unlimited,
    duration,
    rejectIfRedisNotReady: true,
  });
  return counterOf(limiter);
}

/** Asks Redis, and logs once when it is gone and once when it is back. */
function createAsking(client: Redis, log: Log): <T>(work: () => Promise<T>) => Promise<T> {
  let isGone = false;
  let isDropped = false;
  const fail = (error: unknown) => {
    // A server that hangs leaves commands without an end on the connection: a new one begins without them.
    if (isTimeout(error) && !isDropped) {
      isDropped = true;
      client.disconnect(true);
    }
    if (isGone) return;
    isGone = true;
    log.error(
      { reason: reasonOf(error) },
      'Redis does not count: limits are those of each process, and nobody can sign in or get a code',
    );
  };
  client.on('error', fail);
  client.on('ready', () => {
    isDropped = false;
  });
  const opened = new Promise<void>((resolve) => {
    client.once('ready', resolve).once('close', resolve);
  });
  return async (work) => {
    await opened; // the first requests of a process come before its connection
    try {
      const result = await work();
      if (isGone) log.info('Redis counts again: limits are those of all processes together');
      isGone = false;
      return result;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
}

const isTimeout = (error: unknown) => error instanceof Error && error.message === 'Command timed out';

/** What may be logged of an error: what Redis says can repeat a command, and that may hold a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  return error.name === 'ReplyError' ? (error.message.split(' ')[0] ?? '') : error.message;
}
