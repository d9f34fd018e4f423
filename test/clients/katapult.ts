/** Two clients of Katapult: one that reads errors as the service wraps them, and one generated from its documentation. */

interface CurrentUser {
  readonly user: {
    readonly id: string;
    readonly first_name: string;
    readonly last_name: string;
    readonly avatar_url: string;
  };
  readonly organizations: readonly {
    readonly id: string;
    readonly name: string;
    readonly sub_domain: string;
  }[];
  readonly api_token_id: string | null;
}

export class KatapultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: Record<string, unknown>;

  constructor(status: number, code: string, description: string, detail: Record<string, unknown>) {
    super(description);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

interface ErrorKeys {
  readonly code?: string;
  readonly description?: string;
  readonly detail?: Record<string, unknown>;
}

/** What the headers of every answer tell. */
export interface Meta {
  readonly permitted: number;
  readonly remaining: number;
  readonly requestId: string;
}

const authorization = (token: string | null): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` };

function metaOf({ headers }: Response): Meta {
  return {
    permitted: Number(headers.get('x-ratelimit-permitted') ?? Number.NaN),
    remaining: Number(headers.get('x-ratelimit-remaining') ?? Number.NaN),
    requestId: headers.get('x-request-id') ?? '',
  };
}

/** Speaks to `/core/v1`, trusts an error only when a header says that it is one of the API's, and keeps what it read. */
export function createCoreClient(baseUrl: string, token: string | null) {
  let kept: { etag: string; current: CurrentUser } | null = null;
  let meta: Meta | null = null;

  async function get(path: string): Promise<{ current: CurrentUser; isKept: boolean }> {
    const response = await fetch(`${baseUrl}/core/v1${path}`, {
      headers: { ...authorization(token), ...(kept && { 'if-none-match': kept.etag }) },
    });
    meta = metaOf(response);
    if (response.status === 304 && kept) return { current: kept.current, isKept: true };
    const text = await response.text();
    if (response.status !== 200) throw wrappedError(response, text);
    const current = JSON.parse(text) as CurrentUser;
    kept = { etag: response.headers.get('etag') ?? '', current };
    return { current, isKept: false };
  }

  return {
    currentUser: () => get('/users/current'),
    get,
    /** Of the last answer. */
    meta: () => meta,
  };
}

function wrappedError({ status, headers }: Response, text: string): Error {
  if (headers.get('x-api-schema') !== 'json-error')
    return new Error(`${status} by something in between: ${text}`);
  const { error } = JSON.parse(text) as { error?: ErrorKeys };
  return errorOf(status, error ?? {}, text);
}

/** Speaks to the documented path, and reads the documented keys. */
export function createGeneratedClient(baseUrl: string, token: string | null) {
  return {
    async usersCurrent(): Promise<CurrentUser> {
      const response = await fetch(`${baseUrl}/users/current`, { headers: authorization(token) });
      const text = await response.text();
      if (response.status === 200) return JSON.parse(text) as CurrentUser;
      throw errorOf(response.status, JSON.parse(text) as ErrorKeys, text);
    },
  };
}

function errorOf(status: number, { code, description, detail }: ErrorKeys, text: string): Error {
  if (code === undefined || description === undefined || detail === undefined)
    return new Error(`${status} without its keys: ${text}`);
  return new KatapultError(status, code, description, detail);
}
