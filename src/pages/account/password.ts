import { changePassword } from '../../domain/passwords.ts';
import { html } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import { type FormField, newPassword } from './fields.ts';
import { type FailedForm, renderForm, submitForm } from './forms.ts';
import { readIdentity } from './identity.ts';
import { card } from './layout.ts';
import { withNotice } from './notices.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

const currentPassword: FormField = {
  name: 'currentPassword',
  label: 'Current password',
  type: 'password',
  autocomplete: 'current-password',
  isSecret: true,
};

export const passwordPage: AccountPage = {
  needsPerson: true,
  get: (visit) => show(visit),
  post: (visit, form) =>
    submitForm(
      async () => {
        const input = {
          currentPassword: form.get('currentPassword') ?? '',
          newPassword: form.get('newPassword') ?? '',
        };
        await changePassword(visit.context, input, { select: { id: true } });
        return goToPage(visit, withNotice('/account', 'password-changed'));
      },
      (failed) => show(visit, failed),
    ),
};

async function show(visit: SignedInVisit, { error, ...answer }: Partial<FailedForm> = {}): Promise<Response> {
  const { login } = await readIdentity(visit.context);
  const form = renderForm({
    action: linkTo(visit, '/account/password'),
    fields: [currentPassword, newPassword],
    submit: 'Change password',
    login,
    error,
  });
  return showPage(visit, {
    ...answer,
    title: 'Change your password',
    isFailed: error !== undefined,
    body: html`<p class="lead">All other sessions end, on every device.</p>
${card(form)}
<p class="after"><a href="${linkTo(visit, '/account')}">Back to your account</a></p>`,
  });
}
