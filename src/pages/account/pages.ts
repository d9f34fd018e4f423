/** The pages that people sign in with and look after their account with: rendered here, without scripts. */

import type { Config } from '../../config.ts';
import { DomainError, ForbiddenError, MethodNotAllowedError, UnauthenticatedError } from '../../errors.ts';
import { isFromOwnOrigin } from '../../http/cookies.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { HttpRequest } from '../../http/message.ts';
import { limitBody, mediaType } from '../../http/request-body.ts';
import type { RestCall } from '../../rest/router.ts';
import type { Services } from '../../services.ts';
import { accountPage } from './account.ts';
import { appsPage } from './apps.ts';
import { authorizePage } from './authorize.ts';
import { cookieCredential } from './cookies.ts';
import { devicePage } from './device.ts';
import { showFailure } from './failure.ts';
import { identitiesPage } from './identities.ts';
import { invitationPage } from './invitation.ts';
import { authorizePath } from './onward.ts';
import { passwordPage } from './password.ts';
import { recoverPage, resetPage } from './recover.ts';
import { sessionsPage } from './sessions.ts';
import { signInPage } from './sign-in.ts';
import { signOutPage } from './sign-out.ts';
import { signUpPage } from './sign-up.ts';
import { verifyPage } from './verify.ts';
import { type AccountPage, personOf, placeOf, type Visit } from './visit.ts';

export interface AccountPageServices extends Services {
  readonly config: Config;
  readonly hasDemo: () => Promise<boolean>;
}

const pages: ReadonlyMap<string, AccountPage> = new Map<string, AccountPage>([
  ['/sign-in', signInPage],
  ['/sign-up', signUpPage],
  ['/sign-out', signOutPage],
  ['/account', accountPage],
  ['/account/sessions', sessionsPage],
  ['/account/apps', appsPage],
  ['/account/identities', identitiesPage],
  ['/account/password', passwordPage],
  ['/account/recover', recoverPage],
  ['/account/reset', resetPage],
  ['/account/verify', verifyPage],
  ['/account/invitation', invitationPage],
  ['/device', devicePage],
  [authorizePath, authorizePage],
]);

/** No form of these pages is longer than what people type. */
const longestForm = 32 * 1024;

/** The call that a request is, if its path is one of these pages; an answer where none must be made. */
export function findAccountPage(
  exchange: Exchange,
  { config, hasDemo }: AccountPageServices,
): RestCall | Response | undefined {
  const { request, url } = exchange;
  const page = url === null ? undefined : pages.get(url.pathname);
  if (url === null || page === undefined) return undefined;
  const place = placeOf(url);
  const show = (response: Response) => (request.method === 'HEAD' ? new Response(null, response) : response);
  exchange.fail = (error) => show(showFailure(place, error));
  const { allow } = new MethodNotAllowedError(methodsOf(page));
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } });
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const isOwn = isRead || isFromOwnOrigin(request);
  return {
    credential: isOwn ? cookieCredential(request) : null,
    needsCaller: false,
    isTolerant: true,
    async respond(context) {
      if (!isOwn) throw new ForbiddenError('This form was sent from another site, so nothing was done.');
      return show(await answer(page, { ...place, request, context, config, hasDemo }));
    },
  };
}

async function answer(page: AccountPage, visit: Visit): Promise<Response> {
  const isRead = visit.request.method === 'GET' || visit.request.method === 'HEAD';
  const handler = isRead ? page.get : visit.request.method === 'POST' ? page.post : undefined;
  if (handler === undefined) throw new MethodNotAllowedError(methodsOf(page));
  const form = isRead ? new URLSearchParams() : await readForm(visit.request);
  const person = personOf(visit.context);
  if (page.needsPerson && person === null) throw new UnauthenticatedError();
  return (handler as NonNullable<typeof page.post>)({ ...visit, person } as never, form);
}

const methodsOf = ({ get, post }: AccountPage): string[] => [
  ...(get ? ['GET', 'HEAD'] : []),
  ...(post ? ['POST'] : []),
];

async function readForm(request: HttpRequest): Promise<URLSearchParams> {
  const type = mediaType(request);
  if (type !== 'application/x-www-form-urlencoded')
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', { message: 'This page takes forms only.' });
  return new URLSearchParams(await (await limitBody(request, longestForm)).text());
}
