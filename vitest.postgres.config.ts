import { defineConfig } from 'vitest/config';
import { shared } from './test/setup/vitest-options.ts';

/**
 * What compares surfaces, actors and credentials with each other asks the same SQL here as on the embedded database, which
 * is PostgreSQL, too; and what starts processes has databases of its own. They take two thirds of the time, so they run
 * here when TEST_EVERYTHING is set.
 */
const once = [
  'test/policy/{privacy,credential-kinds}.test.ts',
  'test/rest/{parity,generated,documents}.test.ts',
  'test/process/{start,stop,npm-start,cli-keys,cli-token}.test.ts',
  'test/auth/timing.test.ts',
  'test/docs/{readme,credentials,security,data,fidelity}.test.ts',
  'test/pages/**',
];

/** The same tests on a PostgreSQL server: that of TEST_DATABASE_URL, or a private one. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    exclude: [...(shared.test.exclude ?? []), ...(process.env.TEST_EVERYTHING ? [] : once)],
    globalSetup: ['test/setup/global-postgres.ts'],
  },
});
