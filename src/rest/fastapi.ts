/** The vocabulary of services built on FastAPI: how they read a query, and how they say what is wrong with a request. */
import { z } from 'zod';
import { type DomainError, MethodNotAllowedError, PathNotFoundError } from '../errors.ts';
import type { Failure } from './dialect.ts';
import type { InputPart, RequestProblem } from './request.ts';
import { problemsOf } from './request.ts';

/** The body of a 422, as FastAPI writes it. */
export const ValidationError = z
  .object({
    loc: z
      .array(z.union([z.string(), z.int()]))
      .describe('Where the value is: its part of the request, then the keys to it.'),
    msg: z.string().describe('What is wrong with it.'),
    type: z.string().describe('The kind of problem, as pydantic names it.'),
  })
  .describe('What is wrong with one value of the request.');

export const HTTPValidationError = z
  .object({ detail: z.array(ValidationError) })
  .describe('Everything that is wrong with the request.');

/** The body of the framework's other errors. */
export const Detail = z.object({ detail: z.string() }).describe("FastAPI's own errors.");

/** A failure that no vendor documents; in the framework's own words unless another body is given. */
export const assumed = (description: string, body: z.ZodType = Detail): Failure => ({
  description,
  body,
  evidence: 'assumed',
});

type ValidationErrors = z.infer<typeof HTTPValidationError>['detail'];

/** A kind of problem of pydantic's, with its message. */
interface Kind {
  readonly type: string;
  readonly msg: string;
}

/** Reports a problem that zod has no word for under pydantic's. */
const kind = (type: string, msg: string) => ({
  code: 'custom' as const,
  message: msg,
  params: { pydantic: { type, msg } },
});

const truths = new Map([
  ...['true', '1', 'yes', 'on', 't', 'y'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off', 'f', 'n'].map((word) => [word, false] as const),
]);

/** A boolean of a query, in any of the words that pydantic takes for one. */
export function queryBoolean() {
  return z
    .string()
    .transform((text, context) => {
      const truth = truths.get(text.toLowerCase());
      if (truth !== undefined) return truth;
      context.addIssue(kind('bool_parsing', 'Input should be a valid boolean, unable to interpret input'));
      return z.NEVER;
    })
    .meta({ type: 'boolean' });
}

/** A value with a default, which the document shows. */
export function withDefault<Schema extends z.ZodType>(
  schema: Schema,
  value: z.util.NoUndefined<z.output<Schema>>,
) {
  return schema.default(value as never).meta({ default: value });
}

/** An integer of a query. */
export function queryInteger({ minimum, maximum }: { minimum: number; maximum: number }) {
  return z
    .string()
    .transform((text, context) => {
      if (!/^\s*[+-]?\d+(\.0*)?\s*$/.test(text)) {
        context.addIssue(
          kind('int_parsing', 'Input should be a valid integer, unable to parse string as an integer'),
        );
        return z.NEVER;
      }
      const number = Number(text);
      if (number < minimum)
        context.addIssue(kind('greater_than_equal', `Input should be greater than or equal to ${minimum}`));
      if (number > maximum)
        context.addIssue(kind('less_than_equal', `Input should be less than or equal to ${maximum}`));
      return number;
    })
    .meta({ type: 'integer', minimum, maximum });
}

/** What the framework itself says, in its own words; otherwise the message of the error. */
export function frameworkDetail(error: DomainError): string {
  if (error instanceof PathNotFoundError) return 'Not Found';
  if (error instanceof MethodNotAllowedError) return 'Method Not Allowed';
  return error.message;
}

/** A UUID, in any of the forms that Python reads; the product's own form comes out. */
export function uuid() {
  return z
    .string()
    .transform((text, context) => {
      const digits = text
        .replace(/^urn:uuid:/, '')
        .replace(/[{}-]/g, '')
        .toLowerCase();
      if (/^[0-9a-f]{32}$/.test(digits))
        return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
      context.addIssue(kind('uuid_parsing', 'Input should be a valid UUID'));
      return z.NEVER;
    })
    .meta({ format: 'uuid' });
}

/** An object of any content, as it came: a record of zod's would lose the key `__proto__`. */
export function dictionary() {
  return z
    .custom<Record<string, unknown>>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      {
        params: { pydantic: { type: 'dict_type', msg: 'Input should be a valid dictionary' } },
      },
    )
    .meta({ type: 'object', additionalProperties: true });
}

/** Every problem of a request, as FastAPI lists them. */
export function validationErrors(
  error: DomainError,
  names: Readonly<Record<string, string>>,
): ValidationErrors {
  if (error.code === 'UNSUPPORTED_MEDIA_TYPE')
    return [{ loc: ['body'], msg: `${notAnObject.msg}. ${error.message}`, type: notAnObject.type }];
  if (error.code === 'IDEMPOTENCY_KEY_REUSED')
    return [{ loc: ['header', 'idempotency-key'], ...ruleKind(error.message) }];
  const problems = problemsOf(error, names);
  if (problems.length === 0) return [{ loc: ['path'], ...ruleKind(error.message) }]; // about the account, not the input
  return problems.map((problem) => ({
    loc: [
      problem.in satisfies InputPart,
      ...problem.path,
      ...(problem.code === 'MALFORMED' ? [problem.position ?? 0] : []),
    ],
    ...kindOf(problem),
  }));
}

const ruleKind = (message: string): Kind => ({ msg: `Value error, ${message}`, type: 'value_error' });

const notAnObject: Kind = {
  msg: 'Input should be a valid dictionary or object to extract fields from',
  type: 'model_attributes_type',
};

/** The key order is FastAPI's: `loc`, `msg`, `type`. */
function kindOf({ code, message, issue }: RequestProblem): Kind {
  if (issue !== null) return kindOfIssue(issue, message);
  const should = message
    .replace('must not be empty', 'must have at least 1 character')
    .replace(/^must /, 'should ');
  const kinds: Partial<Record<RequestProblem['code'], Kind>> = {
    MALFORMED:
      message === 'must be JSON' ? { msg: 'JSON decode error', type: 'json_invalid' } : ruleKind(message),
    REQUIRED: { msg: 'Field required', type: 'missing' },
    TOO_SHORT: { msg: `String ${should}`, type: 'string_too_short' },
    TOO_LONG: { msg: `String ${should}`, type: 'string_too_long' },
  };
  return kinds[code] ?? ruleKind(message);
}

function kindOfIssue(issue: z.core.$ZodIssue, message: string): Kind {
  if (issue.code === 'custom' && issue.params?.pydantic) {
    const { type, msg } = issue.params.pydantic as Kind;
    return { msg, type };
  }
  if (issue.input === undefined) return { msg: 'Field required', type: 'missing' };
  if (issue.code === 'invalid_type') return types[issue.expected] ?? notAnObject;
  return ruleKind(message);
}

const types: Readonly<Record<string, Kind>> = {
  string: { msg: 'Input should be a valid string', type: 'string_type' },
  boolean: { msg: 'Input should be a valid boolean', type: 'bool_type' },
  record: { msg: 'Input should be a valid dictionary', type: 'dict_type' },
};
