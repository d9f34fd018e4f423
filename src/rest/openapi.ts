/** The OpenAPI 3.1 document of a dialect, made of the very declaration that serves it. */
import { z } from 'zod';
import { version } from '../version.ts';
import {
  type Dialect,
  failuresOf,
  isGuarded,
  isRevalidated,
  keepsAnswers,
  notModified,
  type Route,
  type Validator,
} from './dialect.ts';

type Json = Record<string, unknown>;

/** @param basePaths where the dialect is served: relative URLs, so that one document fits every origin */
export function openApiDocument(
  dialect: Dialect,
  basePaths: readonly string[] = dialect.basePaths.root,
): Json {
  const schemas = schemaWriter(dialect);
  const paths: Record<string, Json> = {};
  for (const route of dialect.routes) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operation(dialect, route, schemas),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      ...describe(dialect),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    ...(dialect.documentation && {
      externalDocs: { description: "The vendor's own documentation", url: dialect.documentation },
    }),
    servers: basePaths.map((path) => ({ url: path || '/' })),
    security: Object.keys(dialect.security).map((name) => ({ [name]: [] })),
    tags: [{ name: dialect.title, description: dialect.description }],
    paths,
    components: { schemas: schemas.components(), securitySchemes: dialect.security },
  };
}

/** One that imitates a vendor's API says whose it is, and how what it answers is known. */
function describe({ title, description, documentation }: Dialect): Json {
  if (documentation === undefined) return { title, version, description };
  return {
    title: `${title}, by Usergraph`,
    version,
    description: `${description} How each answer is known stands in \`x-evidence\`: \`documented\` by the vendor, \`observed\` on the wire, or \`assumed\`.`,
  };
}

function operation(dialect: Dialect, route: Route, schemas: SchemaWriter): Json {
  const { json, form, ndjson, success } = route;
  const isCached = isRevalidated(route);
  const parameters = [
    ...parametersIn('path', route.params, schemas),
    ...parametersIn('query', route.query, schemas),
    ...(dialect.parameters ?? []),
    ...(isCached ? [ifNoneMatch] : []),
    ...(route.validator && isGuarded(route) ? [ifMatch(route.validator)] : []),
    ...(keepsAnswers(route) ? [idempotencyKey] : []),
  ];
  const example = route.example && { example: route.example };
  const content = {
    ...(json && { 'application/json': { schema: schemas.input(json), ...example } }),
    ...(form && { 'application/x-www-form-urlencoded': { schema: schemas.input(form), ...example } }),
    ...(ndjson && { 'application/x-ndjson': { schema: schemas.input(ndjson) } }),
  };
  const failures = [...failuresOf(dialect, route)].map(
    ([status, { description, body, evidence, headers }]) => [
      status,
      response(dialect, { status, description, evidence, headers, schema: schemas.output(body) }),
    ],
  );
  return {
    operationId: route.operationId,
    summary: route.summary,
    description: route.description,
    tags: [dialect.title],
    ...(route.isOpen && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...((json || form || ndjson) && { requestBody: { required: form === undefined, content } }),
    responses: {
      [success.status]: response(dialect, {
        status: success.status,
        description: success.description,
        evidence: success.evidence,
        schema: success.body && schemas.output(success.body),
        besides: successHeaders(route),
      }),
      ...(isCached && {
        304: response(dialect, { ...notModified, schema: null, besides: validated(route.validator) }),
      }),
      ...Object.fromEntries(failures),
    },
    'x-evidence': route.evidence,
  };
}

/** What a caller sends that has the content already. */
const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The `ETag` of the content that the caller has.',
  required: false,
  schema: { type: 'string' },
};

const ifMatch = ({ of }: Validator) => ({
  name: 'If-Match',
  in: 'header',
  description: `The \`ETag\` of ${of} that is meant, or several, or \`*\`: what is at another version is left as it is (412). Some servers want it with every change (428).`,
  required: false,
  schema: { type: 'string' },
});

/** What a caller sends who may have to send the request again. */
const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A text of your own, new for each request, of 1 to 255 printable characters: the same request with the same key is one change, and has the same answer for 24 hours. Only successes are kept. Another request with that key is refused (422); another body is another request, even if it only differs in white space.',
  required: false,
  schema: { type: 'string', maxLength: 512 },
};

/** Headers of an answer: those that it always has, and those that depend. */
const every = (descriptions: Readonly<Record<string, string>>) => describeHeaders(descriptions, true);
const some = (descriptions: Readonly<Record<string, string>>) => describeHeaders(descriptions, false);

