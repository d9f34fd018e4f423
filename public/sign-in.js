// The bar above the pages that send requests: shows who is signed in, or offers to sign in.

import { onSessionChange, restored, signIn, signOut } from './session.js';

const find = (id) => document.getElementById(id);
const form = find('sign-in');
const { login, password } = form.elements;
const submit = form.querySelector('[type=submit]');

restored.then(start);

function start() {
  form.addEventListener('submit', handleSubmit);
  find('demo')?.addEventListener('click', handleDemo);
  find('sign-out').addEventListener('click', handleSignOut);
  onSessionChange(show);
  fillFromLink();
}

function show({ viewer, notice }) {
  find('viewer').textContent = viewer ?? '';
  find('signed-in').hidden = viewer === null;
  find('signed-out').hidden = viewer !== null;
  find('notice').textContent = notice;
}

async function handleSubmit(event) {
  event.preventDefault();
  if (submit.disabled) return;
  submit.disabled = true;
  find('notice').textContent = '';
  try {
    await signIn(login.value, password.value);
    form.reset();
    find('sign-out').focus();
  } catch (error) {
    find('notice').textContent = error.message;
    password.select();
  } finally {
    submit.disabled = false;
  }
}

function handleDemo({ target, currentTarget }) {
  if (!target.dataset.login) return;
  login.value = target.dataset.login;
  password.value = currentTarget.dataset.password;
  form.requestSubmit();
}

async function handleSignOut() {
  const signedOut = signOut();
  login.focus();
  await signedOut;
}

/** A link such as `/graphql#login=ada` fills the form and signs nobody in by itself. */
function fillFromLink() {
  const linked = new URLSearchParams(location.hash.slice(1)).get('login');
  if (!linked) return;
  history.replaceState(null, '', location.pathname + location.search);
  login.value = linked;
  const demo = find('demo');
  if (!demo?.querySelector(`[data-login="${CSS.escape(linked)}"]`)) return password.focus();
  password.value = demo.dataset.password;
  submit.focus();
}
