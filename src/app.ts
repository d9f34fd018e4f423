/** The whole request pipeline, in the order in which it happens. */
import { authenticate } from './auth/authenticate.ts';
import type { Config } from './config.ts';
import type { Context, Sources } from './context.ts';
import type { Database } from './db/database.ts';
import { hasDemoAccounts } from './demo/seed.ts';
import type { Actor } from './domain/policy.ts';
import { DomainError, RateLimitedError } from './errors.ts';
import { createGraphQL, toDomainError } from './graphql.ts';
import { addCorsHeaders } from './http/cors.ts';
import { errorResponse } from './http/error-response.ts';
import { createHealth } from './http/health.ts';
import { limitBody } from './http/request-body.ts';
import { logRequest } from './http/request-log.ts';
import { sdlResponse } from './http/sdl.ts';
import { createLimits } from './limits.ts';
import type { Log } from './log.ts';
import { createPages } from './pages/pages.ts';
import { createSources } from './sources.ts';
import { version } from './version.ts';

export interface AppDependencies extends Partial<Pick<Sources, 'now' | 'randomBytes'>> {
  readonly database: Database;
  readonly config: Config;
  readonly log: Log;
}

/** What is known of the connection that a request came over. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
}

export interface App {
  fetch(request: Request, connection?: Connection): Promise<Response>;
  /** From now on `/readyz` tells load balancers to send no more. */
  drain(): void;
  close(): Promise<void>;
}

export function createApp({ database, config, log, ...given }: AppDependencies): App {
  const sources = createSources(given);
  const { prisma } = database;
  const limits = createLimits({ perMinute: config.rateLimitPerMinute, now: sources.now });
  const graphql = createGraphQL({ log });
  const health = createHealth(database);
  const pages = createPages({
    version,
    publicUrl: config.publicUrl,
    demoAccounts: () => hasDemoAccounts(database),
  });

  async function respond({ request, requestId, connection, met }: Incoming): Promise<Response> {
    const url = new URL(request.url);
    const open = health.handle(url) ?? pages.handle(request, url) ?? sdlResponse(request, url);
    if (open !== undefined) return open;
    if (url.pathname !== '/graphql')
      throw new DomainError('NOT_FOUND', { message: 'There is nothing at this path.' });
    if (request.method === 'OPTIONS')
      return new Response(null, { status: 204, headers: { allow: 'GET, POST, OPTIONS' } });

    const client = clientOf(request, connection);
    const actor = await authenticate(request.headers, { prisma, now: sources.now });
    met(actor);
    const rateLimit = await limits.consume(actor, client.ipAddress);
    if (!rateLimit.allowed) throw new RateLimitedError(rateLimit.retryAfter);
    const context: Context = {
      ...sources,
      requestId,
      actor,
      prisma,
      log: log.child({ requestId }),
      rateLimit,
      client,
      settings: config,
    };
    return graphql.fetch(await limitBody(request, config.maxBodyBytes), context);
  }

  return {
    async fetch(request, connection = {}) {
      const requestId = sources.newId();
      const started = performance.now();
      let actor: Actor | undefined;
      const met = (found: Actor) => {
        actor = found;
      };
      const response = await respond({ request, requestId, connection, met }).catch((error: unknown) =>
        errorResponse(toDomainError(error, log.child({ requestId })), requestId),
      );
      response.headers.set('x-request-id', requestId);
      addCorsHeaders(response.headers, request, config.corsOrigins);
      logRequest(log, { request, response, requestId, actor, started });
      return response;
    },
    drain: health.drain,
    close: async () => {
      await graphql.dispose();
    },
  };
}

interface Incoming {
  readonly request: Request;
  readonly requestId: string;
  readonly connection: Connection;
  /** Is told who asks, for the log. */
  readonly met: (actor: Actor) => void;
}

function clientOf(request: Request, { remoteAddress }: Connection): Context['client'] {
  return {
    ipAddress: remoteAddress ?? null,
    userAgent: request.headers.get('user-agent')?.slice(0, 500) ?? null,
  };
}
