import { openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { databaseOptionsOf } from '../main.ts';
import { readConfig } from './environment.ts';

export async function runMigrate(): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config.databaseUrl, databaseOptionsOf(config)); // migrates an embedded one
  try {
    const names = await migrate(database.pool);
    const lines = names.length > 0 ? names.map((name) => `applied ${name}`) : ['The database is up to date.'];
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await database.close();
  }
}
