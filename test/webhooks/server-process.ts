/**
 * A process that works in the background on a database of its own or a shared one. Its clock may be ahead, so that a test
 * need not wait for what another process left behind.
 */
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/db/database.ts';
import { createLog } from '../../src/log.ts';
import { databaseOptionsOf } from '../../src/main.ts';
import { testSecret } from '../setup/app.ts';

const [url = '', ahead = '0'] = process.argv.slice(2);
const config = loadConfig({
  DATABASE_URL: url,
  USERGRAPH_SECRET: testSecret,
  WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1',
  LOG_LEVEL: 'warn',
});
const database = await openDatabase(url, databaseOptionsOf(config));
const now = () => new Date(Date.now() + Number(ahead));
const app = createApp({ database, config, log: createLog(config), now });
await app.startWork();
process.on('SIGTERM', async () => {
  await app.close();
  await database.close();
  process.exit(0);
});
process.stdout.write('working\n');
