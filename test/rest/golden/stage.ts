/** Where scenarios are played: an app of its own for each, so that counts start anew, on a database with the cast. */
import { createApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import type { Database } from '../../../src/db/database.ts';
import { createLog } from '../../../src/log.ts';
import { createSources } from '../../../src/sources.ts';
import { checkContract } from '../../setup/contract.ts';
import { openTestDatabase } from '../../setup/databases.ts';
import { type Cast, now, removeCast, writeCast } from './cast.ts';
import type { Ask, Scenario, Send } from './scenario.ts';

const sources = createSources({ now: () => now });
/** The same for all the apps: one finds the signing key that another made. */
const secret = 'a secret that only these tests use';

/** The tables of which each operation needs one. */
const needed = ['users', 'device_authorizations'];

export interface Stage {
  /** Plays a scenario. @returns what was asked, and what was answered */
  play(scenario: Scenario): Promise<{ asked: Ask; response: Response }>;
  close(): Promise<void>;
}

/** Two databases: one that works, and one that was closed once the cast was in it. */
export async function openStage(): Promise<Stage> {
  const whole = await openTestDatabase();
  const gone = await openTestDatabase();
  const lost = await writeCast(gone.database, sources);
  await gone.database.close();
  const rename = async (names: (table: string) => readonly [from: string, to: string]) => {
    for (const table of needed) {
      const [from, to] = names(table);
      await whole.database.pool.query(`ALTER TABLE ${from} RENAME TO ${to}`);
    }
  };
  return {
    async play(scenario) {
      if (scenario.database === 'gone') return perform(gone.database, lost, scenario);
      const cast = await writeCast(whole.database, sources);
      const breaks = scenario.database === 'broken';
      try {
        if (breaks) await rename((table) => [table, `mislaid_${table}`]);
        return await perform(whole.database, cast, scenario);
      } finally {
        if (breaks) await rename((table) => [`mislaid_${table}`, table]);
        await removeCast(whole.database);
      }
    },
    async close() {
      await whole.close();
      await gone.close();
    },
  };
}

async function perform(database: Database, cast: Cast, { env = {}, ask }: Scenario) {
  const config = loadConfig({ USERGRAPH_SECRET: secret, ...env });
  const log = createLog({ logLevel: 'silent', logFormat: 'json' });
  const app = createApp({ database, config, log, now: () => now });
  const send: Send = async ({ method, path, headers = {}, body }) => {
    const request = new Request(`http://usergraph.test${path}`, { method, headers, body: body ?? null });
    const response = await app.fetch(request, { remoteAddress: '192.0.2.200' });
    await checkContract(config.restMounts, request, response);
    return response;
  };
  try {
    const asked = await ask(cast, send);
    return { asked, response: await send(asked) };
  } finally {
    await app.close();
  }
}
