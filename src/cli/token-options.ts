import { type Scope, scopes } from '../domain/policy.ts';
import { day } from '../durations.ts';
import { UsageError } from './usage-error.ts';

/** The parts of a list with commas or spaces. */
export function parseList(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** @throws {UsageError} naming what is no scope, and those that are */
export function parseScopeList(text: string): Scope[] {
  const wanted = parseList(text);
  const unknown = wanted.filter((name) => !scopes.includes(name as Scope));
  if (unknown.length === 0) return wanted as Scope[];
  throw new UsageError(`--scopes: there is no ${unknown.join(', ')}; there are ${scopes.join(', ')}.`);
}

/** A number of days from now, or a day: it ends as that day (UTC) begins. @throws {UsageError} for anything else */
export function parseExpiry(text: string, now: Date): Date {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  if (days !== undefined) return new Date(now.getTime() + Number(days) * day);
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text);
  const date = new Date(isDate ? text : Number.NaN);
  // The calendar of JavaScript takes the 31st of February for a day in March.
  if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 10))) return date;
  throw new UsageError('--expires must be a number of days such as 90d, or a date such as 2030-01-31.');
}

/** @throws {UsageError} for what is no whole number */
export function parseWhole(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`${option} must be a whole number.`);
}
