import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type ActorName, actors, createWorld, type World } from './actors.ts';
import { createFingerprint, type Fingerprint } from './database-text.ts';
import { fieldOf, isMutation, type Operation, operations, outcomeOf } from './operations.ts';
import { type Outcome, readTable } from './table.ts';

const expected = new Map(readTable().map(({ name, cells }) => [name, cells]));

let app: TestApp;
let fingerprint: () => Promise<Fingerprint>;
/** The world as it was made; undefined once an operation changed it. */
let unchanged: World | undefined;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  fingerprint = await createFingerprint(app.database);
});
afterAll(() => app.close());

test('the table has a row for every field of Query and Mutation', () => {
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );
  expect([...new Set(operations.map(fieldOf))].sort()).toEqual(fields.sort());
});

test('the table and the operations have the same rows, and no row occurs twice', () => {
  expect(readTable().map(({ name }) => name)).toEqual(operations.map(({ name }) => name));
  expect(expected.size).toBe(operations.length);
});

test('every row of the table has an outcome for every actor', () => {
  for (const [name, cells] of expected) {
    expect([...cells.keys()], name).toEqual(Object.keys(actors));
    expect([...cells.values()], name).not.toContain(undefined);
  }
});

describe.each(operations.map((operation) => ({ operation, name: operation.name })))(
  '$name',
  ({ operation }) => {
    const cells = Object.keys(actors).map((name) => {
      const actor = name as ActorName;
      return { actor, who: actors[actor], outcome: expected.get(operation.name)?.get(actor) };
    });

    test.each(cells)('by $who: $outcome', async ({ actor, outcome }) => {
      const world = unchanged ?? (await createWorld(app.database));
      unchanged = world;
      const before = isMutation(operation) ? await fingerprint() : undefined;
      const answer = await app
        .withToken(world.secrets[actor])
        .send<Record<string, unknown>, object>(operation.document, operation.variables(world));
      if (outcome === 'ok') unchanged = isMutation(operation) ? undefined : world;
      expect(outcomeOf(operation, answer, world), answer.text).toBe(outcome);
      if (['susp', 'expd', 'rvkd'].includes(actor)) expect(answer.data, answer.text).toBeUndefined();
      if (before) expectTrail(operation, outcome, before, await fingerprint());
    });
  },
);

/** A refused mutation wrote nothing in any table; an allowed one wrote one audit row and one event for each account. */
function expectTrail(
  { name }: Operation,
  outcome: Outcome | undefined,
  before: Fingerprint,
  after: Fingerprint,
): void {
  if (outcome !== 'ok') {
    expect(after, `${name} was refused and wrote`).toEqual(before);
    return;
  }
  const accounts = Math.max(1, before.users - after.users);
  expect(after.audited - before.audited, 'audit rows').toBe(accounts);
  expect(after.announced - before.announced, 'events').toBe(accounts);
  expect(after.digest).not.toBe(before.digest);
}
