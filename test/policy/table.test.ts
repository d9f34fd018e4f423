import { describe, expect, test } from 'vitest';
import { schema } from '../../src/schema/index.ts';
import { actors } from './actors.ts';
import { fieldOf, operations } from './operations.ts';
import { asSecret } from './presentations.ts';
import { describeTable } from './run-table.ts';
import { readTable } from './table.ts';

const expected = new Map(readTable().map(({ name, cells }) => [name, cells]));

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

describe('with the secret of a session or an API token', () => {
  describeTable({ present: () => asSecret });
});
