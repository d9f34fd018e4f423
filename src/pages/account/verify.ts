import { requestEmailVerification, verifyEmail } from '../../domain/emails.ts';
import { requireUuid } from '../../domain/ids.ts';
import { requireMe } from '../../domain/users.ts';
import type { Prisma } from '../../generated/prisma/client.ts';
import { html, type Markup } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import { code } from './fields.ts';
import { type FailedForm, renderButton, renderForm, submitForm } from './forms.ts';
import { card, renderStatus } from './layout.ts';
import { noticeOf, withNotice } from './notices.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

const unverifiedSelect = {
  emails: {
    where: { verifiedAt: null },
    orderBy: [{ isDefault: 'desc' }, { createdAt: 'asc' }],
    select: { id: true, address: true },
  },
} as const satisfies Prisma.UserSelect;

type Unverified = Prisma.UserGetPayload<{ select: typeof unverifiedSelect }>['emails'][number];

/** Where a person proves that an e-mail address is theirs, with a code that was sent there. */
export const verifyPage: AccountPage = {
  needsPerson: true,
  get: (visit) => show(visit, visit.url.searchParams.get('email')),
  post(visit, form) {
    const id = requireUuid(form.get('email') ?? '', ['id']);
    const { context } = visit;
    return submitForm(
      async () => {
        if (form.get('action') === 'send') {
          await requestEmailVerification(context, id);
          return goToPage(visit, withNotice(`/account/verify?email=${id}`, 'code-sent'));
        }
        const input = { code: form.get('code') ?? '' };
        await verifyEmail(context, { id, input }, { select: { id: true } });
        return goToPage(visit, withNotice('/account', 'email-verified'));
      },
      (failed) => show(visit, id, failed),
    );
  },
};

/** One address at a time: the one that is named, or the only one; else which it shall be. */
async function show(
  visit: SignedInVisit,
  id: string | null,
  { error, ...answer }: Partial<FailedForm> = {},
): Promise<Response> {
  const { emails } = (await requireMe(visit.context, { select: unverifiedSelect })) as unknown as {
    emails: Unverified[];
  };
  const chosen = emails.find((email) => email.id === id) ?? (emails.length === 1 ? emails[0] : undefined);
  const notice = error === undefined ? noticeOf(visit.url) : null;
  return showPage(visit, {
    ...answer,
    title: 'Verify your address',
    isFailed: error !== undefined,
    body: html`${notice === null ? '' : renderStatus(notice)}
${chosen === undefined ? renderChoice(visit, emails) : renderCodeForm(visit, chosen, error)}
<p class="after"><a href="${linkTo(visit, '/account')}">Back to your account</a></p>`,
  });
}

function renderCodeForm(
  visit: SignedInVisit,
  { id, address }: Unverified,
  error: FailedForm['error'] | undefined,
): Markup {
  const action = linkTo(visit, '/account/verify');
  const hidden = { email: id };
  return html`<p class="lead">A code that is sent to <strong>${address}</strong> proves that the address is yours. If you have none yet, have one sent.</p>
${card(renderForm({ action, fields: [code], submit: 'Verify', hidden, error }))}
<div class="after">${renderButton(action, { text: 'Send a code', hidden: { ...hidden, action: 'send' } })}</div>`;
}

function renderChoice(visit: SignedInVisit, emails: readonly Unverified[]): Markup {
  if (emails.length === 0) return html`<p>Every e-mail address of your account is verified.</p>`;
  return card(html`<h2>Which one?</h2>
<ul class="rows">
${emails.map(({ id, address }) => html`<li><a href="${linkTo(visit, `/account/verify?email=${id}`)}">${address}</a></li>`)}
</ul>`);
}
