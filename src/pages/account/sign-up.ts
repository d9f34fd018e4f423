import { signUp } from '../../domain/sign-up.ts';
import { SignUpRefusedError } from '../../errors.ts';
import { html } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import { cookiesOf } from './cookies.ts';
import { type FormField, newPassword } from './fields.ts';
import { type FailedForm, renderForm, submitForm } from './forms.ts';
import { card } from './layout.ts';
import { withNotice } from './notices.ts';
import { onwardOf } from './onward.ts';
import { linkWithReturn, readReturnTo } from './return-to.ts';
import { type AccountPage, linkTo, type Visit } from './visit.ts';

const invitation: FormField = {
  name: 'invitation',
  label: 'Invitation',
  autocomplete: 'off',
  isSecret: true,
  hint: 'The code that you were invited with. It begins with ug_inv_.',
};
const name: FormField = { name: 'name', label: 'Name', autocomplete: 'name', isOptional: true };
const email: FormField = { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email' };
const username: FormField = {
  name: 'username',
  label: 'Username',
  autocomplete: 'username',
  isOptional: true,
  hint: 'Another way to sign in, and a name that others may see.',
};
const password: FormField = { ...newPassword, name: 'password', label: 'Password' };

interface Shown {
  readonly returnTo: string | null;
  readonly values?: URLSearchParams;
  readonly failed?: Partial<FailedForm>;
}

/** What tells whether a code was sent: not to an address that an invitation to an organization came to. */
const unverifiedSelect = {
  id: true,
  emails: { where: { verifiedAt: null }, select: { id: true } },
} as const;

/** Where people make an account for themselves, if the operator lets them. */
export const signUpPage: AccountPage = {
  needsPerson: false,
  get: (visit) => show(visit, { returnTo: readReturnTo(visit.url.searchParams.get('return_to')) }),
  post(visit, form) {
    const { context } = visit;
    const returnTo = readReturnTo(form.get('return_to'));
    const previous = context.actor;
    return submitForm(
      async () => {
        const signedIn = await signUp(context, inputOf(form), () => ({ select: unverifiedSelect }));
        const { emails } = signedIn.user as unknown as { emails: readonly unknown[] };
        const next =
          returnTo ?? (emails.length > 0 ? withNotice('/account/verify', 'code-sent') : '/account');
        return goToPage(visit, next, await cookiesOf(context, signedIn, previous));
      },
      (failed) => show(visit, { returnTo, values: form, failed }),
    );
  },
};

/** What is left empty is not said. */
const inputOf = (form: URLSearchParams) => ({
  email: form.get('email') ?? '',
  password: form.get('password') ?? '',
  name: form.get('name') || null,
  username: form.get('username') || null,
  invitation: form.get('invitation')?.trim() || null,
});

async function show(visit: Visit, { returnTo, values, failed = {} }: Shown): Promise<Response> {
  const { error, ...answer } = failed;
  const mode = visit.config.signUp;
  if (mode === 'closed')
    throw error ?? new SignUpRefusedError('Nobody can make an account here by themselves.');
  const { formTargets } = await onwardOf(visit, returnTo);
  const fields = [...(mode === 'invite' ? [invitation] : []), name, email, username, password];
  const hidden = { return_to: returnTo };
  const form = {
    action: linkTo(visit, '/sign-up'),
    fields,
    submit: 'Make the account',
    hidden,
    values,
    error,
  };
  return showPage(visit, {
    ...answer,
    title: 'Make an account',
    isFailed: error !== undefined,
    formTargets,
    body: html`${card(renderForm(form))}
<p class="after">You have an account? <a href="${linkWithReturn(visit, '/sign-in', returnTo)}">Sign in</a></p>`,
  });
}
