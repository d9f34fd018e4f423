// The session of this browser tab: its token is kept in sessionStorage and sent to our own server only.

const storageKey = 'usergraph.session';
const endpoint = new URL('graphql', location.href);
const send = globalThis.fetch.bind(globalThis);
const listeners = new Set();

let state = { viewer: null, notice: '', token: null };

/** Calls `listener` now and after every change with who is signed in (or null), a notice (or an empty string) and the
 * token (or null). */
export function onSessionChange(listener) {
  listeners.add(listener);
  listener(state);
}

/** Settles once it is known whether an earlier visit of this tab left a token that the server still accepts. */
export const restored = Promise.resolve().then(restoreSession);

async function restoreSession() {
  if (!readToken()) return;
  const answer = await execute(fetch, '{ me { displayName } }').catch(() => undefined);
  if (readToken()) change(answer?.data?.me?.displayName ?? 'your account');
}

/** Throws an error whose message is for the person who signs in. */
export async function signIn(login, password) {
  const { data, errors } = await execute(send, signInMutation, { input: { login, password } });
  if (!data?.signIn?.token) throw new Error(data?.signIn?.message ?? errors?.[0]?.message ?? unreachable);
  sessionStorage.setItem(storageKey, data.signIn.token);
  change(data.signIn.user.displayName);
}

/** Forgets the token here even when the server cannot be told. */
export async function signOut() {
  const revoked = execute(fetch, 'mutation SignOut { signOut { __typename } }');
  endSession('');
  await revoked.catch(() => change(null, 'Signed out here, but the server could not be told.'));
}

const unreachable = 'The server could not be reached. Try again.';

const signInMutation = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    __typename
    ... on SignInSuccess { token user { displayName } }
    ... on Error { message }
  }
}`;

async function execute(fetcher, query, variables) {
  try {
    const response = await fetcher(endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query, variables }),
    });
    return await response.json();
  } catch {
    throw new Error(unreachable);
  }
}

// GraphiQL sends its requests through the global fetch, so this is where its requests meet the token.
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const token = readToken();
  if (!token || !isOurs(request) || request.headers.has('authorization')) return send(request);
  request.headers.set('authorization', `Bearer ${token}`);
  const response = await send(request);
  if (response.status === 401 && token === readToken()) endSession('Your session has ended. Sign in again.');
  return response;
};

function isOurs({ url }) {
  const { origin, pathname } = new URL(url);
  return origin === endpoint.origin && pathname === endpoint.pathname;
}

function readToken() {
  return sessionStorage.getItem(storageKey);
}

function endSession(notice) {
  sessionStorage.removeItem(storageKey);
  change(null, notice);
}

function change(viewer, notice = '') {
  state = { viewer, notice, token: readToken() };
  for (const listener of listeners) listener(state);
}
