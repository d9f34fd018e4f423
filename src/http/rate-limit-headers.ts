import { windows } from '../limits/counters.ts';
import type { RateLimit } from '../limits.ts';
import type { AnswerHeaders } from './message.ts';

/** Tells a caller that was counted where it stands (draft-ietf-httpapi-ratelimit-headers). */
export function addRateLimitHeaders(
  headers: AnswerHeaders,
  { limit, remaining, retryAfter }: RateLimit,
): void {
  headers.set('ratelimit-policy', `"default";q=${limit};w=${windows.requests}`);
  headers.set('ratelimit', `"default";r=${remaining};t=${retryAfter}`);
}
