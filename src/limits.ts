import { RateLimiterMemory } from 'rate-limiter-flexible';
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

/** Counts in this process. A token with a limit of its own is held to that and to its account's. */
export function createLimits({ perMinute, now }: { perMinute: number; now: () => Date }): Limits {
  // The library refuses nothing: each caller has a limit of its own, so who is over it is decided here.
  const counter = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: 60 });

  async function count(key: string, limit: number): Promise<RateLimit> {
    const { consumedPoints, msBeforeNext } = await counter.consume(key);
    return {
      limit,
      remaining: Math.max(0, limit - consumedPoints),
      resetAt: new Date(now().getTime() + msBeforeNext),
      allowed: consumedPoints <= limit,
      retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    };
  }

  return {
    async consume({ user, organizationId, credential }, ipAddress) {
      const own =
        credential.rateLimit == null ? null : await count(`token:${credential.id}`, credential.rateLimit);
      if (own?.allowed === false) return own; // what is refused for the token's sake costs its account nothing
      const key = user?.id ?? organizationId ?? `address:${ipAddress ?? 'unknown'}`;
      const account = await count(key, perMinute);
      return own !== null && account.allowed && own.remaining < account.remaining ? own : account;
    },
  };
}
