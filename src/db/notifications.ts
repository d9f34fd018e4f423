/**
 * What the database tells: a connection of its own that listens (LISTEN), outside of the pool, and one more by which it is
 * made sure that it hears. They are opened when the first one waits for something, and again, with ever longer pauses,
 * whenever one is lost.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '../log.ts';

/** Where triggers tell of each event, and `announce` of progress. */
const events = 'usergraph_events';
/** Where triggers tell of each change of what servers keep. */
const changes = 'usergraph_changes';

export interface Hearer {
  /** Somebody told of an event. */
  event?(payload: string): void;
  /** Something changed of what servers keep. */
  change?(payload: string): void;
  /** From now on nothing is missed; before, something may have been, if this is not the first time. */
  begin?(isFirst: boolean): void;
}

export interface Notifications {
  /** Passes on what is told from now on. */
  hear(hearer: Hearer): void;
  /** Whether all that is committed is heard now. */
  readonly isHearing: boolean;
  /** All that was committed before this moment was heard, on the clock of `performance.now()`; -Infinity while nobody knows. */
  readonly heardUntil: number;
  /** Keeps `heardUntil` from falling far behind for the next moments. Cheap: for whoever relies on it, each time. */
  keepUp(): void;
  /** Begins to listen; resolves when it does, or could not the first time. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  /** Makes a connection, not opened yet. */
  readonly connect: () => pg.Client;
  readonly log: Log;
  /** How often it is made sure that something is heard at all, in milliseconds. */
  readonly probeInterval?: number;
}

/** How often that is made sure of while somebody relies on it, in milliseconds. */
const keptUpInterval = 250;
/** How long what is told takes at most to be heard, in milliseconds. */
const patience = 10_000;
const silence =
  'LISTEN hears nothing: the database is reached through a pooler in transaction mode, or no longer at all';
/** How long to wait before the next attempt, in milliseconds. */
const pauses = [100, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

export function createNotifications({ connect, log, probeInterval = 20_000 }: Options): Notifications {
  const closing = new AbortController();
  const hearers: Hearer[] = [];
  let heardUntil = -Infinity;
  let isWanted = false;
  let hurry = () => {};
  let failures = 0;
  let running: Promise<void> | undefined;
  let first = () => {};
  const started = new Promise<void>((resolve) => {
    first = resolve;
  });

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const problem = await session().catch((error: unknown) => error);
      heardUntil = -Infinity;
      first();
      if (closing.signal.aborted) return;
      if (failures === 0)
        log.warn({ err: problem }, 'changes by other processes are not heard at once; trying again');
      const ms = pauses[Math.min(failures, pauses.length - 1)];
      failures += 1;
      await sleep(ms, undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  /** One pair of connections, from their opening to the loss of either. */
  async function session(): Promise<never> {
    const [listening, probing] = [connect(), connect()];
    const over = new AbortController();
    const end = (reason: unknown) => {
      over.abort(reason);
      // At once, so that nobody waits for what a dead connection will never answer.
      for (const client of [listening, probing]) void client.end().catch(() => {});
    };
    for (const client of [listening, probing]) {
      client.on('error', end);
      client.on('end', () => end(new Error('the connection that listens was closed')));
    }
    const ended = new Promise<never>((_resolve, reject) => {
      over.signal.addEventListener('abort', () => reject(over.signal.reason), { once: true });
    });
    ended.catch(() => {});
    if (closing.signal.aborted) end(undefined);
    closing.signal.addEventListener('abort', end, { signal: over.signal });
    try {
      // A connection that is ended while it is opened tells nobody that it never will be.
      await Promise.race([ended, Promise.all([listening.connect(), probing.connect()])]);
      const probes = probesOf(listening, probing, hearers);
      await listening.query(`LISTEN ${events}; LISTEN ${changes}`);
      first();
      for (const hearer of hearers) hearer.begin?.(failures === 0);
      for (;;) {
        const sentAt = await probes.send(over.signal);
        if (failures > 0) log.info('changes by other processes are heard again');
        failures = 0;
        heardUntil = sentAt;
        await pause(over.signal);
        over.signal.throwIfAborted();
      }
    } finally {
      end(undefined);
    }
  }

  /** Until the next probe, which is soon if somebody wants to keep up. */
  async function pause(over: AbortSignal): Promise<void> {
    isWanted = false;
    const wait = new AbortController();
    const signal = AbortSignal.any([over, wait.signal]);
    await sleep(keptUpInterval, undefined, { signal }).catch(() => {});
    if (isWanted) return;
    hurry = () => wait.abort();
    await sleep(probeInterval - keptUpInterval, undefined, { signal }).catch(() => {});
    hurry = () => {};
  }

  const start = () => {
    running ??= run();
  };

  return {
    hear: (hearer) => hearers.push(hearer),
    get isHearing() {
      return heardUntil > -Infinity;
    },
    get heardUntil() {
      return heardUntil;
    },
    keepUp() {
      if (isWanted) return;
      start();
      isWanted = true;
      hurry();
    },
    ready() {
      start();
      return started;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** Tells something now and then, to see that it is heard: a connection can be dead, or a pooler's, without a sign. */
function probesOf(listening: pg.Client, probing: pg.Client, hearers: readonly Hearer[]) {
  const probe = `${randomUUID()} probe`;
  let heard = () => {};
  listening.on('notification', ({ channel, payload = '' }) => {
    if (payload === probe) heard();
    else for (const hearer of hearers) hearer[channel === changes ? 'change' : 'event']?.(payload);
  });
  return {
    /** Notifications come in the order of commits, so that with this one all before it were heard. @returns when it was sent */
    async send(over: AbortSignal): Promise<number> {
      const wait = new AbortController();
      heard = () => wait.abort();
      const sentAt = performance.now();
      await probing.query('SELECT pg_notify($1, $2)', [events, probe]);
      const signal = AbortSignal.any([over, wait.signal]);
      const wasSilent = await sleep(patience, true, { signal }).catch(() => false);
      over.throwIfAborted();
      if (wasSilent) throw new Error(silence);
      return sentAt;
    },
  };
}
