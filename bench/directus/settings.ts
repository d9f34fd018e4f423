/** How Directus is run: as its documentation says for production, with what is not named here as it is by default. */
import { fileURLToPath } from 'node:url';

export const folder = fileURLToPath(new URL('.', import.meta.url));

/** What the command `directus` runs when it has asked the registry for a newer version. */
export const program = fileURLToPath(new URL('node_modules/@directus/api/dist/cli/run.js', import.meta.url));

/** So the cache of answers and the limit of requests are off, and 100 GraphQL schemas are kept. */
export const settingsFor = (databaseUrl: string, otherTables: readonly string[]): NodeJS.ProcessEnv => ({
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  KEY: 'benchmark',
  SECRET: 'a secret that only the benchmark uses',
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: 'only for the benchmark',
  DB_CLIENT: 'pg',
  DB_CONNECTION_STRING: databaseUrl,
  DB_SEARCH_PATH: 'array:directus,public',
  // Directus does more work at each request the more tables it serves: it is shown those that it is asked for.
  DB_EXCLUDE_TABLES: `array:${otherTables.join(',')}`,
  LOG_LEVEL: 'warn',
  // By default, it refuses requests while it is fully busy, as in a benchmark it always is.
  PRESSURE_LIMITER_ENABLED: 'false',
  TELEMETRY: 'false',
});
