/** A client that behaves on the wire as SweatStack's SDK does. */
import { decodeJwt } from 'jose';
import { z } from 'zod';

const Scope = z.enum(['data:read', 'data:write', 'admin', 'openid', 'profile', 'offline_access']);

/** Every key is required: one that is missing makes the SDK fail. */
const UserSummary = z.object({
  id: z.string(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  scopes: z.array(Scope),
  display_name: z.string(),
  is_managed: z.boolean(),
});
const UserResponse = z.object({
  id: z.string(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  admin: z.boolean(),
  registered_at: z.iso.datetime().transform((text) => new Date(text)),
  display_name: z.string(),
  is_managed: z.boolean(),
});
const Tokens = z.object({ access_token: z.string(), refresh_token: z.string() });
const TokenAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  refresh_token: z.string(),
  scope: z.string(),
});
const UserInfo = z.object({
  sub: z.string(),
  given_name: z.string().nullable(),
  family_name: z.string().nullable(),
  email: z.string().nullable(),
  name: z.string(),
});

export class SweatStackError extends Error {
  readonly status: number;
  readonly requestId: string | null;
  readonly detail: unknown;

  constructor(status: number, requestId: string | null, detail: unknown) {
    super(`${status}: ${JSON.stringify(detail)}`);
    this.status = status;
    this.requestId = requestId;
    this.detail = detail;
  }
}

export interface SweatStackOptions {
  readonly baseUrl: string;
  /** The bearer token; a web session has it in the cookie `token` instead. */
  readonly token: string;
  readonly isWebSession?: boolean;
  /** What a token that is over is exchanged with, by a client that logged in. */
  readonly refreshToken?: string;
  readonly clientId?: string;
  /** In milliseconds. */
  readonly now?: () => number;
  /** Waits so many seconds. */
  readonly sleep?: (seconds: number) => Promise<void>;
}

type Fields = Record<string, string | null>;

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly form?: Fields;
}

interface Answer {
  readonly response: Response;
  /** How often it was asked before. */
  readonly retries: number;
}

const wait = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
const mostRetries = 2;

/** How soon a token is over that is refreshed before it is used, in seconds. */
const margin = 5;

export interface SweatStackClient {
  principalToken(): Promise<z.output<typeof Tokens>>;
  userInfo(): Promise<z.output<typeof UserInfo>>;
  /** Acts for another user; this client goes on as it was. */
  delegatedClient(userId: string): Promise<SweatStackClient>;
  /** Acts as who logged in, also from a client that acts for somebody else. */
  principalClient(): Promise<SweatStackClient>;
  /** Lists as the caller itself, even from a client that acts for somebody else: it asks for that token first. */
  listUsers(query?: UserQuery): Promise<z.output<typeof UserSummary>[]>;
  createUser(firstName: string, lastName: string | null): Promise<User>;
  getUser(id: string): Promise<User>;
  /** Both fields always go out; one that is not given goes out empty. */
  updateUser(id: string, names: Names): Promise<User>;
  /** Gone is gone: a 404 after a retry means that the answer of the first attempt was lost. */
  deleteUser(id: string): Promise<void>;
}

type User = z.output<typeof UserResponse>;

interface UserQuery {
  readonly include_managed?: boolean;
  readonly include_shared?: boolean;
  readonly name?: string;
}

/** Exchanges the code that the user's browser brought back; the client asked for it with this verifier. */
export async function logIn(
  options: Omit<SweatStackOptions, 'token' | 'refreshToken'>,
  { code, verifier }: { readonly code: string; readonly verifier: string },
): Promise<SweatStackClient> {
  const client_id = options.clientId ?? '';
  const tokens = await exchange(options.baseUrl, {
    grant_type: 'authorization_code',
    ...{ client_id, code, code_verifier: verifier },
  });
  return createSweatStackClient({
    ...options,
    token: tokens.access_token,
    refreshToken: tokens.refresh_token,
  });
}

async function exchange(baseUrl: string, form: Fields): Promise<z.output<typeof TokenAnswer>> {
  const response = await ask(baseUrl, { method: 'POST', path: '/api/v1/oauth/token', form }, {});
  await raiseForStatus(response);
  return TokenAnswer.parse(await response.json());
}

