/** The accounts that everybody is measured on: as many as asked, the same each time, made by the database itself. */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { secretOf } from '../dist/auth/secrets.js';
import { scopes } from '../dist/domain/policy.js';
import { fillStatements } from './data-statements.ts';

/** An account with an API token of its own. */
export interface Account {
  readonly id: string;
  readonly token: string;
}

/** As many accounts have a token, if there are as many. */
const mostTokens = 10_000;

/** Anything that runs SQL: a connection to PostgreSQL, or to the embedded database. */
export interface Runner {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** Fills a migrated, empty database. */
export async function loadData(databaseUrl: string, users: number): Promise<void> {
  await withClient(databaseUrl, (client) => loadInto(client, users));
}

/** The same over a connection that is there already. Indexes are made after the rows, which is several times faster. */
export async function loadInto(client: Runner, users: number): Promise<void> {
  await client.query('BEGIN');
  await client.query('SET LOCAL session_replication_role = replica'); // the triggers' work is done set by set instead
  await client.query('SET LOCAL statement_timeout = 0');
  const indexes = await dropIndexes(client);
  for (const statement of fillStatements(users)) await client.query(statement);
  await addTokens(client);
  for (const definition of indexes) await client.query(definition);
  await client.query('COMMIT');
  await client.query('VACUUM ANALYZE');
}

/** @returns how to make them again */
async function dropIndexes(client: Runner): Promise<string[]> {
  const { rows } = await client.query(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
     WHERE i.indrelid IN ('users'::regclass, 'emails'::regclass, 'oauth_identities'::regclass, 'memberships'::regclass)
       AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => String(definition));
}

async function addTokens(client: Runner): Promise<void> {
  const { rows } = await client.query(
    `(SELECT id FROM users WHERE username = 'admin') UNION ALL
     (SELECT id FROM users WHERE kind = 'HUMAN' AND status = 'ACTIVE' AND NOT is_superuser
      ORDER BY created_at LIMIT ${mostTokens})`,
  );
  const ids = rows.map(({ id }) => String(id));
  const secrets = ids.map((id) => secretOf('apiToken', bitsOf(id)));
  await client.query(
    `INSERT INTO api_tokens (id, name, token_hash, prefix, scopes, user_id, created_by_id, created_at, last_used_at, expires_at)
     SELECT owner, 'benchmark', decode(hash, 'hex'), prefix, $4, owner, owner, now(), now(), now() + interval '10 years'
     FROM unnest($1::uuid[], $2::text[], $3::text[]) AS token (owner, hash, prefix)`,
    [
      ids,
      secrets.map(({ hash }) => Buffer.from(hash).toString('hex')),
      secrets.map(({ prefix }) => prefix),
      scopes,
    ],
  );
}

/** Tokens are made of the ids, so that nothing else need be kept to have them again. */
const bitsOf = (id: string) => createHash('sha256').update(`usergraph benchmark ${id}`).digest();
const tokenOf = (id: string) => secretOf('apiToken', bitsOf(id)).secret;

/** All accounts with a token but the superuser, the oldest first. */
export function accountsOf(databaseUrl: string): Promise<Account[]> {
  return owners(databaseUrl, 'NOT u.is_superuser');
}

export async function adminTokenOf(databaseUrl: string): Promise<string> {
  const [admin] = await owners(databaseUrl, "u.username = 'admin'");
  if (admin === undefined) throw new Error('The database has no superuser with a token: load it first.');
  return admin.token;
}

function owners(databaseUrl: string, condition: string): Promise<Account[]> {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT u.id FROM api_tokens t JOIN users u ON u.id = t.user_id
       WHERE t.name = 'benchmark' AND ${condition} ORDER BY u.created_at, u.id`,
    );
    return rows.map(({ id }) => ({ id, token: tokenOf(id) }));
  });
}

async function withClient<T>(databaseUrl: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}
