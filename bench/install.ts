/** Gets what the peers need: their packages, and the Prisma client of those that use one. Done once, and after changes. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, runNode } from './processes.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));
const generated = path.join(cacheDirectory, 'prisma');

export function installPeers(): void {
  const hash = hashOf(['package-lock.json', 'peers/prisma/schema.prisma']);
  const mark = path.join(generated, 'made-of');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return;
  installPackages(directory);
  generateClient();
  writeFileSync(mark, hash);
}

/** Installs what a lock file says. No script of a package runs: nothing here needs one. */
export function installPackages(folder: string): void {
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`npm ci failed in ${path.basename(folder)}`);
}

function generateClient(): void {
  mkdirSync(generated, { recursive: true });
  const schema = path.join(generated, 'schema.prisma');
  cpSync(path.join(directory, 'peers/prisma/schema.prisma'), schema);
  const bin = path.join(directory, 'node_modules/.bin');
  const command = [path.join(directory, 'node_modules/prisma/build/index.js'), 'generate', '--no-hints'];
  const env = {
    PATH: `${bin}${path.delimiter}${process.env.PATH}`,
    // Any existing file will do: `generate` would download a missing engine, and never runs the one it has.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  };
  runNode([...command, '--schema', schema], env, generated); // elsewhere it would find the product's own settings
  // The generator writes TypeScript only; the peers run on plain Node, and need of it no more than this function.
  const types = readFileSync(path.join(generated, 'pothos-types.ts'), 'utf8');
  const [, body] = /getDatamodel\(\): PothosPrismaDatamodel (\{.*\})/.exec(types) ?? [];
  writeFileSync(path.join(generated, 'datamodel.mjs'), `export function getDatamodel() ${body}\n`);
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(path.join(directory, file)));
  return hash.digest('hex');
}
