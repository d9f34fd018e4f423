/** The endpoints of the OAuth2 provider, at the paths of its metadata (RFC 8414). */
import type { Config } from '../config.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RestCall } from '../rest/router.ts';
import type { Services } from '../services.ts';

export interface EndpointServices extends Services {
  readonly config: Config;
}

/** The call that a request is, if its path is one of the provider's; an answer where none must be made. */
export function findEndpoint(
  _exchange: Exchange,
  _services: EndpointServices,
): RestCall | Response | undefined {
  return undefined;
}
