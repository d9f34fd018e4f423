import { defineConfig } from 'vitest/config';
import { shared } from './test/setup/vitest-options.ts';

/** Far more generated requests than the default lane sends, and other ones every night; each failure tells how to repeat it. */
export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['test/rest/generated.test.ts'],
    env: {
      GENERATED_REQUESTS: process.env.GENERATED_REQUESTS ?? '20000',
      GENERATED_SEED: process.env.GENERATED_SEED ?? String(Date.now() % 2 ** 31),
    },
  },
});
