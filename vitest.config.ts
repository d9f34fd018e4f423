import { defineConfig } from 'vitest/config';
import { shared } from './test/setup/vitest-options.ts';

/** The default lane, on the embedded database; on a server when TEST_DATABASE_URL names one. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    globalSetup: process.env.TEST_DATABASE_URL ? ['test/setup/global-postgres.ts'] : [],
  },
});
