/** Keeps what is in a database, to bring exactly that back: the same ids, secrets and times. */
import type { Database } from '../../../src/db/database.ts';

/** The tables that a world fills, in the order of their references. Login names are kept by the database itself. */
const tables = [
  ...['organizations', 'users', 'passwords', 'emails', 'phone_numbers', 'oauth_identities', 'memberships'],
  ...['oauth_clients', 'consents', 'api_tokens', 'sessions', 'refresh_tokens', 'shares', 'data_records'],
  ...['signing_keys', 'invitations', 'erasures', 'webhooks', 'outbox_events', 'webhook_deliveries'],
];
const written = [
  ...['organizations', 'users', 'oauth_clients', 'signing_keys', 'invitations'],
  ...['outbox_events', 'erasures', 'webhooks', 'idempotent_answers'],
];

/** @returns what brings the database back to where it is now */
export async function saveWorld({ prisma }: Database): Promise<() => Promise<void>> {
  const columns = await prisma.$queryRaw<{ table: string; columns: string }[]>`
    SELECT table_name::text AS table, string_agg(quote_ident(column_name), ', ') AS columns
    FROM information_schema.columns WHERE table_schema = current_schema() AND is_generated = 'NEVER' GROUP BY 1`;
  const columnsOf = new Map(columns.map((row) => [row.table, row.columns]));
  await prisma.$executeRawUnsafe('CREATE SCHEMA saved');
  for (const table of [...tables, 'audit_events'])
    await prisma.$executeRawUnsafe(
      `CREATE TABLE saved.${table} AS SELECT ${columnsOf.get(table)} FROM ${table}`,
    );
  const bringBack = (table: string) => {
    const names = columnsOf.get(table);
    return `INSERT INTO ${table} (${names}) SELECT ${names} FROM saved.${table};`;
  };
  const restore = [
    // Nobody may change the trail; the owner of the database can, by leaving out its triggers.
    'SET LOCAL session_replication_role = replica;',
    'DELETE FROM audit_events;',
    bringBack('audit_events'),
    'SET LOCAL session_replication_role = origin;',
    ...written.map((table) => `DELETE FROM ${table};`),
    ...tables.map(bringBack),
  ].join('\n');
  return async () => {
    await prisma.$executeRawUnsafe(`DO $$ BEGIN ${restore} END $$`);
  };
}
