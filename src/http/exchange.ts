import type { Context } from '../context.ts';
import type { Actor } from '../domain/policy.ts';
import type { DomainError } from '../errors.ts';
import type { RateLimit } from '../limits.ts';
import type { Log } from '../log.ts';
import { clientAddress } from './client-address.ts';
import type { HttpAnswer, HttpRequest } from './message.ts';

/** What is known of the connection that a request came over. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
}

/** A request on its way to its response. */
export interface Exchange {
  readonly request: HttpRequest;
  /** Null for a Host header that makes no URL. */
  readonly url: URL | null;
  readonly requestId: string;
  /** Its lines carry the request id. */
  readonly log: Log;
  readonly client: Context['client'];
  readonly started: number;
  /** Who asks, once that is known. */
  actor?: Actor;
  /** Where the caller stands, once it was counted. */
  rateLimit?: RateLimit;
  /** Aborted when the stream ends that answers the request; absent where none does. */
  streamEnded?: AbortSignal;
  /** The path without what a caller may have put there besides ids; absent where it has no such place. */
  shownPath?: string;
  /** How the surface that the path belongs to tells of a failure; as GraphQL does, when it is none's. */
  fail?: (error: DomainError) => HttpAnswer;
}

interface ExchangeOptions {
  readonly requestId: string;
  readonly log: Log;
  /** Whether a proxy at this address may say where a request came from. */
  readonly isTrustedProxy: (address: string) => boolean;
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

export function openExchange(
  request: HttpRequest,
  { remoteAddress }: Connection,
  { requestId, log, isTrustedProxy }: ExchangeOptions,
): Exchange {
  const userAgent = request.headers.get('user-agent')?.slice(0, 500) ?? null;
  return {
    request,
    url: parseUrl(request.url),
    requestId,
    log: log.child({ requestId }),
    client: {
      ipAddress: clientAddress(remoteAddress, request.headers.get('x-forwarded-for'), isTrustedProxy),
      userAgent,
    },
    started: performance.now(),
  };
}
