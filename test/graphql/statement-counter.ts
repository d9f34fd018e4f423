import type { Database } from '../../src/db/database.ts';

type Query = (...args: unknown[]) => unknown;

interface Counted<T> {
  readonly result: T;
  readonly statements: readonly string[];
  /** With those that authenticate the request. */
  readonly all: readonly string[];
}

/**
 * Notes the text of every statement that is sent to the database while `during` runs, those that authenticate the request
 * aside. It listens where the pool hands out a connection, so it sees what Prisma sends, in transactions and outside.
 */
export function countStatements({ pool }: Pick<Database, 'pool'>) {
  const watched = new WeakSet<object>();
  let noted: string[] | undefined;
  pool.on('acquire', (client) => {
    if (watched.has(client)) return;
    watched.add(client);
    const query = client.query.bind(client) as Query;
    const watching: Query = (...args) => {
      noted?.push(textOf(args[0]));
      return query(...args);
    };
    client.query = watching as typeof client.query;
  });
  return {
    async during<T>(work: () => Promise<T>): Promise<Counted<T>> {
      const all: string[] = [];
      noted = all;
      const result = await work();
      noted = undefined;
      return { result, all, statements: all.filter((text) => !authenticates(text)) };
    },
  };
}

function textOf(query: unknown): string {
  return typeof query === 'string' ? query : String((query as { text?: unknown }).text);
}

/** Finds the session that a request came with, or notes that it was used. */
function authenticates(statement: string): boolean {
  return /^(SELECT|UPDATE) .*"token_hash" = |^UPDATE "public"\."sessions" SET "last_used_at"/s.test(
    statement,
  );
}
