import type { Context } from '../../context.ts';
import { requestPasswordReset, resetPassword } from '../../domain/password-reset.ts';
import { anonymous } from '../../domain/policy.ts';
import { html } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import { clearedCookies } from './cookies.ts';
import { code, login, newPassword } from './fields.ts';
import { type FailedForm, renderForm, submitForm } from './forms.ts';
import { card, renderStatus } from './layout.ts';
import { withNotice } from './notices.ts';
import { type AccountPage, linkTo, type Visit } from './visit.ts';

/** Asks for a code for a new password. The answer is the same whether or not there is such an account. */
export const recoverPage: AccountPage = {
  needsPerson: false,
  get: async (visit) => showRequest(visit),
  post: (visit, form) =>
    submitForm(
      async () => {
        const login = form.get('login') ?? '';
        await requestPasswordReset(visit.context, { login });
        return goToPage(visit, `/account/reset?for=${sealLogin(visit.context, login)}`);
      },
      (failed) => showRequest(visit, form, failed),
    ),
};

function showRequest(visit: Visit, values?: URLSearchParams, failed: Partial<FailedForm> = {}): Response {
  const { error, ...answer } = failed;
  const action = linkTo(visit, '/account/recover');
  return showPage(visit, {
    ...answer,
    title: 'Recover your account',
    isFailed: error !== undefined,
    body: html`<p class="lead">We send a code to the account's verified e-mail address. With it you choose a new password.</p>
${card(renderForm({ action, fields: [login], submit: 'Send a code', values, error }))}
<p class="after"><a href="${linkTo(visit, '/sign-in')}">Back to signing in</a></p>`,
  });
}

/** Takes the code and a new password. */
export const resetPage: AccountPage = {
  needsPerson: false,
  async get(visit) {
    const login = openLogin(visit.context, visit.url.searchParams.get('for'));
    return showReset(visit, { login, isSent: login !== null });
  },
  post: (visit, form) =>
    submitForm(
      async () => {
        const [login, code, password] = ['login', 'code', 'newPassword'].map((name) => form.get(name) ?? '');
        await resetPassword(visit.context, {
          login: login ?? '',
          code: code ?? '',
          newPassword: password ?? '',
        });
        const cookies = visit.context.actor === anonymous ? clearedCookies() : [];
        return goToPage(visit, withNotice('/sign-in', 'password-reset'), cookies);
      },
      (failed) => showReset(visit, { login: form.get('login'), failed }),
    ),
};

interface Reset {
  readonly login: string | null;
  /** Whether a code was just asked for. */
  readonly isSent?: boolean;
  readonly failed?: Partial<FailedForm>;
}

function showReset(visit: Visit, { login: known, isSent = false, failed = {} }: Reset): Response {
  const { error, ...answer } = failed;
  const form = renderForm({
    action: linkTo(visit, '/account/reset'),
    fields: [login, code, newPassword],
    submit: 'Set new password',
    values: new URLSearchParams({ login: known ?? '' }),
    error,
  });
  return showPage(visit, {
    ...answer,
    title: 'Choose a new password',
    isFailed: error !== undefined,
    body: html`${isSent ? renderStatus('If there is such an account with a verified e-mail address, a code is on its way there.') : ''}
${card(form)}
<p class="after"><a href="${linkTo(visit, '/account/recover')}">Send another code</a></p>`,
  });
}

const sealedAs = 'recovery login';

/** A login in a form that can stand in a URL, where nobody may read it. */
const sealLogin = ({ sealing }: Context, login: string): string =>
  Buffer.from(sealing.seal(login.slice(0, 320), sealedAs)).toString('base64url');

function openLogin({ sealing }: Context, text: string | null): string | null {
  try {
    return text === null ? null : sealing.open(Buffer.from(text, 'base64url'), sealedAs);
  } catch {
    return null; // made by another secret, or by nobody
  }
}
