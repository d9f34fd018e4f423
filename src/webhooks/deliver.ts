/**
 * Delivers events to webhooks, each at least once. What is to be delivered, and how far that is, stands in the database;
 * a process takes one delivery at a time into its hands, and sends while no transaction is open.
 */
import type { WorkContext } from '../context.ts';
import { claimNext, webhooksWithDue } from './claims.ts';
import { composeMessage, type Message } from './message.ts';
import { giveBack, noteOutcome } from './outcomes.ts';
import { type Outcome, send } from './send.ts';

/** How many deliveries a process makes to one webhook at once. */
const mostAtOnce = 5;

export interface Deliveries {
  /** Begins what is due, to all webhooks. */
  sweep(context: WorkContext): Promise<void>;
  /** Begins what is due to one webhook. */
  begin(context: WorkContext, webhookId: string): void;
  /** Waits for what was begun. @returns how many deliveries were tried since it was last asked */
  settled(): Promise<number>;
  /** Takes no more, and ends what is being sent: it is sent again by whoever comes next. */
  stop(): Promise<void>;
}

export function createDeliveries(): Deliveries {
  const lanes = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let tried = 0;

  function begin(context: WorkContext, webhookId: string): void {
    const open = lanes.get(webhookId) ?? 0;
    if (open >= mostAtOnce || stopping.signal.aborted) return;
    lanes.set(webhookId, open + 1);
    const run = work(context, webhookId)
      .catch((error: unknown) =>
        context.log.warn({ err: error }, 'deliveries were interrupted; they are tried again'),
      )
      .finally(() => {
        running.delete(run);
        const left = (lanes.get(webhookId) ?? 1) - 1;
        if (left > 0) lanes.set(webhookId, left);
        else lanes.delete(webhookId);
      });
    running.add(run);
  }

  /** Delivers what is due, one after the other; while it sends, others see to what else is due. */
  async function work(context: WorkContext, webhookId: string): Promise<void> {
    while (!stopping.signal.aborted) {
      const claim = await claimNext(context, webhookId);
      if (claim === null) return;
      tried += 1;
      begin(context, webhookId);
      const message = await composeMessage(context, claim);
      if (message === null) continue; // it was deleted meanwhile
      const outcome = await deliver(context, message);
      if (outcome.status === null && stopping.signal.aborted) return giveBack(context, claim);
      await message.answered(outcome);
      await noteOutcome(context, claim, outcome);
    }
  }

  const deliver = async ({ settings }: WorkContext, { outgoing }: Message): Promise<Outcome> =>
    outgoing === null
      ? { status: null, reason: 'has a secret that cannot be opened any more: rotate it' }
      : send(outgoing, { allowedNetworks: settings.webhookAllowedNetworks, stop: stopping.signal });

  return {
    async sweep(context) {
      for (const id of await webhooksWithDue(context)) begin(context, id);
    },
    begin,
    async settled() {
      while (running.size > 0) await Promise.all(running);
      const count = tried;
      tried = 0;
      return count;
    },
    async stop() {
      stopping.abort();
      while (running.size > 0) await Promise.all(running);
    },
  };
}
