/** `usergraph keys …`: what this server signs access tokens with. */
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { listServerKeys, rotateServerKeys } from '../domain/server-keys.ts';
import { atConsole } from './console.ts';
import { reportErrors } from './report-errors.ts';
import { renderTable } from './welcome.ts';

async function list(context: Context, { json }: { json?: boolean }): Promise<void> {
  const keys = await listServerKeys(context);
  if (json) process.stdout.write(`${JSON.stringify(keys, null, 2)}\n`);
  else if (keys.length === 0) process.stdout.write('There are none: the first start makes one.\n');
  else
    process.stdout.write(
      renderTable([
        ['Key', 'Algorithm', 'Made', 'Use'],
        ...keys.map(({ keyId, algorithm, createdAt, verifiesUntil }) => [
          keyId,
          algorithm,
          createdAt.toISOString(),
          verifiesUntil === null ? 'signs' : `verifies until ${verifiesUntil.toISOString()}`,
        ]),
      ]),
    );
}

async function rotate(context: Context, { leaked = false }: { leaked?: boolean }): Promise<void> {
  const keyId = await rotateServerKeys(context, { isLeak: leaked });
  process.stdout.write(
    `The key ${keyId} signs from now on, for running servers within half a minute.\n${
      leaked
        ? 'What other keys signed stops working as soon. No session ends: their programs refresh their access tokens.\n'
        : 'The key before verifies for another hour.\n'
    }`,
  );
}

export function keysCommand(): Command {
  const keys = new Command('keys').description('list and rotate the keys that access tokens are signed with');
  keys
    .command('list')
    .description('list the keys that verify')
    .option('--json', 'print JSON')
    .action((options: object) => run((context) => list(context, options)));
  keys
    .command('rotate')
    .description('make a new key; the one before verifies for another hour')
    .option('--leaked', 'somebody may have the keys before: they verify nothing any more')
    .action((options: object) => run((context) => rotate(context, options)));
  return keys;
}

const run = (work: (context: Context) => Promise<void>) => reportErrors(() => atConsole(work))(undefined);
