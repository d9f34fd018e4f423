/** Bodies within the limit of the server that were made to break it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let token: string | null;
beforeAll(async () => {
  app = await openTestApp();
  ({ token } = await app.as('ada'));
});
afterAll(() => app.close());

const update = (body: string) =>
  app.call('PATCH', '/users/me', { token, body, headers: { 'content-type': 'application/json' } });

test('metadata with 250,000 members is too long, not an error of ours', async () => {
  const { status, body } = await update(`{"metadata":{"a":[${'0,'.repeat(250_000)}0]}}`);
  expect([status, body.detail[0].loc]).toEqual([422, ['body', 'metadata']]);
});

test('metadata that nests 100,000 levels is too deep, not an error of ours', async () => {
  const { status, body } = await update(`{"metadata":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`);
  expect([status, body.detail[0].loc]).toEqual([422, ['body', 'metadata']]);
});

test('metadata keeps every key that it was sent, or is refused: none is lost in silence', async () => {
  const kept = await update('{"metadata":{"constructor":{"polluted":true}}}');
  expect(kept.text).toContain('"metadata":{"constructor":{"polluted":true}}');
  const refused = await update('{"metadata":{"other":1,"__proto__":{"polluted":true}}}');
  expect([refused.status, refused.body.detail[0].loc]).toEqual([422, ['body', 'metadata']]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('metadata that is no object is a problem of its own', async () => {
  for (const metadata of ['[]', '"text"', '1', 'true']) {
    const { status, body } = await update(`{"metadata":${metadata}}`);
    expect([status, body.detail[0].type]).toEqual([422, 'dict_type']);
  }
});
