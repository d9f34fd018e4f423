import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { inject } from 'vitest';
import { readMigrations } from '../../src/db/migrate.ts';
import { createPGlitePool, startPGlite } from '../../src/db/pglite.ts';
import { createPostgresPool } from '../../src/db/postgres.ts';
import { loadSnapshot } from '../../src/db/snapshot.ts';
import { createServerDatabase } from './databases.ts';

/** A directory of migrations: each name with its SQL. */
export class MigrationsDirectory {
  readonly path = mkdtempSync(path.join(tmpdir(), 'usergraph-migrations-'));

  write(migrations: Record<string, string>): void {
    for (const [name, sql] of Object.entries(migrations)) {
      mkdirSync(path.join(this.path, name), { recursive: true });
      writeFileSync(path.join(this.path, name, 'migration.sql'), sql);
    }
  }

  delete(name: string): void {
    rmSync(path.join(this.path, name), { recursive: true });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface BareDatabase {
  pool: pg.Pool;
  /** Removes everything that is in it. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** A database without any table, embedded or on the server of this run. */
export async function openBareDatabase(): Promise<BareDatabase> {
  const opened = inject('postgres') === undefined ? await openEmbedded() : await openOnServer();
  const clear = async () => {
    await opened.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  };
  await clear();
  return { ...opened, clear };
}

async function openEmbedded(): Promise<Omit<BareDatabase, 'clear'>> {
  const lite = await startPGlite('memory://', await loadSnapshot(await readMigrations()));
  const pool = createPGlitePool(lite);
  const close = async () => {
    await pool.end();
    await lite.close();
  };
  return { pool, close };
}

async function openOnServer(): Promise<Omit<BareDatabase, 'clear'>> {
  const { url, remove } = await createServerDatabase();
  const pool = createPostgresPool(url);
  const close = async () => {
    await pool.end();
    await remove();
  };
  return { pool, close };
}
