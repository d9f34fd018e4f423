/** A client that behaves on the wire as ZenML's own does. */

/** The exceptions that the client knows, by status; the first of a status stands for those that it does not know. */
const exceptions: readonly (readonly [status: number, name: string])[] = [
  [400, 'ValueError'],
  [401, 'AuthorizationException'],
  [403, 'IllegalOperationError'],
  [404, 'KeyError'],
  [404, 'DoesNotExistException'],
  [409, 'EntityExistsError'],
  [422, 'ValueError'],
  [500, 'RuntimeError'],
];

/** An exception of the server, raised again. */
export class ZenMLError extends Error {
  /** Its class. */
  readonly exception: string;
  readonly status: number;
  /** Where a request did not fit its schema. */
  readonly fields: readonly string[];

  constructor(exception: string, message: string, status: number, fields: readonly string[] = []) {
    super(message);
    this.exception = exception;
    this.status = status;
    this.fields = fields;
  }
}

export interface ZenMLUser {
  readonly id: string;
  readonly password: null;
  readonly password_expired: boolean | null;
  readonly name: string | null;
  readonly username: string | null;
  readonly email: string | null;
  readonly company: string | null;
  readonly job_title: string | null;
  readonly avatar_url: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly is_active: boolean;
  readonly is_superuser: boolean;
  readonly is_service_account: boolean;
}

export interface ZenMLToken {
  readonly access_token: string;
  readonly token_type: 'bearer';
  readonly expires_in: number;
  readonly device_id: null;
  readonly device_metadata: null;
}

interface ZenMLDevice {
  readonly device_code: string;
  readonly user_code: string;
  readonly expires_in: number;
  readonly interval: number;
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

type Filter = Record<string, string | number | boolean>;

/** @param baseUrl with `/api/v1` or without, as the server is deployed */
export function createZenMLClient(baseUrl: string, accessToken: string | null = null) {
  async function send(method: string, path: string, init: RequestInit = {}): Promise<unknown> {
    const response = await fetch(baseUrl.replace(/\/$/, '') + path, {
      ...init,
      method,
      headers: {
        accept: 'application/json',
        ...(accessToken !== null && { authorization: `Bearer ${accessToken}` }),
        ...init.headers,
      },
    });
    if (!response.ok) throw await exceptionFrom(response);
    if (method === 'DELETE') return response.text();
    return response.json(); // of every success: an answer without a body would be an error
  }

  const sendJson = (method: string, path: string, body: unknown) =>
    send(method, path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  const list = async (filter: Filter = {}): Promise<ZenMLUser[]> => {
    const pairs = Object.entries(filter).map(([key, value]): [string, string] => [key, String(value)]);
    return (await send('GET', `/users?${new URLSearchParams(pairs)}`)) as ZenMLUser[];
  };

  return {
    /** Signs in with a form, and answers with a client that has the token. */
    async login(form: { username?: string; password: string }) {
      const body = new URLSearchParams({ grant_type: 'password', ...form });
      const token = (await send('POST', '/auth/login', { body })) as ZenMLToken;
      return { token, client: createZenMLClient(baseUrl, token.access_token) };
    },
    /** Logs in on a device: `show` hands the code to its user, `sleep` waits so many seconds. */
    async loginOnDevice(show: (code: string) => Promise<void>, sleep: (seconds: number) => Promise<void>) {
      const client_id = crypto.randomUUID();
      const body = new URLSearchParams({ client_id });
      const device = (await send('POST', '/auth/device_authorization', { body })) as ZenMLDevice;
      await show(device.user_code);
      let { interval } = device;
      for (let waited = 0; waited < device.expires_in; waited += interval) {
        const form = { grant_type: deviceGrant, client_id, device_code: device.device_code };
        const response = await fetch(`${baseUrl.replace(/\/$/, '')}/auth/login`, {
          method: 'POST',
          body: new URLSearchParams(form),
        });
        const answer = (await response.json()) as Partial<ZenMLToken> & { error?: string };
        if (response.ok) return createZenMLClient(baseUrl, answer.access_token ?? '');
        if (answer.error === 'slow_down') interval += 5;
        else if (answer.error !== 'authorization_pending') throw new Error(answer.error);
        await sleep(interval);
      }
      throw new Error('nobody answered');
    },
    me: async () => (await send('GET', '/users/me')) as ZenMLUser,
    updateMe: async (update: object) => (await sendJson('PATCH', '/users/me', update)) as ZenMLUser,
    list,
    /** Reads page after page, until one that is shorter than asked for. */
    async listAll(filter: Filter, limit: number): Promise<{ users: ZenMLUser[]; pages: number }> {
      const users: ZenMLUser[] = [];
      for (let pages = 1; ; pages += 1) {
        const page = await list({ ...filter, offset: users.length, limit });
        users.push(...page);
        if (page.length < limit) return { users, pages };
      }
    },
    update: async (id: string, update: object) =>
      (await sendJson('PATCH', `/users/${id}`, update)) as ZenMLUser,
    async delete(id: string): Promise<void> {
      const text = (await send('DELETE', `/users/${id}`)) as string;
      if (text !== '') throw new Error(`a deletion answered ${text}`);
    },
    authorizeServer: async (serverId: string) =>
      (await send('GET', `/users/authorize_server?server_id=${serverId}`)) as ZenMLUser,
  };
}

/** The exception behind an answer: the class that the detail names, else the one that the status stands for. */
async function exceptionFrom(response: Response): Promise<ZenMLError> {
  const { status } = response;
  const text = await response.text();
  const detail = detailOf(text);
  const ofStatus = exceptions.filter(([known]) => known === status).map(([, name]) => name);
  const [fallback = 'RuntimeError'] = ofStatus;
  if (isFieldList(detail)) {
    const fields = detail.map(({ loc }) => loc.join('.'));
    return new ZenMLError(fallback, detail.map(({ msg }) => msg).join('; '), status, fields);
  }
  if (!Array.isArray(detail)) return new ZenMLError(fallback, String(detail ?? text), status);
  const [name, message] = detail.map(String);
  if (name !== undefined && ofStatus.includes(name)) return new ZenMLError(name, message ?? '', status);
  return new ZenMLError(fallback, `${name}: ${message}`, status);
}

function detailOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { detail?: unknown }).detail;
  } catch {
    return text;
  }
}

interface FieldError {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly type: string;
}

/** FastAPI's own list, each with a place, a message and a type. */
function isFieldList(detail: unknown): detail is readonly FieldError[] {
  const isField = (entry: unknown) => {
    const { loc, msg, type } = (entry ?? {}) as Partial<FieldError>;
    return Array.isArray(loc) && typeof msg === 'string' && typeof type === 'string';
  };
  return Array.isArray(detail) && detail.length > 0 && detail.every(isField);
}
