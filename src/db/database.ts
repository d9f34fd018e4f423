import { setTimeout as sleep } from 'node:timers/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.ts';
import { type EmbeddedOptions, openEmbedded } from './embedded.ts';
import { type ChangeListener, hearOwnChanges } from './own-changes.ts';
import { createPostgresClient, createPostgresPool, describeUrl, type PostgresOptions } from './postgres.ts';

export interface Database {
  readonly prisma: PrismaClient;
  /** Raw access. An embedded database has one connection: whoever holds it makes all others wait. */
  readonly pool: pg.Pool;
  /** Makes a connection outside of the pool, not opened yet; null where there is but one. */
  readonly connect: (() => pg.Client) | null;
  /** Calls back for each change that a connection of the pool made, before whoever made it goes on. */
  readonly onOwnChange: (listener: ChangeListener) => void;
  readonly kind: 'postgresql' | 'embedded';
  /** For people and logs: the URL without password, or the directory. */
  readonly description: string;
  /** Whether this open created the embedded database: a first start. */
  readonly createdEmpty: boolean;
  /** Lets running queries and transactions end, then closes. */
  close(): Promise<void>;
}

export interface DatabaseOptions extends PostgresOptions, EmbeddedOptions {
  /** Prepared statements that live as long as their connection; old PgBouncers cannot carry them. */
  namedStatements?: boolean | undefined;
}

const EMBEDDED = 'pglite:';
const MAX_NAMES = 500; // more statement texts than the product has; lists of every length would fill the server's memory
const TRANSACTIONS = { maxWait: 30_000, timeout: 30_000 };
const DRAIN_LIMIT = 8_000;

/**
 * Opens `postgresql://…`, `pglite:<directory>` or `pglite:memory`. An embedded database comes migrated; a server is not
 * asked for anything yet.
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<Database> {
  if (url.startsWith(EMBEDDED)) {
    const { stop, ...embedded } = await openEmbedded(url.slice(EMBEDDED.length), options);
    return assemble({ ...embedded, kind: 'embedded', connect: null }, options, stop);
  }
  const pool = createPostgresPool(url, options);
  return assemble(
    {
      pool,
      connect: () => createPostgresClient(url),
      kind: 'postgresql',
      description: describeUrl(url),
      createdEmpty: false,
    },
    options,
    async () => {},
  );
}

function assemble(
  facts: Omit<Database, 'prisma' | 'onOwnChange' | 'close'>,
  { namedStatements = true }: DatabaseOptions,
  stop: () => Promise<void>,
): Database {
  const adapter = new PrismaPg(facts.pool, namedStatements ? { statementNameGenerator: createNames() } : {});
  const prisma = new PrismaClient({ adapter, transactionOptions: TRANSACTIONS });
  let closing: Promise<void> | undefined;
  const close = async () => {
    await drain(facts.pool);
    await prisma.$disconnect();
    await facts.pool.end();
    await stop();
  };
  return {
    ...facts,
    onOwnChange: hearOwnChanges(facts.pool),
    prisma,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Waits until no connection is in use or asked for, because the pool forgets who waits when it ends. */
async function drain(pool: pg.Pool): Promise<void> {
  const limit = Date.now() + DRAIN_LIMIT;
  while (pool.waitingCount > 0 || pool.idleCount < pool.totalCount) {
    if (Date.now() > limit) return;
    await sleep(10);
  }
}

/** Texts that vary with the length of a list would use up the names, and the memory of the server. */
const isOneOfMany = (sql: string) => sql.length > 20_000 || /\bIN \(\$\d+,/.test(sql);

/** Names each of the first statement texts, so that every connection prepares it once; '' leaves one unnamed. */
function createNames(): (query: { sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= MAX_NAMES || isOneOfMany(sql)) return '';
    const name = `usergraph_${names.size}`;
    names.set(sql, name);
    return name;
  };
}
