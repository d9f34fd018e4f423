import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';

export interface TestDatabase {
  database: Database;
  close(): Promise<void>;
}

/**
 * An empty, migrated database that nobody else uses: in memory, or a clone of the run's template where tests run on a
 * PostgreSQL server.
 */
export async function openTestDatabase(): Promise<TestDatabase> {
  const server = inject('postgres');
  if (server === undefined) {
    const database = await openDatabase('pglite:memory');
    return { database, close: () => database.close() };
  }
  const { url, remove } = await createServerDatabase(`TEMPLATE ${server.template}`);
  // Tests send a thousand writes to one row at once, which wait for their turn longer than a caller should.
  const database = await openDatabase(url, { connectionTimeout: 60_000 });
  const close = async () => {
    await database.close();
    await remove();
  };
  return { database, close };
}

/** A database of its own on the PostgreSQL server of this run, without any table unless it is cloned. */
export async function createServerDatabase(clause = ''): Promise<{ url: string; remove(): Promise<void> }> {
  const server = inject('postgres');
  if (server === undefined) throw new Error('these tests run on PostgreSQL only');
  const name = `usergraph_test_${randomUUID().replaceAll('-', '')}`;
  await runOn(server.url, `CREATE DATABASE ${name} ${clause}`);
  return {
    url: urlOf(server.url, name),
    remove: () => runOn(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** The same server, another database. */
export function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

export async function runOn(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
