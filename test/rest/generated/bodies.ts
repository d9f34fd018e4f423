/** Bodies of requests: what a schema takes, what it almost takes, and what nothing takes. */
import fc from 'fast-check';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Components {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A body as data, so that a failure can be told and repeated. */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  | { readonly kind: 'form' | 'multipart'; readonly fields: readonly (readonly [string, string])[] };

/** Values that a field of this name takes; names of the vendors, and of other fields alike. `<word>` is as in a path. */
const good: Readonly<Record<string, readonly string[]>> = {
  avatar_url: ['https://example.com/a.png'],
  avatarUrl: ['https://example.com/a.png'],
  locale: ['en-GB', 'de'],
  timezone: ['Europe/Paris'],
  email: ['new@example.com', 'mk-email-of-stranger@example.com'],
  username: [
    'new-name',
    'admin',
    'mk-login-of-person',
    'mk-login-of-stranger',
    'mk-email-of-friend@example.com',
  ],
  password: ['correct horse', 'wrong horse', 'x'],
  grant_type: ['password', 'refresh_token', 'refresh_token', ''],
  refresh_token: ['<refreshToken>', '<refreshToken>', 'ug_ref_x'],
  sub: ['<managed>', '<kid>', '<person>'],
  collection: ['activities', 'traces'],
  occurredAt: ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.123+02:00'],
};

/** Texts that parsers, databases and people stumble over. */
export const oddTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202eevil',
  '😀'.repeat(50),
  'a'.repeat(51),
  'a'.repeat(5000),
  '__proto__',
  'constructor',
  "'; DROP TABLE users; --",
  '%',
  '_%\\',
  '<script>alert(1)</script>',
  'NaN',
  'null',
  '-1',
  '9'.repeat(400),
];

export const oddText = fc.oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'binary', maxLength: 60 }));
const text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('Ann', 'Zoë 😀', 'x') },
  { weight: 1, arbitrary: oddText },
);

const scalar = fc.oneof(
  oddText,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom<unknown>(null, [], {}, [[]], 1e308, -0, { name: 'x' }, ['a', 1]),
);

/** A value that fits a schema, mostly. */
function fitting(schema: Schema, name: string, document: Components): fc.Arbitrary<unknown> {
  if (schema.$ref) return fitting(resolve(schema, document), name, document);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => fitting(one, name, document)));
  const types = [schema.type ?? 'object'].flat();
  return fc.oneof(...types.map((type) => fittingOfType(type, schema, name, document)));
}

function fittingOfType(
  type: string,
  schema: Schema,
  name: string,
  document: Components,
): fc.Arbitrary<unknown> {
  if (type === 'null') return fc.constant(null);
  if (type === 'boolean') return fc.boolean();
  if (type === 'integer' || type === 'number') return fc.integer();
  if (type === 'string') {
    const known = good[name];
    return known
      ? fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: oddText })
      : text;
  }
  if (!schema.properties)
    return fc.dictionary(fc.constantFrom('team', '__proto__', 'a\u0000', ''), scalar, { maxKeys: 3 });
  const properties = Object.entries(schema.properties).map(
    ([key, one]) => [key, fitting(one, key, document)] as const,
  );
  return fc.record(Object.fromEntries(properties), { requiredKeys: [...(schema.required ?? [])] });
}

function resolve({ $ref = '' }: Schema, document: Components): Schema {
  return document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {};
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** A body that fits, but for one key. */
const mutated = (whole: fc.Arbitrary<unknown>, keys: readonly string[]) =>
  fc
    .tuple(
      whole,
      fc.constantFrom(...keys, 'unknown', 'constructor', 'id'),
      fc.option(scalar, { nil: undefined }),
    )
    .map(([value, key, replaced]) => (isObject(value) ? { ...value, [key]: replaced } : value));

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

const oddJson = fc.constantFrom(
  '',
  '{',
  '{}',
  '[]',
  'null',
  '0',
  '"text"',
  '{"name":1e999}',
  '{"name":"a","name":"b"}',
  '{"name":"\\ud800"}',
  '{"name":"\\u0000"}',
  '{"__proto__":{"is_superuser":true},"is_superuser":null}',
  '{"constructor":{"prototype":{"name":"x"}}}',
  '{"metadata":{"__proto__":{"a":1}}}',
  '\ufeff{"name":"x"}',
  "{'name':'x'}",
  '{"name":"x"} ',
  '{"name":"x"}}',
  `{"metadata":${nested(20_000, '{"a":', '}').replace(':}', ':0}')}}`,
  nested(20_000, '[', ']'),
  `{"name":"${'x'.repeat(20_000)}"}`,
  `{"name":"${'x'.repeat(70_000)}"}`, // more than MAX_BODY_KIB of this world
);

/** Bodies for an operation, by the schema of each; for one that takes none, whatever. */
export function bodiesFor(
  schema: Schema | undefined,
  document: Components,
  { isForm }: { isForm: boolean },
): fc.Arbitrary<Body> {
  const resolved = schema?.$ref ? resolve(schema, document) : (schema ?? {});
  const keys = Object.keys(resolved.properties ?? {});
  const whole = schema ? fitting(schema, '', document) : scalar;
  const objects = fc.oneof(
    { weight: 3, arbitrary: whole },
    { weight: 2, arbitrary: mutated(whole, keys) },
    { weight: 1, arbitrary: scalar },
  );
  const json = objects.map((value): Body => ({ kind: 'text', text: JSON.stringify(value) ?? '' }));
  const fields = objects.map((value) =>
    (isObject(value) ? Object.entries(value) : [['name', value]]).map(
      ([key, one]) =>
        [String(key), typeof one === 'string' ? one.toWellFormed() : (JSON.stringify(one) ?? '')] as const,
    ),
  );
  return fc.oneof(
    { weight: isForm ? 2 : 6, arbitrary: json },
    {
      weight: isForm ? 8 : 4,
      arbitrary: fc.record({ kind: fc.constantFrom('form' as const, 'multipart' as const), fields }),
    },
    { weight: 2, arbitrary: oddJson.map((odd): Body => ({ kind: 'text', text: odd })) },
    {
      weight: 1,
      arbitrary: fc.array(fc.nat(255), { maxLength: 20 }).map((bytes): Body => ({ kind: 'bytes', bytes })),
    },
    { weight: 1, arbitrary: fc.constant<Body>({ kind: 'none' }) },
  );
}

/** Newline-delimited JSON: records, mostly. */
export function linesOf(document: Components): fc.Arbitrary<Body> {
  const record = bodiesFor({ $ref: '#/components/schemas/NewDataRecord' }, document, { isForm: false });
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.constant('{"collection":"activities","data":{"a":1}}') },
    { weight: 3, arbitrary: record.map((body) => (body.kind === 'text' ? body.text : '')) },
    { weight: 1, arbitrary: oddText },
  );
  const lines = fc.tuple(fc.array(line, { maxLength: 4 }), fc.constantFrom('\n', '\r\n', '\n\n'));
  return lines.map(([texts, separator]): Body => ({ kind: 'text', text: texts.join(separator) }));
}
