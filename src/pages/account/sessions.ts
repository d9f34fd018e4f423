import { requireUuid } from '../../domain/ids.ts';
import { listOwnSessions, revokeOwnSession } from '../../domain/sessions.ts';
import type { Session } from '../../generated/prisma/client.ts';
import { html, type Markup } from '../html.ts';
import { backToAccount, goToPage } from './answer.ts';
import { renderButton } from './forms.ts';
import { renderTime } from './layout.ts';
import { withNotice } from './notices.ts';
import { describeUserAgent } from './user-agent.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

/** Where the account is signed in; what was let in as an app stands apart. */
export async function renderSessions(visit: SignedInVisit, timeZone: string | null): Promise<Markup> {
  const sessions = await listOwnSessions(visit.context, { clientId: null });
  const current = visit.context.actor.credential.id;
  const ordered = [...sessions].sort((a, b) => Number(b.id === current) - Number(a.id === current));
  return html`<section class="card" aria-labelledby="sessions">
<h2 id="sessions">Where you are signed in</h2>
<ul class="rows">
${ordered.map((session) => renderSession(visit, session, timeZone))}
</ul>
</section>`;
}

function renderSession(visit: SignedInVisit, session: Session, timeZone: string | null): Markup {
  const { id, userAgent, ipAddress, createdAt, lastUsedAt, actorId } = session;
  const isCurrent = id === visit.context.actor.credential.id;
  const program = describeUserAgent(userAgent);
  const end = { text: 'End session', about: `of ${program}`, hidden: { id }, look: 'danger' };
  return html`<li>
<div>
<p><strong>${program}</strong>${isCurrent ? html` <span class="tag">this browser</span>` : ''}${actorId === null ? '' : html` <span class="tag">somebody who acts for you</span>`}</p>
<p class="meta facts"><span>${ipAddress ?? 'Unknown address'}</span><span>since ${renderTime(createdAt, timeZone)}</span><span>last used ${renderTime(lastUsedAt, timeZone)}</span></p>
</div>
${isCurrent ? '' : renderButton(linkTo(visit, '/account/sessions'), end)}
</li>`;
}

/** Ends a session of one's own at once. */
export const sessionsPage: AccountPage = {
  needsPerson: true,
  get: backToAccount,
  async post(visit, form) {
    await revokeOwnSession(visit.context, requireUuid(form.get('id') ?? '', ['id']));
    return goToPage(visit, withNotice('/account', 'session-ended'));
  },
};
