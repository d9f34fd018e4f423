import { type App, createApp } from './app.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './db/database.ts';
import { assertMigrated } from './db/migrate.ts';
import { hasDemoAccounts, seedDemoAccounts } from './demo/seed.ts';
import { forgetEnded } from './domain/housekeeping.ts';
import { hour } from './durations.ts';
import { createLog, type Log } from './log.ts';
import { secretOf } from './secret.ts';
import { type HttpServer, listen } from './server.ts';

export interface RunningServer {
  /** Where it listens, with the real port. */
  readonly url: string;
  readonly database: Pick<Database, 'description'>;
  /** Whether this start made the demo accounts, or an earlier one did, or there are none. */
  readonly demo: 'new' | 'kept' | 'none';
  /** Stops accepting, lets running requests end, then closes the database. */
  close(): Promise<void>;
}

/** Opens the database, fills it on a first embedded start, and serves. A failure leaves nothing open. */
export async function startServer(config: Config, log: Log = createLog(config)): Promise<RunningServer> {
  const database = await openDatabase(config.databaseUrl, databaseOptionsOf(config));
  let app: App | undefined;
  try {
    if (database.kind === 'postgresql') await assertMigrated(database.pool);
    const demo = database.kind === 'embedded' ? await offerDemo(database) : 'none';
    let url: string | undefined;
    const origin = () => url ?? `http://${config.host}:${config.port}`;
    app = createApp({ database, config: { ...config, secret: secretOf(config, database) }, log, origin });
    await app.ready();
    const server = await listen(app, config);
    url = server.url;
    await app.startWork();
    const housekeeping = keepHouse(database, log);
    log.info({ url: server.url, database: database.description }, 'listening');
    if (demo !== 'none' && !isLoopback(config.host)) {
      log.warn(
        { host: config.host },
        'the demo accounts have public passwords, and other machines can reach this server',
      );
    }
    const close = () => {
      clearInterval(housekeeping);
      return stop({ server, app, database, log });
    };
    return { url: server.url, database, demo, close };
  } catch (error) {
    await app?.close();
    await database.close();
    throw error;
  }
}

export const databaseOptionsOf = (config: Config) => ({
  poolSize: config.databasePoolSize,
  statementTimeout: config.databaseStatementTimeout,
  namedStatements: config.databaseNamedStatements,
});

const isLoopback = (host: string): boolean => /^(localhost|127\..+|::1)$/.test(host);

/** An embedded database without any user is a newcomer's, so it gets the demo. */
async function offerDemo(database: Database): Promise<RunningServer['demo']> {
  const someone = await database.prisma.user.findFirst({ select: { id: true } });
  if (someone) return (await hasDemoAccounts(database)) ? 'kept' : 'none';
  await seedDemoAccounts(database);
  return 'new';
}

/** Now and every hour, forgets what is over; several processes may do so at once. */
function keepHouse({ prisma }: Database, log: Log): NodeJS.Timeout {
  const work = () =>
    forgetEnded({ prisma, now: () => new Date() }).catch((error: unknown) =>
      log.warn({ err: error }, 'what is over could not be forgotten; it is tried again in an hour'),
    );
  void work();
  return setInterval(work, hour).unref();
}

async function stop(parts: {
  server: HttpServer;
  app: App | undefined;
  database: Database;
  log: Log;
}): Promise<void> {
  const { server, app, database, log } = parts;
  log.info('stopping');
  app?.drain();
  await server.close();
  await app?.close();
  await database.close();
  log.info('stopped');
}
