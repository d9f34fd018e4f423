import type { NonSharedBuffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { HttpRequest } from '../http/message.ts';
import { type Encoding, preferredEncoding } from './negotiation.ts';
import { securityHeaders } from './security.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};
const alreadyCompressed = new Set(['.png', '.woff', '.woff2']);

const compressors: Readonly<Record<Encoding, (body: NonSharedBuffer) => Promise<NonSharedBuffer>>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (body) => promisify(gzip)(body, { level: 9 }),
};

/** Files that change together: one hash of their contents stands in all their URLs, so they may refer to each other. */
export class AssetGroup {
  readonly hash: string;
  /** Relative, like every link of the pages, so that a proxy may serve them under a path of its own. */
  readonly base: string;
  readonly #files: ReadonlyMap<string, NonSharedBuffer>;
  readonly #compressed = new Map<string, Promise<NonSharedBuffer>>();

  constructor(files: ReadonlyMap<string, NonSharedBuffer>) {
    const hash = createHash('sha256');
    for (const [name, body] of files) hash.update(`${name}\0${body.length}\0`).update(body);
    this.hash = hash.digest('base64url').slice(0, 16);
    this.base = `assets/${this.hash}/`;
    this.#files = files;
  }

  url(name: string): string {
    if (!this.#files.has(name)) throw new Error(`No asset is named ${name}`);
    return this.base + name;
  }

  async respond(name: string, request: HttpRequest, cacheControl = immutable): Promise<Response | undefined> {
    const body = this.#files.get(name);
    if (!body) return undefined;
    const encoding = alreadyCompressed.has(extname(name))
      ? undefined
      : preferredEncoding(request.headers.get('accept-encoding'));
    const sent = encoding ? await this.#compress(name, body, encoding) : body;
    const headers = {
      ...securityHeaders(),
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'content-length': String(sent.length),
      'cache-control': cacheControl,
      vary: 'accept-encoding',
    };
    return new Response(sent, {
      headers: encoding ? { ...headers, 'content-encoding': encoding } : headers,
    });
  }

  #compress(name: string, body: NonSharedBuffer, encoding: Encoding): Promise<NonSharedBuffer> {
    const key = `${encoding} ${name}`;
    const kept = this.#compressed.get(key) ?? compressors[encoding](body);
    this.#compressed.set(key, kept);
    return kept;
  }
}

const immutable = 'public, max-age=31536000, immutable';
