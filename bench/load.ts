/**
 * The load generator. Written over sockets because it shares a core with PostgreSQL: a general HTTP client would cost more
 * than the servers that are near the limit. Each connection sends its next request when the answer to the last one is whole.
 */
import { connect, type Socket } from 'node:net';
import { percentile } from './measure.ts';
import type { Call } from './peer.ts';

export interface LoadOptions {
  readonly port: number;
  /** The next request, as bytes. */
  readonly next: () => Buffer;
  readonly connections: number;
  /** Until when it goes on: both of these are to be reached. */
  readonly seconds: number;
  readonly requests?: number;
  /** When it ends though there were fewer requests. */
  readonly atMost?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

export function bytesOf({ method, path, headers, body }: Call): Buffer {
  const lines = Object.entries({ host: '127.0.0.1', accept: 'application/json', ...headers });
  if (body !== undefined) lines.push(['content-length', String(Buffer.byteLength(body))]);
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body ?? ''}`);
}

/** @throws when any answer is not a 200, or has errors */
export async function load({
  port,
  next,
  connections,
  seconds,
  requests = 0,
  atMost = Number.POSITIVE_INFINITY,
}: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const began = performance.now();
  const isOver = () => {
    const past = (performance.now() - began) / 1000;
    return past >= atMost || (past >= seconds && latencies.length >= requests);
  };
  await Promise.all(Array.from({ length: connections }, () => converse(port, { next, latencies, isOver })));
  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: sorted.length,
    seconds: (performance.now() - began) / 1000,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}

interface Conversation {
  readonly next: () => Buffer;
  readonly latencies: number[];
  readonly isOver: () => boolean;
}

function converse(port: number, { next, latencies, isOver }: Conversation): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sent = 0;
    let received: Buffer | null = null;
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const send = () => {
      if (isOver()) {
        socket.end();
        return resolve();
      }
      sent = performance.now();
      socket.write(next());
    };
    socket.on('connect', send).on('error', fail);
    socket.on('close', () => reject(new Error('The server closed the connection.')));
    socket.on('data', (chunk: Buffer) => {
      const answer = received === null ? chunk : Buffer.concat([received, chunk]);
      received = answer;
      if (!isWhole(answer)) return;
      const problem = problemOf(answer);
      if (problem !== null) return fail(new Error(problem));
      received = null;
      latencies.push(performance.now() - sent);
      send();
    });
  });
}

function isWhole(answer: Buffer): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = answer.toString('latin1', 0, end);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length !== undefined) return answer.length >= end + 4 + Number(length);
  return answer.toString('latin1', answer.length - 5) === '0\r\n\r\n'; // chunked: the last chunk is the empty one
}

function problemOf(answer: Buffer): string | null {
  if (answer.toString('latin1', 9, 12) === '200' && !answer.includes('"errors":')) return null;
  return `A request failed: ${answer.toString('utf8').slice(0, 2000)}`;
}
