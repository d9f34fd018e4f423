/** The product under test, through its front door: an app on a real database of its own, with the demo's people. */
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { demoPassword } from '../../src/demo/people.ts';
import { seedDemoAccounts } from '../../src/demo/seed.ts';
import type { Connection } from '../../src/http/exchange.ts';
import { createLog } from '../../src/log.ts';
import type { Message, Messages } from '../../src/messages/messages.ts';
import { createSources } from '../../src/sources.ts';
import type { TypedDocumentString } from '../generated/graphql.ts';
import { checkContract } from './contract.ts';
import { openTestDatabase } from './databases.ts';

/** A document with its types, from `graphql(…)`, or plain text for what no valid document says. */
type Document<Data, Variables> = TypedDocumentString<Data, Variables> | string;

export interface Answer<Data> {
  readonly status: number;
  readonly headers: Headers;
  readonly data: Data;
  readonly errors: readonly { message: string; path?: string[]; extensions: Record<string, unknown> }[];
  /** The whole body as it came, to search for what must not be there. */
  readonly text: string;
}

export interface Client {
  /** The bearer token, null for the anonymous client. */
  readonly token: string | null;
  /** Runs a document and answers with whatever came. */
  send<Data, Variables>(document: Document<Data, Variables>, variables?: Variables): Promise<Answer<Data>>;
  /** Runs a document that must succeed, and answers with its data. */
  run<Data, Variables>(document: Document<Data, Variables>, variables?: Variables): Promise<Data>;
}

export interface RestCall {
  readonly token?: string | null | undefined;
  readonly headers?: Record<string, string>;
  /** The body, as one of these. */
  readonly json?: unknown;
  readonly form?: Record<string, string>;
  readonly body?: BodyInit;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came, and what it says as JSON. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect; the contract checks the types
  readonly body: any;
}

export type TestApp = Awaited<ReturnType<typeof openTestApp>>;

/** What test apps protect their keys with. */
export const testSecret = 'a secret that only these tests use';

const manyAttempts = {
  RATE_LIMIT_PER_MINUTE: '1000000',
  SIGN_IN_ATTEMPTS_PER_ACCOUNT: '1000000',
  SIGN_IN_ATTEMPTS_PER_ADDRESS: '1000000',
};

/** Opens an app, each REST answer of which is checked against its OpenAPI document. `env` sets its configuration; `seed: false` leaves the database empty; `observe` is told of each answer. */
export async function openTestApp({
  env = {},
  seed = true,
  logLevel = 'info',
  observe,
}: {
  env?: Record<string, string>;
  seed?: boolean;
  logLevel?: string;
  observe?: (request: Request, response: Response) => Promise<void>;
} = {}) {
  const { database, close } = await openTestDatabase();
  const clock = { offset: 0 };
  const now = () => new Date(Date.now() + clock.offset);
  const sources = createSources({ now });
  if (seed) await seedDemoAccounts(database, sources);
  const logged: string[] = [];
  const log = createLog({
    logLevel,
    logFormat: 'json',
    stream: { write: (line: string) => void logged.push(line) },
  });
  const config = loadConfig({ USERGRAPH_SECRET: testSecret, ...manyAttempts, ...env });
  const sent: Message[] = [];
  const messages: Messages = {
    send: async (message) => void sent.push(message),
    close: async () => {},
  };
  const app = createApp({ database, config, log, now, messages });
  const handle = async (request: Request, connection: Connection = {}) => {
    const response = await app.fetch(request, connection);
    await checkContract(config.restMounts, request, response);
    await observe?.(request, response.clone());
    return response;
  };
  const fetch = (path: string, init?: RequestInit) =>
    handle(new Request(`http://usergraph.test${path}`, init), { remoteAddress: '192.0.2.200' });
  const clients = new Map<string, Client>();

  /** A client with this bearer token. */
  const withToken = (token: string | null): Client => client(fetch, token);

  return {
    database,
    /** The front door itself, for what listens on a socket. */
    handle,
    fetch,
    clock,
    /** Every line of the log so far. */
    logged,
    /** Every message that went out so far. */
    sent,
    /** Calls a REST route and answers with whatever came. */
    async call(method: string, path: string, init: RestCall = {}): Promise<RestAnswer> {
      const { token, headers, json, form, body } = init;
      const response = await fetch(path, {
        method,
        headers: {
          ...(token != null && { authorization: `Bearer ${token}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form) : (body ?? null),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : null,
      };
    },
    /** Does what is due in the background, and what follows from it. */
    work: () => app.workOff(),
    withToken,
    anonymous: withToken(null),
    /** A client that signed in as this account of the demo, by password; one session for each login. */
    async as(login: string): Promise<Client> {
      const known = clients.get(login) ?? withToken(await signIn(withToken(null), login));
      clients.set(login, known);
      return known;
    },
    /** The global id of the demo account with this display name. */
    async idOf(displayName: string): Promise<string> {
      const { id } = await database.prisma.user.findFirstOrThrow({
        where: { displayName },
        select: { id: true },
      });
      const { encodeId } = await import('../../src/domain/ids.ts');
      return encodeId('User', id);
    },
    async close() {
      await app.close();
      await close();
    },
  };
}

const signInDocument = `mutation ($input: SignInInput!) {
  signIn(input: $input) { __typename ... on SignInSuccess { token } ... on Error { message } }
}`;

/** Signs in by password and answers with the session's token. */
export async function signIn(anonymous: Client, login: string, password = demoPassword): Promise<string> {
  const data = (await anonymous.run(signInDocument, { input: { login, password } })) as {
    signIn: { token?: string; message?: string };
  };
  if (data.signIn.token === undefined) throw new Error(`cannot sign in as ${login}: ${data.signIn.message}`);
  return data.signIn.token;
}

/** Signs in with a password that an administrator set, which so becomes one of the person's own. */
export async function signInAnew(anonymous: Client, login: string, password: string): Promise<string> {
  const document = `mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignInSuccess { token } ... on Error { message } } }`;
  const input = { login, password, newPassword: `${password}, changed` };
  const data = (await anonymous.run(document, { input })) as { signIn: { token?: string; message?: string } };
  if (data.signIn.token === undefined) throw new Error(`cannot sign in as ${login}: ${data.signIn.message}`);
  return data.signIn.token;
}

function client(
  fetch: (path: string, init?: RequestInit) => Promise<Response>,
  token: string | null,
): Client {
  const send: Client['send'] = async <Data, Variables>(
    document: Document<Data, Variables>,
    variables?: Variables,
  ) => {
    const body = JSON.stringify({ query: document.toString(), variables });
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)), // as every client says over a socket
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body,
    });
    const text = await response.text();
    const { data, errors = [] } = JSON.parse(text);
    return { status: response.status, headers: response.headers, data, errors, text } as Answer<Data>;
  };
  return {
    token,
    send,
    async run(document, variables) {
      const { status, data, errors, text, headers } = await send(document, variables);
      if (status === 200 && errors.length === 0) return data;
      const request = headers.get('x-request-id');
      throw new Error(
        `${status} for\n${document.toString()}\n${JSON.stringify(variables)}\n${text}\nrequest ${request}`,
      );
    },
  };
}
