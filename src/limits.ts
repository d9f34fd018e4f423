import type { Config } from './config.ts';
import type { Actor } from './domain/policy.ts';
import { addressBlock } from './limits/address-block.ts';
import { type Counter, createMemoryCounters } from './limits/counters.ts';
import { createRedisCounters } from './limits/redis-counters.ts';
import type { Log } from './log.ts';

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

/** Nobody counts what the operator does at the console, or the server by itself. */
export const unlimited: RateLimit = {
  limit: Number.MAX_SAFE_INTEGER,
  remaining: Number.MAX_SAFE_INTEGER,
  resetAt: new Date(0),
  allowed: true,
  retryAfter: 0,
};

/** Who asks for a code, or where it goes: what names an address or a number and what the code is for. */
export type CodeParty = { readonly actor: Actor } | { readonly destination: string };

/** Codes within an hour: somebody who verifies others' contacts needs some, and nobody reads many. */
const codesPerHour = { actor: 30, destination: 5 };

export interface Limits {
  /** Counts operations of the caller: of its account, its organization, or (anonymous) its address. */
  consume(actor: Actor, ipAddress: string | null, cost?: number): Promise<RateLimit>;
  /**
   * Counts an attempt to sign in, to the account of this login and from this address; the stricter answer.
   * @throws {ServiceUnavailableError} when it cannot be counted
   */
  consumeSignIn(login: string, ipAddress: string | null): Promise<RateLimit>;
  /** Forgets the attempts to sign in to the account: one succeeded. */
  forgiveSignIn(login: string): Promise<void>;
  /**
   * Counts a code by message: for who really asks for it, or for where it goes, whichever account it is for. Null for an
   * actor that is nobody.
   * @throws {ServiceUnavailableError} when it cannot be counted
   */
  consumeCode(of: CodeParty): Promise<RateLimit | null>;
  close(): Promise<void>;
}

interface Options extends Pick<Config, 'rateLimitPerMinute' | 'signInAttempts' | 'redisUrl'> {
  readonly now: () => Date;
  readonly log: Log;
  /** What stands for a login or an address where counts are kept, so that nobody reads there who came. */
  readonly mac: (text: string) => Uint8Array;
}

/**
 * Counts in this process, or in Redis for all of them. A token with a limit of its own is held to that and to its
 * account's.
 */
export function createLimits({
  rateLimitPerMinute,
  signInAttempts,
  redisUrl,
  now,
  log,
  mac,
}: Options): Limits {
  const { requests, signIns, codes, close } =
    redisUrl === null ? createMemoryCounters() : createRedisCounters(redisUrl, log);
  const hidden = (kind: string, text: string) =>
    `${kind}:${Buffer.from(mac(`${kind}:${text}`)).toString('base64url')}`;
  const addressKey = (ipAddress: string | null) => hidden('address', addressBlock(ipAddress));
  const loginKey = (login: string) => hidden('login', login.toLowerCase());

  async function count(counter: Counter, key: string, limit: number, cost = 1): Promise<RateLimit> {
    const { points, msBeforeNext } = await counter.add(key, cost);
    return {
      limit,
      remaining: Math.max(0, limit - points),
      resetAt: new Date(now().getTime() + msBeforeNext),
      allowed: points <= limit,
      retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    };
  }

  return {
    async consume(actor, ipAddress, cost = 1) {
      const { id, rateLimit, rateLimitKey = id } = actor.credential;
      const own = rateLimit == null ? null : await count(requests, `token:${rateLimitKey}`, rateLimit, cost);
      if (own?.allowed === false) return own; // what is refused for the token's sake costs its account nothing
      const account = await count(
        requests,
        identityOf(actor) ?? addressKey(ipAddress),
        rateLimitPerMinute,
        cost,
      );
      return own !== null && account.allowed && own.remaining < account.remaining ? own : account;
    },
    async consumeSignIn(login, ipAddress) {
      const address = await count(signIns, addressKey(ipAddress), signInAttempts.perAddress);
      if (!address.allowed) return address; // so that one address cannot lock more accounts than it may try
      const account = await count(signIns, loginKey(login), signInAttempts.perAccount);
      return account.allowed && address.remaining < account.remaining ? address : account;
    },
    forgiveSignIn: (login) => signIns.forget(loginKey(login)),
    async consumeCode(of) {
      if ('destination' in of)
        return count(codes, hidden('destination', of.destination), codesPerHour.destination);
      const identity = identityOf(of.actor);
      return identity === null ? null : count(codes, hidden('actor', identity), codesPerHour.actor);
    },
    close,
  };
}

/** What a caller is counted as where this process alone counts: who really acts, or where the anonymous come from. */
export function callerKey(actor: Actor, ipAddress: string | null): string {
  return identityOf(actor) ?? `address:${addressBlock(ipAddress)}`;
}

/** Who really acts: what somebody does for another account is not that account's to pay. */
function identityOf({ delegate, user, organizationId }: Actor): string | null {
  const account = delegate?.id ?? user?.id;
  if (account !== undefined) return `account:${account}`;
  return organizationId === null ? null : `organization:${organizationId}`;
}