function describeHeaders(descriptions: Readonly<Record<string, string>>, required: boolean): Json {
  const described = Object.entries(descriptions).map(([name, description]) => [
    name,
    { description, required, schema: { type: 'string' } },
  ]);
  return Object.fromEntries(described);
}

/** The headers that HTTP asks for with a status. */
const headersOf: Readonly<Record<number, Json>> = {
  401: every({ 'WWW-Authenticate': 'How to authenticate (RFC 6750).' }),
  403: some({ 'WWW-Authenticate': 'The scope that the credential lacks, when it is a scope (RFC 6750).' }),
  429: every({ 'Retry-After': 'When to come back, in seconds.' }),
  503: every({ 'Retry-After': 'When to come back, in seconds.' }),
};
const everyAnswer = every({ 'X-Request-Id': 'The id of the request (UUID), for the log.' });
const validated = (validator: Validator | undefined): Json => {
  if (validator === undefined) return {};
  const { of, isForSome } = validator;
  const text = `The version of ${of}, the same wherever it is shown, for \`If-Match\`.`;
  return isForSome
    ? some({ ETag: `${text} Not on an answer that leaves out what the caller may not read.` })
    : every({ ETag: text });
};
const replayed = some({ 'Idempotency-Replayed': '`true` for an answer that was kept with its key.' });

const successHeaders = (route: Route): Json => ({
  ...(route.method !== 'DELETE' && route.success.body !== null && validated(route.validator)),
  ...(keepsAnswers(route) && replayed),
  ...every(route.success.headers ?? {}),
});

interface ResponseFacts {
  readonly status: number;
  readonly description: string;
  readonly evidence: string;
  readonly schema: Json | null;
  /** Instead of those that HTTP asks for. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Besides those, in their own form. */
  readonly besides?: Json;
}

function response(
  { headerDescriptions = {}, occasionalHeaders = {} }: Dialect,
  { status, description, evidence, schema, headers, besides }: ResponseFacts,
): Json {
  return {
    description,
    headers: {
      ...everyAnswer,
      ...every(headerDescriptions),
      ...some(occasionalHeaders),
      ...besides,
      ...(headers ? every(headers) : headersOf[status]),
    },
    ...(schema && { content: { 'application/json': { schema } } }),
    'x-evidence': evidence,
  };
}

function parametersIn(place: 'path' | 'query', object: z.ZodType | undefined, schemas: SchemaWriter): Json[] {
  if (object === undefined) return [];
  const { properties = {}, required = [] } = schemas.input(object) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    ...(description !== undefined && { description }),
    required: required.includes(name),
    schema,
  }));
}

type SchemaWriter = ReturnType<typeof schemaWriter>;

/** Writes JSON Schemas; those that the dialect has names for become components, and references to them. */
function schemaWriter(dialect: Dialect) {
  const names = new Map(Object.entries(dialect.schemas).map(([name, schema]) => [schema, name]));
  const written = new Map<string, Json>();

  function write(schema: z.ZodType, io: 'input' | 'output'): Json {
    const registry = z.registry<{ id: string }>();
    for (const [named, id] of names) registry.add(named, { id });
    registry.add(schema, { id: names.get(schema) ?? rootId });
    const { schemas } = z.toJSONSchema(registry, {
      unrepresentable: 'any', // what is checked by a function says itself what it is
      io,
      uri: (id) => `#/components/schemas/${id}`,
      override: keepDefault,
    });
    const name = names.get(schema);
    keep(schemas, name ?? rootId);
    return name === undefined
      ? withoutIdentity(schemas[rootId] as Json)
      : { $ref: `#/components/schemas/${name}` };
  }

  /** Keeps a schema and those that it refers to: only they are meant as this side of the exchange. */
  function keep(schemas: Readonly<Record<string, unknown>>, name: string): void {
    const schema = withoutIdentity(schemas[name] as Json);
    const known = written.get(name);
    if (known && JSON.stringify(known) === JSON.stringify(schema)) return;
    if (known)
      throw new Error(`${dialect.name}: ${name} is both taken and answered, and differs between them`);
    if (name !== rootId) written.set(name, schema);
    for (const [, other = ''] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      keep(schemas, other);
  }

  return {
    input: (schema: z.ZodType) => write(schema, 'input'),
    output: (schema: z.ZodType) => write(schema, 'output'),
    components: () => Object.fromEntries([...written].sort(([a], [b]) => a.localeCompare(b))),
  };
}

const rootId = '$root';

/** Of an input that is transformed zod leaves out the default, though callers do without the value. */
function keepDefault({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const known = z.globalRegistry.get(zodSchema)?.default;
  if (known !== undefined) jsonSchema.default = known as never;
}

function withoutIdentity({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}
