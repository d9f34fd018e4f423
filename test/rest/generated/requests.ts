/** Requests to a dialect, made of its document: what it describes, what comes near it, and what nobody would send. */
import fc from 'fast-check';
import { type Body, bodiesFor, type Components, linesOf, oddTexts, type Schema } from './bodies.ts';
import { type ActorName, actorNames } from './world.ts';

/** A request as data: `<word>` stands for the id that the world has for it, and the actor for its secret. */
export interface GeneratedRequest {
  readonly actor: ActorName;
  readonly carrier: Carrier;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** Where the secret stands. */
export const carriers = ['bearer', 'bare', 'cookie', 'lowercase', 'basic', 'twice'] as const;
export type Carrier = (typeof carriers)[number];

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface Document extends Components {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const weighted = <T>(...choices: [number, fc.Arbitrary<T>][]) =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'];
const accounts = ['person', 'manager', 'managed', 'friend', 'robot', 'superuser', 'other', 'suspended'];
const named = [...accounts, 'stranger', 'kid', 'system', 'none', 'organization', 'hidden'].map(
  (id) => `<${id}>`,
);
const sessions = ['<ownSession>', '<secondSession>', '<strangersSession>'];
const oddSegments = [
  'me',
  'current',
  'x',
  '%00',
  '%FF',
  '%',
  '%E0%A4%A',
  '%2F',
  '%2e%2e',
  '..',
  '__proto__',
  '😀',
  '%F0%9F%98%80',
  '%ED%A0%80',
  'a'.repeat(4000),
  '{<managed>}',
  'urn:uuid:<managed>',
  '<managed>%00',
  '<managed>;a=b',
  '%20<managed>',
];

/** What a path's parameter wants, where that is no account. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  tokenId: sessions,
  user_id: ['me', '<person>', '<managed>', '<kid>'],
  record_id: ['<record>'],
  erasure_id: ['<erasure>'],
};

/** A value of a path's parameter: mostly an id of the kind that it wants. */
const segmentOf = (parameter: string) =>
  weighted<string>(
    [6, fc.constantFrom(...(wanted[parameter] ?? ['<managed>', '<kid>', '<person>']))],
    [4, fc.constantFrom(...named, ...sessions)],
    [3, fc.constantFrom(...oddSegments)],
    [1, fc.string({ unit: 'binary', maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed()))],
  );

/** What happens to a path on its way from a careless client. */
const pathChanges: readonly ((path: string) => string)[] = [
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.replace(/\/([^/]*)$/, '//$1'),
  (path) => `${path}/x`,
  (path) => path.toUpperCase(),
  (path) => path.slice(0, -1) || '/',
  (path) => path.replace(/\/[^/]*$/, ''),
  (path) => path.replace(/e/, '%65'),
  (path) => `${path}%00`,
  (path) => `${path}/../x`,
  (path) => `${path};v=1`,
];

const emails = ['stranger', 'friend', 'person', 'manager'].map((name) => `mk-email-of-${name}@example.com`);

/** Every value of a parameter, right and wrong. */
const value = weighted<string>(
  [2, fc.constantFrom('true', 'false', 'yes', '0', '1', '10', '1000')],
  [2, fc.constantFrom(...named, 'github', ...emails, 'mk-name', 'mk-subject-of-stranger')],
  [
    2,
    fc.constantFrom(
      '-1',
      '1001',
      '2147483648',
      '1e3',
      '1.0',
      ' 5',
      '+5',
      '0x10',
      '9'.repeat(400),
      'NaN',
      '٣',
    ),
  ],
  [1, fc.constantFrom(...oddTexts).map((text) => text.toWellFormed())],
);

function pairOf(names: readonly string[]) {
  const name = weighted<string>(
    [4, fc.constantFrom(...(names.length > 0 ? names : ['x']))],
    [1, fc.constantFrom('unknown', '__proto__', 'offset', 'limit', 'name', 'email', '')],
  );
  const encode = (text: string) => encodeURIComponent(text).replace(/%3C(\w+)%3E/g, '<$1>');
  const known = fc
    .constantFrom(...(names.includes('email') ? emails : ['x']))
    .map((one) => `email=${encode(one)}`);
  const encoded = fc.tuple(name, value).map(([key, text]) => `${key}=${encode(text)}`);
  return weighted<string>(
    [6, encoded],
    [2, known],
    [1, fc.constantFrom('&', '=', 'limit', 'email=%FF', 'email=%00', 'a[b]=c', 'offset=%', '%00=%00')],
  );
}

const contentTypes = [
  'application/x-ndjson',
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'APPLICATION/JSON',
  'application/merge-patch+json',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-16',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/xml',
  'garbage',
  ';;;=',
];

/** A header or none; mostly none. */
const maybe = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 });

