/** What the pages of this server do with secrets: forms, cookies, and links. */
import { hiddenField, openBrowser, submit } from '../../setup/pages.ts';
import { addPerson, codeSentTo, newPasswordOf, wrongCode } from './people.ts';
import type { Run } from './run.ts';

const createInvitation = `mutation { createInvitation(input: {}) { __typename ... on CreateInvitationSuccess { secret } } }`;

export async function drivePages(run: Run) {
  const { app } = run;
  const { username, email, password } = await addPerson(run);
  const browser = openBrowser(app);
  const wrong = newPasswordOf(run, 'that is wrong on the page');
  await submit(browser, '/sign-in', { login: username, password: wrong, newPassword: wrong });
  await browser.visit(`/sign-in?${new URLSearchParams({ password, login: username })}`);
  await submit(browser, '/sign-in', { login: username, password });
  for (const path of ['/account', '/account/sessions', '/account/apps', '/account/password', '/sign-in'])
    await browser.visit(path);
  const next = newPasswordOf(run, 'chosen on the page');
  for (const currentPassword of [wrong, password])
    await submit(browser, '/account/password', { currentPassword, newPassword: next });
  const foreign = { 'sec-fetch-site': 'cross-site' };
  await submit(
    browser,
    '/account/password',
    { currentPassword: next, newPassword: wrong },
    { headers: foreign },
  );
  await submit(browser, '/sign-out', {});
  await driveRecovery(run, email);
  await driveSignUp(run);
}

async function driveRecovery(run: Run, email: string) {
  const browser = openBrowser(run.app);
  await submit(browser, '/account/recover', { login: email });
  const code = await codeSentTo(run, email);
  const newPassword = newPasswordOf(run, 'set on the page by a code');
  await browser.visit(`/account/reset?${new URLSearchParams({ code, newPassword })}`);
  const tries = [wrongCode(run, code), code, code];
  for (const tried of tries)
    await submit(browser, '/account/reset', { login: email, code: tried, newPassword });
}

async function driveSignUp(run: Run) {
  const { createInvitation: made } = await run.graph(await run.app.as('admin'), createInvitation);
  const invitation: string = made.secret;
  const browser = openBrowser(run.app);
  const email = 'visitor@example.org';
  const form = { email, username: '', name: '', password: newPasswordOf(run, 'of a visitor') };
  await browser.visit(`/sign-up?${new URLSearchParams({ password: form.password })}`);
  await submit(browser, '/sign-up', { ...form, email: 'no address', invitation });
  await submit(browser, '/sign-up', { ...form, username: 'ada', invitation });
  await submit(browser, '/sign-up', { ...form, invitation: `${invitation}x` });
  const page = await submit(browser, '/sign-up', { ...form, invitation });
  await submit(browser, '/sign-up', { ...form, invitation });
  const code = await codeSentTo(run, email);
  const hidden = hiddenField(page, 'email') ?? email;
  for (const tried of [wrongCode(run, code), code])
    await submit(browser, '/account/verify', { email: hidden, code: tried });
}
