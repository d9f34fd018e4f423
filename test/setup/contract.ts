/** Checks answers of the REST dialects against their OpenAPI documents: status, body, order of keys, media type. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
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
  readonly responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

export const documents = new Map(
  dialects.map((dialect) => [dialect.name, openApiDocument(dialect) as unknown as Document]),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addFormat('phone-number', /^\+[1-9]\d{1,14}$/);
for (const format of ['locale-bcp47', 'timezone']) ajv.addFormat(format, true);
for (const [name, document] of documents) ajv.addSchema(document, name);

/** The operation of a document that a request is, found by the document alone. */
export function operationAt(document: Document, method: string, path: string) {
  const templates = Object.keys(document.paths).sort((a, b) => a.split('{').length - b.split('{').length);
  const matching = templates.filter((template) =>
    new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const [template] = matching.filter((one, _, [first]) => !first?.includes('{') || one.includes('{'));
  const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
  return template !== undefined && operation ? { template, operation } : undefined;
}

/** @throws when a dialect's answer is outside of its document */
export async function checkContract(
  mounts: readonly MountedDialect[],
  request: { readonly method: string; readonly url: string },
  response: Response,
): Promise<void> {
  const { pathname } = new URL(request.url);
  const mount = owning(mounts, pathname);
  if (!mount || request.method === 'OPTIONS' || [304, 307].includes(response.status)) return;
  const { name } = mount.dialect;
  const document = documents.get(name);
  const found = document && operationAt(document, request.method, localPath(mount, pathname));
  const text = await response.clone().text();
  const what = `${request.method} ${pathname} answered ${response.status} ${text}`;
  if (!response.headers.has('x-request-id')) throw new Error(`${what}\nwithout X-Request-Id`);
  const schema = found
    ? schemaOf(name, found, response.status, what)
    : `${name}#${failureOfAny(document as Document, response.status, what)}`;
  if (schema === null) {
    if (text !== '') throw new Error(`${what}\nwhere its document has no content`);
    return;
  }
  if (response.headers.get('content-type') !== 'application/json') throw new Error(`${what}\nnot as JSON`);
  const body: unknown = JSON.parse(text);
  if (!ajv.validate({ $ref: schema }, body))
    throw new Error(`${what}\noutside its schema: ${ajv.errorsText()}`);
  checkOrder(
    document as Document,
    resolve(document as Document, { $ref: schema.slice(name.length) }),
    body,
    what,
  );
}

type Found = NonNullable<ReturnType<typeof operationAt>>;
const pointer = (...keys: string[]) =>
  keys.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

function schemaOf(name: string, { template, operation }: Found, status: number, what: string): string | null {
  const response = operation.responses[status];
  if (!response) throw new Error(`${what}\nwhich ${operation.operationId} of ${name} does not declare`);
  if (!response.content) return null;
  const method = Object.entries(documents.get(name)?.paths[template] ?? {}).find(
    ([, one]) => one === operation,
  );
  const keys = [
    'paths',
    template,
    method?.[0] ?? '',
    'responses',
    String(status),
    'content',
    'application/json',
    'schema',
  ];
  return `${name}#${pointer(...keys)}`;
}

/** Where no route is, the answer is one that some operation of the dialect declares. */
function failureOfAny(document: Document, status: number, what: string): string {
  for (const [template, operations] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      if (responses[status]?.content)
        return pointer(
          'paths',
          template,
          method,
          'responses',
          String(status),
          'content',
          'application/json',
          'schema',
        );
    }
  }
  if (status === 404 || status === 405) return pointer('components', 'schemas', 'Detail');
  throw new Error(`${what}\nwhich no operation declares`);
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
