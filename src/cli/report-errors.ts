import { ConfigError } from '../config.ts';
import { DatabaseStateError } from '../db/errors.ts';
import { DomainError, InvalidInputError } from '../errors.ts';
import { ListenError } from '../server.ts';
import { UsageError } from './usage-error.ts';

/** Failures that the operator can mend; their messages say how, so a stack would only hide them. */
const EXPECTED = [ConfigError, DatabaseStateError, DomainError, ListenError, UsageError];

/** Runs a command; a failure is printed to standard error and exits with 1. */
export function reportErrors<Options>(run: (options: Options) => Promise<void>) {
  return async (options: Options): Promise<void> => {
    try {
      await run(options);
    } catch (error) {
      process.stderr.write(`${describe(error)}\n`);
      process.exitCode = 1;
    }
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof InvalidInputError)
    return error.problems.map(({ path, message }) => `${path.slice(1).join('.')}: ${message}`).join('\n');
  return EXPECTED.some((type) => error instanceof type) ? error.message : (error.stack ?? error.message);
}
