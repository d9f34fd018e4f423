import { randomBytes as systemRandomBytes } from 'node:crypto';
import { v7 } from 'uuid';
import type { Sources } from './context.ts';

/** The real clock and randomness, or a test's. */
export function createSources({
  now = () => new Date(),
  randomBytes,
}: Partial<Pick<Sources, 'now' | 'randomBytes'>> = {}): Sources {
  const randomOfId = randomBytes === undefined ? createPool(16) : () => randomBytes(16);
  return {
    now,
    randomBytes: randomBytes ?? ((size) => systemRandomBytes(size)),
    newId: () => v7({ msecs: now().getTime(), random: randomOfId() }),
  };
}

/** Random bytes for ids, of which each request needs one: drawn many at once, each given once. Secrets are drawn one by one. */
function createPool(size: number): () => Uint8Array {
  let pool: Uint8Array = new Uint8Array(0);
  let next = 0;
  return () => {
    if (next >= pool.length) {
      pool = systemRandomBytes(size * 256);
      next = 0;
    }
    next += size;
    return pool.subarray(next - size, next);
  };
}
