import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filesIn } from './file-tree.mjs';
import { isInstalled, versionOf } from './packages.mjs';

const recordOf = (root, name) => path.join(root, '.cache', `${name}.made`);

/** The hash of everything that the result of a step depends on. */
export function hashOf(root, { inputs, packages }) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    const isDirectory = statSync(path.join(root, input), { throwIfNoEntry: false })?.isDirectory();
    const files = isDirectory
      ? filesIn(path.join(root, input)).map((file) => path.join(input, file))
      : [input];
    for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(path.join(root, file)));
  }
  for (const name of packages) hash.update(`\n${name} ${versionOf(name)}`);
  return hash.digest('hex');
}

/** Whether a step was made from inputs of this hash, and all of its results are still there. */
export function isFresh(root, name, { outputs }, hash) {
  if (!existsSync(recordOf(root, name))) return false;
  const [made, ...answered] = readFileSync(recordOf(root, name), 'utf8').trim().split('\n');
  return made === hash && [...outputs, ...answered].every((file) => existsSync(path.join(root, file)));
}

/** Whether this is a deployment without the development packages, which lives with what was made elsewhere. */
export function isDeployed(root, name, { packages, outputs }) {
  const hasResults = [recordOf(root, name), ...outputs.map((file) => path.join(root, file))].every(
    existsSync,
  );
  return hasResults && !packages.every(isInstalled);
}

/** Records what a step was made from, and the results that only it could name. */
export function record(root, name, hash, answered) {
  const temporary = `${recordOf(root, name)}.${process.pid}`;
  writeFileSync(temporary, [hash, ...answered].join('\n'));
  renameSync(temporary, recordOf(root, name));
}
