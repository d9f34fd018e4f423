import { ConflictError } from '../errors.ts';

/** Whether a change is meant for what is at this version; of several that it may be at, for each. */
export type ExpectedVersion = (version: number) => boolean;

/**
 * Under the lock of the row, so that of two changes meant for one version the second finds another.
 * @throws {ConflictError} when the change is not meant for this version
 */
export function requireExpected(
  { version }: { readonly version: number },
  expects: ExpectedVersion | undefined,
  what = 'account',
): void {
  if (expects !== undefined && !expects(version)) throw new ConflictError(version, what);
}
