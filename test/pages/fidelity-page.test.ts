import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false, env: { REST_MOUNTS: 'bird=off' } });
});
afterAll(() => app.close());

test('the page tells of every answer of the mounted dialects how it is known, and of no other dialect', async () => {
  const response = await app.fetch('/fidelity');
  const text = await response.text();
  expect(response.status).toBe(200);
  expect(text).toContain('<code>DELETE /api/v1/users/{user_id}</code>');
  expect(text).toMatch(/<td>204<\/td><td class="documented">documented<\/td>/);
  expect(text).toContain('<code>Retry-After</code>');
  expect(text).not.toContain('/me/sessions');
});

test('the page loads nothing from elsewhere and runs no script', async () => {
  const { headers } = await app.fetch('/fidelity');
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  expect(headers.get('content-security-policy')).not.toContain('script-src');
});

test('the page is only for reading', async () => {
  const response = await app.fetch('/fidelity', { method: 'POST' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, HEAD');
});
