import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Actor } from './domain/policy.ts';

/** Where a caller stands within its limit. */
export interface RateLimit {
  /** Requests per minute. */
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date;
  readonly allowed: boolean;
  /** Whole seconds until the count starts again. */
  readonly retryAfter: number;
}

export interface Limits {
  /** Counts one request of the caller: of its account, its organization, or (anonymous) its address. */
  consume(actor: Actor, ipAddress: string | null): Promise<RateLimit>;
}

/** Counts in this process. */
export function createLimits({ perMinute, now }: { perMinute: number; now: () => Date }): Limits {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    async consume(actor, ipAddress) {
      const key = actor.user?.id ?? actor.organizationId ?? `address:${ipAddress ?? 'unknown'}`;
      const result = await limiter.consume(key).catch((refused: RateLimiterRes | Error) => {
        if (refused instanceof Error) throw refused;
        return refused;
      });
      return {
        limit: perMinute,
        remaining: Math.max(0, result.remainingPoints),
        resetAt: new Date(now().getTime() + result.msBeforeNext),
        allowed: result.consumedPoints <= perMinute,
        retryAfter: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
      };
    },
  };
}
