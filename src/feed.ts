/** Tells those who wait for it what was committed, in all processes. */
import type { Notifications } from './db/notifications.ts';
import type { ToldEvent } from './domain/audit.ts';

/** The type of an event that says: some may have been missed, look again. */
export const resync = 'resync';

export type FeedListener = (event: ToldEvent) => void;

export interface Feed {
  /** Passes on what this process has committed. */
  tell(events: readonly ToldEvent[]): void;
  /**
   * Calls back for each event about one of the subjects that is committed anywhere, until the answer is called. Once it
   * has resolved, nothing that is committed is missed without a `resync`.
   */
  listen(subjectIds: Iterable<string>, listener: FeedListener): Promise<() => void>;
  /** How many listen. */
  readonly size: number;
  close(): void;
}

/** @param notifications null where there is no process but this one, which knows what it has committed */
export function createFeed(notifications: Notifications | null): Feed {
  const bySubject = new Map<string, Set<FeedListener>>();
  const all = new Set<FeedListener>();

  const pass = (event: ToldEvent): void => {
    for (const listener of bySubject.get(event.subjectId) ?? []) listener(event);
  };

  notifications?.hear({
    event: (payload) => {
      const [subjectId = '', type = ''] = payload.split(' ');
      pass({ subjectId, type });
    },
    begin: (isFirst) => {
      if (isFirst) return;
      for (const listener of all) listener({ subjectId: '', type: resync });
    },
  });

  return {
    tell(events) {
      // The database tells this process, too; while it cannot, at least what is done here is heard here.
      if (notifications?.isHearing) return;
      for (const event of events) pass(event);
    },
    async listen(subjectIds, listener) {
      const ids = [...new Set(subjectIds)];
      all.add(listener);
      for (const id of ids) bySubject.set(id, (bySubject.get(id) ?? new Set()).add(listener));
      await notifications?.ready();
      return () => {
        all.delete(listener);
        for (const id of ids) {
          const listeners = bySubject.get(id);
          listeners?.delete(listener);
          if (listeners?.size === 0) bySubject.delete(id);
        }
      };
    },
    get size() {
      return all.size;
    },
    close: () => {
      all.clear();
      bySubject.clear();
    },
  };
}
