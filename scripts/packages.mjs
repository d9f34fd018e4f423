import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);

/** The package.json of a dependency, also of one that does not export it; undefined when it is not installed. */
function findManifest(name) {
  const folders = require.resolve.paths(name) ?? [];
  return folders.map((folder) => path.join(folder, name, 'package.json')).find((file) => existsSync(file));
}

function manifestOf(name) {
  const manifest = findManifest(name);
  if (!manifest) throw new Error(`the package ${name} is not installed: run \`npm ci\``);
  return manifest;
}

export const isInstalled = (name) => findManifest(name) !== undefined;

export const versionOf = (name) => JSON.parse(readFileSync(manifestOf(name), 'utf8')).version;

export const folderOf = (name) => path.dirname(manifestOf(name));

/** The script behind a command of a package, to be run with Node. */
export function binOf(name, command = name) {
  const manifest = manifestOf(name);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return path.join(path.dirname(manifest), typeof bin === 'string' ? bin : bin[command]);
}
