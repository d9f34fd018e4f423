/** A subscription as a client has it: over a real socket, one event after the other. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Payload {
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect
  readonly data?: any;
  readonly errors?: readonly { message: string; extensions: { code: string } }[];
}

export interface Subscription {
  readonly status: number;
  readonly headers: Headers;
  /** All that came so far, as it came. */
  readonly text: string;
  /** The next payload; `complete` when the stream ends properly, `cut` when it does not. */
  next(ms?: number): Promise<Payload | 'complete' | 'cut'>;
  /** All that comes within this time. */
  rest(ms: number): Promise<(Payload | 'complete' | 'cut')[]>;
  /** Fails when anything comes within this time. */
  silence(ms: number): Promise<void>;
  /** Goes away, as a client does that closes its page. */
  abort(): void;
}

export interface Wanted {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly token?: string | null | undefined;
  readonly headers?: Record<string, string>;
}

/** Asks for a stream; whatever is answered instead is there as its status and text. */
export async function subscribe(
  url: string,
  { query, variables, token, headers }: Wanted,
): Promise<Subscription> {
  const aborting = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token != null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
    signal: aborting.signal,
  });
  const state = { text: '', isOver: false, isCut: false };
  let position = 0;
  const reading = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? [])
        state.text += decoder.decode(chunk as Uint8Array, { stream: true });
    } catch {
      state.isCut = true;
    }
    state.isOver = true;
  })();
  void reading;

  /** The event after those that were read; pings are passed over. */
  function take(): Payload | 'complete' | 'cut' | undefined {
    for (;;) {
      const end = state.text.indexOf('\n\n', position);
      if (end < 0) return state.isOver ? 'cut' : undefined;
      const lines = state.text.slice(position, end).split('\n');
      position = end + 2;
      const [event, data] = ['event: ', 'data: '].map((name) =>
        lines.find((line) => line.startsWith(name))?.slice(name.length),
      );
      if (event === 'complete') return 'complete';
      if (event === 'next') return JSON.parse(data ?? '');
    }
  }

  async function next(ms = 5_000) {
    for (const until = Date.now() + ms; Date.now() < until; await sleep(5)) {
      const taken = take();
      if (taken !== undefined) return taken;
    }
    throw new Error(`nothing came within ${ms} ms after\n${state.text}`);
  }

  return {
    status: response.status,
    headers: response.headers,
    get text() {
      return state.text;
    },
    next,
    async rest(ms) {
      await sleep(ms);
      const came: (Payload | 'complete' | 'cut')[] = [];
      for (let one = take(); one !== undefined; one = one === 'cut' ? undefined : take()) came.push(one);
      return came;
    },
    async silence(ms) {
      await sleep(ms);
      const taken = take();
      if (taken !== undefined) throw new Error(`${JSON.stringify(taken)} came, where nothing was to come`);
    },
    abort: () => aborting.abort(),
  };
}

/** The code of the error that a stream ended with. */
export const codeOf = (payload: Payload | 'complete' | 'cut') =>
  typeof payload === 'string' ? payload : payload.errors?.[0]?.extensions.code;

/** Waits until something holds. */
export async function eventually(holds: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  for (const until = Date.now() + ms; !(await holds()); await sleep(10)) {
    if (Date.now() > until) throw new Error(`did not hold within ${ms} ms: ${holds}`);
  }
}
