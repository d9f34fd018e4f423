import {
  answerDeviceAuthorization,
  findDeviceAuthorization,
  type WaitingDevice,
} from '../../domain/oauth/device.ts';
import { type DomainError, InvalidCodeError } from '../../errors.ts';
import { html, type Markup } from '../html.ts';
import { goToPage, showPage } from './answer.ts';
import type { FormField } from './fields.ts';
import { type FailedForm, renderForm, submitForm } from './forms.ts';
import { readIdentity } from './identity.ts';
import { card, renderPerson, renderScopes, renderTime } from './layout.ts';
import { type AccountPage, linkTo, type SignedInVisit } from './visit.ts';

const userCode: FormField = {
  name: 'user_code',
  label: 'Code',
  autocomplete: 'off',
  isCode: true,
  hint: 'The eight letters that the device shows.',
};

/** Where a person lets in a device that cannot show these pages itself (RFC 8628, section 3.3). */
export const devicePage: AccountPage = {
  needsPerson: true,
  async get(visit) {
    const { searchParams } = visit.url;
    const answer = searchParams.get('answer');
    if (answer === 'allowed' || answer === 'denied') return showAnswer(visit, answer);
    const code = searchParams.get('user_code');
    if (code === null) return showForm(visit);
    return submitForm(
      async () => {
        const device = await findDeviceAuthorization(visit.context, code);
        if (device === null) throw new InvalidCodeError();
        return askForConsent(visit, device);
      },
      (failed) => showForm(visit, code, failed),
    );
  },
  post(visit, form) {
    const code = form.get('user_code') ?? '';
    const approve = form.get('decision') === 'allow';
    return submitForm(
      async () => {
        await answerDeviceAuthorization(visit.context, { userCode: code, approve });
        return goToPage(visit, `/device?answer=${approve ? 'allowed' : 'denied'}`);
      },
      (failed) => showForm(visit, code, failed),
    );
  },
};

function showForm(visit: SignedInVisit, code = '', failed: Partial<FailedForm> = {}): Response {
  const { error, ...answer } = failed;
  const form = renderForm({
    method: 'get',
    action: linkTo(visit, '/device'),
    fields: [userCode],
    submit: 'Continue',
    values: new URLSearchParams({ user_code: code }),
    error: error && aboutUserCode(error),
  });
  return showPage(visit, {
    ...answer,
    title: 'Connect a device',
    isFailed: error !== undefined,
    body: card(form),
  });
}

/** The problem stands beside the field of this page. */
const aboutUserCode = (error: DomainError): DomainError =>
  error instanceof InvalidCodeError ? new InvalidCodeError(['input', userCode.name]) : error;

async function askForConsent(visit: SignedInVisit, device: WaitingDevice): Promise<Response> {
  const { client, clientName, userCode: code, scopes, ipAddress, createdAt } = device;
  const name = client?.name ?? clientName ?? 'A device';
  return showPage(visit, {
    title: `Connect ${client === null ? 'this device' : name}?`,
    body: card(html`<p>You are signed in as ${renderPerson(await readIdentity(visit.context))}.</p>
<p class="code">${code}</p>
<p class="note">Only go on if a device of yours shows this very code now. Who sent it to you in a message wants to get into your account.</p>
<p class="meta">${name} asked from ${ipAddress ?? 'an unknown address'}, ${renderTime(createdAt, null)}.</p>
<h2>${client === null ? 'It could then' : `${name} could then`}</h2>
${client === null ? wholeAccount : renderScopes(scopes)}
<form method="post" action="${linkTo(visit, '/device')}">
<input type="hidden" name="user_code" value="${code}">
<div class="actions">
<button class="button primary" type="submit" name="decision" value="allow">Connect</button>
<button class="button" type="submit" name="decision" value="deny">Refuse</button>
</div>
</form>`),
  });
}

/** A program that is not registered is signed in as the person itself. */
const wholeAccount: Markup = html`<ul class="scopes"><li>Do everything that you may, for one hour</li></ul>`;

function showAnswer(visit: SignedInVisit, answer: 'allowed' | 'denied'): Response {
  const isAllowed = answer === 'allowed';
  return showPage(visit, {
    title: isAllowed ? 'The device is connected' : 'The device was refused',
    body: html`<p role="status">${isAllowed ? 'Go back to it: it goes on by itself within seconds.' : 'It cannot get into your account.'}</p>
<p><a href="${linkTo(visit, '/account')}">Go to your account</a></p>`,
  });
}
