import { Duplex } from 'node:stream';
import type { PGliteSession } from './pglite-session.ts';

const STARTUP = 0x0003; // the major version in a StartupMessage: protocol 3
const NEGOTIATIONS = new Set([80877103, 80877104]); // SSLRequest, GSSENCRequest
const CANCEL_REQUEST = 80877102;
const QUERY = 0x51; // 'Q'
const PARSE = 0x50; // 'P'
const TERMINATE = 0x58; // 'X'
const ANSWERED = new Set(Array.from('QSHF', (type) => type.charCodeAt(0))); // Query, Sync, Flush, FunctionCall
const COPY_FROM_CLIENT = /(^|[;\0])\s*copy\b[^;]*\bfrom\s+stdin\b/i;

/**
 * The socket that node-postgres talks through to a PGlite in this process. It holds the session from its startup to
 * its end, so a connection has what it expects of a server: its own transaction, settings and prepared statements.
 * A stream that is destroyed or ended in the middle of a transaction rolls it back.
 */
export class PGliteStream extends Duplex {
  readonly #session: PGliteSession;
  #input: Buffer = Buffer.alloc(0);
  #giveBack: (() => Promise<void>) | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(session: PGliteSession) {
    super({ allowHalfOpen: false });
    this.#session = session;
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  // What node-postgres asks of a socket and has no meaning here.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#input = this.#input.length > 0 ? Buffer.concat([this.#input, chunk]) : chunk;
    this.#process().then(() => done(), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#leave().then(() => {
      this.push(null);
      done();
    }, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#leave().then(() => done(error), done);
  }

  async #process(): Promise<void> {
    if (!this.#giveBack && !(await this.#start())) return;
    const batch = this.#takeBatch();
    if (batch) await this.#send(batch);
  }

  /** Handles what comes before the first message; answers whether the connection is established. */
  async #start(): Promise<boolean> {
    for (;;) {
      if (this.#input.length < 8) return false;
      const length = this.#input.readInt32BE(0);
      const code = this.#input.readInt32BE(4);
      if (NEGOTIATIONS.has(code)) {
        this.#input = this.#input.subarray(8);
        this.push('N'); // no encryption inside of one process
        continue;
      }
      if (code === CANCEL_REQUEST) throw new Error('the embedded database cannot cancel a query');
      if (code >> 16 !== STARTUP) throw new Error(`unknown protocol version ${code}`);
      if (this.#input.length < length) return false;
      const packet = this.#input.subarray(0, length);
      this.#input = this.#input.subarray(length);
      return this.#establish(packet);
    }
  }

  async #establish(packet: Buffer): Promise<boolean> {
    const giveBack = await this.#session.take();
    if (this.destroyed) {
      await giveBack();
      return false;
    }
    this.#giveBack = giveBack;
    await this.#send(packet);
    return true;
  }

  /** Takes everything up to the last message that asks for an answer, which goes to PostgreSQL as one batch. */
  #takeBatch(): Buffer | undefined {
    let position = 0;
    let end = 0;
    while (position + 5 <= this.#input.length) {
      const type = this.#input.readUInt8(position);
      const length = this.#input.readInt32BE(position + 1);
      if (length < 4) throw new Error(`malformed message of type ${String.fromCharCode(type)}`);
      const next = position + 1 + length;
      if (next > this.#input.length || type === TERMINATE) break;
      refuseCopyFromClient(type, this.#input, position + 5, next);
      position = next;
      if (ANSWERED.has(type)) end = position;
    }
    if (end === 0) return undefined;
    const batch = this.#input.subarray(0, end);
    this.#input = this.#input.subarray(end);
    return batch;
  }

  async #send(messages: Buffer): Promise<void> {
    const sending = this.#session.send(messages);
    this.#sending = sending.catch(() => {});
    const answer = await sending;
    if (!this.destroyed) this.push(answer);
  }

  async #leave(): Promise<void> {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    await this.#sending;
    await giveBack?.();
  }
}

/** PGlite exits when it has to wait for the client's rows, so such a statement must not reach it. */
function refuseCopyFromClient(type: number, input: Buffer, start: number, end: number): void {
  if (type !== QUERY && type !== PARSE) return;
  if (COPY_FROM_CLIENT.test(input.toString('latin1', start, end))) {
    throw new Error('COPY … FROM STDIN is not supported by the embedded database');
  }
}
