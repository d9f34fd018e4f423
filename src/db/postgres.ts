import { Socket } from 'node:net';
import pg from 'pg';
import { tellChanges } from './own-changes.ts';

export interface PostgresOptions {
  poolSize?: number | undefined;
  /** How long to wait for a connection, be it a new one or one of the pool, in milliseconds. */
  connectionTimeout?: number | undefined;
  idleTimeout?: number | undefined;
  /** After how long the server cancels a statement, in milliseconds; 0 sets no limit. */
  statementTimeout?: number | undefined;
}

const NETWORK_GRACE = 5_000;

/** Compiling a plan takes PostgreSQL 30 ms and more, for statements of 2: it goes by costs that most plans here never run up. */
const withoutJit = 'SET jit = off';

/** A pool whose sessions are all in UTC, as Prisma's adapter takes for granted, and whose waits all end. */
export function createPostgresPool(url: string, options: PostgresOptions = {}): pg.Pool {
  const {
    poolSize = 10,
    connectionTimeout = 10_000,
    idleTimeout = 30_000,
    statementTimeout = 30_000,
  } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectionTimeout,
    idleTimeoutMillis: idleTimeout,
    ...(statementTimeout > 0 && { stream: () => createSocket(statementTimeout + NETWORK_GRACE) }),
    fallback_application_name: 'usergraph',
    keepAlive: true,
    // As statements, because PgBouncer refuses most settings in the startup message.
    onConnect: async (client) => {
      await client.query(
        `SET TIME ZONE 'UTC'; SET statement_timeout = ${Math.trunc(statementTimeout)}; ${withoutJit}; ${tellChanges}`,
      );
    },
  });
  pool.on('error', () => {}); // an idle connection was lost: the pool drops it, and the next query opens another
  return pool;
}

/** A connection of its own for what lasts, such as listening; each statement on it has its time limit here. */
export function createPostgresClient(url: string): pg.Client {
  return new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
    fallback_application_name: 'usergraph',
    keepAlive: true,
  });
}

/** A socket that gives up when the server says nothing for longer than any statement may take. */
function createSocket(timeout: number): Socket {
  const socket = new Socket();
  socket.setTimeout(timeout, () => {
    const error = new Error('the database does not answer');
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT', errno: -110, syscall: 'read' }));
  });
  return socket;
}

/** The URL without its password and parameters, for people and logs. */
export function describeUrl(text: string): string {
  try {
    const url = new URL(text);
    const host = url.host || url.searchParams.get('host') || 'localhost';
    return `${url.protocol}//${url.username && `${url.username}@`}${host}${url.pathname}`;
  } catch {
    return 'postgresql://…';
  }
}
