/** Delivers events to webhooks. */
import type { WorkContext } from '../context.ts';

/** Asks for a job for each webhook and account with deliveries that are due. */
export async function sweepDeliveries(_context: WorkContext): Promise<void> {}

/** Delivers what is due of one account to one webhook, in order. */
export async function deliver(
  _context: WorkContext,
  _job: { readonly webhookId: string; readonly subjectId: string },
): Promise<void> {}
