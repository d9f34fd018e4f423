import { readdirSync, readFileSync } from 'node:fs';
import { AssetGroup } from './assets.ts';

/** The folder of our own scripts and styles: two levels above this file, in `src` and in `dist` alike. */
const folder = new URL('../../public/', import.meta.url);

let group: AssetGroup | undefined;

export function loadPublicFiles(): AssetGroup {
  group ??= new AssetGroup(
    new Map(
      readdirSync(folder)
        .sort()
        .map((name) => [name, readFileSync(new URL(name, folder))]),
    ),
  );
  return group;
}
