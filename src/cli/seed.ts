import { openDatabase } from '../db/database.ts';
import { DatabaseStateError } from '../db/errors.ts';
import { assertMigrated } from '../db/migrate.ts';
import { hasDemoAccounts, seedDemoAccounts } from '../demo/seed.ts';
import { databaseOptionsOf } from '../main.ts';
import { readConfig } from './environment.ts';
import { renderAccounts } from './welcome.ts';

export async function runSeed({ yes = false }: { yes?: boolean }): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config.databaseUrl, databaseOptionsOf(config));
  try {
    if (database.kind === 'postgresql' && !yes) {
      throw new DatabaseStateError(
        `This adds accounts with public passwords, one of them a superuser, to ${database.description}.\n` +
          'Nobody else may be able to reach it. If so, run `usergraph seed --yes`.',
      );
    }
    await assertMigrated(database.pool);
    if (await hasDemoAccounts(database)) {
      process.stdout.write('The demo accounts are there already.\n');
      return;
    }
    const accounts = await seedDemoAccounts(database).catch((error: unknown) => {
      throw explainTaken(error);
    });
    process.stdout.write(renderAccounts(accounts));
  } finally {
    await database.close();
  }
}

function explainTaken(error: unknown): unknown {
  if ((error as { code?: unknown }).code !== 'P2002') return error;
  return new DatabaseStateError(
    'The database has accounts with names of the demo. Nothing was added; use an empty database.',
    { cause: error },
  );
}
