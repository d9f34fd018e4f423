import {
  type AuthorizationRequest,
  denyAuthorization,
  grantAuthorization,
  nextStep,
  readAuthorizationRequest,
} from '../../domain/oauth/authorization.ts';
import { html, type Markup } from '../html.ts';
import { goTo, showPage } from './answer.ts';
import { readIdentity } from './identity.ts';
import { card, renderPerson, renderScopes } from './layout.ts';
import { authorizePath, formTargetsOf } from './onward.ts';
import { linkWithReturn } from './return-to.ts';
import { type AccountPage, linkTo, type Visit } from './visit.ts';

/** Where a client sends its users, to be let at their accounts (RFC 6749, section 3.1). */
export const authorizePage: AccountPage = {
  needsPerson: false,
  async get(visit) {
    const request = await readAuthorizationRequest(visit.context, visit.url.searchParams);
    return (await goOn(visit, request)) ?? askForConsent(visit, request);
  },
  async post(visit, form) {
    const query = new URLSearchParams(form.get('request') ?? '');
    const request = await readAuthorizationRequest(visit.context, query);
    if (form.get('decision') !== 'allow') return goTo(denyAuthorization(request).href);
    const elsewhere = await goOn(visit, request);
    return elsewhere ?? goTo((await grantAuthorization(visit.context, request)).href);
  },
};

/** The way on where the person need not, or cannot, be asked; undefined where that is the next step. */
async function goOn(visit: Visit, request: AuthorizationRequest): Promise<Response | undefined> {
  const step = await nextStep(visit.context, request);
  if (step === 'consent') return undefined;
  if (step === 'grant') return goTo((await grantAuthorization(visit.context, request)).href);
  if (step === 'sign-in')
    return goTo(linkWithReturn(visit, '/sign-in', `${authorizePath}?${request.queryAfterSignIn}`));
  return goTo(denyAuthorization(request, step.error).href);
}

async function askForConsent(visit: Visit, request: AuthorizationRequest): Promise<Response> {
  const { client, scopes, query, redirectUri } = request;
  const identity = await readIdentity(visit.context);
  return showPage(visit, {
    title: `Let ${client.name} use your account?`,
    formTargets: formTargetsOf(request),
    body: card(html`<p>You are signed in as ${renderPerson(identity)}.</p>
<h2>${client.name} could then</h2>
${renderScopes(scopes)}
<p class="meta">Afterwards you are sent to <strong>${targetOf(redirectUri)}</strong>. You can disconnect the app at any time on <a href="${linkTo(visit, '/account')}">your account's page</a>.</p>
<form method="post" action="${linkTo(visit, authorizePath)}">
<input type="hidden" name="request" value="${query}">
<div class="actions">
<button class="button primary" type="submit" name="decision" value="allow">Allow</button>
<button class="button" type="submit" name="decision" value="deny">Deny</button>
</div>
</form>
${renderSwitch(visit, `${authorizePath}?${query}`)}`),
  });
}

const targetOf = (redirectUri: string): string => {
  const { protocol, host } = new URL(redirectUri);
  return host === '' ? `${protocol} on this device` : host;
};

/** Somebody else may be sitting here than the one who signed in. */
const renderSwitch = (visit: Visit, returnTo: string): Markup =>
  html`<form class="switch" method="post" action="${linkTo(visit, '/sign-out')}">
<input type="hidden" name="return_to" value="${returnTo}">
<button class="link" type="submit">Sign out and use another account</button>
</form>`;
