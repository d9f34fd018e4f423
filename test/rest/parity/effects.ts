/** What an operation did to the database, in a form in which two operations can be compared. */
import type { Database } from '../../../src/db/database.ts';
import { createFingerprint, readEverything } from '../../policy/database-text.ts';
import { saveWorld } from './saved-world.ts';

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const moment = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g;
const secret = /\\{1,2}x[0-9a-f]{64}|\$argon2id[^"]*|ug_(ses|tok)_\w+/g;

export type Effects = Awaited<ReturnType<typeof watchEffects>>;

/** Watches a database whose world is complete. */
export async function watchEffects(database: Database) {
  const restore = await saveWorld(database);
  const fingerprint = await createFingerprint(database);
  const read = async () => (await readEverything(database)).map(({ table, text }) => `${table} ${text}`);
  const started = Date.now();
  const rows = new Set(await read());
  const { digest } = await fingerprint();
  const world = [...rows].join('\n');
  const keep = (name: string) => (text: string) => (world.includes(text) ? text : name);

  /** A text in which what is made anew each time, ids, secrets and times, says only that it is new. */
  const settle = (text: string) =>
    text
      .replace(uuid, keep('new id'))
      .replace(secret, keep('new secret'))
      .replace(moment, (time) => (Date.parse(time) < started ? time : 'now'))
      .replace(/"sequence": ?\d+/, '"sequence": 0');

  return {
    settle,
    restore,
    isUnchanged: async () => (await fingerprint()).digest === digest,

    /** The rows that are gone and those that have come since the world was made, which is there again afterwards. */
    async take(): Promise<readonly string[]> {
      if ((await fingerprint()).digest === digest) return [];
      const after = new Set(await read());
      const gone = [...rows].filter((row) => !after.has(row)).map((row) => `- ${settle(row)}`);
      const come = [...after].filter((row) => !rows.has(row)).map((row) => `+ ${settle(row)}`);
      await restore();
      return [...gone, ...come].sort();
    },
  };
}