export function createSweatStackClient(options: SweatStackOptions): SweatStackClient {
  const { baseUrl, isWebSession, clientId = '', sleep = wait, now = Date.now } = options;
  let { token, refreshToken = '' } = options;

  /** The token, refreshed when it is about to be over. */
  async function current(): Promise<string> {
    if (refreshToken === '' || (decodeJwt(token).exp ?? 0) - now() / 1000 > margin) return token;
    const tokens = await exchange(baseUrl, {
      grant_type: 'refresh_token',
      ...{ refresh_token: refreshToken, client_id: clientId, client_secret: null },
    });
    [token, refreshToken] = [tokens.access_token, tokens.refresh_token];
    return token;
  }

  /** Another client, which acts by these tokens. */
  const withTokens = ({ access_token, refresh_token }: z.output<typeof Tokens>): SweatStackClient =>
    createSweatStackClient({ ...options, token: access_token, refreshToken: refresh_token });

  async function send(call: Call, credential: string): Promise<Answer> {
    const retriable = call.method !== 'POST'; // asking twice could make two
    for (let retries = 0; ; retries += 1) {
      const response = await ask(
        baseUrl,
        call,
        isWebSession ? { cookie: credential } : { bearer: credential },
      );
      if (!retriable || !isTransient(response.status) || retries === mostRetries)
        return { response, retries };
      await response.arrayBuffer();
      await sleep(pauseAfter(response, retries));
    }
  }

  async function run<Schema extends z.ZodType>(
    schema: Schema,
    call: Call,
    credential?: string,
  ): Promise<z.output<Schema>> {
    const { response } = await send(call, credential ?? (await current()));
    await raiseForStatus(response);
    return schema.parse(await response.json());
  }

  const principalToken = () => run(Tokens, { method: 'GET', path: '/api/v1/oauth/principal-token' });
  const user = (id: string) => `/api/v1/users/${encodeURIComponent(id)}`;

  return {
    principalToken,
    userInfo: () => run(UserInfo, { method: 'GET', path: '/api/v1/oauth/userinfo' }),

    async delegatedClient(userId) {
      const path = '/api/v1/oauth/delegated-token';
      return withTokens(await run(Tokens, { method: 'POST', path, json: { sub: userId } }));
    },

    async principalClient() {
      return withTokens(await principalToken());
    },

    async listUsers(query = {}) {
      const { access_token } = await principalToken();
      const pairs = Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]);
      const search = pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : '';
      return run(z.array(UserSummary), { method: 'GET', path: `/api/v1/users/${search}` }, access_token);
    },

    createUser: (firstName, lastName) =>
      run(UserResponse, {
        method: 'POST',
        path: '/api/v1/users/',
        json: { first_name: firstName, last_name: lastName },
      }),

    getUser: (id) => run(UserResponse, { method: 'GET', path: user(id) }),

    updateUser: (id, { firstName = null, lastName = null }) =>
      run(UserResponse, {
        method: 'PUT',
        path: user(id),
        form: { first_name: firstName, last_name: lastName },
      }),

    async deleteUser(id) {
      const { response, retries } = await send({ method: 'DELETE', path: user(id) }, await current());
      if (response.status === 404 && retries > 0) return;
      await raiseForStatus(response);
      await response.json();
    },
  };
}

interface Names {
  readonly firstName?: string | null;
  readonly lastName?: string | null;
}

function ask(
  baseUrl: string,
  { method, path, json, form }: Call,
  { bearer, cookie }: { bearer?: string; cookie?: string },
): Promise<Response> {
  const pairs = Object.entries(form ?? {}).map(([key, value]): [string, string] => [key, value ?? '']);
  return fetch(baseUrl + path, {
    method,
    redirect: 'manual',
    headers: {
      accept: '*/*',
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(cookie !== undefined && { cookie: `theme=dark; token=${cookie}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    body: form ? new URLSearchParams(pairs) : json === undefined ? null : JSON.stringify(json),
  });
}

const isTransient = (status: number) => status === 408 || status === 429 || status >= 500;

function pauseAfter({ headers }: Response, retries: number): number {
  const after = headers.get('retry-after');
  if (after === null) return 0.5 * 2 ** retries;
  if (!/^\d+$/.test(after)) throw new Error(`Retry-After is no integer: ${after}`);
  return Number(after);
}

/** A redirect is a failure, too: it is not followed. */
async function raiseForStatus(response: Response): Promise<void> {
  if (response.status >= 200 && response.status < 300) return;
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  const detail = isJson ? (JSON.parse(text) as { detail: unknown }).detail : text;
  throw new SweatStackError(response.status, response.headers.get('x-request-id'), detail);
}
