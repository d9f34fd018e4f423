import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { expect, it } from 'vitest';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const { exampleTabs } = (await import(new URL('../../public/examples.js', import.meta.url).href)) as {
  exampleTabs: { query: string }[];
};

it.each(exampleTabs)('example %# of GraphiQL is valid in the schema', ({ query }) => {
  expect(validate(schema, parse(query))).toEqual([]);
});

it('the examples fit the editor of a laptop without scrolling sideways', () => {
  const lines = exampleTabs.flatMap(({ query }) => query.split('\n'));
  expect(lines.filter((line) => line.length > 48)).toEqual([]);
});
