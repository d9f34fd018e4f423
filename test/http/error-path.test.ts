import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

test('an error of a field names the field by its alias, and where it stands', async () => {
  const { data, errors } = await app.anonymous.send(`{
    viewer { credential { kind } }
    one: node(id: "nonsense") { id }
    two: user(by: { username: "ada" }) { id }
  }`);
  expect(errors.map(({ path, extensions }) => [path, extensions.code])).toEqual([
    [['one'], 'INVALID_ID'],
    [['two'], 'UNAUTHENTICATED'],
  ]);
  expect(data).toMatchObject({ one: null, two: null, viewer: { credential: { kind: 'ANONYMOUS' } } });
  for (const error of errors) expect(error).toHaveProperty('locations');
});

test('a form is refused, with what to send instead', async () => {
  const response = await app.fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '{"query":"{ me { id } }"}',
  });
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({
    errors: [
      { message: 'Send the request as application/json.', extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
    ],
  });
});

test('an account is found by the uuid that the log shows', async () => {
  const ada = await app.as('ada');
  const { me } = (await ada.run('{ me { id uuid } }')) as { me: { id: string; uuid: string } };
  const found = await ada.run('query ($uuid: UUID!) { user(by: { uuid: $uuid }) { id } }', { uuid: me.uuid });
  expect(found).toEqual({ user: { id: me.id } });
});
