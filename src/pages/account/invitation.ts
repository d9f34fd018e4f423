import { acceptInvitation } from '../../domain/organization-invitations.ts';
import { html } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import type { FormField } from './fields.ts';
import { type FailedForm, renderForm, submitForm } from './forms.ts';
import { card } from './layout.ts';
import { withNotice } from './notices.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

const invitation: FormField = {
  name: 'code',
  label: 'Invitation',
  autocomplete: 'off',
  isSecret: true,
  hint: 'The code of the message. It begins with ug_inv_.',
};

/** Where a person joins an organization, with the code that was sent to an address of theirs. */
export const invitationPage: AccountPage = {
  needsPerson: true,
  get: async (visit) => show(visit),
  post: (visit, form) =>
    submitForm(
      async () => {
        const input = { code: form.get('code') ?? '' };
        await acceptInvitation(visit.context, input, () => ({ select: { id: true } }));
        return goToPage(visit, withNotice('/account', 'organization-joined'));
      },
      (failed) => show(visit, failed),
    ),
};

function show(visit: SignedInVisit, { error, ...answer }: Partial<FailedForm> = {}): Response {
  const action = linkTo(visit, '/account/invitation');
  return showPage(visit, {
    ...answer,
    title: 'Join an organization',
    isFailed: error !== undefined,
    body: html`<p class="lead">The code of an invitation lets the account join that has the address it was sent to, and has <a href="${linkTo(visit, '/account/verify')}">verified</a> it.</p>
${card(renderForm({ action, fields: [invitation], submit: 'Join', error }))}
<p class="after"><a href="${linkTo(visit, '/account')}">Back to your account</a></p>`,
  });
}
