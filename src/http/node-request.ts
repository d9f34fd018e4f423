import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type HttpRequest, toFetchRequest } from './message.ts';

/** A request as `node:http` has it: what few look at is made when one does. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: NodeHeaders;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  #signal: AbortSignal | undefined;
  #body: Request['body'] | undefined;

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.method = message.method ?? 'GET';
    this.url = `http://${message.headers.host ?? 'localhost'}${message.url}`;
    this.headers = new NodeHeaders(message.headers);
    this.#message = message;
    this.#response = response;
  }

  /** Aborted when the client goes away before it has its answer. */
  get signal(): AbortSignal {
    this.#signal ??= abortedWith(this.#response);
    return this.#signal;
  }

  get body(): Request['body'] {
    const isNone = this.method === 'GET' || this.method === 'HEAD';
    this.#body ??= isNone ? null : (Readable.toWeb(this.#message) as Request['body']);
    return this.#body;
  }

  async text(): Promise<string> {
    const bytes = await this.#read();
    return bytes.toString('utf8', hasByteOrderMark(bytes) ? 3 : 0);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await this.#read();
    return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  }

  formData(): Promise<FormData> {
    return toFetchRequest(this).formData();
  }

  #read(): Promise<Buffer> {
    if (this.#body !== undefined) return Promise.reject(new TypeError('The body was read before.'));
    this.#body = null;
    return new Promise((resolve, reject) => {
      if (this.#message.destroyed) reject(new Error('The body broke off.')); // which is told but once
      const chunks: Buffer[] = [];
      this.#message
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
        .once('error', reject)
        .once('close', () => reject(new Error('The body broke off.')));
    });
  }
}

const hasByteOrderMark = ([a, b, c]: Buffer) => a === 0xef && b === 0xbb && c === 0xbf;

function abortedWith(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const check = () => {
    if (!response.writableFinished) controller.abort();
  };
  if (response.destroyed || response.closed) check();
  else response.once('close', check);
  return controller.signal;
}

class NodeHeaders implements Iterable<[string, string]> {
  readonly #values: IncomingMessage['headers'];

  constructor(values: IncomingMessage['headers']) {
    this.#values = values;
  }

  get(name: string): string | null {
    const value = this.#values[name] ?? this.#values[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (const name in this.#values) yield [name, this.get(name) ?? ''];
  }
}
