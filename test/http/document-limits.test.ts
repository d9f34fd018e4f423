import { getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { bearer, post, strict } from './post.ts';

let app: TestApp;
let token: string | null;
beforeAll(async () => {
  app = await openTestApp();
  ({ token } = await app.as('admin'));
});
afterAll(() => app?.close());

const run = (query: string) => post(app, { query }, { ...strict, ...bearer(token) });
const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join(' ');
const deep = (levels: number) =>
  `{ me ${times(levels, () => '{ manager')} { id } ${times(levels, () => '}')} }`;
const withFragments = (levels: number) =>
  `{ me { ...F0 } } ${times(levels, (i) => `fragment F${i} on User { manager { ...F${i + 1} } }`)} fragment F${levels} on User { id }`;

const limits: Record<string, { readonly allowed: string; readonly refused: string }> = {
  '2,000 tokens': {
    allowed: `query ($a: [[[ID]]]) { me { ${times(150, () => 'id name bio company jobTitle')} } }`,
    refused: `{ me { ${times(2000, () => 'id')} } }`,
  },
  '30 aliases': {
    allowed: `{ ${times(30, (i) => `a${i}: me { id }`)} }`,
    refused: `{ ${times(31, (i) => `a${i}: me { id }`)} }`,
  },
  '50 directives': {
    allowed: `{ me { ${times(50, () => 'id @include(if: true)')} } }`,
    refused: `{ me { ${times(51, () => 'id @include(if: true)')} } }`,
  },
  '25 levels': { allowed: deep(23), refused: deep(24) },
  '25 levels, through fragments': { allowed: withFragments(7), refused: withFragments(12) },
};

describe.each(Object.entries(limits))('a document of %s', (what, { allowed, refused }) => {
  it.skipIf(what === '2,000 tokens')('is run', async () => {
    const { status, text } = await run(allowed);
    expect(status, text).toBe(200);
  });

  it('and more is refused before anything runs', async () => {
    const { status, errors, data, text } = await run(refused);
    expect([status, data], text).toEqual([400, undefined]);
    expect(errors[0]?.message).toMatch(/limit/i);
  });
});

it('a document of 1 MB is refused within a second', async () => {
  const started = performance.now();
  const { status } = await run(`{ me { ${'id '.repeat(340_000)} } }`);
  expect(status).toBe(400);
  expect(performance.now() - started).toBeLessThan(1000);
});

it('aliases in fragments count for every place where they are spread', async () => {
  const query = `{ ${times(8, () => '...F')} me { ...G } } fragment F on Query { a: me { id } b: me { id } }
    fragment G on User { ${times(40, (i) => `x${i}: id`)} }`;
  expect((await run(query)).status).toBe(400);
});

it('a fragment that holds itself is refused', async () => {
  const { status } = await run('{ me { ...F } } fragment F on User { manager { ...F } }');
  expect(status).toBe(400);
});

describe('the complexity of a query', () => {
  const users = (first: number, inner: string) => `{ users(first: ${first}) { nodes { ${inner} } } }`;

  it('is what it may return: pages within pages multiply', async () => {
    expect((await run(users(100, 'managedUsers(first: 100) { nodes { id } }'))).status).toBe(200);
    const { status, errors, data } = await run(
      users(100, 'managedUsers(first: 100) { nodes { id name bio } }'),
    );
    expect([status, errors[0]?.extensions.code, data]).toEqual([400, 'INVALID_ARGUMENT', null]);
    expect(errors[0]?.message).toMatch(/^The query may return up to \d+ values; 25000 are allowed\./);
  });

  it('counts each alias', async () => {
    const query = (count: number) =>
      `{ ${times(count, (i) => `a${i}: ${users(100, 'id name bio company jobTitle').slice(1, -1)}`)} }`;
    expect((await run(query(2))).status).toBe(200);
    expect((await run(query(30))).status).toBe(200);
    const { status } = await run(
      query(30).replaceAll(
        'bio',
        times(5, () => 'managedUsers { totalCount nodes { id } }'),
      ),
    );
    expect(status).toBe(400);
  });

  it('takes the usual page size where none is given, and no size is below zero', async () => {
    const inner = 'managedUsers { nodes { managedUsers { nodes { id name bio } } } }';
    expect((await run(`{ users { nodes { ${inner} } } }`)).status).toBe(400);
    const { status, errors } = await run('{ users(first: -100) { nodes { id } } }');
    expect([status, errors[0]?.extensions.code]).toEqual([400, 'INVALID_ARGUMENT']);
  });

  it('counts pages whose size stands in a variable', async () => {
    const query = `query ($n: Int) { users(first: $n) { nodes { managedUsers(first: $n) { nodes { id name bio } } } } }`;
    const ask = (n: number) => post(app, { query, variables: { n } }, { ...strict, ...bearer(token) });
    expect((await ask(10)).status).toBe(200);
    expect((await ask(100)).status).toBe(400);
  });
});

describe('introspection', () => {
  it.each([
    ['as GraphQL asks by default', {}],
    [
      'with everything there is',
      {
        descriptions: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      },
    ],
  ])('works within the limits, %s', async (_how, options) => {
    const { status, data, text } = await run(getIntrospectionQuery(options));
    expect(status, text.slice(0, 300)).toBe(200);
    const { types } = (data as IntrospectionQuery).__schema;
    expect(types.map(({ name }) => name)).toContain('User');
  });

  it('needs no credential, as the schema is public', async () => {
    const { status } = await post(app, { query: '{ __schema { queryType { name } } }' });
    expect(status).toBe(200);
  });

  it('that goes in circles is refused', async () => {
    const circle = `${times(5, () => '{ fields { type')} { name } ${times(5, () => '} }')}`;
    expect((await run(`{ __schema { types ${circle} } }`)).status).toBe(400);
  });
});
