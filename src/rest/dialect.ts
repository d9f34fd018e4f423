/**
 * What a dialect is: one vendor's REST API for user accounts, written as data. The router serves a dialect, the OpenAPI
 * document and the fidelity report describe it, and the tests check its answers, all from the same declaration.
 */

import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { AccountAction, Scope } from '../domain/policy.ts';
import type { DomainError } from '../errors.ts';
import type { HttpRequest } from '../http/message.ts';
import type { RateLimit } from '../limits.ts';
import type { Precondition, Versioned } from './validators.ts';

/** How a fact of a dialect is known: from the vendor's page, from its clients and its traffic, or by inference. */
export type Evidence = 'documented' | 'observed' | 'assumed';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a route answers when all went well. */
export interface Success<Body extends z.ZodType | null = z.ZodType | null> {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  /** Null for an answer without content. */
  readonly body: Body;
  readonly evidence: Evidence;
  /** The headers that it has besides, with their descriptions. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a dialect answers when something went wrong. */
export interface Failure {
  readonly description: string;
  readonly body: z.ZodType;
  readonly evidence: Evidence;
  /** The headers that it always has, with their descriptions, if they are not just those that HTTP asks for. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What a view gives: every key of its schema, in the schema's order. One whose value may be absent must be named, too,
 * so that a forgotten field does not compile.
 */
export type View<Schema extends z.ZodType> = Complete<z.input<Schema>>;

type Complete<T> = T extends readonly (infer Item)[]
  ? readonly Complete<Item>[]
  : T extends object
    ? {
        readonly [Key in keyof T]-?:
          | Complete<Exclude<T[Key], undefined>>
          | (undefined extends T[Key] ? undefined : never);
      }
    : T;

/** What the headers of an answer tell, besides its body. */
export interface AnswerFacts {
  /** What it shows: its `ETag`. Absent where facts are left out that others may read: they would take it for all. */
  readonly shows?: Versioned;
  /** Whether nothing in it changes, for nobody, without that version: who has it may be told just so (304). */
  readonly isWhole?: boolean;
  /** Where to go on. */
  readonly location?: string;
  /** The account that it tells of. Every answer that can be kept names it: whoever loses sight of it is not given it again. */
  readonly about?: string;
}

/** A body with what its headers tell. */
export class Answer<Body> {
  readonly body: Body;
  readonly facts: AnswerFacts;

