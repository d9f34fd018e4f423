import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Config, ConfigError } from './config.ts';
import type { Database } from './db/database.ts';

/**
 * What keys and codes are protected with: as configured; else one of its own beside an embedded database, whose directory
 * holds all that it protects anyway; else, for a database in memory, one for as long as the process runs.
 * @throws {ConfigError} on a database server without one: its processes must share it, and its backups must not hold it
 */
export function secretOf(
  { secret, databaseUrl }: Pick<Config, 'secret' | 'databaseUrl'>,
  { kind }: Pick<Database, 'kind'>,
): string | null {
  if (secret !== null) return secret;
  if (kind === 'postgresql')
    throw new ConfigError(
      'USERGRAPH_SECRET is needed with a PostgreSQL server: set it to the output of `openssl rand -base64 32`, the same for all processes.',
    );
  const directory = databaseUrl.replace(/^pglite:/, '');
  return directory === 'memory' ? null : keptSecret(`${directory.replace(/\/+$/, '')}.secret`);
}

/**
 * The secret in this file, which only its owner can read; made when there is none.
 * @throws {ConfigError} for less than was written: everybody could guess that
 */
function keptSecret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length >= 32) return secret;
  throw new ConfigError(
    `The secret in ${file} is not whole. Put it back from a backup; if it is lost, remove the file and run \`usergraph keys rotate\`.`,
  );
}
