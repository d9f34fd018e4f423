/** The subscriptions that are open in this process: how many there may be, and that they end with it. */
import { DomainError, ServiceUnavailableError } from '../errors.ts';

export interface Stream {
  /** Aborted once it is to end. */
  readonly ended: AbortSignal;
  /** Ends it. It can be ended twice. */
  end(): void;
}

export interface Streams {
  /** @throws RATE_LIMITED when the caller has too many open, SERVICE_UNAVAILABLE when this process has */
  open(caller: string): Stream;
  /** Ends all that are open, and lets no other open. */
  close(): void;
}

interface Bounds {
  readonly perCaller?: number;
  readonly inAll?: number;
}

export function createStreams({ perCaller = 10, inAll = 10_000 }: Bounds = {}): Streams {
  const open = new Set<Stream>();
  const counts = new Map<string, number>();
  let isClosed = false;

  const count = (caller: string, change: number): void => {
    const left = (counts.get(caller) ?? 0) + change;
    if (left > 0) counts.set(caller, left);
    else counts.delete(caller);
  };

  return {
    open(caller) {
      if (isClosed) throw new ServiceUnavailableError(undefined, 'The server stops; subscribe again.');
      if ((counts.get(caller) ?? 0) >= perCaller)
        throw new DomainError('RATE_LIMITED', {
          message: `You have ${perCaller} subscriptions open, which is the most; end one first.`,
        });
      if (open.size >= inAll)
        throw new ServiceUnavailableError(undefined, 'Too many subscriptions are open; try again.');
      const ending = new AbortController();
      const stream: Stream = {
        ended: ending.signal,
        end() {
          if (!open.delete(stream)) return;
          count(caller, -1);
          ending.abort();
        },
      };
      open.add(stream);
      count(caller, 1);
      return stream;
    },
    close() {
      isClosed = true;
      for (const stream of open) stream.end();
    },
  };
}
