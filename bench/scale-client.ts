/** Latencies as a client on one machine with the server sees them. */
import { Agent, request } from 'node:http';

export interface Ask {
  readonly path: string;
  readonly token: string;
  readonly body?: string;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Sends one request and answers its text. @throws for anything but a whole answer */
export function send(base: string, { path, token, body }: Ask): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = request(new URL(path, base), { agent, method: body ? 'POST' : 'GET', headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => {
        if (answer.statusCode === 200 && !text.includes('"errors"')) resolve(text);
        else reject(new Error(`${path} ${body ?? ''}: ${answer.statusCode} ${text.slice(0, 500)}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function time(base: string, ask: Ask): Promise<number> {
  const started = performance.now();
  await send(base, ask);
  return performance.now() - started;
}

/** What is very slow is asked for less often, but often enough for its slowest to be told. */
const patience = { milliseconds: 20_000, atLeast: 20 };

/** Asks for two things in turns, so that both meet the same machine, over so many connections. */
export async function alternate(
  base: string,
  pair: readonly [Ask, Ask],
  { requests, connections }: { requests: number; connections: number },
): Promise<[Latency, Latency]> {
  const times: [number[], number[]] = [[], []];
  const started = performance.now();
  const isPatient = () => performance.now() - started < patience.milliseconds;
  let count = 0;
  const work = async (flip: number) => {
    while (count < requests && (count < patience.atLeast || isPatient())) {
      count += 1;
      for (const side of flip ? ([1, 0] as const) : ([0, 1] as const)) {
        times[side].push(await time(base, pair[side]));
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => work(index % 2)));
  return [latencyOf(times[0]), latencyOf(times[1])];
}

function latencyOf(times: number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
