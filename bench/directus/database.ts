/** What Directus needs in the database: its own tables in the schema `directus`, and users with static tokens. */
import { readFileSync } from 'node:fs';
import { accountsOf, adminTokenOf } from '../data.ts';
import { query } from '../postgres.ts';
import { runNode } from '../processes.ts';
import { folder, program, settingsFor } from './settings.ts';

export async function prepareDatabase(databaseUrl: string): Promise<void> {
  const [done] = await query(databaseUrl, "SELECT 1 WHERE to_regclass('directus.members') IS NOT NULL");
  if (done !== undefined) return;
  await query(databaseUrl, ['DROP SCHEMA IF EXISTS directus CASCADE', 'CREATE SCHEMA directus']);
  runNode([program, 'bootstrap'], await readSettings(databaseUrl), folder);
  const setup = readFileSync(new URL('setup.sql', import.meta.url), 'utf8');
  await query(databaseUrl, ['BEGIN', setup, await usersStatement(databaseUrl), 'COMMIT', 'ANALYZE']);
}

export async function readSettings(databaseUrl: string): Promise<NodeJS.ProcessEnv> {
  const tables = await query<{ name: string }>(
    databaseUrl,
    `SELECT tablename AS name FROM pg_tables
     WHERE schemaname = 'public' AND tablename NOT IN ('users', 'emails', 'organizations')`,
  );
  return settingsFor(
    databaseUrl,
    tables.map(({ name }) => name),
  );
}

/** Each account that has a token is a user of the role that `bootstrap` makes, with the same id and the same token. */
async function usersStatement(databaseUrl: string): Promise<string> {
  const accounts = await accountsOf(databaseUrl);
  const [admin] = await query<{ id: string }>(databaseUrl, "SELECT id FROM users WHERE username = 'admin'");
  const all = [...accounts, { id: admin?.id, token: await adminTokenOf(databaseUrl) }];
  const values = all.map(({ id, token }) => `('${id}'::uuid, '${token}')`).join(',');
  return `INSERT INTO directus_users (id, token, role)
    SELECT id, token, (SELECT id FROM directus_roles) FROM (VALUES ${values}) AS caller (id, token)`;
}