const headers = fc
  .record({
    accept: maybe('application/json', 'text/html', '*/*', 'nonsense'),
    'if-none-match': maybe('*', '"x"', 'W/"x", W/"y"', ''),
    origin: maybe('http://usergraph.test', 'https://evil.example', 'null'),
    'sec-fetch-site': maybe('same-origin', 'cross-site', 'none'),
    'content-encoding': maybe('gzip'),
    'refreshed-token': maybe('x'),
  })
  .map(
    (all) =>
      Object.fromEntries(Object.entries(all).filter(([, text]) => text !== undefined)) as Record<
        string,
        string
      >,
  );

const actor = weighted<ActorName>(
  [5, fc.constantFrom<ActorName[]>('person', 'manager', 'superuser')],
  [3, fc.constantFrom(...actorNames)],
);
const carrier = weighted<Carrier>([8, fc.constant('bearer')], [2, fc.constantFrom(...carriers)]);

/** Requests that are made of one operation. */
function requestsTo(document: Document, template: string, method: string): fc.Arbitrary<GeneratedRequest> {
  const { parameters = [], requestBody } = document.paths[template]?.[method] ?? {};
  const queries = parameters.filter((parameter) => parameter.in === 'query');
  const content = Object.entries(requestBody?.content ?? {});
  const bases = document.servers.map(({ url }) => url.replace(/\/$/, ''));
  const segments = template.split('/').map((segment) => {
    const parameter = /^\{(\w+)\}$/.exec(segment)?.[1];
    return parameter === undefined ? fc.constant(segment) : segmentOf(parameter);
  });
  const path = fc
    .tuple(fc.constantFrom(...bases), fc.tuple(...segments))
    .map(([base, texts]) => base + texts.join('/'));
  const changed = fc.tuple(path, fc.constantFrom(...pathChanges)).map(([text, change]) => change(text));
  const required = fc
    .constantFrom(...named)
    .map((id) => queries.filter((one) => one.required).map(({ name }) => `${name}=${id}`));
  const pairs = fc.array(pairOf(queries.map(({ name }) => name)), { maxLength: 3 });
  const type = content[0]?.[0];
  return fc
    .record({
      actor,
      carrier,
      method: weighted([6, fc.constant(method.toUpperCase())], [1, fc.constantFrom(...methods)]),
      path: weighted([8, path], [1, changed]),
      query: fc
        .tuple(required, weighted([1, fc.constant<string[]>([])], [1, pairs]))
        .map((parts) => parts.flat().join('&')),
      headers,
      contentType: weighted<string | undefined>(
        [5, fc.constant(type)],
        [1, fc.constantFrom(...contentTypes)],
        [1, fc.constant(undefined)],
      ),
      body:
        type === 'application/x-ndjson'
          ? linesOf(document)
          : bodiesFor(content[0]?.[1].schema, document, {
              isForm: type === 'application/x-www-form-urlencoded',
            }),
    })
    .map(({ contentType, ...request }) => ({
      ...request,
      headers: { ...request.headers, ...(contentType !== undefined && { 'content-type': contentType }) },
    }));
}

/** Requests to all operations of a dialect. */
export function requestsFor(document: Document): fc.Arbitrary<GeneratedRequest> {
  const operations = Object.entries(document.paths).flatMap(([template, all]) =>
    Object.keys(all).map((method) => requestsTo(document, template, method)),
  );
  return fc.oneof(...operations);
}
