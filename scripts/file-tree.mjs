import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** The files under a directory, sorted; none when it does not exist. */
export function filesIn(directory) {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return files.map((file) => path.relative(directory, file)).sort();
}

/**
 * Makes one tree like another: changed files are renamed into place, files that are no longer made are removed.
 * At no moment is a file missing or half written that both trees have.
 */
export function replaceTree(from, to) {
  const made = new Set(filesIn(from));
  for (const file of made) {
    const source = path.join(from, file);
    const target = path.join(to, file);
    if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    renameSync(source, target);
  }
  for (const file of filesIn(to)) {
    if (!made.has(file)) rmSync(path.join(to, file), { force: true });
  }
}
