import { signIn } from '../../domain/sessions.ts';
import { PasswordExpiredError } from '../../errors.ts';
import { demoPassword, openAccounts } from '../demo-accounts.ts';
import { html, type Markup } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import { cookiesOf } from './cookies.ts';
import { type FormField, login, newPassword } from './fields.ts';
import { type FailedForm, renderForm, submitForm } from './forms.ts';
import { card, renderStatus } from './layout.ts';
import { noticeOf } from './notices.ts';
import { onwardOf } from './onward.ts';
import { linkWithReturn, readReturnTo } from './return-to.ts';
import { type AccountPage, linkTo, personOf, type Visit } from './visit.ts';

const password: FormField = {
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  isSecret: true,
};
interface Shown {
  readonly returnTo: string | null;
  readonly values?: URLSearchParams;
  readonly failed?: FailedForm;
}

export const signInPage: AccountPage = {
  needsPerson: false,
  get: (visit) => show(visit, { returnTo: readReturnTo(visit.url.searchParams.get('return_to')) }),
  post(visit, form) {
    const { context } = visit;
    const returnTo = readReturnTo(form.get('return_to'));
    const previous = context.actor;
    return submitForm(
      async () => {
        const input = {
          login: form.get('login') ?? '',
          password: form.get('password') ?? '',
          newPassword: form.get('newPassword'),
        };
        const signedIn = await signIn(context, input, () => ({ select: { id: true } }));
        return goToPage(visit, returnTo ?? '/account', await cookiesOf(context, signedIn, previous));
      },
      (failed) => show(visit, { returnTo, values: form, failed }),
    );
  },
};

/** A password that must be changed is changed right here: the old one is typed again, since no page repeats it. */
async function show(visit: Visit, { returnTo, values, failed }: Shown): Promise<Response> {
  const { error, ...answer } = failed ?? {};
  const isExpired = error instanceof PasswordExpiredError || values?.has('newPassword') === true;
  const notice = error === undefined ? noticeOf(visit.url) : null;
  const onward = await onwardOf(visit, returnTo);
  const form = renderForm({
    action: linkTo(visit, '/sign-in'),
    fields: isExpired ? [login, { ...password, label: 'Present password' }, newPassword] : [login, password],
    submit: isExpired ? 'Change password and sign in' : 'Sign in',
    hidden: { return_to: returnTo },
    values: values ?? new URLSearchParams({ login: onward.loginHint ?? '' }),
    error,
  });
  return showPage(visit, {
    ...answer,
    isFailed: error !== undefined,
    title: isExpired ? 'Choose a new password' : 'Sign in',
    formTargets: onward.formTargets,
    body: html`${notice === null ? '' : renderStatus(notice)}
${onward.clientName === null ? '' : html`<p class="lead">to go on to <strong>${onward.clientName}</strong></p>`}
${personOf(visit.context) === null ? '' : renderPresent(visit)}
${card(html`${form}${renderProviders(visit, returnTo)}`)}
${renderOtherWays(visit, returnTo)}
${(await visit.hasDemo()) ? renderDemo(visit, returnTo) : ''}`,
  });
}

const renderPresent = (visit: Visit): Markup =>
  html`<p class="note">This browser is signed in already. Signing in here ends that session. <a href="${linkTo(visit, '/account')}">Go to your account</a></p>`;

function renderProviders(visit: Visit, returnTo: string | null): Markup | string {
  const { oidcProviders } = visit.config;
  if (oidcProviders.length === 0) return '';
  return html`<ul class="providers" aria-label="Other ways to sign in">
${oidcProviders.map(({ name, label }) => html`<li><a class="button whole" href="${linkWithReturn(visit, `/sign-in/${name}`, returnTo)}">Sign in with ${label ?? name}</a></li>`)}
</ul>`;
}

function renderOtherWays(visit: Visit, returnTo: string | null): Markup {
  const signUp = html`<li><a href="${linkWithReturn(visit, '/sign-up', returnTo)}">Make an account</a></li>`;
  return html`<ul class="ways">
<li><a href="${linkTo(visit, '/account/recover')}">Forgot your password?</a></li>
${visit.config.signUp === 'closed' ? '' : signUp}
</ul>`;
}

const renderDemo = (visit: Visit, returnTo: string | null): Markup =>
  html`<form class="demo" method="post" action="${linkTo(visit, '/sign-in')}" aria-labelledby="demo">
<h2 id="demo">Demo accounts</h2>
<input type="hidden" name="password" value="${demoPassword}">
${returnTo === null ? '' : html`<input type="hidden" name="return_to" value="${returnTo}">`}
${openAccounts.map(({ login: name, role }) => html`<button class="chip" name="login" value="${name}" title="${role}">${name}<span class="unseen">: sign in</span></button>`)}
</form>`;
