/** Follows what happens to something, for as long as the follower's credential is good. */
import { type Context, within } from '../context.ts';
import { UnauthenticatedError } from '../errors.ts';
import { listenForChanges } from './changes.ts';
import type { Actor } from './policy.ts';

/** What a follower is told: the state as it is now, read with the context of who it is now. */
export interface Told<Value> {
  readonly context: Context;
  readonly value: Value;
}

interface Followed<Value> {
  /** The account that is told of. */
  readonly subjectId: string;
  /** Reads the state now. @throws when it is not there for the follower any more */
  look(context: Context, events: readonly string[]): Promise<{ value: Value; isLast?: boolean }>;
  /** @throws when it is not there for the follower any more */
  check?(context: Context): Promise<void>;
}

/** Also without any event it is made sure that the follower still may, in milliseconds. */
const checkInterval = 60_000;
/** Timers may be early by a little. */
const margin = 5;

/**
 * The state now, and again after each committed change, as fast as it is asked for. Who follows is found out again before
 * each step. @throws when the credential has ended
 */
export function follow<Value>(
  context: Context,
  followed: Followed<Value>,
): AsyncIterableIterator<Told<Value>, void> {
  return interruptible((ended) => steps(context, followed, ended));
}

async function* steps<Value>(
  context: Context,
  { subjectId, look, check }: Followed<Value>,
  ended: AbortSignal,
): AsyncGenerator<Told<Value>, void> {
  const others = interestsOf(context.actor);
  const changes = await listenForChanges(context, { subjectId, others, ended });
  try {
    for (let events: readonly string[] = [], isFirst = true; !ended.aborted; isFirst = false) {
      const now = await renew(context);
      if (isFirst || events.length > 0) {
        const { value, isLast = false } = await look(now, events);
        yield { context: now, value };
        if (isLast) return;
      } else await check?.(now);
      events = await changes.next(timeUntilCheck(now));
    }
  } finally {
    changes.close();
  }
}

/** What an actor is made of: an event about any of it may mean that it may no more. */
function interestsOf({ user, delegate, organizationId }: Actor): string[] {
  const organizations = user?.memberships.map((membership) => membership.organizationId) ?? [];
  const ids = [user?.id, delegate?.id, organizationId, user?.organizationId, ...organizations];
  return ids.filter((id) => id != null);
}

/** @throws {UnauthenticatedError} when the credential has ended */
async function renew(context: Context): Promise<Context> {
  const actor = await context.reauthenticate();
  const { expiresAt } = actor.credential;
  if (expiresAt !== null && expiresAt <= context.now())
    throw new UnauthenticatedError('The credential has expired.');
  return within(context, { actor });
}

function timeUntilCheck({ actor, now }: Context): number {
  const { expiresAt } = actor.credential;
  if (expiresAt === null) return checkInterval;
  return Math.max(0, Math.min(checkInterval, expiresAt.getTime() - now().getTime() + margin));
}

/** A generator that `return` ends at once, also while it waits for something. */
function interruptible<Value>(
  generate: (ended: AbortSignal) => AsyncGenerator<Value, void>,
): AsyncIterableIterator<Value, void> {
  const ending = new AbortController();
  const generator = generate(ending.signal);
  return {
    next: () => generator.next(),
    return: () => {
      ending.abort();
      return generator.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
