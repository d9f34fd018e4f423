import { readFileSync } from 'node:fs';

/** The version of this package; its manifest stands one folder above both the source and the build. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;
