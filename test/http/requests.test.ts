import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorRegistry } from '../../src/errors.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { post, read, strict } from './post.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
});
afterAll(() => app?.close());

const audits = serverAudits({
  url: 'http://usergraph.test/graphql',
  fetchFn: (url: string, init: RequestInit) => app.fetch(url.replace('http://usergraph.test', ''), init),
});

describe('the audits of GraphQL over HTTP', () => {
  it('are 61', () => expect(audits).toHaveLength(61));

  it.each(audits.map((audit) => ({ name: audit.name, audit })))('$name', async ({ audit }) => {
    const result = await audit.fn();
    expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
  });
});

const query = '{ __typename }';

describe('a request that is no GraphQL request', () => {
  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a text', '"{ __typename }"'],
    ['a list', '[]'],
    ['a batch', `[{"query": "${query}"}]`],
    ['no query', '{"variables": {}}'],
    ['a query that is no text', '{"query": 5}'],
    ['variables that are no object', `{"query": "${query}", "variables": [1]}`],
    ['an operation that is not there', `{"query": "${query}", "operationName": "Missing"}`],
  ])('is answered with 400 and a code when its body is %s', async (_what, body) => {
    const { status, errors, text } = await post(app, body, strict);
    expect(status, text).toBe(400);
    expect(Object.keys(errorRegistry)).toContain(errors[0]?.extensions.code);
    expect(text).not.toMatch(/\\n +at |node_modules|\.ts:/);
  });

  it('is answered with 415 when its type is not known', async () => {
    expect((await post(app, JSON.stringify({ query }), { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(app, '<query/>', { 'content-type': 'application/xml' })).status).toBe(415);
  });

  it.each(['PUT', 'DELETE', 'PATCH'])(
    'is answered with 405 and the methods that there are, for %s',
    async (method) => {
      const response = await app.fetch('/graphql', { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toContain('POST');
    },
  );

  it.each([
    '/nothing',
    '/graphql/',
    '/graphql/x',
    '/GRAPHQL',
    '//graphql',
    '/%00',
    '/.env',
    '/graphql/../etc',
  ])('is answered with 404 and a code at %s', async (path) => {
    const { status, errors } = await read(await app.fetch(path));
    expect([status, errors[0]?.extensions.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('an error of the document', () => {
  it.each([
    ['a syntax error', '{'],
    ['a field that is not there', '{ nothing }'],
    ['a variable that is missing', 'query ($id: ID!) { node(id: $id) { id } }'],
    ['an operation type that there is none of', 'subscription { x }'],
    ['two operations without a name', 'query A { __typename } query B { __typename }'],
    ['two keys where one is wanted', '{ user(by: { username: "a", email: "b" }) { id } }'],
  ])('has 400 and a code of the registry: %s', async (_what, document) => {
    const { status, errors, data, text } = await post(app, { query: document }, strict);
    expect([status, data], text).toEqual([400, undefined]);
    for (const { extensions } of errors) expect(Object.keys(errorRegistry), text).toContain(extensions.code);
  });
});

describe('GET', () => {
  it('runs queries, and no mutation', async () => {
    const accept = { headers: { accept: 'application/json' } };
    const ok = await app.fetch(`/graphql?query=${encodeURIComponent(query)}`, accept);
    expect([ok.status, await ok.text()]).toEqual([200, '{"data":{"__typename":"Query"}}']);
    const mutation = await app.fetch('/graphql?query=mutation{signOut{__typename}}', accept);
    expect([mutation.status, mutation.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('every answer', () => {
  it.each(['/', '/livez', '/readyz', '/schema.graphql', '/nothing', '/graphql?query={__typename}'])(
    'of %s carries its own request id',
    async (path) => {
      const ids = [await app.fetch(path), await app.fetch(path)].map(({ headers }) =>
        headers.get('x-request-id'),
      );
      for (const id of ids)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(ids[0]).not.toBe(ids[1]);
    },
  );

  it('has a request id of ours, whatever the caller says', async () => {
    const response = await app.fetch('/livez', { headers: { 'x-request-id': 'chosen-by-caller' } });
    expect(response.headers.get('x-request-id')).not.toContain('chosen');
  });
});

describe('a credential', () => {
  it.each([
    ['of another scheme', 401, 'Basic YWRhOnVzZXJncmFwaA=='],
    ['that is empty', 400, 'Bearer '],
    ['of two parts', 400, 'Bearer a b'],
    ['that is no token of ours', 401, 'Bearer eyJhbGciOiJub25lIn0.e30.'],
    ['that nobody was given', 401, `Bearer ug_ses_${'A'.repeat(43)}`],
    ['of an API that nobody was given', 401, `Bearer ug_tok_${'A'.repeat(43)}`],
  ])(
    '%s is refused with %i and a challenge, and is no anonymous request',
    async (_what, expected, authorization) => {
      const { status, headers, data, text } = await post(app, { query }, { authorization });
      expect([status, data]).toEqual([expected, undefined]);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="usergraph"/);
      expect(text).not.toContain(authorization.slice(7) || 'nothing');
    },
  );
});
