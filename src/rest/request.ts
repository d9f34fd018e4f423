/** Reads the input of a route: path, query and body, each against its schema, with all problems at once. */

import type { z } from 'zod';
import { toProblem } from '../domain/input.ts';
import { DomainError, InvalidInputError, type ProblemCode } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import { limitBody, mediaType } from '../http/request-body.ts';
import type { Route } from './dialect.ts';

export type InputPart = 'path' | 'query' | 'body';

/** What is wrong with one value of a request. */
export interface RequestProblem {
  readonly in: InputPart;
  /** From the root of that part; empty for the whole of it. */
  readonly path: readonly (string | number)[];
  readonly code: ProblemCode | 'MALFORMED';
  readonly message: string;
  /** What the schema said, when it was the schema. */
  readonly issue: z.core.$ZodIssue | null;
  /** How far the body could be read, in characters, when that is known. */
  readonly position?: number;
}

/** The request does not fit the route's schemas. */
export class InvalidRequestError extends DomainError {
  readonly problems: readonly RequestProblem[];

  constructor(problems: readonly RequestProblem[]) {
    super('INVALID_INPUT');
    this.problems = problems;
  }
}

/** What is wrong with a request, whoever found it. `names` are the dialect's names of the domain's fields. */
export function problemsOf(
  error: DomainError,
  names: Readonly<Record<string, string>> = {},
): readonly RequestProblem[] {
  if (error instanceof InvalidRequestError) return error.problems;
  if (!(error instanceof InvalidInputError)) return [];
  return error.problems.map(({ path: [, field = '', ...rest], code, message }) => {
    const path = [names[field] ?? field, ...rest];
    return { in: 'body', path, code, message, issue: null };
  });
}

/** What is wrong with an input, in a sentence: the message of the error, in the dialect's names. */
export function messageOf(error: DomainError, names: Readonly<Record<string, string>>): string {
  const problems = problemsOf(error, names);
  const [first] = problems;
  if (first === undefined) return error.message;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return `${[...first.path, ''].join('.').slice(0, -1) || first.in}: ${first.message}${more}`;
}

export interface RouteInput {
  readonly params: never;
  readonly query: never;
  readonly body: never;
}

/**
 * @param segments the path's parameters as they came, by name
 * @throws {InvalidRequestError} with a problem for each bad value
 * @throws {DomainError} UNSUPPORTED_MEDIA_TYPE for a body of a type that the route does not take
 */
export async function readInput(
  route: Route,
  segments: Readonly<Record<string, string>>,
  { request, maxBodyBytes }: { request: HttpRequest; maxBodyBytes: number },
): Promise<RouteInput> {
  const problems: RequestProblem[] = [];
  const parse = (part: InputPart, schema: z.ZodType | undefined, value: unknown): never => {
    const parsed = schema?.safeParse(value, { reportInput: true });
    if (parsed?.success === false)
      problems.push(...parsed.error.issues.map((issue) => fromIssue(part, issue)));
    return parsed?.data as never;
  };
  const body = await readBody(route, request, maxBodyBytes);
  const params = parse('path', route.params, decodeSegments(segments, problems));
  const query = parse('query', route.query, Object.fromEntries(new URL(request.url).searchParams));
  const input = { params, query, body: parse('body', body.schema, body.value) };
  if (problems.length > 0) throw new InvalidRequestError(problems);
  return input;
}

function fromIssue(part: InputPart, issue: z.core.$ZodIssue): RequestProblem {
  const { code, message: said } = toProblem(issue);
  const isOfWrongType = issue.code === 'invalid_type' && issue.input != null;
  const message = isOfWrongType ? `must be of type ${issue.expected}` : said;
  return {
    in: part,
    path: issue.path.map((key) => (typeof key === 'number' ? key : String(key))),
    code,
    message,
    issue,
  };
}

function decodeSegments(
  segments: Readonly<Record<string, string>>,
  problems: RequestProblem[],
): Record<string, string> {
  const decode = ([name, text]: [string, string]): [string, string] => {
    const decoded = decodeUtf8(text);
    if (decoded !== null) return [name, decoded];
    const message = 'must be percent-encoded UTF-8, without U+0000';
    problems.push({ in: 'path', path: [name], code: 'INVALID', message, issue: null });
    return [name, text];
  };
  return Object.fromEntries(Object.entries(segments).map(decode));
}

/** Null for what is no UTF-8, and for U+0000, which no text in PostgreSQL has. */
function decodeUtf8(text: string): string | null {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes('\u0000') ? null : decoded;
  } catch {
    return null;
  }
}

interface ReadBody {
  readonly schema: z.ZodType | undefined;
  readonly value: unknown;
}

/** A body that the route does not take is not read. */
async function readBody(
  { json, form, ndjson }: Route,
  unread: HttpRequest,
  maxBytes: number,
): Promise<ReadBody> {
  if ((json ?? form ?? ndjson) === undefined) return { schema: undefined, value: undefined };
  const request = await limitBody(unread, maxBytes);
  const type = mediaType(request);
  if (ndjson) return { schema: ndjson, value: await readLines(request, type) };
  const isForm = type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data';
  if (isForm && form) return { schema: form, value: await readForm(request) };
  const isJson = type === null || /^application\/([\w.-]+\+)?json$/.test(type);
  const text = await readText(request);
  if (text === '') return { schema: form ?? json, value: form ? {} : undefined };
  if (isJson && json) return { schema: json, value: parseJson(text) };
  throw new DomainError('UNSUPPORTED_MEDIA_TYPE', {
    message: `Send the body as ${accepted({ json, form })}.`,
  });
}

const accepted = ({ json, form }: { json: unknown; form: unknown }) =>
  [json && 'application/json', form && 'application/x-www-form-urlencoded'].filter(Boolean).join(' or ');

const malformed = (message: string, position = 0) =>
  new InvalidRequestError([{ in: 'body', path: [], code: 'MALFORMED', message, issue: null, position }]);

/** The media types that newline-delimited JSON goes by; none is registered. */
const lineTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

async function readLines(request: HttpRequest, type: string | null): Promise<Uint8Array> {
  if (type !== null && !lineTypes.includes(type))
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', { message: `Send the body as ${lineTypes[0]}.` });
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch (error) {
    throw new DomainError('BAD_REQUEST', { message: 'The request body broke off.', cause: error });
  }
}

async function readText(request: HttpRequest): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await request.arrayBuffer());
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw malformed('must be UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw malformed('must be JSON', position === undefined ? text.length : Number(position));
  }
}

/** A field that is sent empty counts as not sent, as in FastAPI, whose clients write None so. Of several, the last counts. */
async function readForm(request: HttpRequest): Promise<Record<string, unknown>> {
  try {
    const fields = [...(await request.formData())] as [string, unknown][];
    return Object.fromEntries(fields.filter(([, value]) => value !== ''));
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw malformed('must be a form');
  }
}
