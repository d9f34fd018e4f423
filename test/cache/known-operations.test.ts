/**
 * Operations that were answered before go a shorter way: nobody can tell by the answer. The first time each goes through all
 * of the server for GraphQL; what comes later is held against that, byte for byte.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { type HttpServer, listen } from '../../src/server.ts';
import { openTestApp, type TestApp, testSecret } from '../setup/app.ts';
import { eventually } from '../subscriptions/stream.ts';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await openTestApp();
  token = (await app.as('ada')).token ?? '';
});
afterAll(() => app.close());

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What it counted as. */
  readonly cost: number;
}

const changing = ['x-request-id', 'ratelimit', 'date', 'content-length'];
/** Without what is another each time. How long a body is, only what is sent over a socket must tell. */
const withoutChanging = (headers: Iterable<[string, string]>) =>
  Object.fromEntries(
    [...headers]
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !changing.includes(name))
      .sort(),
  );
const remaining = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);

async function tell(at: TestApp, init: RequestInit, path = '/graphql'): Promise<Told> {
  const count = async () =>
    remaining((await at.fetch('/graphql?query={__typename}', { headers: init.headers ?? {} })).headers);
  const before = await count();
  const response = await at.fetch(path, init);
  const body = await response.text();
  return {
    status: response.status,
    headers: withoutChanging(response.headers),
    body,
    cost: before - (await count()) - 1,
  };
}

let asked = 0;
/** The same document, which no test sent before. */
function anew(query: string): string {
  asked += 1;
  return `${query} # ${asked}`;
}

const accepts: Readonly<Record<string, string | null>> = {
  'Apollo Client 3 and curl': '*/*',
  'Apollo Client 4': 'application/graphql-response+json,application/json;q=0.9',
  urql: 'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
  Relay: 'application/json',
  'who says nothing': null,
  'a browser': 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'GraphQL over HTTP': 'application/graphql-response+json',
  'who wants another charset': 'application/json; charset=utf-16',
  'who wants a picture': 'image/png',
  'who wants a stream': 'text/event-stream',
  'who wants parts': 'multipart/mixed, application/json;q=0.5',
};

interface Case {
  readonly what: string;
  readonly query: string;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly isAnonymous?: boolean;
}

const two =
  'query One { me { displayName } } query Two($n: Int = 2) { me { username } a: me { id } users(first: $n) { nodes { id } } }';
const conditional = `query ($a: Boolean!, $b: Boolean = true) {
  one: me { id } two: me @include(if: $a) { id } three: me @skip(if: $b) { id } ... @include(if: $a) { four: me { name } } }`;

