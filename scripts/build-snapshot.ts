import { buildSnapshot } from '../src/db/snapshot.ts';

process.stdout.write(await buildSnapshot());
