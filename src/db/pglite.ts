import { PGlite } from '@electric-sql/pglite';
import { citext } from '@electric-sql/pglite/contrib/citext';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import pg from 'pg';
import { tellChanges } from './own-changes.ts';
import { PGliteSession } from './pglite-session.ts';
import { PGliteStream } from './pglite-stream.ts';

/** Starts PostgreSQL in this process, on a directory or on `memory://`, from a tar of a data directory if given. */
export async function startPGlite(location: string, tar?: Buffer): Promise<PGlite> {
  const complaints: string[] = [];
  const onStderr = (line: string) => {
    if (/\b(FATAL|PANIC|ERROR):/.test(line)) complaints.push(line.trim());
    return false;
  };
  try {
    return await PGlite.create(location, {
      extensions: { citext, pg_trgm },
      onStderr,
      ...(tar && { loadDataDir: new Blob([new Uint8Array(tar)]) }),
    });
  } catch (cause) {
    const reason = complaints.at(-1) ?? (cause instanceof Error ? cause.message : String(cause));
    throw new Error(reason, { cause });
  }
}

/** A pool of the one connection that a PGlite can have; whoever asks for it waits until it is released. */
export function createPGlitePool(lite: PGlite): pg.Pool {
  const session = new PGliteSession(lite);
  return new pg.Pool({
    host: 'embedded',
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    stream: () => new PGliteStream(session),
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: 60_000,
    onConnect: async (client) => {
      await client.query(tellChanges);
    },
  });
}
