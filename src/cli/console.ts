import { allScopes } from '../auth/authenticate.ts';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { assertMigrated } from '../db/migrate.ts';
import type { Actor } from '../domain/policy.ts';
import { unlimited } from '../limits.ts';
import { createLog } from '../log.ts';
import { databaseOptionsOf } from '../main.ts';
import { secretOf } from '../secret.ts';
import { createServices, type Services } from '../services.ts';
import { createSources } from '../sources.ts';
import { version } from '../version.ts';
import { readConfig } from './environment.ts';

/** Whoever can run commands here can read the database anyway; so the operator needs no credential, and is recorded as such. */
const operator: Actor = {
  user: null,
  organizationId: null,
  credential: { kind: 'CONSOLE', id: null, expiresAt: null },
  scopes: allScopes,
};

/** Runs a command in the way of a request: by the domain, with its rules and its audit trail, as the operator. */
export async function atConsole(run: (context: Context) => Promise<void>): Promise<void> {
  const settings = readConfig();
  const database = await openDatabase(settings.databaseUrl, databaseOptionsOf(settings));
  try {
    await assertMigrated(database.pool);
    const config = { ...settings, secret: secretOf(settings, database) };
    const log = createLog({ ...config, logLevel: 'warn' });
    const sources = createSources();
    const services = createServices({ database, config, log, sources });
    await run({ ...contextOf({ config, database, services }), ...sources, log }).finally(services.close);
  } finally {
    await database.close();
  }
}

function contextOf(parts: { config: Config; database: Database; services: Services }) {
  const { config, database, services } = parts;
  return {
    ...services,
    issuer: services.issuer(),
    prisma: database.prisma,
    settings: config,
    requestId: createSources().newId(),
    actor: operator,
    client: { ipAddress: null, userAgent: `usergraph ${version}` },
    rateLimit: unlimited,
    reauthenticate: async () => operator,
  };
}
