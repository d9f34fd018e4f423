import { defineConfig } from 'vitest/config';
import { shared } from './test/setup/vitest-options.ts';

/** The tests in a real browser. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/browser/**/*.test.ts'],
    exclude: [],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
