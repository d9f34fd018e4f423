/** A request for one of the account pages, and the links between them. */

import type { Config } from '../../config.ts';
import type { Context } from '../../context.ts';
import type { ActingUser } from '../../domain/policy.ts';
import type { HttpRequest } from '../../http/message.ts';

/** Where a page is: all that an answer needs which nobody could be identified for. */
export interface Place {
  readonly url: URL;
  /** The way to the root of the server: relative, so that a proxy may serve it under a path of its own. */
  readonly root: string;
}

export interface Visit extends Place {
  readonly request: HttpRequest;
  readonly context: Context;
  readonly config: Config;
  readonly hasDemo: () => Promise<boolean>;
}

/** A visit of somebody who is signed in. */
export interface SignedInVisit extends Visit {
  readonly person: ActingUser;
}

/** What answers at a path. A form that is sent there has passed the check of its origin. */
export type AccountPage =
  | {
      readonly needsPerson: false;
      get?(visit: Visit): Promise<Response>;
      post?(visit: Visit, form: URLSearchParams): Promise<Response>;
    }
  | {
      /** Whoever is not signed in does that first, and comes back. */
      readonly needsPerson: true;
      get?(visit: SignedInVisit): Promise<Response>;
      post?(visit: SignedInVisit, form: URLSearchParams): Promise<Response>;
    };

export function placeOf(url: URL): Place {
  return { url, root: '../'.repeat(url.pathname.split('/').length - 2) || './' };
}

/** A link to a path of this server, such as `/account`. */
export const linkTo = ({ root }: Place, path: string): string => root + path.slice(1);

/** The person at the other end; null for whoever is not signed in as themselves. */
export function personOf({ actor }: Context): ActingUser | null {
  const { kind, clientId } = actor.credential;
  return kind === 'SESSION' && clientId == null && !actor.delegate ? actor.user : null;
}
