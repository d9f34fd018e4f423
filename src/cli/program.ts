import { Command } from 'commander';
import { version } from '../version.ts';
import { auditCommand } from './audit.ts';
import { runCreateAdmin } from './create-admin.ts';
import { keysCommand } from './keys.ts';
import { runMigrate } from './migrate.ts';
import { reportErrors } from './report-errors.ts';
import { runSeed } from './seed.ts';
import { runStart } from './start.ts';
import { tokenCommand } from './token.ts';

/** Every command, in the order in which the help shows them. */
export function createProgram(): Command {
  const program = new Command('usergraph')
    .description('One typed graph of user accounts. Settings come from the environment and from .env.')
    .version(version)
    .showHelpAfterError();

  program.command('start').description('serve the graph').action(reportErrors(runStart));

  program.command('migrate').description('bring the database up to date').action(reportErrors(runMigrate));

  program
    .command('create-admin')
    .description('make the superuser admin of a new database, with a random password')
    .action(reportErrors(runCreateAdmin));

  program
    .command('seed')
    .description('add the demo accounts, whose passwords are public')
    .option('--yes', 'do so on a database server, too')
    .action(reportErrors(runSeed));

  return program.addCommand(tokenCommand()).addCommand(keysCommand()).addCommand(auditCommand());
}
