/**
 * What the sessions of this process change, heard before whoever changed it goes on. Triggers tell a session that asked for
 * it (`SET usergraph.tell = on`) the ids that its statements concern, as notices; they count when its connection goes back to
 * the pool: then the transaction is over.
 */
import type pg from 'pg';

/** The ids that a change concerns; `*` where it may be any. */
export type ChangedIds = readonly string[] | '*';
export type ChangeListener = (ids: ChangedIds) => void;

/** As the trigger function `tell_changes` has it. */
const told = 'UG001';

/** Makes a session tell, and be told, however few messages its role or its database is set up to send. */
export const tellChanges = 'SET usergraph.tell = on; SET client_min_messages = notice';

/** Passes on what is told on the connections of a pool. */
export function hearOwnChanges(pool: pg.Pool): (listener: ChangeListener) => void {
  const listeners = new Set<ChangeListener>();
  const pending = new WeakMap<pg.PoolClient, string[]>();
  pool.on('connect', (client) => {
    client.on('notice', ({ code, message }) => {
      if (code !== told || message === undefined) return;
      pending.set(client, [...(pending.get(client) ?? []), message]);
    });
  });
  pool.on('release', (_error, client) => {
    const messages = pending.get(client);
    if (messages === undefined) return;
    pending.delete(client);
    const ids = parseChange(messages.join(' '));
    for (const listener of listeners) listener(ids);
  });
  return (listener) => listeners.add(listener);
}

/** What `tell_changes` tells: ids with a space between, or `*`. */
export function parseChange(text: string): ChangedIds {
  const ids = text.split(' ');
  return ids.includes('*') ? '*' : [...new Set(ids)];
}
