/** How far a token may reach: no further than the credential that makes it, or hands it on. */
import { contains, type Network, parseNetwork } from '../auth/networks.ts';
import type { Context } from '../context.ts';
import { day } from '../durations.ts';
import type { InputProblem } from '../errors.ts';
import { isPerson } from './policy.ts';

type Maker = Pick<Context, 'actor' | 'now' | 'settings'>;

const defaultLifetimeDays = 365;
const longestLifetimeDays = 3650;

const inDays = (from: Date, days: number) => new Date(from.getTime() + days * day);
const soonest = (a: Date, b: Date) => (a < b ? a : b);

/** When a token ends whose maker does not say: in a year. */
export function defaultExpiry(context: Maker): Date {
  return soonest(latestExpiry(context), inDays(context.now(), defaultLifetimeDays));
}

/** A token lasts no longer than the token that made it, nor than ten years. */
function latestExpiry({ actor, now }: Maker): Date {
  const limit = inDays(now(), longestLifetimeDays);
  return soonest(endOf(actor) ?? limit, limit);
}

/**
 * When a credential ends that makes others; null for the person itself, who stays when the session ends, and the operator.
 * What a person handed on makes none that outlive it: an app that is disconnected must not stay by a token of its own.
 */
function endOf(actor: Maker['actor']): Date | null {
  return isPerson(actor) || actor.credential.kind === 'CONSOLE' ? null : actor.credential.expiresAt;
}

export function expiryProblems(context: Maker, expiresAt: Date | null | undefined): InputProblem[] {
  const path = ['input', 'expiresAt'];
  if (expiresAt == null) return [];
  if (!(expiresAt > context.now())) return [{ path, code: 'INVALID', message: 'must be in the future' }];
  const latest = latestExpiry(context);
  if (expiresAt <= latest) return [];
  return [{ path, code: 'NOT_ALLOWED', message: `must not be after ${latest.toISOString()}` }];
}

interface WantedBounds {
  readonly allowedNetworks?: readonly string[] | null | undefined;
  readonly rateLimit?: number | null | undefined;
}

/** A token is bound at least as tightly as the one that makes it, and to no more than every caller has. */
export function boundProblems(
  { actor: { credential }, settings }: Maker,
  { allowedNetworks, rateLimit }: WantedBounds,
): InputProblem[] {
  const problems: InputProblem[] = [];
  const most = credential.rateLimit ?? settings.rateLimitPerMinute;
  if (rateLimit != null && rateLimit > most) {
    const message = `must be at most ${most}`;
    problems.push({ path: ['input', 'rateLimit'], code: 'NOT_ALLOWED', message });
  }
  if (!areWithin(allowedNetworks ?? [], credential.allowedNetworks ?? [])) {
    const message = 'must be within the networks of the token that makes it';
    problems.push({ path: ['input', 'allowedNetworks'], code: 'NOT_ALLOWED', message });
  }
  return problems;
}

/** What a token that is there already is bound to. */
export interface TokenBounds {
  readonly allowedNetworks: readonly string[];
  readonly rateLimit: number | null;
  readonly expiresAt: Date;
}

/** Whether a token may be used longer, from more networks or more often than the actor's own credential. */
export function reachesFurther(
  { actor }: Pick<Context, 'actor'>,
  { allowedNetworks, rateLimit, expiresAt }: TokenBounds,
): boolean {
  const { credential } = actor;
  const end = endOf(actor);
  const outer = credential.allowedNetworks ?? [];
  const isFreer = outer.length > 0 && (allowedNetworks.length === 0 || !areWithin(allowedNetworks, outer));
  const isFaster = credential.rateLimit != null && (rateLimit === null || rateLimit > credential.rateLimit);
  return isFreer || isFaster || (end !== null && expiresAt > end);
}

/** Whether each network lies in one of the outer ones; where there are none of these, everything does. */
function areWithin(inner: readonly string[], outer: readonly string[]): boolean {
  const around = networksOf(outer);
  return (
    around.length === 0 || networksOf(inner).every((one) => around.some((other) => contains(other, one)))
  );
}

const networksOf = (texts: readonly string[]): Network[] => texts.flatMap((text) => parseNetwork(text) ?? []);