const cases: readonly Case[] = [
  {
    what: 'a query',
    query: '{ me { displayName emails { address } } viewer { credential { kind scopes } } }',
  },
  { what: 'a query of nobody', query: '{ me { displayName } viewer { user { id } } }', isAnonymous: true },
  { what: 'what nobody may ask', query: '{ users(first: 2) { nodes { id } } }', isAnonymous: true },
  {
    what: 'fragments and types',
    query: '{ __typename me { ...F __typename } } fragment F on User { id ... on User { bio } }',
  },
  {
    what: 'variables',
    query: 'query ($n: Int!) { users(first: $n) { totalCount nodes { displayName } } }',
    more: { variables: { n: 3 } },
  },
  { what: 'a variable too many', query: '{ me { id } }', more: { variables: { n: 3 } } },
  { what: 'variables that are null', query: '{ me { id } }', more: { variables: null, operationName: null } },
  {
    what: 'a variable of another type',
    query: 'query ($n: Int!) { users(first: $n) { totalCount } }',
    more: { variables: { n: 'three' } },
  },
  { what: 'a variable that is missing', query: 'query ($n: Int!) { users(first: $n) { totalCount } }' },
  {
    what: 'a variable that is null',
    query: 'query ($n: Int!) { users(first: $n) { totalCount } }',
    more: { variables: { n: null } },
  },
  {
    what: 'a variable of a scalar that is none',
    query: 'query ($id: ID!, $u: UUID!) { node(id: $id) { id } user(by: { uuid: $u }) { id } }',
    more: { variables: { id: 'x', u: 'y' } },
  },
  {
    what: 'an input object with an unknown key',
    query: 'query ($f: UserFilter) { users(first: 1, filter: $f) { totalCount } }',
    more: { variables: { f: { nope: 1, statuses: ['NOPE'] } } },
  },
  {
    what: 'an enum in a list',
    query: 'query ($f: UserFilter) { users(first: 1, filter: $f) { totalCount } }',
    more: { variables: { f: { statuses: ['ACTIVE', 'NOPE'] } } },
  },
  {
    what: 'a number too large',
    query: 'query ($n: Int) { users(first: $n) { totalCount } }',
    more: { variables: { n: 99999999999 } },
  },
  {
    what: 'two errors in execution, and data beside',
    query: '{ me { displayName } a: node(id: "nope") { id } b: users(first: 100000) { totalCount } }',
  },
  { what: 'an error that leaves no data', query: '{ a: users(first: -1) { totalCount } }' },
  { what: 'nothing found', query: '{ node(id: "user_00000000000000000000000000") { id } }' },
  { what: 'the first of two operations', query: two, more: { operationName: 'One' } },
  { what: 'the second of two operations', query: two, more: { operationName: 'Two', variables: { n: 1 } } },
  { what: 'none of two operations', query: two },
  { what: 'an operation that is not there', query: two, more: { operationName: 'Three' } },
  {
    what: 'an operation without a name, by a name',
    query: '{ me { id } }',
    more: { operationName: 'Three' },
  },
  { what: 'an empty name of an operation', query: 'query A { me { id } }', more: { operationName: '' } },
  {
    what: 'a mutation with a domain error',
    query: 'mutation { updateMe(input: { username: "grace" }) { __typename ... on Error { message code } } }',
  },
  {
    what: 'a mutation with an input that is no good',
    query:
      'mutation ($i: UpdateMeInput!) { updateMe(input: $i) { __typename ... on InvalidInputError { problems { path code message } } } }',
    more: { variables: { i: { name: 'x'.repeat(51), locale: '??' } } },
  },
  {
    what: 'a mutation of nobody',
    query: 'mutation { updateMe(input: { name: "x" }) { __typename } }',
    isAnonymous: true,
  },
  {
    what: 'two mutations, one after the other',
    query:
      'mutation { a: updateMe(input: { username: "grace" }) { __typename } b: updateMe(input: { username: "admin" }) { __typename } }',
  },
  {
    what: 'introspection',
    query:
      '{ __schema { queryType { name } types { name fields { name } } } __type(name: "User") { name description } }',
  },
  { what: 'conditions that hold', query: conditional, more: { variables: { a: true, b: false } } },
  { what: 'conditions that do not', query: conditional, more: { variables: { a: false } } },
  { what: 'a condition that is missing', query: conditional },
  {
    what: 'too much',
    query:
      '{ users(first: 100) { nodes { managedUsers(first: 100) { nodes { organizations(first: 100) { edges { role } } } } } } }',
  },
  { what: 'aliases', query: `{ ${Array.from({ length: 20 }, (_, n) => `m${n}: me { id }`).join(' ')} }` },
  { what: 'a subscription', query: 'subscription { userChanged { events } }', isAnonymous: true },
  { what: 'a document that is not valid', query: '{ me { nope } }' },
  { what: 'a document that is none', query: '{ me { ' },
  { what: 'an empty document', query: '' },
  { what: 'another key', query: '{ me { id } }', more: { extra: 1 } },
  {
    what: 'extensions',
    query: '{ me { id } }',
    more: { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
  },
  { what: 'variables that are a list', query: '{ me { id } }', more: { variables: [] } },
  { what: 'variables that are text', query: '{ me { id } }', more: { variables: '{}' } },
  { what: 'a name that is a number', query: '{ me { id } }', more: { operationName: 3 } },
  { what: 'a document that is a number', query: '{ me { id } }', more: { query: 3 } },
  {
    what: 'characters beyond ASCII',
    query: 'query ($q: String) { users(first: 1, filter: { search: $q }) { totalCount } }',
    more: { variables: { q: 'Dvořák 😀 \u2028' } },
  },
];

const headersOf = (accept: string | null, isAnonymous = false): Record<string, string> => ({
  'content-type': 'application/json',
  ...(accept !== null && { accept }),
  ...(!isAnonymous && { authorization: `Bearer ${token}` }),
});
const sized = (body: string, headers: Record<string, string>): RequestInit => ({
  method: 'POST',
  headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  body,
});

describe.each(Object.entries(accepts))('for %s', (_who, accept) => {
  it.each(cases)('$what', async ({ query, more, isAnonymous }) => {
    const body = JSON.stringify({ query: query && anew(query), ...more });
    const init = () => sized(body, headersOf(accept, isAnonymous));
    await app.fetch('/graphql', sized(JSON.stringify({ query: '{ __typename }' }), headersOf(accept)));
    const first = await tell(app, init());
    for (const which of ['second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'])
      expect(await tell(app, init()), which).toEqual(first);
  });
});

describe('bodies that are no operation', () => {
  const known = '{ me { displayName } }';
  it.each<[string, string | Buffer]>([
    ['no JSON', '{ "query": '],
    ['nothing', ''],
    ['null', 'null'],
    ['a list of operations', JSON.stringify([{ query: known }, { query: known }])],
    ['a key twice', `{"query":"{ nope }","query":"${known}"}`],
    ['__proto__', `{"__proto__":{"query":"{ nope }"},"query":"${known}"}`],
    ['variables with __proto__', `{"query":"${known}","variables":{"__proto__":{"n":1},"constructor":2}}`],
    ['bytes that are no UTF-8', Buffer.from(`{"query":"${known} # \xff\xfe"}`, 'latin1')],
    ['spaces around', `  {"query" : "${known}"}\r\n`],
  ])('%s', async (_what, body) => {
    const init = () => ({
      method: 'POST',
      headers: { ...headersOf('*/*'), 'content-length': String(Buffer.byteLength(body)) },
      body: body as BodyInit,
    });
    // Without a length it goes through all of the server.
    const { 'content-length': _, ...unsized } = init().headers;
    const first = await tell(app, { ...init(), headers: unsized });
    await tell(app, sized(JSON.stringify({ query: known }), headersOf('*/*')));
    for (let round = 0; round < 3; round += 1) expect(await tell(app, init())).toEqual(first);
  });

  it('a GET for a known document says what a POST says, and never changes anything', async () => {
    const query = anew('{ me { username } }');
    const post = sized(JSON.stringify({ query }), headersOf('*/*'));
    const posted = await tell(app, post);
    await tell(app, post);
    const get = await tell(app, { headers: headersOf('*/*') }, `/graphql?query=${encodeURIComponent(query)}`);
    expect(get).toEqual(posted);
    const mutation = anew('mutation { updateMe(input: { bio: "by GET" }) { __typename } }');
    for (let round = 0; round < 2; round += 1)
      await tell(app, sized(JSON.stringify({ query: mutation }), headersOf('*/*')));
    await (await app.as('ada')).run('mutation { updateMe(input: { bio: "before" }) { __typename } }');
    const refused = await app.fetch(`/graphql?query=${encodeURIComponent(mutation)}`, {
      headers: headersOf('*/*'),
    });
    expect(refused.status).toBe(405);
    expect(await (await app.as('ada')).run('{ me { bio } }')).toEqual({ me: { bio: 'before' } });
  });
});

describe('limits', () => {
  it('an operation that counts as more than a minute holds is refused each time, and none of it runs', async () => {
    const strict = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '25' } });
    try {
      const bearer = { authorization: `Bearer ${(await strict.as('ada')).token}` };
      const headers = { ...headersOf('*/*', true), ...bearer };
      const query = `{ ${Array.from({ length: 26 }, (_, n) => `m${n}: me { id }`).join(' ')} }`;
      const send = async () => {
        const response = await strict.fetch('/graphql', sized(JSON.stringify({ query }), headers));
        return [response.status, withoutChanging(response.headers), await response.text()];
      };
      const first = await send();
      expect(first[2]).toContain('counts as 26 requests');
      for (let round = 0; round < 3; round += 1) expect(await send()).toEqual(first);
    } finally {
      await strict.close();
    }
  });

  it('what is kept is counted and refused as anything else', async () => {
    const strict = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '8' } });
    try {
      const client = await strict.as('ada');
      const query = '{ a: me { id } b: me { username } }';
      const statuses: number[] = [];
      for (let round = 0; round < 6; round += 1) statuses.push((await client.send(query)).status);
      expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    } finally {
      await strict.close();
    }
  });
});

