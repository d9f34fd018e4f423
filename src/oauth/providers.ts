/** Signing in with an OpenID provider: the way there, and the way back. */

import type { OidcProvider } from '../config.ts';
import type { Context } from '../context.ts';
import { requirePerson } from '../domain/caller.ts';
import { signInWithIdentity } from '../domain/identities.ts';
import type { IdentityClaims } from '../domain/identity-claims.ts';
import { labelOf, linkIdentity } from '../domain/identity-links.ts';
import { DomainError, ForbiddenError, MethodNotAllowedError, PathNotFoundError } from '../errors.ts';
import { isFromOwnOrigin, readCookie } from '../http/cookies.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HttpRequest } from '../http/message.ts';
import { goTo, goToPage } from '../pages/account/answer.ts';
import { cookieCredential, cookiesOf } from '../pages/account/cookies.ts';
import { showFailure } from '../pages/account/failure.ts';
import { readReturnTo } from '../pages/account/return-to.ts';
import { type Place, placeOf } from '../pages/account/visit.ts';
import type { RestCall } from '../rest/router.ts';
import type { EndpointServices } from './endpoints.ts';
import { showLinkPage, showSignInFailure } from './provider-pages.ts';
import {
  beginState,
  openState,
  type SignInState,
  sealState,
  signInStateCookie,
  stateCookie,
} from './sign-in-state.ts';

/** A request for a path of one provider. */
interface Visit extends Place {
  readonly request: HttpRequest;
  readonly provider: OidcProvider;
  readonly services: EndpointServices;
  readonly context: Context;
}

/** The call that a request is, if its path is one of a provider's: `/sign-in/<name>`, and where that sends people back to. */
export function findProviderPage(exchange: Exchange, services: EndpointServices): RestCall | undefined {
  const { request, url } = exchange;
  const [, name, ending] = /^\/sign-in\/([^/]+)(\/callback)?$/.exec(url?.pathname ?? '') ?? [];
  if (url === null || name === undefined) return undefined;
  const place = placeOf(url);
  const provider = services.config.oidcProviders.find((one) => one.name === name);
  const page = pages[request.method + (ending ?? '')];
  const isOwn = request.method !== 'POST' || isFromOwnOrigin(request);
  exchange.fail = (error) => {
    if (provider === undefined) return showFailure(place, error);
    const response = showSignInFailure(place, provider, error);
    if (ending) response.headers.append('set-cookie', endedState(name, services));
    return response;
  };
  return {
    credential: isOwn ? cookieCredential(request) : null,
    needsCaller: false,
    isTolerant: true,
    async respond(context) {
      if (provider === undefined) throw new PathNotFoundError();
      if (!isOwn) throw new ForbiddenError('This form was sent from another site, so nothing was done.');
      if (page === undefined) throw new MethodNotAllowedError(ending ? ['GET'] : ['GET', 'POST']);
      return page({ ...place, request, provider, services, context });
    },
  };
}

const pages: Readonly<Record<string, (visit: Visit) => Promise<Response>>> = {
  GET: start,
  POST: startLink,
  'GET/callback': finish,
};

/** Sends the browser to the provider; where an identity is to be linked, it is asked for that first. */
async function start(visit: Visit): Promise<Response> {
  const { url, provider, context } = visit;
  const returnTo = readReturnTo(url.searchParams.get('return_to'));
  if (url.searchParams.get('link') !== '1') return leave(visit, { returnTo, linkTo: null });
  requirePerson(context);
  return showLinkPage(visit, { provider, returnTo });
}

/** By a form only: another site could lead a browser here that is signed in to the account of its own at the provider. */
async function startLink(visit: Visit): Promise<Response> {
  const { id } = requirePerson(visit.context);
  const returnTo = readReturnTo(visit.url.searchParams.get('return_to'));
  return leave(visit, { returnTo, linkTo: id });
}

async function leave(
  { provider, services, context }: Visit,
  wanted: Pick<SignInState, 'returnTo' | 'linkTo'>,
): Promise<Response> {
  const state = beginState(context, wanted);
  const to = await services.openIdProviders
    .authorizationUrl(provider, redirectUri(provider.name, services), state)
    .catch((error: unknown) => refuse(error, { provider, context }));
  const sealed = await sealState(context, provider.name, state);
  return goTo(to.href, [stateCookie(pathOf(provider.name, services), sealed)]);
}

/** The browser comes back. What it left with is good for this once. */
async function finish(visit: Visit): Promise<Response> {
  const { url, request, provider, services, context } = visit;
  const state = await openState(context, provider.name, readCookie(request, signInStateCookie));
  if (state === null)
    throw new DomainError('BAD_REQUEST', {
      message: 'This sign-in was begun in another browser, took too long, or is over already. Begin again.',
    });
  const answer = new URL(redirectUri(provider.name, services) + url.search);
  const claims = await services.openIdProviders
    .readAnswer(provider, answer, state)
    .catch((error: unknown) => refuse(error, { provider, context }));
  const cookies =
    state.linkTo === null ? await signIn(visit, claims) : await link(visit, claims, state.linkTo);
  return goToPage(visit, state.returnTo ?? '/account', [endedState(provider.name, services), ...cookies]);
}

async function signIn({ provider, context }: Visit, claims: IdentityClaims): Promise<readonly string[]> {
  const previous = context.actor;
  const query = () => ({ select: { id: true } });
  const signedIn = await signInWithIdentity(context, { provider, claims }, query);
  return cookiesOf(context, signedIn, previous);
}

/** Links the identity to the account that began, and to no other that has signed in meanwhile. */
async function link(
  { provider, context }: Visit,
  claims: IdentityClaims,
  userId: string,
): Promise<readonly string[]> {
  if (requirePerson(context).id !== userId)
    throw new ForbiddenError('Another account has signed in meanwhile, so nothing was linked.');
  await linkIdentity(context, { provider, claims });
  return [];
}

/** Logs why a provider's answer cannot be used, without what it carried, and tells the person no more than that. */
function refuse(error: unknown, { provider, context }: { provider: OidcProvider; context: Context }): never {
  const { code, error: told, message } = error as { code?: unknown; error?: unknown; message?: unknown };
  context.log.warn(
    { provider: provider.name, code, told, reason: message },
    'a sign-in with a provider failed',
  );
  if (told === 'access_denied')
    throw new ForbiddenError(`You did not let ${labelOf(provider)} tell who you are, so nothing was done.`);
  throw new DomainError('SERVICE_UNAVAILABLE', {
    message: `${labelOf(provider)} cannot be asked who you are just now. Try again, or sign in another way.`,
  });
}

const redirectUri = (name: string, { issuer }: EndpointServices) => `${issuer()}/sign-in/${name}/callback`;

/** The path that browsers know: a proxy may serve this under a path of its own. */
const pathOf = (name: string, { issuer }: EndpointServices) =>
  `${new URL(issuer()).pathname.replace(/\/$/, '')}/sign-in/${name}`;

const endedState = (name: string, services: EndpointServices) => stateCookie(pathOf(name, services), null);
