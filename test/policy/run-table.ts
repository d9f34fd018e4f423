/** Runs the table with each actor's credential in some form, and finds the same answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type ActorName, actors, createWorld, type World } from './actors.ts';
import { createFingerprint, type Fingerprint } from './database-text.ts';
import { isMutation, type Operation, operations, outcomeOf } from './operations.ts';
import type { Presentation } from './presentations.ts';
import { type Outcome, readTable } from './table.ts';

interface Run {
  readonly env?: Record<string, string>;
  /** How an actor presents itself, on this app. */
  readonly present: (app: TestApp) => Presentation;
  /** What comes of an operation, where that is another than in the table. */
  readonly otherwise?: (operation: Operation, outcome: Outcome, actor: ActorName) => Outcome;
  /** Those who have no credential of this kind. */
  readonly without?: readonly ActorName[];
}

export function describeTable({ env = {}, present, otherwise = (_, outcome) => outcome, without = [] }: Run) {
  let app: TestApp;
  let fingerprint: () => Promise<Fingerprint>;
  /** The world as it was made; undefined once an operation changed it. */
  let unchanged: { world: World; presented: Map<ActorName, string | null> } | undefined;

  beforeAll(async () => {
    app = await openTestApp({ seed: false, env });
    fingerprint = await createFingerprint(app.database);
  });
  afterAll(() => app.close());

  const expected = new Map(readTable().map(({ name, cells }) => [name, cells]));
  const columns = Object.keys(actors).filter((name) => !without.includes(name as ActorName)) as ActorName[];

  async function credentialOf(actor: ActorName) {
    unchanged ??= { world: await createWorld(app.database), presented: new Map() };
    const { world, presented } = unchanged;
    const secret = world.secrets[actor];
    const credential = presented.get(actor) ?? (secret === null ? null : await present(app)(secret, actor));
    presented.set(actor, credential);
    return { world, credential };
  }

  describe.each(operations.map((operation) => ({ operation, name: operation.name })))(
    '$name',
    ({ operation }) => {
      const cells = columns.map((actor) => {
        const outcome = expected.get(operation.name)?.get(actor) ?? 'ok';
        return { actor, who: actors[actor], outcome: otherwise(operation, outcome, actor) };
      });

      test.each(cells)('by $who: $outcome', async ({ actor, outcome }) => {
        const { world, credential } = await credentialOf(actor);
        const before = isMutation(operation) ? await fingerprint() : undefined;
        const answer = await app
          .withToken(credential)
          .send<Record<string, unknown>, object>(operation.document, operation.variables(world));
        if (outcome === 'ok' && isMutation(operation)) unchanged = undefined;
        expect(outcomeOf(operation, answer, world), answer.text).toBe(outcome);
        if (['susp', 'expd', 'rvkd'].includes(actor)) expect(answer.data, answer.text).toBeUndefined();
        if (before) expectTrail(operation, outcome, before, await fingerprint());
      });
    },
  );
}

/** What changes nothing of an account, and so has neither an audit row nor an event. */
const unrecorded = new Set(['requestEmailVerification', 'requestPhoneVerification']);

/** A refused mutation wrote nothing in any table; an allowed one wrote one audit row and one event for each account. */
function expectTrail(
  { name, isSilent, records = 1 }: Operation,
  outcome: Outcome | undefined,
  before: Fingerprint,
  after: Fingerprint,
): void {
  if (outcome !== 'ok' || isSilent) {
    expect(after, `${name} was refused and wrote`).toEqual(before);
    return;
  }
  const accounts = unrecorded.has(name.split(' ')[0] ?? '')
    ? 0
    : Math.max(records, before.users - after.users);
  expect(after.audited - before.audited, 'audit rows').toBe(accounts);
  expect(after.announced - before.announced, 'events').toBe(accounts);
  expect(after.digest).not.toBe(before.digest);
}
