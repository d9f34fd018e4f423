import { afterAll, beforeAll, expect, it } from 'vitest';
import { graphql } from '../generated/index.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { fullProfile, trailOf } from './accounts.ts';
import { type Facts, type Result, type Subject, updateInputs } from './update-inputs.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const open = () => updateInputs.UpdateUserInput?.(app) as Promise<Subject>;

/** Reads little, because a thousand of them take turns. */
const update = graphql(`
  mutation UpdateInRace($id: ID!, $input: UpdateUserInput!) {
    result: updateUser(id: $id, input: $input) {
      __typename
      ... on UpdateUserSuccess {
        user {
          version
          name
        }
      }
      ... on ConflictError {
        currentVersion
      }
    }
  }
`);

/** Runs many updates at once, each of which must be answered, and answers with their results. */
async function race({ id, client }: Subject, inputs: readonly object[]): Promise<Result[]> {
  const answers = await Promise.all(inputs.map((input) => client.send(update, { id, input })));
  for (const { status, text } of answers) expect(status, text).toBe(200);
  return answers.map(({ data }) => data.result as Result);
}

function counts(results: readonly Result[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { __typename: name } of results) sums.set(name, (sums.get(name) ?? 0) + 1);
  return Object.fromEntries(sums);
}

it.each(Object.entries(updateInputs))(
  '%s: a version that is not the present one is a conflict that tells it, and changes nothing',
  async (_name, openSubject) => {
    const account = await openSubject(app);
    await account.update({ company: 'Of version 2' });
    const before = { facts: await account.read(), trail: await trailOf(app, account.uuid) };
    for (const expectedVersion of [1, 3, 0, -1, 2_147_483_647]) {
      const { data } = await account.update({ expectedVersion, company: 'Lost', timeZone: 'UTC' });
      expect(data.result).toEqual({
        __typename: 'ConflictError',
        code: 'CONFLICT',
        path: ['input', 'expectedVersion'],
        message: expect.stringContaining('version 2'),
        currentVersion: 2,
      });
    }
    expect({ facts: await account.read(), trail: await trailOf(app, account.uuid) }).toEqual(before);
  },
);

it('the present version, null or none lets an update through, and each change counts one', async () => {
  const account = await open();
  for (const [index, expectedVersion] of [1, null, undefined, 4].entries()) {
    const { data } = await account.update({ expectedVersion, company: `Company ${index}` });
    expect(data.result.user).toMatchObject({ version: index + 2, company: `Company ${index}` });
  }
});

it('an input with problems is told as such, whatever the version', async () => {
  const { data } = await (await open()).update({ expectedVersion: 99, name: '' });
  expect(data.result.__typename).toBe('InvalidInputError');
});

it('1,000 updates at once lose none: each counts one version, one event and one audit row, which tells what was before it', async () => {
  const account = await open();
  const names = Array.from({ length: 1000 }, (_, index) => `Name ${index}`);
  const results = await race(
    account,
    names.map((name) => ({ name })),
  );
  expect(counts(results)).toEqual({ UpdateUserSuccess: 1000 });
  const versions = new Set(results.map(({ user }) => user?.version));
  expect(versions.size).toBe(1000);
  const last = results.find(({ user }) => user?.version === 1001)?.user as Facts;
  expect(await account.read()).toMatchObject(last);
  expect(await trailOf(app, account.uuid)).toEqual({ audit: 1001, events: 1001 });
  const written = await app.database.prisma.auditEvent.findMany({
    where: { subjectId: account.uuid, action: 'user.update' },
    orderBy: { sequence: 'asc' },
    select: { changes: true },
  });
  const changes = written.map((row) => (row.changes as { name: { before: string; after: string } }).name);
  const after = changes.map((change) => change.after);
  expect(after.toSorted()).toEqual(names.toSorted());
  expect(changes.map((change) => change.before)).toEqual([fullProfile.name, ...after.slice(0, -1)]);
}, 60_000);

it('of 1,000 updates at once from one version exactly one wins; all others are told the new version', async () => {
  const account = await open();
  const inputs = Array.from({ length: 1000 }, (_, index) => ({ expectedVersion: 1, name: `Name ${index}` }));
  const results = await race(account, inputs);
  expect(counts(results)).toEqual({ UpdateUserSuccess: 1, ConflictError: 999 });
  const winner = results.find(({ user }) => user !== undefined)?.user as Facts;
  expect(await account.read()).toMatchObject(winner);
  expect(new Set(results.flatMap(({ currentVersion }) => currentVersion ?? []))).toEqual(new Set([2]));
  expect(await trailOf(app, account.uuid)).toEqual({ audit: 2, events: 2 });
}, 60_000);

/** Adds one to a counter in the metadata: reads, writes from what it read, and starts again after a conflict. */
async function increment(account: Subject): Promise<void> {
  for (;;) {
    const { version, metadata } = await account.read();
    const { counter } = metadata as { counter: number };
    const { data } = await account.update({ expectedVersion: version, metadata: { counter: counter + 1 } });
    if (data.result.__typename !== 'ConflictError') return;
  }
}

it('10 writers that each add one 20 times, from what they read, count to 200', async () => {
  const account = await open();
  await account.update({ metadata: { counter: 0 } });
  const writer = async () => {
    for (let turn = 0; turn < 20; turn += 1) await increment(account);
  };
  await Promise.all(Array.from({ length: 10 }, writer));
  expect(await account.read()).toMatchObject({ metadata: { counter: 200 }, version: 202 });
}, 60_000);