describe('over a socket', () => {
  let server: HttpServer;
  let port: number;
  const logged: string[] = [];
  beforeAll(async () => {
    const config = loadConfig({
      MAX_BODY_KIB: '4',
      USERGRAPH_SECRET: testSecret,
      RATE_LIMIT_PER_MINUTE: '1000000',
    });
    const log = createLog({
      logLevel: 'info',
      logFormat: 'json',
      stream: { write: (line) => void logged.push(line) },
    });
    server = await listen(createApp({ database: app.database, config, log }), { host: '127.0.0.1', port: 0 });
    port = Number(new URL(server.url).port);
  });
  afterAll(() => server.close());

  const head = (lines: readonly string[], target = 'POST /graphql') =>
    `${[`${target} HTTP/1.1`, 'Host: usergraph.test', ...lines].join('\r\n')}\r\n\r\n`;
  const json = (query: string) => JSON.stringify({ query });
  const usual = () => ['Content-Type: application/json', 'Accept: */*', `Authorization: Bearer ${token}`];
  const ofLength = (body: string) => `Content-Length: ${Buffer.byteLength(body)}`;
  const withLength = (body: string, lines = usual()) => head([...lines, ofLength(body)]) + body;
  const inChunks = (body: string) => {
    const pieces = [body.slice(0, 7), body.slice(7)].map(
      (piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`,
    );
    return `${head([...usual(), 'Transfer-Encoding: chunked'])}${pieces.join('')}0\r\n\r\n`;
  };

  /** Sends this, and gives all that comes until the server closes or enough has come. */
  function exchange(pieces: readonly string[], isEnough: (text: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      let text = '';
      const done = () => {
        clearTimeout(limit);
        socket.destroy();
        resolve(text);
      };
      const limit = setTimeout(() => reject(new Error(`not enough came:\n${text}`)), 10_000);
      socket.on('data', (data) => {
        text += data.toString('utf8');
        if (isEnough(text)) done();
      });
      socket.on('close', done).on('error', done);
      (async () => {
        for (const piece of pieces) {
          socket.write(piece);
          await new Promise((next) => setTimeout(next, 20));
        }
      })();
    });
  }
  const last = ['Connection: close'];
  const closing = (request: string) => request.replace('Host:', `${last[0]}\r\nHost:`);
  /** What is the same each time. */
  const stable = (text: string) =>
    text.replace(/^(x-request-id|ratelimit|date): .*\r\n/gim, '').replace(
      /^(HTTP[^\r]*\r\n)((?:[^\r]+\r\n)+)/,
      (_, line, headers) =>
        line +
        headers
          .split('\r\n')
          .filter(Boolean)
          .map((one: string) => one.replace(/^[^:]+/, (name) => name.toLowerCase()))
          .sort()
          .join('\n'),
    );
  const say = async (...pieces: string[]) => stable(await exchange(pieces, () => false));

  it('says the same the first and the later times, with a length and without', async () => {
    for (const query of ['{ me { displayName } }', '{ node(id: "nope") { id } }', '{ nope }']) {
      const body = json(anew(query));
      const first = await say(closing(withLength(body)));
      expect(first).toMatch(/^HTTP\/1\.1 /);
      for (let round = 0; round < 3; round += 1) {
        expect(await say(closing(withLength(body)))).toBe(first);
        expect(await say(closing(inChunks(body)))).toBe(first);
      }
    }
  });

  it('takes names of headers in any case, and a body that comes in pieces', async () => {
    const body = json(anew('{ me { username } }'));
    const first = await say(closing(withLength(body)));
    const odd = ['cOnTeNt-TyPe: application/json', 'ACCEPT: */*', `AUTHORIZATION: bearer ${token}`];
    expect(await say(closing(withLength(body, odd)))).toBe(first);
    const request = closing(withLength(body));
    expect(await say(request.slice(0, 40), request.slice(40, -10), request.slice(-10))).toBe(first);
    const withCharset = [
      'Content-Type: Application/JSON; Charset="UTF-8"',
      'Accept: */*',
      `Authorization: Bearer ${token}`,
    ];
    expect(await say(closing(withLength(body, withCharset)))).toBe(first);
  });

  it('refuses what is too large, told or not', async () => {
    const body = json(`{ me { displayName } } # ${'x'.repeat(5_000)}`);
    for (const request of [withLength(body), inChunks(body)])
      expect(await say(closing(request))).toMatch(/^HTTP\/1\.1 413 /);
    const small = json('{ me { displayName } }');
    expect(await say(closing(withLength(small)))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('answers pipelined requests, each with its own, in their order', async () => {
    const queries = ['{ me { displayName } }', '{ me { username } }', '{ nope }', '{ me { bio } }'];
    for (let round = 0; round < 3; round += 1) {
      const all = queries.map((query, at) =>
        at === queries.length - 1 ? closing(withLength(json(query))) : withLength(json(query)),
      );
      const text = await exchange([all.join('')], () => false);
      const bodies = text.match(/\{"(?:data|errors)".*\}/g) ?? [];
      expect(bodies.map((one) => /displayName|username|VALIDATION|bio/.exec(one)?.[0])).toEqual([
        'displayName',
        'username',
        'VALIDATION',
        'bio',
      ]);
    }
  });

  it('lets a client wait for leave to send its body', async () => {
    const body = json('{ me { displayName } }');
    const request = head([...usual(), ofLength(body), 'Expect: 100-continue', ...last]);
    const text = await exchange([request, body], () => false);
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(text).toContain('Ada Lovelace');
  });

  it('has no body for HEAD, and refuses it', async () => {
    const text = await exchange([head([...usual(), ...last], 'HEAD /graphql')], () => false);
    expect(text).toMatch(/^HTTP\/1\.1 405 /);
    expect(text.split('\r\n\r\n')[1]).toBe('');
  });

  it.each([0, 1, 15])('outlives a client that goes away after %d bytes of its body', async (length) => {
    const body = json('{ me { displayName } }');
    const request = head([...usual(), ofLength(body), `User-Agent: gone-${length}`]) + body.slice(0, length);
    const before = logged.length;
    for (let round = 0; round < 5; round += 1) {
      const socket = connect(port, '127.0.0.1');
      await new Promise<void>((sent) => socket.write(request, () => sent()));
      if (round % 2 === 0) await new Promise((next) => setTimeout(next, 10));
      socket.destroy();
      await new Promise((closed) => socket.once('close', closed));
    }
    expect(await say(closing(withLength(body)))).toContain('Ada Lovelace');
    // None is left waiting for a body that does not come: each is over, and logged as what went wrong with its client.
    const over = () => logged.slice(before).filter((line) => /"status":4\d\d/.test(line)).length;
    await eventually(() => over() === 5);
  });

  it('outlives a client that does not wait for its answer', async () => {
    const body = json('{ me { displayName } users(first: 50) { nodes { displayName } } }');
    for (let round = 0; round < 10; round += 1) {
      const socket = connect(port, '127.0.0.1');
      await new Promise<void>((sent) => socket.write(withLength(body), () => sent()));
      socket.destroy();
    }
    expect(await say(closing(withLength(body)))).toContain('Ada Lovelace');
  });
});
