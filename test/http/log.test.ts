import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { demoPassword } from '../../src/demo/people.ts';
import { openTestApp, signIn, type TestApp } from '../setup/app.ts';
import { post } from './post.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());
beforeEach(() => {
  app.logged.length = 0;
});

const lines = () => app.logged.map((line) => JSON.parse(line) as Record<string, unknown>);

it('has one line for each request, with the id that its answer carries', async () => {
  const answers = [
    await app.fetch('/graphql?query={__typename}'),
    await app.fetch('/nothing'),
    (await post(app, '{')) as { headers: Headers },
    (await post(app, { query: '{ __typename }' }, { authorization: 'Bearer x' })) as { headers: Headers },
  ];
  expect(lines().map(({ requestId }) => requestId)).toEqual(
    answers.map(({ headers }) => headers.get('x-request-id')),
  );
  expect(lines()).toMatchObject([
    { method: 'GET', path: '/graphql', status: 200, credential: 'ANONYMOUS' },
    { method: 'GET', path: '/nothing', status: 404 },
    { method: 'POST', path: '/graphql', status: 400 },
    { method: 'POST', path: '/graphql', status: 401 },
  ]);
});

it('says who asked, by id and kind of credential', async () => {
  const ada = await app.as('ada');
  const { createApiToken } =
    (await ada.run(`mutation { createApiToken(input: { name: "x", scopes: [PROFILE] }) {
    ... on CreateApiTokenSuccess { secret } } }`)) as { createApiToken: { secret: string } };
  await app.withToken(createApiToken.secret).run('{ __typename }');
  const { id } = await app.database.prisma.user.findUniqueOrThrow({ where: { username: 'ada' } });
  expect(lines().slice(-2)).toMatchObject([
    { credential: 'SESSION', actorId: id },
    { credential: 'API_TOKEN', actorId: id },
  ]);
});

it('never holds a password, a token, a variable, a query or an answer', async () => {
  const token = await signIn(app.anonymous, 'grace');
  const grace = app.withToken(token);
  await signIn(app.anonymous, 'grace', 'a wrong password').catch(() => {});
  await grace.run('mutation ($c: String) { updateMe(input: { company: $c }) { __typename } }', {
    c: 'Top Secret Inc',
  });
  await grace.run('mutation { updateMe(input: { avatarUrl: "javascript:secret" }) { __typename } }');
  const made =
    (await grace.run(`mutation { createApiToken(input: { name: "Hidden Name", scopes: [PROFILE] }) {
    ... on CreateApiTokenSuccess { secret } } }`)) as { createApiToken: { secret: string } };
  const admin = await app.as('admin');
  await admin.run(
    'mutation ($id: ID!, $p: String) { updateUser(id: $id, input: { password: $p }) { __typename } }',
    {
      id: await app.idOf('Grace Hopper'),
      p: 'a brand new password',
    },
  );
  await app.fetch(
    `/graphql?query=${encodeURIComponent('{ user(by: { email: "private@example.com" }) { id } }')}&access_token=leaked`,
  );
  await app.fetch('/nothing?token=leaked');
  await post(
    app,
    { query: '{ __typename }' },
    { authorization: `Bearer ${token}x`, cookie: 'session=leaked' },
  );
  const log = app.logged.join('');
  expect(lines().length).toBeGreaterThan(8);
  const secrets = [
    token,
    made.createApiToken.secret,
    demoPassword,
    'a wrong password',
    'a brand new password',
  ];
  const facts = [
    'Top Secret Inc',
    'javascript:secret',
    'Hidden Name',
    'private@example.com',
    'leaked',
    'argon2',
    'Grace',
  ];
  for (const text of [...secrets, ...secrets.map(encodeURIComponent), ...facts])
    expect(log).not.toContain(text);
});

it('has no line for health, which load balancers ask all the time', async () => {
  await app.fetch('/livez');
  await app.fetch('/readyz');
  expect(app.logged).toEqual([]);
});

it('keeps a line a line, whatever the path holds', async () => {
  await app.fetch('/a%0a{"level":60}%1b[31m');
  expect(app.logged).toHaveLength(1);
  expect(app.logged[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
});

it('repeats nothing of a path that may name a person', async () => {
  await app.fetch('/users/grace@example.com');
  await app.fetch('/api/v1/users/grace@example.com', { method: 'DELETE' });
  await app.fetch('/users/0190a1a0-0000-7000-8000-000000000000');
  expect(lines().map(({ path }) => path)).toEqual([
    '/users/{user_id}',
    '/api/v1/users/{user_id}',
    '/users/0190a1a0-0000-7000-8000-000000000000',
  ]);
});
