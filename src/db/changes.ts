/** What changes in the database, by whomever, for those who keep what they have read of it. */
import type { Database } from './database.ts';
import type { Notifications } from './notifications.ts';
import { type ChangeListener, parseChange } from './own-changes.ts';

export interface Changes {
  /**
   * Whether all that was committed until a second ago was told to the listeners; and all of this process, whose writes are
   * told before they are answered. While it is not, nothing that was kept may be relied on.
   */
  isCurrent(): boolean;
  /** Calls back with the ids that a change concerns. */
  listen(listener: ChangeListener): void;
}

/** How long a change by another process may go unheard, in milliseconds. */
const staleness = 1_000;

/** @param notifications null where no other process has the database */
export function createChanges(
  { onOwnChange }: Pick<Database, 'onOwnChange'>,
  notifications: Notifications | null,
): Changes {
  const listeners = new Set<ChangeListener>();
  const tell: ChangeListener = (ids) => {
    for (const listener of listeners) listener(ids);
  };
  onOwnChange(tell);
  notifications?.hear({ change: (payload) => tell(parseChange(payload)), begin: () => tell('*') });
  return {
    isCurrent() {
      if (notifications === null) return true;
      notifications.keepUp();
      return performance.now() - notifications.heardUntil < staleness;
    },
    listen: (listener) => listeners.add(listener),
  };
}
