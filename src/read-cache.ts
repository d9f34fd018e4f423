/**
 * Keeps what was read of accounts and credentials, and what was made of nothing else, until any of it changes, so that whoever
 * asks again costs no statement. Coherent: a change by this process counts before it is answered, and one by another within a
 * second, or nothing is kept.
 */
import { LRUCache } from 'lru-cache';
import type { Context } from './context.ts';
import type { Changes } from './db/changes.ts';
import { minute } from './durations.ts';

/** What a value rests on: it is another when any of this is. */
export interface Grounds {
  /** Of everything in it. */
  readonly ids: Iterable<string | null | undefined>;
  /** When it is over by itself, on the clock of requests; absent where it is never. */
  readonly until?: Date | undefined;
}

/** A value, and what it rests on: null where it was not kept, so that nothing made of it may be. */
export interface Found<Value> {
  readonly value: Value;
  readonly grounds: Grounds | null;
}

export interface ReadCache {
  /** How much is kept, about, in bytes. */
  readonly size: number;
  /**
   * What is kept under the key, or what `load` reads, which is kept from then on, unless it is null or changed meanwhile.
   * Everybody gets the same object: nobody may change it.
   * @param load is given the context to read by, where that is another than its own
   * @param groundsOf what it rests on; null for what must not be kept
   */
  find<Value>(
    key: string,
    load: (within?: Context) => Promise<Value>,
    groundsOf: (value: NonNullable<Value>) => Grounds | null,
  ): Promise<Found<Value>>;
}

interface Entry {
  readonly found: Found<unknown>;
  readonly ids: readonly string[];
  readonly until: number;
  readonly size: number;
}

/** What changed since a load began. */
interface Load {
  readonly changed: Set<string>;
  isAnyChanged: boolean;
}

/** Nothing is kept longer: also what a server should have been told of, and was not, ends. */
const longest = 10 * minute;
/** Nothing larger is kept, in bytes. */
const largest = 256 * 1024;
/** What an entry costs besides its key and its value, in bytes: about. */
const overhead = 500;
/** What each id costs that it rests on: some rest on hundreds, and are small themselves. */
const overheadOfId = 200;

const keepNothing: ReadCache = {
  size: 0,
  find: async (_key, load) => ({ value: await load(), grounds: null }),
};

/** @param maxBytes how much is kept, about; 0 keeps nothing */
export function createReadCache(
  changes: Changes,
  { maxBytes, now }: { maxBytes: number; now: () => Date },
): ReadCache {
  if (maxBytes === 0) return keepNothing;
  const keysOf = new Map<string, Set<string>>();
  const loads = new Set<Load>();
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: ({ size }) => size,
    dispose: ({ ids }, key) => {
      for (const id of ids) forgetKey(id, key);
    },
  });

  function forgetKey(id: string, key: string): void {
    const keys = keysOf.get(id);
    keys?.delete(key);
    if (keys?.size === 0) keysOf.delete(id);
  }

  function keep<Value>(key: string, value: Value, { ids: named, until }: Grounds, begun: Load): Found<Value> {
    const ids = [...new Set(named)].filter((id) => id != null);
    const size = overhead + overheadOfId * ids.length + 2 * (key.length + JSON.stringify(value).length);
    const isChanged = begun.isAnyChanged || ids.some((id) => begun.changed.has(id));
    // What rests on nothing cost nothing to read.
    if (isChanged || ids.length === 0 || size > Math.min(largest, maxBytes / 10))
      return { value, grounds: null };
    const end = Math.min(until?.getTime() ?? Infinity, now().getTime() + longest);
    const found = { value, grounds: { ids, until: new Date(end) } }; // what is made of it ends with it
    entries.set(key, { found, ids, until: end, size });
    for (const id of ids) keysOf.set(id, (keysOf.get(id) ?? new Set()).add(key));
    return found;
  }

  changes.listen((ids) => {
    if (ids === '*') entries.clear();
    else for (const id of ids) for (const key of [...(keysOf.get(id) ?? [])]) entries.delete(key);
    for (const load of loads) {
      if (ids === '*') load.isAnyChanged = true;
      else for (const id of ids) load.changed.add(id);
    }
  });

  return {
    get size() {
      return entries.calculatedSize;
    },
    async find<Value>(
      key: string,
      load: () => Promise<Value>,
      groundsOf: (value: NonNullable<Value>) => Grounds | null,
    ): Promise<Found<Value>> {
      if (!changes.isCurrent()) return { value: await load(), grounds: null };
      const kept = entries.get(key);
      if (kept !== undefined && now().getTime() < kept.until) return kept.found as Found<Value>;
      const begun: Load = { changed: new Set(), isAnyChanged: false };
      loads.add(begun);
      try {
        const value = await load();
        const grounds = value == null ? null : groundsOf(value);
        return grounds === null ? { value, grounds } : keep(key, value, grounds, begun);
      } finally {
        loads.delete(begun);
      }
    },
  };
}
