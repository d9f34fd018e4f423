import type { PGlite } from '@electric-sql/pglite';

const IDLE = 0x49; // 'I': the transaction status in ReadyForQuery when no transaction is open
const READY = 0x5a; // 'Z': ReadyForQuery

// Leaves a waiting error state (Sync), then whatever transaction, settings and statements a connection left behind.
const RESET = Buffer.concat([message('S'), message('Q', 'ROLLBACK\0'), message('Q', 'DISCARD ALL\0')]);

/**
 * The one session of a PGlite, lent to one connection at a time: the next connection waits until it is given back,
 * and finds it without open transaction, prepared statements or settings of the one before.
 */
export class PGliteSession {
  readonly #lite: PGlite;
  #turn: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(lite: PGlite) {
    this.#lite = lite;
  }

  /** The error that broke the engine, after which nothing reaches it anymore. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Waits for the session; call the answer to give it back. */
  async take(): Promise<() => Promise<void>> {
    const before = this.#turn;
    let pass: () => void = () => {};
    this.#turn = new Promise((resolve) => {
      pass = resolve;
    });
    await before;
    return async () => {
      await this.#reset();
      pass();
    };
  }

  /**
   * Hands messages to PostgreSQL and answers what it says. A failed statement is part of the answer; an exception
   * means that the engine is broken, and then it is never called again, because it would spin for ever.
   */
  async send(messages: Buffer): Promise<Buffer> {
    if (this.#failure) throw this.#failure;
    const answer: Buffer[] = [];
    try {
      await this.#lite.execProtocolRawStream(messages, {
        onRawData: (data) => answer.push(Buffer.from(data)),
      });
    } catch (cause) {
      throw this.#fail('the embedded database stopped and needs a restart', cause);
    }
    return Buffer.concat(answer);
  }

  async #reset(): Promise<void> {
    if (this.#failure || this.#lite.closed) return;
    const answer = await this.send(RESET).catch(() => undefined);
    if (answer && !endsIdle(answer))
      this.#fail('the embedded database did not roll back and needs a restart');
  }

  /** Shaped like the error of a socket, so that Prisma reports it as a database out of reach. */
  #fail(text: string, cause?: unknown): Error {
    const error = new Error(text, { cause });
    this.#failure = Object.assign(error, { code: 'ECONNREFUSED', errno: -111, syscall: 'connect' });
    return error;
  }
}

/** Encodes one message of the PostgreSQL wire protocol. */
function message(type: string, body = ''): Buffer {
  const text = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** Whether an answer ends with ReadyForQuery (`Z 00 00 00 05 <I|T|E>`) outside of any transaction. */
function endsIdle(answer: Buffer): boolean {
  return answer.at(-6) === READY && answer.at(-1) === IDLE;
}
