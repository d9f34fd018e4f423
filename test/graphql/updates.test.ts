import { GraphQLInputObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { once } from '../../src/domain/page.ts';
import { schema } from '../../src/schema/index.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { trailOf } from './accounts.ts';
import { fieldCases, notSet } from './update-fields.ts';
import { type Facts, type Subject, updateInputs } from './update-inputs.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const fieldsOf = (input: string): string[] => {
  const type = schema.getType(input);
  return type instanceof GraphQLInputObjectType ? Object.keys(type.getFields()) : [];
};

/** What an update leaves as it is: everything but what it sets and what every change counts. */
function others(facts: Facts, field: string): object {
  const list = { email: 'emails', phoneNumber: 'phoneNumbers' }[field];
  const { version: _, updatedAt: __, [field]: ___, [list ?? field]: ____, ...rest } = facts;
  return rest;
}

async function lastChanges(uuid: string): Promise<unknown> {
  const where = { subjectId: uuid };
  const last = await app.database.prisma.auditEvent.findFirst({ where, orderBy: { sequence: 'desc' } });
  return last?.changes;
}

it('every update input of an account is tested, and every field of it', () => {
  const inputs = Object.keys(schema.getTypeMap()).filter((name) =>
    /^Update(?!OAuthClient|Organization|Webhook)\w+Input$/.test(name),
  );
  expect(inputs.toSorted()).toEqual(Object.keys(updateInputs).toSorted());
  const fields = new Set(inputs.flatMap(fieldsOf));
  expect([...fields].toSorted()).toEqual([...Object.keys(fieldCases), notSet].toSorted());
});

describe.each(Object.keys(updateInputs))('%s', (input) => {
  const open = (): Promise<Subject> => updateInputs[input]?.(app) as Promise<Subject>;
  const cases = fieldsOf(input).flatMap((field) => {
    const one = fieldCases[field];
    if (one === undefined) return [];
    return [{ ...one, field, value: typeof one.value === 'function' ? one.value(input) : one.value }];
  });

  it.each(cases)(
    '$field: a value is set, and all absent fields keep theirs',
    async ({ field, value, shown }) => {
      const account = await open();
      const before = await account.read();
      const { data, text } = await account.update({ [field]: value });
      expect(data.result.__typename, text).toMatch(/Success$/);
      const after = await account.read();
      expect(data.result.user).toEqual(after);
      if (field !== 'password') expect(after[field]).toEqual(shown ?? value);
      expect(others(after, field)).toEqual(others(before, field));
      expect(after.version).toBe(before.version + 1);
      expect(Object.keys((await lastChanges(account.uuid)) as object)).toEqual([field]);
      expect(await trailOf(app, account.uuid)).toEqual({ audit: 2, events: 2 });
    },
  );

  it.each(cases.filter((one) => one.null === 'clears'))(
    '$field: null clears it, and all absent fields keep theirs',
    async ({ field }) => {
      const account = await open();
      const before = await account.read();
      const { data, text } = await account.update({ [field]: null });
      expect(data.result.__typename, text).toMatch(/Success$/);
      const after = await account.read();
      expect(after[field]).toBeNull();
      expect(before[field]).not.toBeNull();
      expect(others(after, field)).toEqual(others(before, field));
      expect(after.version).toBe(before.version + 1);
      expect(await lastChanges(account.uuid)).toMatchObject({ [field]: { after: null } });
    },
  );

  const refusals = cases.flatMap(({ field, bad, null: cleared }) => {
    const all = cleared === 'clears' ? bad : [['null', null, cleared] as const, ...bad];
    return all.map(([why, value, code]) => ({ field, why, value, code }));
  });

  const unchanged = once(open);

  it.each(refusals)('$field: $why is $code, and nothing is written', async ({ field, value, code }) => {
    const account = await unchanged();
    const before = { facts: await account.read(), trail: await trailOf(app, account.uuid) };
    const { status, data, text } = await account.update({ company: 'Another', [field]: value });
    expect(status, text).toBe(200);
    const { __typename, problems, path } = data.result;
    expect({ __typename, path, problems }).toEqual({
      __typename: 'InvalidInputError',
      path: ['input', field],
      problems: [{ path: ['input', field], code, message: expect.stringMatching(/^[a-z]/) }],
    });
    expect({ facts: await account.read(), trail: await trailOf(app, account.uuid) }).toEqual(before);
  });

  it('tells all problems of an input together', async () => {
    const account = await open();
    const bad = cases.flatMap(({ field, bad: [first] }) => (first ? [{ field, value: first[1] }] : []));
    const { data } = await account.update(Object.fromEntries(bad.map(({ field, value }) => [field, value])));
    const told = new Set(data.result.problems?.map(({ path }) => path[1]));
    expect([...told].toSorted()).toEqual(bad.map(({ field }) => field).toSorted());
    expect(data.result.message).toContain(`(and ${(data.result.problems?.length ?? 0) - 1} more)`);
  });

  it('writes nothing for an update that changes nothing, and keeps the version', async () => {
    const account = await open();
    const before = { facts: await account.read(), trail: await trailOf(app, account.uuid) };
    const same = cases
      .filter(({ field }) => field !== 'password')
      .map(({ field }) => [field, before.facts[field]]);
    for (const update of [{}, Object.fromEntries(same)]) {
      const { data, text } = await account.update(update);
      expect(data.result.user, text).toEqual(before.facts);
    }
    expect({ facts: await account.read(), trail: await trailOf(app, account.uuid) }).toEqual(before);
  });

  it('refuses a value of another type, and a field that is not there, before anything is read', async () => {
    const account = await open();
    for (const update of [{ name: 5 }, { metadata: [] }, { metadata: 'text' }, { noSuchField: 'x' }]) {
      const { status, errors, data } = await account.update(update);
      expect([status, data, errors[0]?.extensions.code]).toEqual([400, undefined, 'BAD_USER_INPUT']);
    }
  });
});
