import { defineConfig } from 'vitest/config';
import { shared } from './test/setup/vitest-options.ts';

/** The same tests on a PostgreSQL server: that of TEST_DATABASE_URL, or a private one. */
export default defineConfig({
  ...shared,
  test: { ...shared.test, globalSetup: ['test/setup/global-postgres.ts'] },
});
