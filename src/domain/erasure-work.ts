/** What an erasure does in the background, after the deletion was asked for. */
import type { WorkContext } from '../context.ts';

/** Asks for a job for each erasure that is due and that nobody works on. */
export async function sweepErasures(_context: WorkContext): Promise<void> {}

/** Erases, as far as it is not done yet. */
export async function workOnErasure(
  _context: WorkContext,
  _job: { readonly erasureId: string },
): Promise<void> {}
