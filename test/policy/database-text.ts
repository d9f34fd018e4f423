/** The whole database as text: to prove that nothing was written, or that nothing is left. */
import type { Database } from '../../src/db/database.ts';
import { jobSchema } from '../../src/db/job-tables.ts';

type Prisma = Pick<Database, 'prisma'>;

export interface Row {
  readonly table: string;
  readonly text: string;
}

/** Every table of the product but the migrations' own, as the database itself lists them. */
export async function tablesOf({ prisma }: Prisma): Promise<readonly string[]> {
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT table_name::text AS name FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> '_prisma_migrations'
    ORDER BY table_name`;
  return tables.map(({ name }) => name);
}

function everyRow(tables: readonly string[]): string {
  const selections = tables.map(
    (table) => `SELECT '${table}' AS "table", (to_jsonb(t) - 'last_used_at')::text AS text FROM "${table}" t`,
  );
  return selections.join(' UNION ALL ');
}

/** Every row of every table as JSON text, except when a credential was last used. */
export async function readEverything(database: Prisma): Promise<readonly Row[]> {
  const tables = await tablesOf(database);
  return database.prisma.$queryRawUnsafe<Row[]>(everyRow(tables));
}

/** Every row of the job library's tables, which stand in a schema of their own. */
export async function readJobs({ prisma }: Prisma): Promise<readonly Row[]> {
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT table_name::text AS name FROM information_schema.tables
    WHERE table_schema = ${jobSchema} AND table_type = 'BASE TABLE'`;
  const rows = tables.map(({ name }) =>
    prisma.$queryRawUnsafe<Row[]>(
      `SELECT '${jobSchema}.${name}' AS "table", to_jsonb(t)::text AS text FROM "${jobSchema}"."${name}" t`,
    ),
  );
  return (await Promise.all(rows)).flat();
}

export interface Fingerprint {
  /** Equal as long as no row of any table changes. */
  readonly digest: string;
  /** Those that are not being deleted. */
  readonly users: number;
  readonly audited: number;
  readonly announced: number;
}

/** Makes a function that tells the state of the whole database in one statement. */
export async function createFingerprint(database: Prisma): Promise<() => Promise<Fingerprint>> {
  const rows = everyRow(await tablesOf(database));
  const statement = `WITH everything AS (${rows}) SELECT
    md5(string_agg("table" || text, E'\\n' ORDER BY "table", text)) AS digest,
    count(*) FILTER (WHERE "table" = 'users' AND text::jsonb->>'status' <> 'DELETING')::int AS users,
    count(*) FILTER (WHERE "table" = 'audit_events')::int AS audited,
    count(*) FILTER (WHERE "table" = 'outbox_events')::int AS announced
    FROM everything`;
  return async () => {
    const [fingerprint] = await database.prisma.$queryRawUnsafe<Fingerprint[]>(statement);
    if (fingerprint === undefined) throw new Error('an aggregate has always one row');
    return fingerprint;
  };
}
