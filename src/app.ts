/** The whole request pipeline, in the order in which it happens. */
import { authenticate, bearerSecret } from './auth/authenticate.ts';
import { createNetworkTest } from './auth/networks.ts';
import type { Config } from './config.ts';
import { type Context, type Sources, within } from './context.ts';
import type { Database } from './db/database.ts';
import { hasDemoAccounts } from './demo/seed.ts';
import { requireCaller } from './domain/caller.ts';
import { type Actor, anonymous } from './domain/policy.ts';
import {
  DomainError,
  MethodNotAllowedError,
  PathNotFoundError,
  RateLimitedError,
  UnauthenticatedError,
} from './errors.ts';
import { createStreams } from './graphql/streams.ts';
import { createGraphQL } from './graphql.ts';
import { addCorsHeaders } from './http/cors.ts';
import { errorResponse } from './http/error-response.ts';
import { type Connection, type Exchange, openExchange } from './http/exchange.ts';
import { archiveSchemaResponse, findExport } from './http/export-download.ts';
import { createHealth } from './http/health.ts';
import { type HttpAnswer, type HttpRequest, Reply } from './http/message.ts';
import { addRateLimitHeaders } from './http/rate-limit-headers.ts';
import { mediaType } from './http/request-body.ts';
import { logWhenDone } from './http/request-log.ts';
import { sdlResponse } from './http/sdl.ts';
import type { RateLimit } from './limits.ts';
import type { Log } from './log.ts';
import { findEndpoint } from './oauth/endpoints.ts';
import { showFailure } from './pages/account/failure.ts';
import { findAccountPage } from './pages/account/pages.ts';
import { placeOf } from './pages/account/visit.ts';
import { prefersHtml } from './pages/negotiation.ts';
import { createPages } from './pages/pages.ts';
import { createDocuments } from './rest/documents.ts';
import { findCall } from './rest/router.ts';
import { createServices, type ServiceOptions } from './services.ts';
import { createSources } from './sources.ts';
import { version } from './version.ts';
import { createWork } from './work.ts';

export interface AppDependencies
  extends Partial<Pick<Sources, 'now' | 'randomBytes'> & Pick<ServiceOptions, 'origin' | 'messages'>> {
  readonly database: Database;
  readonly config: Config;
  readonly log: Log;
}

export interface App {
  /** Answers a request, which may be leaner than the Fetch API's, and so may be its answer. */
  answer(request: HttpRequest, connection?: Connection): Promise<HttpAnswer>;
  /** The same in terms of the Fetch API. */
  fetch(request: Request, connection?: Connection): Promise<Response>;
  /** Makes what the first request would wait for. @throws when what is stored cannot be used */
  ready(): Promise<void>;
  /** Works in the background from now on, until it is closed. */
  startWork(): Promise<void>;
  /** Does what is due in the background, and what follows from it, until nothing is left. */
  workOff(): Promise<void>;
  /** From now on `/readyz` tells load balancers to send no more; the streams, which have no end of their own, end. */
  drain(): void;
  close(): Promise<void>;
}

