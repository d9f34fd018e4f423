import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demoPassword } from '../../src/demo/people.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { bearer, type Failure, post } from './post.ts';

let app: TestApp;
let token: string | null;
beforeAll(async () => {
  app = await openTestApp();
  ({ token } = await app.as('ada'));
});
afterAll(() => app?.close());

/** Makes whatever touches this table fail, as a bug would. */
async function breakTable(table: string): Promise<void> {
  await app.database.pool.query(`ALTER TABLE ${table} RENAME TO ${table}_gone`);
}
afterEach(async () => {
  const { rows } = await app.database.pool.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE tablename LIKE '%\\_gone'`,
  );
  for (const { tablename } of rows) {
    await app.database.pool.query(`ALTER TABLE ${tablename} RENAME TO ${tablename.replace('_gone', '')}`);
  }
});

interface Line {
  readonly level: number;
  readonly requestId: string;
  readonly err?: { readonly message: string; readonly stack: string };
}

/** The log's lines of this request. */
const linesOf = (requestId: string | null): Line[] =>
  app.logged.map((line) => JSON.parse(line) as Line).filter((line) => line.requestId === requestId);

const bugs: Record<string, { readonly table: string; readonly send: () => Promise<Failure> }> = {
  'in a query': {
    table: 'emails',
    send: () => post(app, { query: '{ me { emails { address } } }' }, bearer(token)),
  },
  'in a nested list': {
    table: 'memberships',
    send: () => post(app, { query: '{ me { id organizations { nodes { id } } } }' }, bearer(token)),
  },
  'in a mutation': {
    table: 'audit_events',
    send: () =>
      post(
        app,
        { query: 'mutation { updateMe(input: { company: "A secret plan" }) { __typename } }' },
        bearer(token),
      ),
  },
  'in authentication': {
    table: 'sessions',
    send: () => post(app, { query: '{ __typename }' }, bearer(token)),
  },
  'in a sign-in': {
    table: 'login_names',
    send: () =>
      post(app, {
        query: 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }',
        variables: { input: { login: 'ada', password: demoPassword } },
      }),
  },
};

describe.each(Object.entries(bugs))('a bug %s', (_where, { table, send }) => {
  it('is answered with 500, a code and the request id, and tells nothing of the inside', async () => {
    await breakTable(table);
    const { status, headers, errors, text } = await send();
    expect(status).toBe(500);
    const requestId = headers.get('x-request-id');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      message: 'Something went wrong on our side.',
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    });
    expect(text).not.toMatch(
      /prisma|relation|does not exist|_gone|node_modules|\.[tj]s\b|select|stack|P20\d\d/i,
    );
  });

  it('stands in the log with its stack and the request id, without what the request said', async () => {
    await breakTable(table);
    const { headers } = await send();
    const errors = linesOf(headers.get('x-request-id')).filter(({ level }) => level === 50);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.err?.stack).toMatch(/\n {4}at .+src\/.+\.ts:\d+/);
    expect(errors[0]?.err?.message).toContain(table);
    expect(JSON.stringify(errors)).not.toContain(token ?? 'no token');
    expect(JSON.stringify(errors)).not.toMatch(/A secret plan|usergraph-demo|argon2/);
  });
});

it('a bug undoes all of the change in which it happens', async () => {
  const ada = await app.as('ada');
  const read = () => ada.run('{ me { version company updatedAt } }');
  const before = await read();
  await breakTable('outbox_events');
  expect((await ada.send('mutation { updateMe(input: { company: "Half" }) { __typename } }')).status).toBe(
    500,
  );
  expect(await read()).toEqual(before);
});

it('a bug in one field fails the response, and the next request is answered', async () => {
  await breakTable('emails');
  const ada = await app.as('ada');
  expect((await ada.send('{ viewer { credential { kind } } me { email } }')).status).toBe(500);
  expect((await ada.send('{ viewer { credential { kind } } me { name } }')).status).toBe(200);
});

it('an error that is none of ours is no bug: it is not logged as one', async () => {
  app.logged.length = 0;
  await post(app, { query: '{ nothing }' });
  await post(app, { query: '{ me { id } }' }, bearer('nothing'));
  await post(app, { query: '{ user(by: { id: "x" }) { id } }' }, bearer(token));
  expect(app.logged.map((line) => (JSON.parse(line) as Line).level)).toEqual([30, 30, 30]);
});
