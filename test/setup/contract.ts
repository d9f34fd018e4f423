/** Checks answers of the REST dialects against their OpenAPI documents: status, body, order of keys, media type. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { exportsPath } from '../../src/domain/exports.ts';
import { paths } from '../../src/oauth/metadata.ts';
import { dialects } from '../../src/rest/dialects.ts';
import { localPath, type MountedDialect, owning } from '../../src/rest/mounts.ts';
import { openApiDocument } from '../../src/rest/openapi.ts';

type Schema = Record<string, unknown> & {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
};
interface Operation {
  readonly operationId: string;
  readonly responses: Record<
    string,
    {
      headers: Record<string, { required: boolean }>;
      content?: Record<string, { schema: Schema }>;
    }
  >;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

export const documents = new Map(
  dialects.map((dialect) => [dialect.name, openApiDocument(dialect) as unknown as Document]),
);

/** The same, as if a route could fail in every way: what a path without a route is answered with. */
const refusals = new Map(
  dialects.map((dialect) => {
    const failures = Object.fromEntries(
      Object.keys(dialect.failures).map((status) => [status, 'assumed' as const]),
    );
    const routes = dialect.routes.slice(0, 1).map((route) => ({ ...route, failures }));
    return [dialect.name, openApiDocument({ ...dialect, routes }) as unknown as Document];
  }),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addFormat('phone-number', /^\+[1-9]\d{1,14}$/);
for (const format of ['locale-bcp47', 'timezone']) ajv.addFormat(format, true);
for (const [name, document] of documents) ajv.addSchema(document, name);
for (const [name, document] of refusals) ajv.addSchema(document, `${name}-refusals`);

/** The operation of a document that a request is, found by the document alone: of several, the one with fewest parameters. */
export function operationAt(document: Document, method: string, path: string) {
  const decoded = decodable(path);
  const matching = Object.keys(document.paths)
    .filter((template) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(decoded))
    .sort((a, b) => a.split('{').length - b.split('{').length);
  for (const template of matching) {
    for (const [key, operation] of Object.entries(document.paths[template] ?? {}))
      if (key.toUpperCase() === method) return { template, key, operation };
  }
  return undefined;
}

/** The path without needless percent-encoding; as it is when it is not UTF-8. */
function decodable(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path.replace(/%[0-7][0-9a-f]/gi, (one) => decodeURI(one));
  }
}

/** What this server answers itself, within the namespace of a dialect. */
const nativePaths = new Set<string>(Object.values(paths));

/** @throws when a dialect's answer is outside of its document */
export async function checkContract(
  mounts: readonly MountedDialect[],
  request: { readonly method: string; readonly url: string },
  response: Response,
): Promise<void> {
  const { pathname } = new URL(request.url);
  if (nativePaths.has(pathname) || pathname.startsWith(exportsPath)) return;
  const mount = owning(mounts, pathname);
  if (!mount || (request.method === 'OPTIONS' && response.status === 204)) return;
  const { name } = mount.dialect;
  const text = await response.clone().text();
  const what = `${request.method} ${pathname} answered ${response.status} ${text}`;
  const { document, schema, headers } = schemaOf(
    name,
    { method: request.method, path: localPath(mount, pathname) },
    { status: response.status, what },
  );
  for (const header of headers) {
    if (!response.headers.has(header)) throw new Error(`${what}\nwithout ${header}`);
  }
  if (schema === null) {
    if (text !== '') throw new Error(`${what}\nwhere its document has no content`);
    return;
  }
  if (response.headers.get('content-type') !== 'application/json') throw new Error(`${what}\nnot as JSON`);
  const body: unknown = JSON.parse(text);
  const validate = ajv.getSchema(schema); // compiled once, as a schema made here would not be
  if (!validate?.(body)) throw new Error(`${what}\noutside its schema: ${ajv.errorsText(validate?.errors)}`);
  checkOrder(document, resolve(document, { $ref: schema.slice(schema.indexOf('#')) }), body, what);
}

const pointer = (...keys: string[]) =>
  keys.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

interface Declared {
  readonly document: Document;
  /** Where the schema of the body stands; null for an answer without content. */
  readonly schema: string | null;
  /** The headers that it must have. */
  readonly headers: readonly string[];
}

/** What the answer must be: as its operation declares it; where no route is, any failure of the dialect but one of a route. */
function schemaOf(
  name: string,
  { method, path }: { method: string; path: string },
  { status, what }: { status: number; what: string },
): Declared {
  const document = documents.get(name) as Document;
  const found = operationAt(document, method, path);
  if (found)
    return declared(name, document, found, {
      status,
      what: `${what}\nwhich ${found.operation.operationId} of ${name} does not declare`,
    });
  if (status === 307) return { document, schema: null, headers: ['Location', 'X-Request-Id'] };
  const all = refusals.get(name) as Document;
  const [template = '', operations = {}] = Object.entries(all.paths)[0] ?? [];
  const [key = '', operation] = Object.entries(operations)[0] ?? [];
  if (!operation || status < 400) throw new Error(`${what}\nwhere ${name} has no route`);
  return declared(
    `${name}-refusals`,
    all,
    { template, key, operation },
    { status, what: `${what}\nwhich ${name} does not declare` },
  );
}

type Found = NonNullable<ReturnType<typeof operationAt>>;

function declared(
  id: string,
  document: Document,
  { template, key, operation }: Found,
  { status, what }: { status: number; what: string },
): Declared {
  const response = operation.responses[status];
  if (!response) throw new Error(what);
  const headers = Object.keys(response.headers).filter((header) => response.headers[header]?.required);
  if (!response.content) return { document, schema: null, headers };
  const keys = ['paths', template, key, 'responses', String(status), 'content', 'application/json', 'schema'];
  return { document, schema: `${id}#${pointer(...keys)}`, headers };
}

function resolve(document: Document, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const keys = schema.$ref
    .split('/')
    .slice(1)
    .map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
  return resolve(
    document,
    keys.reduce((value, key) => value[key] as Schema, document as unknown as Schema),
  );
}

/** Generated clients do not care, but people who compare answers with the vendor's do. */
function checkOrder(document: Document, schema: Schema, value: unknown, what: string): void {
  if (Array.isArray(value)) {
    for (const item of value)
      if (schema.items) checkOrder(document, resolve(document, schema.items), item, what);
    return;
  }
  if (typeof value !== 'object' || value === null || !schema.properties) return;
  const wanted = Object.keys(schema.properties).filter((key) => key in value);
  const given = Object.keys(value).filter((key) => key in (schema.properties ?? {}));
  if (wanted.join() !== given.join())
    throw new Error(`${what}\nhas its keys in the order ${given}, not ${wanted}`);
  for (const [key, inner] of Object.entries(value)) {
    const property = schema.properties[key];
    if (property) checkOrder(document, resolve(document, property), inner, what);
  }
}
