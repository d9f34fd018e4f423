import { LRUCache } from 'lru-cache';

/** Keeps what many clients send again, and never more than some megabytes: whatever anyone sends ends up here. */
export function createDocumentCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache({
    max: 500,
    maxSize: 1_000_000,
    maxEntrySize: 10_000,
    sizeCalculation: (_value, text) => text.length + 1,
  });
}
