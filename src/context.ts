import type { AccessTokens } from './auth/access-tokens.ts';
import type { ExternalTokens } from './auth/external-tokens.ts';
import type { Keys } from './auth/keys.ts';
import type { Sealing } from './auth/sealing.ts';
import type { Background } from './background.ts';
import type { Config } from './config.ts';
import type { Actor } from './domain/policy.ts';
import type { Transaction } from './domain/transaction.ts';
import type { Feed } from './feed.ts';
import type { PrismaClient } from './generated/prisma/client.ts';
import type { Jobs } from './jobs.ts';
import type { Limits, RateLimit } from './limits.ts';
import type { Log } from './log.ts';
import type { Messages } from './messages/messages.ts';
import type { ReadCache } from './read-cache.ts';

/** Where time, ids and randomness come from, so that tests are exact. */
export interface Sources {
  now(): Date;
  randomBytes(size: number): Uint8Array;
  /** A new UUID, version 7 (RFC 9562): ordered by time. */
  newId(): string;
}

/** What of the configuration the domain goes by. */
export type Settings = Pick<
  Config,
  | 'publicUrl'
  | 'sessionDays'
  | 'sessionIdleDays'
  | 'signUp'
  | 'rateLimitPerMinute'
  | 'oidcProviders'
  | 'erasureGrace'
  | 'webhookAllowedNetworks'
>;

/** What every request carries, whichever surface it came through. */
export interface Context extends Sources {
  readonly requestId: string;
  /** Who asks. A sign-in makes it the person who signed in, for the rest of the operation. */
  actor: Actor;
  readonly prisma: PrismaClient;
  readonly log: Log;
  readonly rateLimit: RateLimit;
  readonly limits: Limits;
  readonly client: { readonly ipAddress: string | null; readonly userAgent: string | null };
  readonly settings: Settings;
  /** The URL that this server signs tokens as (RFC 8414), without a slash at its end. */
  readonly issuer: string;
  readonly keys: Pick<Keys, 'sign' | 'receiptSigner'>;
  readonly accessTokens: AccessTokens;
  readonly externalTokens: ExternalTokens;
  readonly sealing: Sealing;
  readonly messages: Messages;
  readonly background: Background;
  readonly jobs: Jobs;
  readonly feed: Feed;
  /** What was read before and is still so. Within a transaction nothing may be taken from it. */
  readonly cache: ReadCache;
  /** The transaction that the whole request runs in, where its answer is kept with what it did. */
  readonly transaction?: Transaction;
  /** Who the credential of the request stands for now, for what goes on after the request was checked. */
  readonly reauthenticate: () => Promise<Actor>;
}

/**
 * The same context but for these: a context derived from another, whose own stays what it is. Deriving costs nothing, however
 * much a context carries; so only what is its own can be spread into an object.
 */
export function within<Of extends object, Changes extends object>(
  context: Of,
  changes: Changes,
): Omit<Of, keyof Changes> & Changes {
  return Object.assign(Object.create(context), changes);
}

/** What work in the background has: all but a request. */
export type WorkContext = Omit<Context, 'transaction' | 'reauthenticate'>;
