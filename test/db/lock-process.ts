// Locks a directory, says how that went, and keeps it until it is ended.
import { lockDirectory } from '../../src/db/directory-lock.ts';

const [directory = ''] = process.argv.slice(2);
try {
  const lock = await lockDirectory(directory);
  process.on('SIGTERM', () => process.exit(0)); // a normal exit, without release
  process.on('SIGUSR2', () => {
    lock.release();
    process.stdout.write('released\n');
  });
  setInterval(() => {}, 1_000);
  process.stdout.write('holds\n');
} catch (error) {
  process.stdout.write(`refused ${JSON.stringify(String(error))}\n`);
}
