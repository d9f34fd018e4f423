import { unlinkIdentity } from '../../domain/identity-links.ts';
import { requireUuid } from '../../domain/ids.ts';
import type { OAuthIdentity } from '../../generated/prisma/client.ts';
import { html, type Markup } from '../html.ts';
import { backToAccount, goToPage } from './answer.ts';
import { renderButton } from './forms.ts';
import { withNotice } from './notices.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

type Identity = Pick<OAuthIdentity, 'id' | 'provider' | 'email' | 'isPrimary'>;

/** The providers that the account can be signed in to with, and those that could be linked; nothing where there are none. */
export function renderIdentities(visit: SignedInVisit, identities: readonly Identity[]): Markup | string {
  const { oidcProviders } = visit.config;
  const others = oidcProviders.filter(({ name }) => !identities.some(({ provider }) => provider === name));
  if (identities.length + others.length === 0) return '';
  const labelOf = (provider: string) =>
    oidcProviders.find(({ name }) => name === provider)?.label ?? provider;
  return html`<section class="card" aria-labelledby="identities">
<h2 id="identities">Signing in with others</h2>
<ul class="rows">
${identities.map((identity) => renderIdentity(visit, labelOf(identity.provider), identity))}
${others.map(({ name }) => html`<li><p><strong>${labelOf(name)}</strong></p><a class="button" href="${linkTo(visit, `/sign-in/${name}?link=1`)}">Link<span class="unseen"> ${labelOf(name)}</span></a></li>`)}
</ul>
</section>`;
}

/** The one that an account was made with stays. */
function renderIdentity(visit: SignedInVisit, label: string, { id, email, isPrimary }: Identity): Markup {
  const unlink = { text: 'Unlink', about: label, hidden: { id }, look: 'danger' };
  return html`<li>
<div>
<p><strong>${label}</strong> <span class="tag">linked</span></p>
${email === null ? '' : html`<p class="meta">${email}</p>`}
</div>
${isPrimary ? '' : renderButton(linkTo(visit, '/account/identities'), unlink)}
</li>`;
}

/** Ends that a provider's account opens this one. */
export const identitiesPage: AccountPage = {
  needsPerson: true,
  get: backToAccount,
  async post(visit, form) {
    const id = requireUuid(form.get('id') ?? '', ['id']);
    await unlinkIdentity(visit.context, { id }, { select: { id: true } });
    return goToPage(visit, withNotice('/account', 'identity-unlinked'));
  },
};
