/**
 * What the database tells: a connection of its own that listens (LISTEN), outside of the pool. It is opened when the first
 * one waits for something, and again, with ever longer pauses, whenever it is lost.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '../log.ts';

export interface Notifications {
  /** Whether all that is committed is heard now. */
  readonly isHearing: boolean;
  /** Begins to listen; resolves when it does, or could not the first time. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly pool: Pick<pg.Pool, 'query'>;
  /** Makes a connection, not opened yet. */
  readonly connect: () => pg.Client;
  readonly log: Log;
  readonly hear: (payload: string) => void;
  /** Something may have been missed. */
  readonly lookAgain: () => void;
  /** How often it is made sure that something is heard at all, in milliseconds. */
  readonly probeInterval?: number;
}

/** Where a trigger tells of each event, and `announce` of progress. */
const channel = 'usergraph_events';
/** How long what is told takes at most to be heard, in milliseconds. */
const patience = 10_000;
const silence =
  'LISTEN hears nothing: the database is reached through a pooler in transaction mode, or no longer at all';
/** How long to wait before the next attempt, in milliseconds. */
const pauses = [100, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

export function createNotifications({
  pool,
  connect,
  log,
  hear,
  lookAgain,
  probeInterval = 20_000,
}: Options): Notifications {
  const closing = new AbortController();
  let isHearing = false;
  let failures = 0;
  let running: Promise<void> | undefined;
  let first = () => {};
  const started = new Promise<void>((resolve) => {
    first = resolve;
  });

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const problem = await session().catch((error: unknown) => error);
      isHearing = false;
      first();
      if (closing.signal.aborted) return;
      if (failures === 0)
        log.warn({ err: problem }, 'changes by other processes are not heard at once; trying again');
      const ms = pauses[Math.min(failures, pauses.length - 1)];
      failures += 1;
      await sleep(ms, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  /** One connection, from its opening to its loss. */
  async function session(): Promise<never> {
    const client = connect();
    const over = new AbortController();
    const end = (reason: unknown) => over.abort(reason);
    client.on('error', end);
    client.on('end', () => end(new Error('the connection that listens was closed')));
    closing.signal.addEventListener('abort', end, { signal: over.signal });
    try {
      await client.connect();
      const probes = probesOf(client);
      await client.query(`LISTEN ${channel}`);
      first();
      if (failures > 0) lookAgain(); // at what was committed while nobody listened
      for (;;) {
        await probes.send(over.signal);
        if (failures > 0) log.info('changes by other processes are heard again');
        failures = 0;
        isHearing = true;
        await sleep(probeInterval, undefined, { signal: over.signal }).catch(() => {});
        over.signal.throwIfAborted();
      }
    } finally {
      end(undefined);
      void client.end().catch(() => {});
    }
  }

  /** Tells something now and then, to see that it is heard: a connection can be dead, or a pooler's, without a sign. */
  function probesOf(client: pg.Client) {
    const probe = `${randomUUID()} probe`;
    let heard = () => {};
    client.on('notification', ({ payload = '' }) => (payload === probe ? heard() : hear(payload)));
    return {
      async send(over: AbortSignal): Promise<void> {
        const wait = new AbortController();
        heard = () => wait.abort();
        const sent = await pool.query('SELECT pg_notify($1, $2)', [channel, probe]).catch(() => null);
        if (sent === null) return; // which says nothing of who listens
        const signal = AbortSignal.any([over, wait.signal]);
        const wasSilent = await sleep(patience, true, { signal }).catch(() => false);
        over.throwIfAborted();
        if (wasSilent) throw new Error(silence);
      },
    };
  }

  return {
    get isHearing() {
      return isHearing;
    },
    ready() {
      running ??= run();
      return started;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
