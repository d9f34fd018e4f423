/** Visits to the account pages, as a browser without scripts makes them. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { demoPassword } from '../../src/demo/people.ts';
import { decodeId } from '../../src/domain/ids.ts';
import { signInAnew, type TestApp } from './app.ts';
import { type CookieBrowser, createCookieBrowser, type Visit } from './cookie-browser.ts';

export const origin = 'http://usergraph.test';

/** A browser that knows nothing of the app yet. It sends no `Sec-Fetch-Site`, and no `Origin`. */
export const openBrowser = (app: Pick<TestApp, 'fetch'>): CookieBrowser =>
  createCookieBrowser(origin, (url, init) => app.fetch(url.pathname + url.search, init));

export const submit = (
  browser: CookieBrowser,
  path: string,
  form: Record<string, string>,
  options: Omit<Visit, 'form' | 'method'> = {},
) => browser.visit(path, { ...options, method: 'POST', form });

/** A browser that is signed in as this account of the demo. */
export async function signedIn(app: TestApp, login: string, password = demoPassword): Promise<CookieBrowser> {
  const browser = openBrowser(app);
  const page = await submit(browser, '/sign-in', { login, password });
  if (page.url.pathname !== '/account') throw new Error(`cannot sign in as ${login}: ${page.text}`);
  return browser;
}

/** The text of a page as it is read: without markup, with the characters that it stands for. */
export const readable = (page: { readonly text: string }): string =>
  page.text
    .replace(/^[\s\S]*<body/, '<body')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/\s+/g, ' ');

/** What a hidden field of a page holds. */
export function hiddenField(page: { readonly text: string }, name: string): string | null {
  const value = new RegExp(`<input type="hidden" name="${name}" value="([^"]*)">`).exec(page.text)?.[1];
  return value?.replaceAll('&amp;', '&') ?? null;
}

const createUser = `mutation ($input: CreateUserInput!) {
  createUser(input: $input) { ... on CreateUserSuccess { user { id } } ... on Error { message } } }`;

/** An account made for one test, with a password that its owner has chosen, unless it is to be expired. */
export async function addPerson(app: TestApp, { isVerified = true, isExpired = false } = {}) {
  const username = `person-${randomUUID().slice(0, 8)}`;
  const email = `${username}@example.com`;
  const given = 'a long enough password';
  const input = { username, email, name: `Person of ${username}`, password: given };
  const created = (await (await app.as('admin')).run(createUser, { input })) as {
    createUser: { user: { id: string } };
  };
  const { uuid: id } = decodeId(created.createUser.user.id);
  if (!isExpired) await signInAnew(app.anonymous, username, given);
  const verifiedAt = isVerified ? new Date() : null;
  await app.database.prisma.email.updateMany({ where: { userId: id }, data: { verifiedAt } });
  return { id, username, email, password: isExpired ? given : `${given}, changed` };
}

const registerClientDocument = `mutation ($input: RegisterOAuthClientInput!) {
  registerOAuthClient(input: $input) {
    ... on RegisterOAuthClientSuccess { secret client { id clientId } } ... on Error { message } } }`;

export interface RegisteredClient {
  readonly clientId: string;
  readonly secret: string | null;
  readonly name: string;
  readonly redirectUri: string;
}

/** A program that users can let act for them. */
export async function registerClient(
  app: TestApp,
  given: Record<string, unknown> = {},
): Promise<RegisteredClient> {
  const input = {
    name: 'Training Log',
    isConfidential: false,
    redirectUris: ['https://log.example/callback'],
    scopes: ['OPENID', 'PROFILE', 'DATA_READ', 'OFFLINE_ACCESS'],
    ...given,
  };
  const data = (await (await app.as('admin')).run(registerClientDocument, { input })) as {
    registerOAuthClient: { secret: string | null; client: { clientId: string } };
  };
  const { secret, client } = data.registerOAuthClient;
  return { clientId: client.clientId, secret, name: input.name, redirectUri: input.redirectUris[0] ?? '' };
}

/** What a client asks a user for, and what it proves itself by afterwards. */
export function authorizationRequest(client: RegisteredClient, params: Record<string, string> = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: 'openid profile data:read',
    state: 'a state & more',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...params,
  });
  return { path: `/oauth/authorize?${query}`, query: query.toString(), verifier };
}

/** Takes the code that a redirect brought for tokens. */
export async function redeemCode(
  app: TestApp,
  client: RegisteredClient,
  { code, verifier }: { code: string; verifier: string },
) {
  const { status, body } = await app.call('POST', '/oauth/token', {
    form: {
      grant_type: 'authorization_code',
      client_id: client.clientId,
      ...(client.secret !== null && { client_secret: client.secret }),
      redirect_uri: client.redirectUri,
      code,
      code_verifier: verifier,
    },
  });
  return {
    status,
    body: body as { access_token: string; refresh_token?: string; scope: string; error?: string },
  };
}

/** The codes in all messages to an address so far. */
export const codesSentTo = ({ sent }: Pick<TestApp, 'sent'>, address: string): string[] =>
  sent.filter(({ to }) => to === address).flatMap(({ text }) => /^ {4}(\S+)$/m.exec(text)?.[1] ?? []);

/** The code in the newest message to an address. */
export async function codeSentTo(app: TestApp, address: string): Promise<string> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const code = codesSentTo(app, address).at(-1);
    if (code !== undefined) return code;
    await new Promise((resolve) => setTimeout(resolve, 20)); // messages go out after the answer
  }
  throw new Error(`no code was sent to ${address}`);
}
