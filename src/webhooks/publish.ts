/** Makes deliveries of the events that were committed. */
import type { WorkContext } from '../context.ts';

/** Makes, for each event that has none yet, a delivery to each webhook that is told of it. */
export async function publishEvents(_context: WorkContext): Promise<void> {}
