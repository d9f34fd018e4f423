import type { ViteUserConfig } from 'vitest/config';

/** What the configurations of all three lanes have in common. */
export const shared: ViteUserConfig & { test: NonNullable<ViteUserConfig['test']> } = {
  // Vitest would load graphql once as a module and once as CommonJS, and types of one are no types of the other.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
  },
};
