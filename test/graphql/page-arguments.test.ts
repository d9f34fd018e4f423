import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

/** Every connection, at the top and within others, with its page arguments still to be filled in. */
const connections: Record<string, (args: string) => string> = {
  users: (args) => `{ users${args} { nodes { id } } }`,
  managedUsers: (args) => `{ managedUsers${args} { nodes { id } } }`,
  'me.managedUsers': (args) => `{ me { managedUsers${args} { nodes { id } } } }`,
  'me.organizations': (args) => `{ me { organizations${args} { nodes { id } } } }`,
  'me.apiTokens': (args) => `{ me { apiTokens${args} { totalCount } } }`,
  'Organization.members': (args) =>
    `{ viewer { organizations { organization { members${args} { nodes { id } } } } } }`,
  'Organization.serviceAccounts': (args) =>
    `{ viewer { organizations { organization { serviceAccounts${args} { pageInfo { endCursor } } } } } }`,
  'Organization.apiTokens': (args) =>
    `{ viewer { organizations { organization { apiTokens${args} { nodes { id } } } } } }`,
};

const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';
const moment = '2026-01-01T00:00:00.000Z';

const malformed: Record<string, string> = {
  'an empty text': '',
  'no base64': '%%%',
  'no JSON': Buffer.from('no json').toString('base64url'),
  'no list': Buffer.from('{"column": "createdAt"}').toString('base64url'),
  'too few parts': cursor('createdAt', moment),
  'a number for a time': cursor('createdAt', 5, uuid),
  'no time': cursor('createdAt', 'yesterday', uuid),
  'a time before the calendar of the database': cursor('createdAt', '-271821-04-20T00:00:00.000Z', uuid),
  'a time in the year 0': cursor('createdAt', '0000-01-01T00:00:00.000Z', uuid),
  'a time in a year below 0': cursor('createdAt', '-000001-06-01T00:00:00.000Z', uuid),
  'no id': cursor('createdAt', moment, 'no-uuid'),
  'an id with more after it': cursor('createdAt', moment, `${uuid}'; --`),
  'U+0000': cursor('createdAt', '\u0000', uuid),
  'another order': cursor('sortName', 'ada', uuid),
  'a column that no order has': cursor('passwordHash', moment, uuid),
};

async function refusal(login: string, query: string) {
  const { status, errors, data, text } = await (await app.as(login)).send(query);
  const { code, argumentPath } = errors[0]?.extensions ?? {};
  if (Object.values((data as object | null) ?? {}).some((field) => field !== null)) throw new Error(text);
  return { status, code, argumentPath };
}

const invalid = (argument: string) => ({ status: 400, code: 'INVALID_ARGUMENT', argumentPath: [argument] });

describe.each(Object.entries(connections))('%s', (_name, query) => {
  it.each(Object.entries(malformed))('refuses %s as a cursor, after and before', async (_what, value) => {
    for (const argument of ['after', 'before']) {
      expect(await refusal('ada', query(`(${argument}: ${JSON.stringify(value)})`))).toEqual(
        invalid(argument),
      );
    }
  });

  it('refuses sizes out of bounds, and first with last', async () => {
    for (const argument of ['first', 'last']) {
      for (const size of [-1, 101, 2_147_483_647]) {
        expect(await refusal('ada', query(`(${argument}: ${size})`))).toEqual(invalid(argument));
      }
    }
    expect(await refusal('ada', query('(first: 1, last: 1)'))).toEqual(invalid('last'));
    expect(await refusal('ada', query('(first: 0, last: 0)'))).toEqual(invalid('last'));
  });

  it('takes 0 to 100, and null for nothing given', async () => {
    const client = await app.as('ada');
    for (const args of [
      '(first: 0)',
      '(last: 0)',
      '(first: 100)',
      '(last: 100)',
      '(first: null, last: null)',
      '',
    ]) {
      expect((await client.send(query(args))).status).toBe(200);
    }
  });
});

it('refuses a cursor by time in a list by name', async () => {
  const query = `{ users(orderBy: { field: NAME }, after: "${cursor('createdAt', moment, uuid)}") { nodes { id } } }`;
  expect(await refusal('admin', query)).toEqual(invalid('after'));
});

it('whatever a cursor says, it is a place or it is refused', async () => {
  const admin = await app.as('admin');
  const value = fc.oneof(
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.string({ unit: 'binary' }),
    fc.jsonValue(),
  );
  const parts = fc.tuple(
    fc.constantFrom('createdAt', 'sortName', 'id'),
    value,
    fc.oneof(fc.uuid(), fc.string()),
  );
  const anyCursor = fc.oneof(
    fc.string(),
    fc.jsonValue().map((json) => cursor(json)),
    parts.map((all) => cursor(...all)),
  );
  const document = `query ($after: String, $orderBy: UserOrder) {
    users(first: 1, after: $after, orderBy: $orderBy) { nodes { id } } }`;
  await fc.assert(
    fc.asyncProperty(anyCursor, fc.constantFrom('CREATED_AT', 'NAME'), async (after, field) => {
      const { status, text } = await admin.send(document, { after, orderBy: { field } });
      expect([200, 400], text).toContain(status);
    }),
    { numRuns: 200 },
  );
});
