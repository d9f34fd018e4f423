/** The forms of the account pages: labelled fields, and what is wrong with them, told first and beside each. */
import { DomainError, errorRegistry, InvalidInputError, RateLimitedError } from '../../errors.ts';
import { html, type Markup } from '../html.ts';
import type { FormField } from './fields.ts';

export interface Form {
  readonly method?: 'get' | 'post';
  readonly action: string;
  readonly fields: readonly FormField[];
  readonly submit: string;
  readonly hidden?: Readonly<Record<string, string | null>>;
  /** What the fields hold; secrets are never written back. */
  readonly values?: URLSearchParams | undefined;
  readonly error?: DomainError | undefined;
  /** Whose password it is about, for password managers. */
  readonly login?: string;
}

/** Why a form comes back, with what the answer says beside it. */
export interface FailedForm {
  readonly error: DomainError;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface FormProblem {
  /** The field that it is about; null when it is about none, or about the whole. */
  readonly field: FormField | null;
  readonly message: string;
}

export function renderForm({
  method = 'post',
  action,
  fields,
  submit,
  hidden = {},
  values,
  error,
  login,
}: Form): Markup {
  const problems = error === undefined ? [] : problemsOf(error, fields);
  return html`${problems.length > 0 ? renderSummary(problems) : ''}
<form method="${method}" action="${action}">
${renderHidden(hidden)}
${login === undefined ? '' : html`<input type="text" name="username" autocomplete="username" value="${login}" readonly hidden>`}
${fields.map((field) =>
  renderField(field, {
    value: values?.get(field.name) ?? '',
    problem: problems.find((one) => one.field === field)?.message,
  }),
)}
<button class="button primary whole" type="submit">${submit}</button>
</form>`;
}

/** A form of nothing but a button. */
export const renderButton = (
  action: string,
  {
    text,
    about,
    hidden = {},
    look = '',
  }: { text: string; about?: string; hidden?: Form['hidden']; look?: string },
): Markup => html`<form method="post" action="${action}" class="inline">
${renderHidden(hidden)}
<button class="button ${look}" type="submit">${text}${about ? html`<span class="unseen"> ${about}</span>` : ''}</button>
</form>`;

const renderHidden = (hidden: NonNullable<Form['hidden']>): readonly Markup[] =>
  Object.entries(hidden).flatMap(([name, value]) =>
    value === null ? [] : [html`<input type="hidden" name="${name}" value="${value}">`],
  );

function renderField(
  field: FormField,
  { value, problem }: { value: string; problem: string | undefined },
): Markup {
  const { name, label, hint, isOptional = false } = field;
  const described = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(' ');
  return html`<div class="field">
<label for="${name}">${label}${isOptional ? ' (optional)' : ''}</label>
${hint === undefined ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}
${problem === undefined ? '' : html`<p class="problem" id="${name}-problem">${problem}</p>`}
<input id="${name}" name="${name}" ${attributesOf(field, value)}${problem === undefined ? '' : html` aria-invalid="true"`}${described === '' ? '' : html` aria-describedby="${described}"`}>
</div>`;
}

function attributesOf({ type = 'text', autocomplete, ...field }: FormField, value: string): Markup {
  const { isOptional = false, isSecret = false, isCode = false } = field;
  const isWord = type !== 'password' && autocomplete !== 'name';
  return html`type="${type}" autocomplete="${autocomplete}"${isOptional ? '' : html` required`}${isCode ? html` class="code"` : ''}${isWord ? html` autocapitalize="${isCode ? 'characters' : 'none'}" spellcheck="false"` : ''}${isSecret || value === '' ? '' : html` value="${value}"`}`;
}

/** Takes the focus when the page opens, so that nobody misses it. */
const renderSummary = (problems: readonly FormProblem[]): Markup =>
  html`<div class="problems" role="alert" tabindex="-1" autofocus>
<h2>That did not work</h2>
<ul>
${problems.map(({ field, message }) => html`<li>${field === null ? message : html`<a href="#${field.name}">${message}</a>`}</li>`)}
</ul>
</div>`;

/** What an error says of a form: a problem's message goes on after the name of its field. */
function problemsOf(error: DomainError, fields: readonly FormField[]): FormProblem[] {
  const named = (name: string | undefined) => fields.find((field) => field.name === name) ?? null;
  if (!(error instanceof InvalidInputError))
    return [{ field: named(error.argumentPath[1]), message: error.message }];
  return error.problems.map(({ path: [, name], message }) => {
    const field = named(name);
    return { field, message: `${field?.label ?? name ?? 'The form'} ${message}` };
  });
}

/** Does what a form asks for; `retry` shows the form again with what is wrong. Other failures are not the form's. */
export async function submitForm(
  work: () => Promise<Response>,
  retry: (failed: FailedForm) => Promise<Response> | Response,
): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error instanceof RateLimitedError)
      return retry({ error, status: error.status, headers: { 'retry-after': String(error.retryAfter) } });
    if (errorRegistry[error.code].as !== 'data') throw error;
    return retry({ error, status: error.status === 401 ? 422 : error.status, headers: {} }); // 401 asks for a header
  }
}
