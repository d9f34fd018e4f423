/** All that is done in the background: a job of each queue, and what is looked for now and then. */
import type { WorkContext } from './context.ts';
import { sweepErasures, workOnErasure } from './domain/erasure-work.ts';
import { system } from './domain/policy.ts';
import type { Work } from './jobs.ts';
import { unlimited } from './limits.ts';
import { createDeliveries } from './webhooks/deliver.ts';
import { publishEvents } from './webhooks/publish.ts';

type Parts = Omit<WorkContext, 'actor' | 'requestId' | 'client' | 'rateLimit' | 'issuer'> & {
  readonly issuer: () => string;
};

export function createWork(parts: Parts): Work {
  const deliveries = createDeliveries();
  const stopping = new AbortController();
  /** Each job has an id of its own, as a request has, by which the log and the trail know it. */
  const open = (): WorkContext => {
    const requestId = parts.newId();
    return {
      ...parts,
      issuer: parts.issuer(),
      actor: system,
      requestId,
      log: parts.log.child({ requestId }),
      client: { ipAddress: null, userAgent: null },
      rateLimit: unlimited,
    };
  };
  return {
    handlers: {
      erasures: (data) => workOnErasure(open(), data, stopping.signal),
      deliveries: async ({ webhookId }) => deliveries.begin(open(), webhookId),
    },
    async sweep() {
      const context = open();
      await sweepErasures(context);
      await publishEvents(context);
      await deliveries.sweep(context);
    },
    settled: deliveries.settled,
    async stop() {
      stopping.abort();
      await deliveries.stop();
    },
  };
}
