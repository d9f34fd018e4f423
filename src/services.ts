/** What outlives a request: made once for an app, from its configuration. */
import { type AccessTokens, createAccessTokens } from './auth/access-tokens.ts';
import { createExternalTokens, type ExternalTokens } from './auth/external-tokens.ts';
import { createKeys, type Keys } from './auth/keys.ts';
import { createSealing, type Sealing } from './auth/sealing.ts';
import { type Background, createBackground } from './background.ts';
import type { Config } from './config.ts';
import type { Sources } from './context.ts';
import { createChanges } from './db/changes.ts';
import type { Database } from './db/database.ts';
import { createNotifications } from './db/notifications.ts';
import { createFeed, type Feed } from './feed.ts';
import { createWorker, type Worker } from './jobs.ts';
import { createLimits, type Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Messages } from './messages/messages.ts';
import { createMessages } from './messages/outgoing.ts';
import { createOpenIdProviders, type OpenIdProviders } from './oauth/openid-providers.ts';
import { createReadCache, type ReadCache } from './read-cache.ts';

export interface Services {
  /** The URL that this server signs tokens as; known once it listens. */
  readonly issuer: () => string;
  readonly keys: Keys;
  readonly sealing: Sealing;
  readonly accessTokens: AccessTokens;
  readonly externalTokens: ExternalTokens;
  readonly openIdProviders: OpenIdProviders;
  readonly limits: Limits;
  readonly messages: Messages;
  readonly background: Background;
  readonly jobs: Worker;
  readonly feed: Feed;
  readonly cache: ReadCache;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly database: Database;
  readonly config: Config;
  readonly log: Log;
  readonly sources: Sources;
  /** How clients reach this server where no `PUBLIC_URL` says so. */
  readonly origin?: () => string;
  /** Where messages go instead of where the configuration says. */
  readonly messages?: Messages;
}

export function createServices({
  database,
  config,
  log,
  sources,
  origin,
  messages,
}: ServiceOptions): Services {
  const { prisma } = database;
  const issuer = () => config.publicUrl ?? origin?.() ?? `http://${config.host}:${config.port}`;
  // Without a secret of the operator's, what this process makes is good as long as it runs.
  const secret = config.secret ?? Buffer.from(sources.randomBytes(32)).toString('base64');
  const sealing = createSealing(secret, sources.randomBytes);
  const keys = createKeys({ ...sources, prisma, sealing });
  const background = createBackground(log);
  const limits = createLimits({
    ...config,
    now: sources.now,
    log,
    mac: (text) => sealing.mac('limit', text),
  });
  const jobs = createWorker({ pool: database.pool, log });
  const notifications = database.connect && createNotifications({ connect: database.connect, log });
  const feed = createFeed(notifications);
  const cache = createReadCache(createChanges(database, notifications), {
    maxBytes: config.readCacheBytes,
    now: sources.now,
  });
  const outgoing = messages ?? createMessages(config, log);
  return {
    issuer,
    keys,
    sealing,
    accessTokens: createAccessTokens({ ...sources, keys, issuer }),
    externalTokens: createExternalTokens(config.trustedIssuers, log),
    openIdProviders: createOpenIdProviders(sources),
    limits,
    messages: outgoing,
    background,
    jobs,
    feed,
    cache,
    async close() {
      await jobs.close();
      feed.close();
      await notifications?.close();
      await background.close(); // what it does may need all the others
      await limits.close();
      await outgoing.close();
    },
  };
}
