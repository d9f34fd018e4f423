/** Installs the packages of a peer that has its own, once for each state of its lock file. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installPackages } from '../install.ts';

export function ensurePackages(folder: string): void {
  const mark = path.join(folder, 'node_modules/.installed-from');
  const hash = createHash('sha256')
    .update(readFileSync(path.join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return;
  installPackages(folder);
  writeFileSync(mark, hash);
}
