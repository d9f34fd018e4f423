import { type DomainError, errorRegistry, OAuthError, UnauthenticatedError } from '../../errors.ts';
import { errorHeaders } from '../../http/error-response.ts';
import { html } from '../html.ts';
import { goTo, showPage } from './answer.ts';
import { linkWithReturn } from './return-to.ts';
import { linkTo, type Place } from './visit.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'This request cannot be used',
  403: 'This is not allowed',
  404: 'There is nothing here',
  429: 'Too many requests',
  503: 'Try again soon',
};

const ofAnApp = html`<p>The app that sent you here asked for something that cannot be granted. It was told nothing about you.</p>`;

/** What an account page answers when it can do nothing else. Whoever is no longer signed in does that again. */
export function showFailure(place: Place, error: DomainError): Response {
  if (error instanceof UnauthenticatedError)
    return goTo(linkWithReturn(place, '/sign-in', place.url.pathname + place.url.search));
  const isOurs = error.status >= 500 && error.code !== 'SERVICE_UNAVAILABLE';
  return showPage(place, {
    title:
      titles[error.status === 401 ? 400 : error.status] ??
      (isOurs ? 'Something went wrong' : 'This did not work'),
    status: error.status === 401 ? 400 : error.status, // nobody is asked for a header here
    headers: error.status === 401 ? {} : errorHeaders(error),
    body: html`${error instanceof OAuthError ? ofAnApp : ''}
<p>${isOurs ? errorRegistry.INTERNAL_SERVER_ERROR.message : error.message}</p>
<p>${error.code === 'SIGN_UP_REFUSED' ? html`<a href="${linkTo(place, '/sign-in')}">Sign in</a>` : html`<a href="${linkTo(place, '/account')}">Go to your account</a>`}</p>`,
  });
}
