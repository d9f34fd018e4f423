import { randomBytes as systemRandomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import type { Sources } from './context.ts';

/** The real clock and randomness, or a test's. */
export function createSources({
  now = () => new Date(),
  randomBytes = (size: number): Uint8Array => systemRandomBytes(size),
}: Partial<Pick<Sources, 'now' | 'randomBytes'>> = {}): Sources {
  return {
    now,
    randomBytes,
    newId: () => v7({ msecs: now().getTime(), random: randomBytes(16) }),
  };
}
