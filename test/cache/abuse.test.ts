/** What is kept and compiled serves all: no caller takes it from the others, or makes the server work long for little. */
import { getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canCompile } from '../../src/graphql/compiled-queries.ts';
import { keptAnswer } from '../../src/kept-answers.ts';
import { createReadCache } from '../../src/read-cache.ts';
import { countStatements } from '../graphql/statement-counter.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { ask, untilKept } from './kept.ts';
import { openPerson } from './world.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ env: { READ_CACHE_MIB: '1' } });
});
afterAll(() => app?.close());

/** A short document whose fragments, written out, double from one to the next. */
const nested = (levels: number) =>
  [
    '{ viewer { user { ...F0 } } }',
    ...Array.from(
      { length: levels },
      (_, n) => `fragment F${n} on User { a: manager { ...F${n + 1} } b: manager { ...F${n + 1} } }`,
    ),
    `fragment F${levels} on User { id }`,
  ].join('\n');

describe('a query', () => {
  const isCompiled = (text: string, name?: string) => {
    const document = parse(text);
    const operation = getOperationAST(document, name);
    if (operation == null) throw new Error('There is no such operation.');
    return canCompile(document, operation);
  };

  it('is not compiled where its fragments, written out, make it long', () => {
    expect(isCompiled('{ me { id ... on User { name } } }')).toBe(true);
    const two = 'query a { me { id } } query b { viewer { user { ...U } } } fragment U on User { id name }';
    expect([isCompiled(two, 'a'), isCompiled(two, 'b')]).toEqual([true, true]);
    expect(isCompiled(nested(6))).toBe(true);
    expect(isCompiled(nested(8))).toBe(false);
    expect(isCompiled(nested(40))).toBe(false);
  });

  it.each([
    [
      'names that are the same when they are joined',
      '{ me { z: manager { x_y: id } y_z: manager { x: id } } }',
    ],
    ['a name like that of a place in a list', '{ users { nodes { id } a: nodes { idx0_b: id } } }'],
    [
      'one name for fields of two types',
      '{ nodes(ids: []) { ... on User { x: managedUsers { totalCount } } ... on Organization { x: serviceAccounts { totalCount } } } }',
    ],
  ])('is not compiled with %s', (_what, text) => {
    expect(isCompiled(text)).toBe(false);
  });

  it('is compiled where names and types differ, or a field is asked for twice', () => {
    expect(isCompiled('{ me { a_b: manager { c: id } a: manager { b: id } } }')).toBe(true);
    expect(isCompiled('{ node(id: "x") { __typename id ... on User { __typename name } } }')).toBe(true);
    expect(
      isCompiled('{ me { ...A ...B id } } fragment A on User { id } fragment B on User { id name }'),
    ).toBe(true);
  });

  it('is answered as fast when it is asked for the tenth time, however its fragments nest', async () => {
    const times: number[] = [];
    for (let run = 0; run < 10; run += 1) {
      const started = performance.now();
      await app.call('POST', '/graphql', { json: { query: nested(10) } });
      times.push(performance.now() - started);
    }
    expect(Math.max(...times.slice(5))).toBeLessThan(Math.max(200, 3 * Math.max(...times.slice(0, 5))));
  });
});

describe('what others keep', () => {
  it('is not driven out by variables that a document does not have, or by what costs nothing', async () => {
    const statements = countStatements(app.database);
    const { session } = await openPerson(app);
    await untilKept(app, statements, session.secret);
    for (let n = 0; n < 40; n += 1) {
      const variables = { x: `${n}${'x'.repeat(50_000)}` };
      await app.call('POST', '/graphql', { json: { query: '{ __typename }', variables } });
    }
    const { all } = await statements.during(() => ask(app, 'me', session.secret));
    expect(all).toEqual([]);
  });
});

it('what is made of what is kept is no older than that may be', async () => {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const now = () => new Date(time);
  const cache = createReadCache({ isCurrent: () => true, listen: () => {} }, { maxBytes: 1_000_000, now });
  let stored = 'old';
  const grounds = () => ({ ids: ['account'] });
  const fact = (from: Pick<typeof cache, 'find'>) => from.find('fact', async () => stored, grounds);
  const actor = { user: null, organizationId: null, credential: { kind: 'SESSION' }, scopes: new Set() };
  const context = { cache, actor } as unknown as Parameters<typeof keptAnswer>[0];
  const asked = async () =>
    (
      await keptAnswer(context, 'question', async ({ cache: noted }) => ({
        value: (await fact(noted)).value,
      }))
    ).answer.value;
  await fact(cache);
  stored = 'new'; // which nobody tells
  time += 9 * 60_000;
  expect(await asked()).toBe('old');
  time += 2 * 60_000;
  expect(await asked()).toBe('new');
});
