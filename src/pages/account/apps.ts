import { requireUuid } from '../../domain/ids.ts';
import { listConsents, withdrawConsent } from '../../domain/oauth/consents.ts';
import { html, type Markup } from '../html.ts';
import { backToAccount, goToPage } from './answer.ts';
import { renderButton } from './forms.ts';
import { renderScopes, renderTime } from './layout.ts';
import { withNotice } from './notices.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

/** The apps that the person let act for them. */
export async function renderApps(visit: SignedInVisit, timeZone: string | null): Promise<Markup> {
  const consents = await listConsents(visit.context);
  const action = linkTo(visit, '/account/apps');
  const rows = consents.map(
    ({ client: { id, name }, scopes, createdAt }) => html`<li>
<div>
<p><strong>${name}</strong></p>
<p class="meta">Connected ${renderTime(createdAt, timeZone)}; it may:</p>
${renderScopes(scopes)}
</div>
${renderButton(action, { text: 'Disconnect', about: name, hidden: { id }, look: 'danger' })}
</li>`,
  );
  return html`<section class="card" aria-labelledby="apps">
<h2 id="apps">Connected apps</h2>
${consents.length === 0 ? html`<p class="meta">No app can act for you.</p>` : html`<ul class="rows">${rows}</ul>`}
</section>`;
}

/** Takes back what an app was allowed; what it holds stops working at once. */
export const appsPage: AccountPage = {
  needsPerson: true,
  get: backToAccount,
  async post(visit, form) {
    await withdrawConsent(visit.context, requireUuid(form.get('id') ?? '', ['id']));
    return goToPage(visit, withNotice('/account', 'app-disconnected'));
  },
};
