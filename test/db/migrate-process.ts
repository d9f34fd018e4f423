// Applies the migrations of a directory to a server and prints the names of those that it applied.
import { migrate } from '../../src/db/migrate.ts';
import { createPostgresPool } from '../../src/db/postgres.ts';

const [url = '', directory = ''] = process.argv.slice(2);
const pool = createPostgresPool(url);
process.stdout.write('started\n');
const names = await migrate(pool, directory);
await pool.end();
process.stdout.write(`applied ${JSON.stringify(names)}\n`);
