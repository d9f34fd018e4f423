/**
 * Keeps what was read of accounts and credentials until any of it changes, so that whoever asks again costs no statement.
 * Coherent: a change by this process counts before it is answered, and one by another within a second, or nothing is kept.
 */
import { LRUCache } from 'lru-cache';
import type { Changes } from './db/changes.ts';
import { minute } from './durations.ts';

export interface ReadCache {
  /**
   * What is kept under the key, or what `load` reads, which is kept from then on, unless it is null or changed meanwhile.
   * Everybody gets the same object: nobody may change it.
   * @param restsOn the ids of everything in it, a change of any of which makes it another
   */
  read<Value extends object>(
    key: string,
    load: () => Promise<Value | null>,
    restsOn: (value: Value) => Iterable<string | null | undefined>,
  ): Promise<Value | null>;
}

interface Entry {
  readonly value: object;
  readonly ids: readonly string[];
  readonly size: number;
}

/** What changed since a load began. */
interface Load {
  readonly changed: Set<string>;
  isAnyChanged: boolean;
}

/** Nothing is kept longer: also what a server should have been told of, and was not, ends. */
const longest = 10 * minute;
/** What an entry costs besides its value, in bytes: about. */
const overhead = 500;

/** @param maxBytes how much is kept, about; 0 keeps nothing */
export function createReadCache(changes: Changes, maxBytes: number): ReadCache {
  if (maxBytes === 0) return { read: (_key, load) => load() };
  const keysOf = new Map<string, Set<string>>();
  const loads = new Set<Load>();
  const entries = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    sizeCalculation: ({ size }) => size,
    ttl: longest,
    dispose: ({ ids }, key) => {
      for (const id of ids) forgetKey(id, key);
    },
  });

  function forgetKey(id: string, key: string): void {
    const keys = keysOf.get(id);
    keys?.delete(key);
    if (keys?.size === 0) keysOf.delete(id);
  }

  function keep(key: string, value: object, ids: readonly string[]): void {
    const size = overhead + key.length + 2 * JSON.stringify(value).length;
    if (size > maxBytes / 10) return;
    entries.set(key, { value, ids, size });
    for (const id of ids) keysOf.set(id, (keysOf.get(id) ?? new Set()).add(key));
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
    async read(key, load, restsOn) {
      if (!changes.isCurrent()) return load();
      const kept = entries.get(key);
      if (kept !== undefined) return kept.value as never;
      const begun: Load = { changed: new Set(), isAnyChanged: false };
      loads.add(begun);
      try {
        const value = await load();
        if (value === null || begun.isAnyChanged) return value;
        const ids = [...new Set(restsOn(value))].filter((id) => id != null);
        if (!ids.some((id) => begun.changed.has(id))) keep(key, value, ids);
        return value;
      } finally {
        loads.delete(begun);
      }
    },
  };
}
