/** The pages that people sign in with: rendered here, without scripts. */
import type { Config } from '../../config.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { RestCall } from '../../rest/router.ts';
import type { Services } from '../../services.ts';

export interface AccountPageServices extends Services {
  readonly config: Config;
  readonly hasDemo: () => Promise<boolean>;
}

/** The call that a request is, if its path is one of these pages; an answer where none must be made. */
export function findAccountPage(
  _exchange: Exchange,
  _services: AccountPageServices,
): RestCall | Response | undefined {
  return undefined;
}