  constructor(body: Body, facts: AnswerFacts) {
    this.body = body;
    this.facts = facts;
  }
}

/** What a handler gives: the body of the one answer that its route declares. It cannot choose another status. */
type Answered<Body extends z.ZodType | null> = Body extends z.ZodType
  ? Promise<View<Body> | Answer<View<Body>>>
  : Promise<void> | Promise<Answer<undefined>>;

/** The parsed input of a call. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The secret that the caller came with. */
  readonly credential: string | null;
  /** Which versions the caller means to change. A domain error CONFLICT is told as 412 where it came with one. */
  readonly precondition: Precondition;
}

/** What the versions of a route's `ETag` are of. */
export interface Validator {
  /** In words: `the account`. */
  readonly of: string;
  /** Whether some of its answers hold nothing that changes without the version, so that `If-None-Match` gets a 304. */
  readonly isRevalidated?: boolean;
  /** Whether who may not read all of it gets an answer without `ETag`. */
  readonly isForSome?: boolean;
}

interface RouteDeclaration<Params, Query, Body, Output extends z.ZodType | null> {
  readonly method: Method;
  /** With its parameters in braces: `/users/{user_id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly evidence: Evidence;
  /** Whether it answers those who say nothing of themselves; a credential is not even looked at. */
  readonly isOpen?: boolean;
  /** The scopes that a credential must have, because the answer shows what they open. */
  readonly scopes?: readonly Scope[];
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  /**
   * What its answers show, one thing of a version: they carry an `ETag`, and a PUT, PATCH or DELETE takes `If-Match`.
   * The handler gives an `Answer` with what it shows.
   */
  readonly validator?: Validator;
  /**
   * Whether its answer holds a secret. The answer of any other POST that needs a caller is kept for who sends an
   * `Idempotency-Key`: its handler runs in one transaction, and leaves nothing to be done after it.
   */
  readonly answersSecret?: boolean;
  /** What a caller must be allowed to do with the account that a kept answer tells of, to be given it again. */
  readonly replayAction?: AccountAction;
  /** The bodies that it takes, by media type; both give the same input. */
  readonly json?: z.ZodType<Body>;
  readonly form?: z.ZodType<Body>;
  /** Newline-delimited JSON, handed on as bytes: no other body can be sent then. */
  readonly ndjson?: z.ZodType<Body>;
  /** How large its body may be, where that is not what the server allows for any. */
  readonly maxBodyBytes?: number;
  /** A body that shows what it is for and does no harm when it is sent as it stands. */
  readonly example?: object;
  readonly success: Success<Output>;
  /** The failures that it can answer besides those of every route, and how each is known. */
  readonly failures?: Readonly<Record<number, Evidence>>;
  handle(context: Context, call: Call<Params, Query, Body>): Answered<Output>;
}

/** A route, with its types forgotten: the router has checked what it hands in. */
export type Route = Omit<RouteDeclaration<unknown, unknown, unknown, z.ZodType | null>, 'handle'> & {
  handle(context: Context, call: Call<never, never, never>): Promise<unknown>;
};

/** Declares a route: its input and its answers are inferred from its schemas. */
export function route<Params, Query, Body, Output extends z.ZodType | null>(
  declaration: RouteDeclaration<Params, Query, Body, Output>,
): Route {
  return declaration as unknown as Route;
}

/** What is known while an answer is written. */
export interface Moment {
  /** Where the caller stands, once it was counted. */
  readonly rateLimit: RateLimit | null;
  readonly settings: RestSettings;
}

export interface RestSettings {
  /** What FastAPI services answer without a bearer token: 401 from FastAPI 0.122 on, 403 before. */
  readonly missingBearerStatus: 401 | 403;
  /** Whether a change without `If-Match` is refused. */
  readonly requireIfMatch: boolean;
}

export interface Rendered {
  readonly status: number;
  readonly body: unknown;
  /** The body as JSON, where that is known. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The account that it tells of, where it can be kept. */
  readonly about?: string | undefined;
}

export type AddedHeader = readonly [name: string, value: string];

export interface Dialect {
  /** As in `REST_MOUNTS` and `/openapi/<name>.json`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The vendor's own documentation; absent where it imitates nobody. */
  readonly documentation?: string;
  /** The paths that are its own: what is under them and is no route is answered in its own words. */
  readonly namespaces: readonly string[];
  /** The base paths that its clients use: at the root of the origin, and others that need a mount. */
  readonly basePaths: { readonly root: readonly string[]; readonly mounted?: readonly string[] };
  /** Whether a path that only lacks or has too many a slash at its end is redirected (307) to the route. */
  readonly redirectsSlash?: boolean;
  /** The component schemas of its document, by name. */
  readonly schemas: Readonly<Record<string, z.ZodType>>;
  /** The security schemes of its document (OpenAPI 3.1), by name; each alone is enough. */
  readonly security: Readonly<Record<string, object>>;
  /** Headers that every answer carries, for its document. */
  readonly headerDescriptions?: Readonly<Record<string, string>>;
  /** Headers that an answer can carry, for its document. */
  readonly occasionalHeaders?: Readonly<Record<string, string>>;
  /** Parameters that every route takes besides its own, for its document. */
  readonly parameters?: readonly object[];
  /** Everything that it answers when something went wrong, by status. */
  readonly failures: Readonly<Record<number, Failure>>;
  /** Those of its failures that every route can answer. */
  readonly everywhere: readonly number[];
  readonly routes: readonly Route[];
  /** Where it is known to be unlike the original, in sentences. */
  readonly differences: readonly string[];
  /** Paths of this server's own that its clients look for under its base path: from a mount they are led there. */
  readonly elsewhere?: readonly string[];
  /** Operations of the vendor that are not served here, and why. */
  readonly absent?: readonly { readonly operation: string; readonly reason: string }[];
  /** The secret in a request; null when there is none, or none of a form that the vendor knows. */
  credential(request: HttpRequest, now: Date): string | null;
  /**
   * The headers that hand on a credential that was renewed on the way in.
   * @throws when what the request came with does not belong together
   */
  renew?(context: Context, request: HttpRequest): Promise<readonly AddedHeader[]>;
  fail(error: DomainError, moment: Moment): Rendered;
  headers?(moment: Moment): Readonly<Record<string, string>>;
}

/** A dialect that imitates a vendor's API. */
export type Imitation = Dialect & { readonly documentation: string };

/** Declares a dialect. @throws when its routes and its failures do not fit together */
export function defineDialect<Declared extends Dialect>(dialect: Declared): Declared {
  const problem = (text: string) => new Error(`The dialect ${dialect.name}: ${text}`);
  const seen = new Set<string>();
  for (const route of dialect.routes) {
    const { method, path, params, failures = {} } = route;
    const name = `${method} ${path}`;
    if (seen.has(name)) throw problem(`${name} is declared twice`);
    seen.add(name);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const declared = Object.keys((params as { shape?: object } | undefined)?.shape ?? {});
    if (named.join() !== declared.join())
      throw problem(`${name} declares the parameters (${declared}), not (${named})`);
    if (!isOwned(dialect, path)) throw problem(`${name} is in none of its namespaces`);
    if (keepsAnswers(route) && !route.replayAction)
      throw problem(`${name} does not say who may be given a kept answer`);
    for (const status of [...Object.keys(failures), ...impliedFailures(route)]) {
      if (!(status in dialect.failures))
        throw problem(`${name} names the failure ${status}, which has no body`);
    }
  }
  for (const status of dialect.everywhere) {
    if (!(status in dialect.failures)) throw problem(`every route answers ${status}, which has no body`);
  }
  return dialect;
}

/** Whether who has the content of a route already can be told so. */
export const isRevalidated = ({ method, validator }: Route): boolean =>
  method === 'GET' && validator?.isRevalidated === true;

/** Whether a route changes something of a version: it takes `If-Match`. */
export const isGuarded = ({ method, validator }: Route): boolean =>
  validator !== undefined && ['PUT', 'PATCH', 'DELETE'].includes(method);

/** Whether a route keeps its answers for who sends an `Idempotency-Key`. */
export const keepsAnswers = ({ method, isOpen, answersSecret }: Route): boolean =>
  method === 'POST' && !isOpen && !answersSecret;

/** What a route can answer because of the headers that it takes, or refuses to take. */
function impliedFailures(route: Route): readonly number[] {
  return [
    ...(isGuarded(route) ? [400, 412, 428] : []),
    ...(keepsAnswers(route) ? [400, 422] : []),
    ...(route.answersSecret ? [400] : []),
  ];
}

/** What a caller is told that has the content of such a route already. */
export const notModified = {
  status: 304,
  description: 'The caller has this content already.',
  evidence: 'assumed',
} as const;

/** Whether a path is beneath a namespace, at some base path of the root. */
function isOwned({ basePaths, namespaces }: Dialect, path: string): boolean {
  const places = basePaths.root.map((base) => `${base}${path}/`);
  return places.every((place) => namespaces.some((namespace) => place.startsWith(`${namespace}/`)));
}

/** Every failure that a route can answer, with how it is known. */
export function failuresOf(dialect: Dialect, route: Route): Map<number, Failure> {
  const { failures = {}, isOpen, json, form, ndjson } = route;
  const implied = impliedFailures(route);
  const answered = new Map<number, Failure>();
  for (const [status, failure] of Object.entries(dialect.failures)) {
    const evidence = failures[Number(status)];
    const isUnread = (json ?? form ?? ndjson) === undefined;
    const isImpossible = (isOpen && ['401', '403'].includes(status)) || (isUnread && status === '413');
    const isEverywhere = dialect.everywhere.includes(Number(status)) && !isImpossible;
    if (evidence !== undefined || isEverywhere || implied.includes(Number(status)))
      answered.set(Number(status), { ...failure, evidence: evidence ?? failure.evidence });
  }
  return answered;
}
