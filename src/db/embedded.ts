import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type pg from 'pg';
import { type DirectoryLock, isLockFile, lockDirectory } from './directory-lock.ts';
import { DatabaseStateError } from './errors.ts';
import { migrate, readMigrations } from './migrate.ts';
import { createPGlitePool, startPGlite } from './pglite.ts';
import { loadSnapshot, unpackSnapshot } from './snapshot.ts';

export interface EmbeddedOptions {
  migrationsDir?: string | undefined;
  snapshotsDir?: string | undefined;
}

export interface EmbeddedDatabase {
  pool: pg.Pool;
  description: string;
  createdEmpty: boolean;
  /** Stops the engine and gives the directory back; the pool must have ended. */
  stop(): Promise<void>;
}

const DATA = 'pgdata'; // PostgreSQL's own directory, inside of ours
const NEW_DATA = 'pgdata.new-'; // one that is being made; a complete one is renamed to DATA

/** Opens `memory` or a directory, which is created when missing or empty, and applies pending migrations. */
export async function openEmbedded(
  location: string,
  options: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
  if (location === 'memory') return openMemory(options);
  const directory = path.resolve(location);
  const lock = await lockDirectory(directory).catch((error: unknown) => {
    throw explainUnwritable(error, directory);
  });
  try {
    const createdEmpty = isEmpty(directory);
    if (createdEmpty) await createData(directory, options);
    const lite = await startPGlite(path.join(directory, DATA)).catch(async (error: unknown) => {
      throw await explainUnopened(error, directory);
    });
    return {
      ...(await serve(lite, options, lock)),
      description: `embedded database in ${directory}`,
      createdEmpty,
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openMemory(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const tar = await loadSnapshot(await readMigrations(options.migrationsDir), options.snapshotsDir);
  const lite = await startPGlite('memory://', tar);
  return { ...(await serve(lite, options)), description: 'embedded database in memory', createdEmpty: true };
}

async function serve(
  lite: PGlite,
  options: EmbeddedOptions,
  lock?: DirectoryLock,
): Promise<Pick<EmbeddedDatabase, 'pool' | 'stop'>> {
  const pool = createPGlitePool(lite);
  const stop = async () => {
    await lite.close();
    lock?.release();
  };
  try {
    await migrate(pool, options.migrationsDir);
    return { pool, stop };
  } catch (error) {
    await pool.end();
    await stop();
    throw error;
  }
}

/** Whether the directory holds nothing yet; throws when it holds something that is not a database of ours. */
function isEmpty(directory: string): boolean {
  if (existsSync(path.join(directory, DATA, 'PG_VERSION'))) return false;
  const isOurs = (name: string) => isLockFile(name) || name.startsWith(NEW_DATA) || name === 'lost+found';
  const foreign = readdirSync(directory).filter((name) => !isOurs(name));
  if (foreign.length === 0) return true;
  throw new DatabaseStateError(
    `The directory ${directory} is not a database: it holds other files (${foreign.slice(0, 3).join(', ')}).\n` +
      'Set DATABASE_URL to an empty or a new directory.',
  );
}

/** Makes the data directory under another name and renames it, so that a kill never leaves half of one. */
async function createData(
  directory: string,
  { migrationsDir, snapshotsDir }: EmbeddedOptions,
): Promise<void> {
  for (const name of readdirSync(directory)) {
    if (name.startsWith(NEW_DATA)) rmSync(path.join(directory, name), { recursive: true });
  }
  const temporary = path.join(directory, `${NEW_DATA}${process.pid}`);
  await mkdir(temporary, { mode: 0o700 });
  const tar = await loadSnapshot(await readMigrations(migrationsDir), snapshotsDir);
  if (tar) {
    unpackSnapshot(tar, temporary);
  } else {
    const lite = await startPGlite(temporary); // slower by seconds: makes a data directory from nothing
    await lite.close();
  }
  await rename(temporary, path.join(directory, DATA));
}

function explainUnwritable(error: unknown, directory: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC'].includes(code ?? '')) return error;
  return new DatabaseStateError(
    `The embedded database cannot be kept in ${directory}: ${message}.\n` +
      'Set DATABASE_URL to a directory that this user can write to.',
    { cause: error },
  );
}

async function explainUnopened(cause: unknown, directory: string): Promise<DatabaseStateError> {
  const version = await readFile(path.join(directory, DATA, 'PG_VERSION'), 'utf8').catch(() => '?');
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DatabaseStateError(
    `The embedded database in ${directory}, made by PostgreSQL ${version.trim()}, cannot be opened: ${reason}`,
    { cause },
  );
}