export function createApp({ database, config, log, origin, messages, ...given }: AppDependencies): App {
  const sources = createSources(given);
  const { prisma } = database;
  const services = createServices({
    database,
    config,
    log,
    sources,
    ...(origin && { origin }),
    ...(messages && { messages }),
  });
  const { limits } = services;
  const isTrustedProxy = createNetworkTest(config.trustedProxies);
  const streams = createStreams();
  const graphql = createGraphQL({ log, streams, maxBodyBytes: config.maxBodyBytes });
  const health = createHealth(database);
  const documents = createDocuments(config.restMounts, config.publicUrl);
  const demoAccounts = () => hasDemoAccounts(database);
  // Put together once, and not for each request.
  const serving = { ...services, config, hasDemo: demoAccounts };
  const restSettings = { ...config, now: sources.now };
  const shared = { ...sources, ...services, prisma, settings: config };
  const work = createWork({ ...shared, log });
  const pages = createPages({
    version,
    publicUrl: config.publicUrl,
    demoAccounts,
    apiDocuments: documents.list,
    fidelity: documents.fidelity,
  });

  async function respond(exchange: Exchange): Promise<HttpAnswer> {
    const { request, url } = exchange;
    if (url === null) throw new DomainError('BAD_REQUEST', { message: 'The Host header is malformed.' });
    const open =
      health.handle(url) ??
      pages.handle(request, url) ??
      sdlResponse(request, url) ??
      archiveSchemaResponse(request, url) ??
      documents.handle(request, url);
    if (open !== undefined) return open;
    const call =
      findEndpoint(exchange, serving) ??
      findAccountPage(exchange, serving) ??
      findExport(exchange) ??
      findCall(exchange, config.restMounts, restSettings);
    if (call instanceof Response) return call;
    if (call !== undefined) {
      const context = await identify(exchange, () => call.credential, call.isTolerant);
      if (call.needsCaller) requireCaller(context);
      return call.respond(context);
    }
    if (url.pathname !== '/graphql') {
      if (prefersHtml(request.headers.get('accept'), false))
        exchange.fail = (error) => showFailure(placeOf(url), error);
      throw new PathNotFoundError();
    }
    if (request.method === 'OPTIONS')
      return new Response(null, { status: 204, headers: { allow: 'GET, POST, OPTIONS' } });
    if (!['GET', 'POST'].includes(request.method)) throw new MethodNotAllowedError(['GET', 'POST']);
    requireJson(request);
    const context = await identify(exchange, () => bearerSecret(request.headers));
    return graphql.answer(request, context, {
      count: (cost) => count(exchange, context.actor, cost),
      onStream: (ended) => {
        exchange.streamEnded = ended;
      },
    });
  }

  /** Authenticates once, and counts the request: a bad credential against the address that it came from. */
  async function identify(
    exchange: Exchange,
    secret: () => string | null,
    isTolerant = false,
  ): Promise<Context> {
    const { requestId, client, log } = exchange;
    const parts = within(shared, { client, requestId, issuer: services.issuer(), log });
    const reauthenticate = () => authenticate(secret(), parts);
    let actor: Actor;
    try {
      actor = await authenticate(secret(), parts);
    } catch (error) {
      if (!isTolerant || !(error instanceof UnauthenticatedError)) {
        await count(exchange, anonymous);
        throw error;
      }
      actor = anonymous;
    }
    exchange.actor = actor;
    const rateLimit = await count(exchange, actor);
    return Object.assign(parts, { actor, rateLimit, reauthenticate });
  }

  async function count(exchange: Exchange, actor: Actor, cost = 1): Promise<RateLimit> {
    const rateLimit = await limits.consume(actor, exchange.client.ipAddress, cost);
    exchange.rateLimit = rateLimit;
    if (!rateLimit.allowed) throw new RateLimitedError(rateLimit);
    return rateLimit;
  }

  async function answer(request: HttpRequest, connection: Connection = {}): Promise<HttpAnswer> {
    const exchange = openExchange(request, connection, { requestId: sources.newId(), log, isTrustedProxy });
    const answered = await respond(exchange).catch((error: unknown) => errorResponse(error, exchange));
    answered.headers.set('x-request-id', exchange.requestId);
    if (exchange.rateLimit) addRateLimitHeaders(answered.headers, exchange.rateLimit);
    addCorsHeaders(answered.headers, request, config.corsOrigins);
    logWhenDone(exchange, answered);
    return answered;
  }

  return {
    answer,
    async fetch(request, connection) {
      const answered = await answer(request, connection);
      return answered instanceof Reply ? answered.toResponse() : answered;
    },
    ready: async () => {
      await services.keys.jwks();
    },
    startWork: () => services.jobs.start(work),
    workOff: () => services.jobs.workOff(work),
    drain: () => {
      health.drain();
      streams.close();
    },
    close: async () => {
      streams.close();
      await graphql.dispose();
      await services.close();
    },
  };
}

/** A form is what curl sends where a header was forgotten, and what a foreign page can send without asking. */
function requireJson(request: HttpRequest): void {
  if (mediaType(request) === 'application/x-www-form-urlencoded')
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE');
}
