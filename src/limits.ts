import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Config } from './config.ts';
import type { Actor } from './domain/policy.ts';

/** Where a caller stands within its limit. */
export interface RateLimit {
  /** Operations per window. */
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date;
  readonly allowed: boolean;
  /** Whole seconds until the count starts again. */
  readonly retryAfter: number;
}

export interface Limits {
  /** Counts operations of the caller: of its account, its organization, or (anonymous) its address. */
  consume(actor: Actor, ipAddress: string | null, cost?: number): Promise<RateLimit>;
  /** Counts an attempt to sign in, to the account of this login and from this address; the stricter answer. */
  consumeSignIn(login: string, ipAddress: string | null): Promise<RateLimit>;
  /** Forgets the attempts to sign in to the account: one succeeded. */
  forgiveSignIn(login: string): Promise<void>;
  close(): Promise<void>;
}

type Options = Pick<Config, 'rateLimitPerMinute' | 'signInAttempts'> & { readonly now: () => Date };

const minute = 60;
const quarterOfAnHour = 15 * minute;

/** Counts in this process. A token with a limit of its own is held to that and to its account's. */
export function createLimits({ rateLimitPerMinute, signInAttempts, now }: Options): Limits {
  // The library refuses nothing: each caller has a limit of its own, so who is over it is decided here.
  const operations = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: minute });
  const signIns = new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: quarterOfAnHour });

  async function count(counter: RateLimiterMemory, key: string, limit: number, cost = 1): Promise<RateLimit> {
    const { consumedPoints, msBeforeNext } = await counter.consume(key, cost);
    return {
      limit,
      remaining: Math.max(0, limit - consumedPoints),
      resetAt: new Date(now().getTime() + msBeforeNext),
      allowed: consumedPoints <= limit,
      retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    };
  }

  return {
    async consume({ user, organizationId, credential }, ipAddress, cost = 1) {
      const own =
        credential.rateLimit == null
          ? null
          : await count(operations, `token:${credential.id}`, credential.rateLimit, cost);
      if (own?.allowed === false) return own; // what is refused for the token's sake costs its account nothing
      const key = user?.id ?? organizationId ?? `address:${ipAddress ?? 'unknown'}`;
      const account = await count(operations, key, rateLimitPerMinute, cost);
      return own !== null && account.allowed && own.remaining < account.remaining ? own : account;
    },
    async consumeSignIn(login, ipAddress) {
      const address = await count(signIns, `address:${ipAddress ?? 'unknown'}`, signInAttempts.perAddress);
      if (!address.allowed) return address; // so that one address cannot lock more accounts than it may try
      const account = await count(signIns, accountKey(login), signInAttempts.perAccount);
      return account.allowed && address.remaining < account.remaining ? address : account;
    },
    async forgiveSignIn(login) {
      await signIns.delete(accountKey(login));
    },
    close: async () => {},
  };
}

const accountKey = (login: string) => `account:${login.toLowerCase()}`;
