import { requireMe } from '../../domain/users.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import { html, type Markup } from '../html.ts';
import { showPage } from './answer.ts';
import { renderApps } from './apps.ts';
import { renderButton } from './forms.ts';
import { renderIdentities } from './identities.ts';
import { renderStatus } from './layout.ts';
import { noticeOf } from './notices.ts';
import { renderSessions } from './sessions.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

const meSelect = {
  id: true,
  displayName: true,
  username: true,
  timeZone: true,
  emails: { orderBy: [{ isDefault: 'desc' }, { createdAt: 'asc' }] },
  identities: {
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { id: true, provider: true, email: true, isPrimary: true },
  },
} as const satisfies Prisma.UserSelect;

type Me = Prisma.UserGetPayload<{ select: typeof meSelect }>;

/** Who you are here, and what can act for you. */
export const accountPage: AccountPage = {
  needsPerson: true,
  async get(visit) {
    const me = (await requireMe(visit.context, { select: meSelect })) as unknown as Me;
    const notice = noticeOf(visit.url);
    return showPage(visit, {
      title: 'Your account',
      body: html`${notice === null ? '' : renderStatus(notice)}
<div class="wide">
${renderWho(visit, me)}
${await renderSessions(visit, me.timeZone)}
${renderIdentities(visit, me.identities)}
${await renderApps(visit, me.timeZone)}
</div>`,
    });
  },
};

function renderWho(visit: SignedInVisit, { displayName, username, emails, identities }: Me): Markup {
  const isUnverified = emails.some(({ verifiedAt }) => verifiedAt === null);
  return html`<section class="card" aria-labelledby="who">
<h2 id="who">${displayName}</h2>
<dl>
${username === null ? '' : html`<div><dt>Username</dt><dd>${username}</dd></div>`}
${emails.map(renderEmail)}
</dl>
<div class="actions">
${identities.some(({ isPrimary }) => isPrimary) ? '' : html`<a class="button" href="${linkTo(visit, '/account/password')}">Change password</a>`}
${isUnverified ? html`<a class="button" href="${linkTo(visit, '/account/verify')}">Verify e-mail address</a>` : ''}
${renderButton(linkTo(visit, '/sign-out'), { text: 'Sign out' })}
</div>
</section>`;
}

const renderEmail = ({ address, isDefault, verifiedAt }: Me['emails'][number]): Markup =>
  html`<div><dt>${isDefault ? 'E-mail' : 'Other e-mail'}</dt><dd>${address} ${verifiedAt === null ? html`<span class="tag off">not verified</span>` : html`<span class="tag">verified</span>`}</dd></div>`;
