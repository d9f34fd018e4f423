import type { Actor } from './domain/policy.ts';
import type { PrismaClient } from './generated/prisma/client.ts';
import type { RateLimit } from './limits.ts';
import type { Log } from './log.ts';

/** Where time, ids and randomness come from, so that tests are exact. */
export interface Sources {
  now(): Date;
  randomBytes(size: number): Uint8Array;
  /** A new UUID, version 7 (RFC 9562): ordered by time. */
  newId(): string;
}

/** What every request carries, whichever surface it came through. */
export interface Context extends Sources {
  readonly requestId: string;
  /** Who asks. A sign-in makes it the person who signed in, for the rest of the operation. */
  actor: Actor;
  readonly prisma: PrismaClient;
  readonly log: Log;
  readonly rateLimit: RateLimit;
  readonly client: { readonly ipAddress: string | null; readonly userAgent: string | null };
  readonly settings: { readonly sessionDays: number; readonly rateLimitPerMinute: number };
}
