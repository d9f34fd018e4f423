/** The endpoints of the OAuth2 provider, at the paths of its metadata (RFC 8414). */

import { bearerSecret } from '../auth/authenticate.ts';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { readUserInfo } from '../domain/oauth/user-info.ts';
import { MethodNotAllowedError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HttpRequest } from '../http/message.ts';
import type { RestCall } from '../rest/router.ts';
import type { Services } from '../services.ts';
import { oauthAnswer, oauthFailure } from './answers.ts';
import * as calls from './calls.ts';
import { readForm } from './form.ts';
import { metadata, paths } from './metadata.ts';
import { findProviderPage } from './providers.ts';

export interface EndpointServices extends Services {
  readonly config: Config;
}

interface Endpoint {
  readonly methods: readonly string[];
  /** Whether a bearer token must say who asks; the others read who their client is for themselves. */
  readonly needsCaller?: boolean;
  readonly respond: (context: Context, request: HttpRequest, services: EndpointServices) => Promise<Response>;
}

const submitted = (call: calls.FormCall): Endpoint => ({
  methods: ['POST'],
  respond: async (context, request, { config }) => {
    const params = await readForm(request, config.maxBodyBytes);
    return oauthAnswer(await call(context, { headers: request.headers, params }));
  },
});

/** What is public may be kept for a while: less than a retired key is published. */
const published = (body: (services: EndpointServices) => object | Promise<object>): Endpoint => ({
  methods: ['GET', 'HEAD'],
  respond: async (_context, { method }, services) => {
    const response = Response.json(await body(services), {
      headers: { 'cache-control': 'public, max-age=300' },
    });
    return method === 'HEAD' ? new Response(null, response) : response;
  },
});

const endpoints = new Map<string, Endpoint>([
  [paths.token, submitted(calls.token)],
  [paths.revoke, submitted(calls.revoke)],
  [paths.introspect, submitted(calls.introspect)],
  [paths.deviceAuthorization, submitted(calls.authorizeDevice)],
  [
    paths.userInfo,
    {
      methods: ['GET', 'POST'],
      needsCaller: true,
      respond: async (context) => oauthAnswer(await readUserInfo(context)),
    },
  ],
  [paths.metadata, published(({ issuer }) => metadata(issuer()))],
  [paths.openidConfiguration, published(({ issuer }) => metadata(issuer()))],
  [paths.jwks, published(({ keys }) => keys.jwks())],
]);

/** The call that a request is, if its path is one of the provider's; an answer where none must be made. */
export function findEndpoint(
  exchange: Exchange,
  services: EndpointServices,
): RestCall | Response | undefined {
  const endpoint = endpoints.get(exchange.url?.pathname ?? '');
  if (endpoint === undefined) return findProviderPage(exchange, services);
  const { request } = exchange;
  const { methods, needsCaller = false } = endpoint;
  exchange.fail = oauthFailure;
  const refusal = new MethodNotAllowedError(methods);
  if (request.method === 'OPTIONS')
    return new Response(null, { status: 204, headers: { allow: refusal.allow } });
  return {
    // Read when the caller is looked for, so that a header that cannot be read is counted, and told like any other.
    get credential() {
      return needsCaller ? bearerSecret(request.headers) : null;
    },
    needsCaller,
    respond: (context) =>
      methods.includes(request.method)
        ? endpoint.respond(context, request, services)
        : Promise.reject(refusal),
  };
}
