/** Whether all give the same answer: byte for byte, and for peers of another shape what it says. */
import { deepStrictEqual } from 'node:assert/strict';
import type { BenchAccount, Call, Peer, Running, WorkName } from './peer.ts';
import { decodeId } from './peers/shared/ids.mjs';

/** What an answer of the product says, without the shape of its graph: ids are UUIDs, and connections are lists. */
export function plainAnswer(work: WorkName, body: string): unknown {
  const answer: unknown = JSON.parse(body);
  const data = (answer as { data?: Record<string, unknown> }).data;
  return plain(data === undefined ? answer : data[work]);
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'string') return /^(user|org)_[0-9a-z]{26}$/.test(value) ? decodeId(value) : value;
  if (value === null || typeof value !== 'object') return value;
  if ('nodes' in value) return plain(value.nodes);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

export interface Answering {
  readonly peer: Peer;
  readonly running: Running;
}

/** @throws where a peer answers anything else than the first one */
export async function compareAnswers(
  work: WorkName,
  [reference, ...others]: readonly Answering[],
  accounts: readonly BenchAccount[],
): Promise<void> {
  for (const account of accounts) {
    const expected = reference && (await ask(reference, work, account));
    if (reference === undefined || expected === undefined) return;
    for (const other of others) {
      const given = await ask(other, work, account);
      requireSame({ work, reference: reference.peer, peer: other.peer, expected, given });
    }
  }
}

async function ask({ peer, running }: Answering, work: WorkName, account: BenchAccount): Promise<string> {
  const { method, path, headers, body }: Call = peer.call({ name: work }, account);
  const response = await fetch(running.url + path, { method, headers, ...(body !== undefined && { body }) });
  const text = await response.text();
  if (!response.ok || text.includes('"errors":'))
    throw new Error(`${peer.name} does not do ${work}: ${response.status} ${text.slice(0, 1000)}`);
  return settled(text.trimEnd()); // Apollo Server ends its answers with a line feed
}

interface Comparison {
  readonly work: WorkName;
  readonly reference: Peer;
  readonly peer: Peer;
  readonly expected: string;
  readonly given: string;
}

function requireSame({ work, reference, peer, expected, given }: Comparison): void {
  const said = `${peer.name} answers another thing to ${work} than ${reference.name}`;
  if (peer.normalize === undefined || peer.normalize === reference.normalize) {
    if (given !== expected) throw new Error(`${said}:\n${given}\n${expected}`);
    return;
  }
  deepStrictEqual(
    peer.normalize({ name: work }, given),
    reference.normalize?.({ name: work }, expected),
    said,
  );
}

/** Each change makes another version of the account: which one is no part of what must be the same. */
const settled = (answer: string) => answer.replace(/"version":\d+/, '"version":0');
