/**
 * Work in the background, durable and shared by all processes: a job library keeps the jobs in the database. A job is no
 * more than a call to look at something; how far that is stands in its own table, so that a job that comes twice, or
 * never, does no harm.
 */
import type pg from 'pg';
import type PgBoss from 'pg-boss';
import { createBoss, type QueueName, queueNames } from './db/job-tables.ts';
import type { Transaction } from './domain/transaction.ts';
import type { Log } from './log.ts';

/** What a job of each queue says. */
export interface JobData extends Record<QueueName, object> {
  readonly erasures: { readonly erasureId: string };
  readonly deliveries: { readonly webhookId: string };
}

export interface Jobs {
  /** Asks for a job in the transaction of what it follows from; not before `startAfter`, if given. */
  enqueue<Name extends QueueName>(
    tx: Transaction,
    name: Name,
    data: JobData[Name],
    options?: { readonly startAfter?: Date },
  ): Promise<void>;
  /** Says that there may be something to do: a change was committed. */
  wake(): void;
}

export type JobHandlers = { readonly [Name in QueueName]: (data: JobData[Name]) => Promise<void> };

export interface Work {
  readonly handlers: JobHandlers;
  /** Finds what is due by the clock and by no job, and asks for the jobs. Runs at the start, after changes, and now and then. */
  sweep(): Promise<void>;
  /** Waits for what a sweep or a job began that goes on by itself. @returns how much that was */
  settled(): Promise<number>;
  /** Ends it, as soon as it can be ended. */
  stop(): Promise<void>;
}

export interface Worker extends Jobs {
  /** Works from now on, until it is closed. */
  start(work: Work): Promise<void>;
  /** Does what is due, and what follows from it, until nothing is left to do. */
  workOff(work: Work): Promise<void>;
  close(): Promise<void>;
}

/** How long nothing need happen before a process looks for work by itself, in milliseconds. */
const sweepInterval = 5_000;
/** Changes within this time are looked at together, in milliseconds. */
const gathering = 20;

export function createWorker({ pool, log }: { pool: pg.Pool; log: Log }): Worker {
  const boss = createBoss(pool, { supervise: true, maintenanceIntervalSeconds: 60 });
  boss.on('error', (error) => log.warn({ err: error }, 'background work was interrupted; it is tried again'));
  const workers: string[] = [];
  let running: Work | undefined;
  let sweeping: Promise<void> | undefined;
  let isWanted = false;
  let regular: NodeJS.Timeout | undefined;
  let soon: NodeJS.Timeout | undefined;

  /** One sweep at a time; one that is asked for meanwhile follows. */
  function sweep(): void {
    soon = undefined;
    if (running === undefined) return;
    isWanted = true;
    sweeping ??= (async () => {
      while (isWanted && running) {
        isWanted = false;
        await running.sweep();
      }
    })()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'background work was interrupted; it is tried again'),
      )
      .finally(() => {
        sweeping = undefined;
        for (const id of workers) boss.notifyWorker(id);
      });
  }

  return {
    async enqueue(tx, name, data, { startAfter } = {}) {
      await boss.send(name, data, {
        ...(startAfter && { startAfter }),
        db: {
          executeSql: async (text, values) => ({
            rows: await tx.$queryRawUnsafe<unknown[]>(text, ...values),
          }),
        },
      });
    },
    wake() {
      if (running !== undefined) soon ??= setTimeout(sweep, gathering).unref();
    },
    async start(work) {
      await boss.start();
      running = work;
      for (const name of queueNames)
        workers.push(await boss.work(name, { batchSize: 1 }, handlerOf(work, name)));
      regular = setInterval(sweep, sweepInterval).unref();
      sweep();
    },
    async workOff(work) {
      for (;;) {
        await work.sweep();
        let done = 0;
        for (const name of queueNames) {
          for (const job of await boss.fetch<object>(name, { batchSize: 100 })) {
            await handlerOf(work, name)([job]);
            await boss.complete(name, job.id);
            done += 1;
          }
        }
        done += await work.settled();
        if (done === 0) return;
      }
    },
    async close() {
      clearInterval(regular);
      clearTimeout(soon);
      if (running === undefined) return;
      const { stop } = running;
      running = undefined;
      await sweeping;
      await stop();
      await boss.stop({ timeout: 5_000 });
    },
  };
}

const handlerOf =
  ({ handlers }: Work, name: QueueName) =>
  async ([job]: PgBoss.Job<object>[]): Promise<void> => {
    if (job) await handlers[name](job.data as never);
  };
