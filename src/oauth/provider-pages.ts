/** The pages on the way to a provider and back: everything else that people see of it is the provider's own. */
import type { OidcProvider } from '../config.ts';
import { labelOf } from '../domain/identity-links.ts';
import { type DomainError, LoginNameTakenError, UnauthenticatedError } from '../errors.ts';
import { errorHeaders } from '../http/error-response.ts';
import { showPage } from '../pages/account/answer.ts';
import { showFailure } from '../pages/account/failure.ts';
import { renderButton } from '../pages/account/forms.ts';
import { linkWithReturn } from '../pages/account/return-to.ts';
import { linkTo, type Place } from '../pages/account/visit.ts';
import { html } from '../pages/html.ts';

/** Asks a person who is signed in whether to link an account at the provider. */
export function showLinkPage(
  place: Place,
  { provider, returnTo }: { provider: OidcProvider; returnTo: string | null },
): Response {
  const label = labelOf(provider);
  const path = `/sign-in/${provider.name}`;
  const query = new URLSearchParams({ link: '1', ...(returnTo !== null && { return_to: returnTo }) });
  return showPage(place, {
    title: `Link ${label} to your account`,
    // Browsers hold the redirects after a form to the page's policy, and providers send people around.
    formTargets: [
      'https:',
      ...(provider.issuer.startsWith('http:') ? [new URL(provider.issuer).origin] : []),
    ],
    body: html`<p>You sign in at ${label} next. From then on, whoever signs in there as you do now signs in to your account here.</p>
${renderButton(`${linkTo(place, path)}?${query}`, { text: `Go on to ${label}`, look: 'primary' })}
<p><a href="${linkTo(place, returnTo ?? '/account')}">Do not link it</a></p>`,
  });
}

/** Why a sign-in with a provider came to nothing, and what to do about it. */
export function showSignInFailure(place: Place, provider: OidcProvider, error: DomainError): Response {
  const again = `/sign-in/${provider.name}?link=1`;
  if (error instanceof UnauthenticatedError)
    return showFailure({ ...place, url: new URL(again, place.url) }, error); // nothing but linking needs a session
  if (error.code === 'INTERNAL_SERVER_ERROR') return showFailure(place, error);
  const label = labelOf(provider);
  const link = linkWithReturn(place, '/sign-in', again);
  const text =
    error instanceof LoginNameTakenError
      ? html`<p>An account here has the e-mail address that ${label} gave, and it is not certain that the account is yours.</p>
<p>If it is, <a href="${link}">sign in to it another way</a>, and ${label} is linked to it then.</p>`
      : html`<p>${error.message}</p>`;
  return showPage(place, {
    title: `You are not signed in with ${label}`,
    status: error.status,
    headers: errorHeaders(error),
    body: html`${text}
<p><a href="${linkTo(place, '/sign-in')}">Sign in another way</a></p>`,
  });
}
