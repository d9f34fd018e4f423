/** Tells the time of a CPU profile apart by the part of the product that it was spent in, or for. */
import { categoryOf } from './profile-categories.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** As V8 writes it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export type Shares = Readonly<Record<string, number>>;

export interface TimedFunction {
  readonly name: string;
  readonly place: string;
  readonly category: string;
  readonly share: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly requests: number;
}

/** A node with what it took itself, and whose work it is. */
interface Timed {
  readonly node: ProfileNode;
  readonly category: string | null;
  self: number;
}

const idle = ['(idle)', '(program)', '(root)'];

export function shareTime(profile: CpuProfile, span: Span) {
  const timed = assign(profile);
  addSelfTimes(profile, span, timed);
  const byCategory = new Map<string, number>();
  const byFunction = new Map<string, { one: TimedFunction; time: number }>();
  const below = new Map<number, Map<string, number>>();
  for (const one of timed.values()) {
    if (one.self === 0 || idle.includes(one.node.callFrame.functionName)) continue;
    const parts = one.category === null ? partsBelow(one.node, timed, below) : new Map([[one.category, 1]]);
    for (const [category, part] of parts) add(byCategory, category, one.self * part);
    note(byFunction, one, [...parts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'other');
  }
  const total = [...byCategory.values()].reduce((sum, time) => sum + time, 0);
  const functions = [...byFunction.values()].sort((a, b) => b.time - a.time);
  return {
    shares: Object.fromEntries([...byCategory].map(([name, time]) => [name, time / total])),
    functions: functions.map(({ one, time }) => ({ ...one, share: time / total })),
    busy: total / span.requests,
  };
}

/** Parts that are asked for as a whole, with all that they call: their statements in Prisma, for example. */
const whole = new Set(['audit', 'limits', 'logs']);

/** Who a frame works for: itself, where it is of a known part; else the nearest caller that is. */
function assign({ nodes }: CpuProfile): Map<number, Timed> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const timed = new Map<number, Timed>();
  const visit = (node: ProfileNode, inherited: string | null) => {
    const stack: [ProfileNode, string | null][] = [[node, inherited]];
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      const [one, from] = item;
      const own = categoryOf(one.callFrame);
      const category =
        from !== null && whole.has(from) && own !== 'garbage collection' ? from : (own ?? from);
      timed.set(one.id, { node: one, category, self: 0 });
      for (const id of one.children ?? []) {
        const child = byId.get(id);
        if (child) stack.push([child, category]);
      }
    }
  };
  if (nodes[0]) visit(nodes[0], null);
  return timed;
}

function addSelfTimes(
  { samples, timeDeltas, startTime }: CpuProfile,
  { from, to }: Span,
  timed: Map<number, Timed>,
) {
  let at = startTime;
  samples.forEach((id, index) => {
    at += timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    const one = timed.get(id);
    if (one && at >= from && at <= to) one.self += Math.max(0, timeDeltas[index + 1] ?? 0);
  });
}

/** What nobody known called, such as the reading of a socket, is shared by those that it called. */
function partsBelow(node: ProfileNode, timed: Map<number, Timed>, known: Map<number, Map<string, number>>) {
  const sums = sumBelow(node, timed, known);
  const total = [...sums.values()].reduce((sum, time) => sum + time, 0);
  if (total === 0) return new Map([['HTTP and sockets', 1]]);
  return new Map([...sums].map(([category, time]) => [category, time / total]));
}

function sumBelow(node: ProfileNode, timed: Map<number, Timed>, known: Map<number, Map<string, number>>) {
  const found = known.get(node.id);
  if (found) return found;
  const sums = new Map<string, number>();
  known.set(node.id, sums);
  for (const id of node.children ?? []) {
    const child = timed.get(id);
    if (!child || child.category === 'garbage collection') continue;
    if (child.category !== null) add(sums, child.category, child.self);
    for (const [category, time] of sumBelow(child.node, timed, known)) add(sums, category, time);
  }
  return sums;
}

function add(sums: Map<string, number>, key: string, time: number): void {
  sums.set(key, (sums.get(key) ?? 0) + time);
}

function note(
  byFunction: Map<string, { one: TimedFunction; time: number }>,
  { node, self }: Timed,
  category: string,
) {
  const { functionName, url, lineNumber } = node.callFrame;
  const name = functionName || '(anonymous)';
  const place = url === '' ? '' : `${url.replace(/^.*\/(node_modules|dist)\//, '')}:${lineNumber + 1}`;
  const key = `${name} ${place} ${category}`;
  const entry = byFunction.get(key) ?? { one: { name, place, category, share: 0 }, time: 0 };
  entry.time += self;
  byFunction.set(key, entry);
}
