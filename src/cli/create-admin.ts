import { openDatabase } from '../db/database.ts';
import { assertMigrated } from '../db/migrate.ts';
import { createFirstAdmin } from '../domain/first-admin.ts';
import { databaseOptionsOf } from '../main.ts';
import { createSources } from '../sources.ts';
import { readConfig } from './environment.ts';

export async function runCreateAdmin(): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config.databaseUrl, databaseOptionsOf(config));
  try {
    await assertMigrated(database.pool);
    const password = await createFirstAdmin({ prisma: database.prisma, ...createSources() });
    if (password === null) process.stdout.write('The account admin is there already. Nothing was changed.\n');
    else
      process.stdout.write(
        `Created the superuser admin with the password ${password}\nIt is shown this once.\n`,
      );
  } finally {
    await database.close();
  }
}
