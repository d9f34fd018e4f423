import { readFile } from 'node:fs/promises';
import { AssetGroup } from './assets.ts';

/** Where `scripts/prepare.mjs` puts it: two levels above this file, in `src` and in `dist` alike. */
const file = new URL('../../.cache/reference/scalar.js', import.meta.url);

let bundle: Promise<AssetGroup> | undefined;

/** Scalar, read when the first browser asks for it; undefined as long as it was not built. */
export async function loadReferenceBundle(): Promise<AssetGroup | undefined> {
  bundle ??= readFile(file).then((body) => new AssetGroup(new Map([['scalar.js', body]])));
  try {
    return await bundle;
  } catch (error) {
    bundle = undefined;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
