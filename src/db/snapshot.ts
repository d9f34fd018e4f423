import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { jobLibraryVersion, queueNames } from './job-tables.ts';
import { type Migration, migrate, readMigrations } from './migrate.ts';
import { createPGlitePool, startPGlite } from './pglite.ts';

export const SNAPSHOTS = fileURLToPath(new URL('../../.cache', import.meta.url));

/** Where the snapshot is that fits these migrations and this PGlite: an empty, migrated data directory as a tar.gz. */
export function snapshotFile(migrations: Migration[], directory = SNAPSHOTS): string {
  const hash = createHash('sha256').update(`${pgliteVersion()} ${jobLibraryVersion} ${queueNames}`);
  for (const { name, checksum } of migrations) hash.update(`\n${name} ${checksum}`);
  return path.join(directory, `embedded-${hash.digest('hex').slice(0, 16)}.tar.gz`);
}

/** The fitting snapshot as a tar, or undefined when none was built. */
export async function loadSnapshot(
  migrations: Migration[],
  directory = SNAPSHOTS,
): Promise<Buffer | undefined> {
  const file = await readFile(snapshotFile(migrations, directory)).catch(() => undefined);
  return file && promisify(gunzip)(file);
}

/** Builds the snapshot that fits and answers its file; a reader never sees half of it. */
export async function buildSnapshot(directory = SNAPSHOTS): Promise<string> {
  const file = snapshotFile(await readMigrations(), directory);
  const lite = await startPGlite('memory://');
  const pool = createPGlitePool(lite);
  await migrate(pool);
  await pool.query('CHECKPOINT');
  await pool.end();
  const dump = await lite.dumpDataDir('none');
  await lite.close();
  const temporary = `${file}.${process.pid}`;
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(temporary, await promisify(gzip)(await dump.arrayBuffer()));
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return file;
}

/** Writes the files of a tar as PGlite makes it: regular files and directories with short names. */
export function unpackSnapshot(tar: Buffer, directory: string): void {
  const field = (start: number, length: number) =>
    tar
      .toString('latin1', start, start + length)
      .replace(/\0.*$/s, '')
      .trim();
  let position = 0;
  while (position + 512 <= tar.length && tar[position] !== 0) {
    const target = path.join(directory, field(position, 100));
    const size = Number.parseInt(field(position + 124, 12), 8);
    const start = position + 512;
    if (field(position + 156, 1) === '5') mkdirSync(target, { recursive: true, mode: 0o700 });
    else writeFileSync(target, tar.subarray(start, start + size), { mode: 0o600 });
    position = start + Math.ceil(size / 512) * 512;
  }
}

function pgliteVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const manifest = readFileSync(path.join(path.dirname(entry), '../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
