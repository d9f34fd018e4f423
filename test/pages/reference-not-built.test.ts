import { expect, it, vi } from 'vitest';
import { findAssets, read } from './ask.ts';

vi.mock('node:fs/promises', () => ({
  readFile: async () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  },
}));

it('an API reference that was not built says so, and the other pages work', async () => {
  const response = await read('/reference');
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('npm run build');
  for (const file of await findAssets('/graphql')) expect((await read(file)).status, file).toBe(200);
  expect((await read('/assets/aaaaaaaaaaaaaaaa/scalar.js')).status).toBe(404);
});
