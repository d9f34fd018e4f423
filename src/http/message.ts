/**
 * Requests and answers as the pipeline sees them: those of the Fetch API have all of it, and so have leaner ones, which cost
 * a request a tenth.
 */

export type RequestHeaders = Pick<Headers, 'get' | 'has'> & Iterable<[string, string]>;

/** A request. A Fetch `Request` is one. */
export interface HttpRequest
  extends Pick<Request, 'method' | 'url' | 'signal' | 'body' | 'arrayBuffer' | 'text' | 'formData'> {
  readonly headers: RequestHeaders;
}

/** The same as a Fetch `Request`, for who asks for more; with this body instead, where its own was read. */
export function toFetchRequest(request: HttpRequest, body: BodyInit | null = request.body): Request {
  if (request instanceof Request && body === request.body) return request;
  const { url, method, headers, signal } = request;
  const init = { method, headers: [...headers], signal, body, duplex: 'half' };
  return new Request(url, init);
}

/** The headers of an answer. */
export type AnswerHeaders = Pick<Headers, 'get' | 'has' | 'set' | 'append' | 'delete'>;

/** An answer of one piece of text, or of none. */
export class Reply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly body: string | null;

  constructor(
    body: string | null,
    { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
  ) {
    this.status = status;
    this.headers = new ReplyHeaders(headers);
    this.body = body;
    if (body !== null && !this.headers.has('content-length'))
      this.headers.set('content-length', String(Buffer.byteLength(body)));
  }

  toResponse(): Response {
    const headers = new Headers();
    for (const [name, value] of Object.entries(this.headers.toObject()))
      for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
    return new Response(this.body, { status: this.status, headers });
  }
}

/** An answer: a lean one, or one of the Fetch API, which may be a stream. */
export type HttpAnswer = Reply | Response;

class ReplyHeaders implements AnswerHeaders {
  readonly #values: Record<string, string> = {};
  #cookies: string[] = [];

  constructor(values: Record<string, string>) {
    for (const name in values) this.set(name, values[name] as string);
  }

  get(name: string): string | null {
    const key = name.toLowerCase();
    return (key === 'set-cookie' ? this.#cookies.join(', ') || null : this.#values[key]) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  set(name: string, value: string): void {
    const key = name.toLowerCase();
    if (key === 'set-cookie') this.#cookies = [value];
    else this.#values[key] = value;
  }

  append(name: string, value: string): void {
    const key = name.toLowerCase();
    if (key === 'set-cookie') this.#cookies.push(value);
    else this.#values[key] = this.#values[key] === undefined ? value : `${this.#values[key]}, ${value}`;
  }

  delete(name: string): void {
    const key = name.toLowerCase();
    if (key === 'set-cookie') this.#cookies = [];
    else delete this.#values[key];
  }

  /** As `node:http` takes them. */
  toObject(): Record<string, string | string[]> {
    return this.#cookies.length === 0 ? this.#values : { ...this.#values, 'set-cookie': this.#cookies };
  }
}
