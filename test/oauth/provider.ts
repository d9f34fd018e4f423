/** An app that gives out tokens, with what a client and its user do there. */
import { createHash, randomBytes } from 'node:crypto';
import { sessionCookie } from '../../src/http/cookies.ts';
import { type Client, openTestApp, type RestAnswer, type TestApp } from '../setup/app.ts';

export const issuer = 'https://usergraph.test';
export const redirectUri = 'https://app.example/callback';

export interface RegisteredClient {
  /** Its global id. */
  readonly id: string;
  readonly clientId: string;
  readonly secret: string | null;
}

interface Registration {
  readonly name?: string;
  readonly redirectUris?: readonly string[];
  readonly scopes?: readonly string[];
  readonly isConfidential?: boolean;
  readonly isTrusted?: boolean;
}

const register = `mutation ($input: RegisterOAuthClientInput!) {
  registerOAuthClient(input: $input) {
    ... on RegisterOAuthClientSuccess { secret client { id clientId } } ... on Error { message } } }`;

/** Opens an app as the outside reaches it. */
export const openProvider = (env: Record<string, string> = {}) =>
  openTestApp({ env: { PUBLIC_URL: issuer, ...env } });

/** Registers a client as the demo's superuser; a confidential one with all scopes, when nothing else is said. */
export async function registerClient(
  app: TestApp,
  { name = 'Field notes', redirectUris = [redirectUri], scopes, ...rest }: Registration = {},
): Promise<RegisteredClient> {
  const input = {
    name,
    redirectUris,
    scopes: scopes ?? ['OPENID', 'PROFILE', 'OFFLINE_ACCESS', 'DATA_READ', 'DATA_WRITE'],
    isConfidential: true,
    ...rest,
  };
  const admin = await app.as('admin');
  const { registerOAuthClient } = (await admin.run(register, { input })) as {
    registerOAuthClient: {
      secret: string | null;
      client: { id: string; clientId: string };
      message?: string;
    };
  };
  const { client, secret, message } = registerOAuthClient;
  if (client === undefined) throw new Error(`cannot register: ${message}`);
  return { ...client, secret };
}

/** The proof of a client that the code is its own (RFC 7636). */
export function makeProof() {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** What a client asks a user for, as a query string. Null takes a parameter away. */
export function authorizationQuery(
  { clientId }: RegisteredClient,
  challenge: string,
  changed: Record<string, string | null> = {},
): string {
  const params = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile offline_access',
    state: 'the state',
    nonce: 'the nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changed,
  };
  const given = Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== null);
  return new URLSearchParams(given).toString();
}

const cookieOf = ({ token }: Client) => ({ cookie: `${sessionCookie}=${token}` });

/** Opens the page of a request in the browser of somebody, or of nobody. */
export const visit = (app: TestApp, person: Client, query: string): Promise<RestAnswer> =>
  app.call('GET', `/oauth/authorize?${query}`, { headers: person.token === null ? {} : cookieOf(person) });

/** Answers the page's question. */
export const decide = (app: TestApp, person: Client, query: string, decision = 'allow') =>
  app.call('POST', '/oauth/authorize', {
    headers: cookieOf(person),
    form: { request: query, decision },
  });

/** Where an answer sends the browser. @throws when it does not */
export function locationOf({ status, headers, text }: RestAnswer): URL {
  const location = headers.get('location');
  if (status !== 303 || location === null) throw new Error(`${status} sends nobody on: ${text}`);
  return new URL(location, 'https://usergraph.test/oauth/authorize');
}

export interface Flow {
  readonly code: string;
  readonly verifier: string;
}

/** A code that this person lets the client have. */
export async function obtainCode(
  app: TestApp,
  client: RegisteredClient,
  { as = 'ada', changed = {} }: { as?: string; changed?: Record<string, string | null> } = {},
): Promise<Flow> {
  const { verifier, challenge } = makeProof();
  const query = authorizationQuery(client, challenge, changed);
  const code = locationOf(await decide(app, await app.as(as), query)).searchParams.get('code');
  if (code === null) throw new Error('there is no code');
  return { code, verifier };
}

/** Sends a form to an endpoint, as the client; null is nobody. */
export function ask(
  app: TestApp,
  path: string,
  client: RegisteredClient | null,
  form: Record<string, string>,
): Promise<RestAnswer> {
  const { clientId, secret } = client ?? {};
  return app.call('POST', path, {
    form: {
      ...(clientId !== undefined && { client_id: clientId }),
      ...(secret != null && { client_secret: secret }),
      ...form,
    },
  });
}

export const exchange = (
  app: TestApp,
  client: RegisteredClient,
  { code, verifier }: Flow,
  changed: Record<string, string> = {},
) =>
  ask(app, '/oauth/token', client, {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
    ...changed,
  });

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly expires_in: number;
  readonly id_token?: string;
}

/** The tokens that this person lets the client have. */
export async function obtainTokens(
  app: TestApp,
  client: RegisteredClient,
  options: { as?: string; changed?: Record<string, string | null> } = {},
): Promise<Tokens> {
  const answer = await exchange(app, client, await obtainCode(app, client, options));
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.body;
}

export const refresh = (app: TestApp, client: RegisteredClient, token: string, changed = {}) =>
  ask(app, '/oauth/token', client, { grant_type: 'refresh_token', refresh_token: token, ...changed });

/** Whether a credential works; 200 or 401. */
export const whoAmI = async (app: TestApp, token: string) =>
  (await app.withToken(token).send('{ me { displayName } }')).status;

/** An API token of this person. */
export async function createApiToken(app: TestApp, as: string, scopes: readonly string[]): Promise<string> {
  const document = `mutation ($scopes: [Scope!]!) { createApiToken(input: { name: "Script", scopes: $scopes }) {
    ... on CreateApiTokenSuccess { secret } } }`;
  const data = await (await app.as(as)).run(document, { scopes });
  return (data as { createApiToken: { secret: string } }).createApiToken.secret;
}

/** What a failure says, in the form of RFC 6749, section 5.2. */
export const failureOf = ({ status, body }: RestAnswer) => `${status} ${body?.error}`;
