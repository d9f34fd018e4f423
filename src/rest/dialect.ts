/**
 * What a dialect is: one vendor's REST API for user accounts, written as data. The router serves a dialect, the OpenAPI
 * document and the fidelity report describe it, and the tests check its answers, all from the same declaration.
 */
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Scope } from '../domain/policy.ts';
import type { DomainError } from '../errors.ts';
import type { RateLimit } from '../limits.ts';

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

/** What a handler gives: the body of the one answer that its route declares. It cannot choose another status. */
type Answered<Body extends z.ZodType | null> = Body extends z.ZodType ? Promise<View<Body>> : Promise<void>;

/** The parsed input of a call. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The secret that the caller came with. */
  readonly credential: string | null;
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
  /** The bodies that it takes, by media type; both give the same input. */
  readonly json?: z.ZodType<Body>;
  readonly form?: z.ZodType<Body>;
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
}

export interface Rendered {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type AddedHeader = readonly [name: string, value: string];

export interface Dialect {
  /** As in `REST_MOUNTS` and `/openapi/<name>.json`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The vendor's own documentation. */
  readonly documentation: string;
  /** The paths that are its own: what is under them and is no route is answered in its own words. */
  readonly namespaces: readonly string[];
  /** The base paths that its clients use: at the root of the origin, and others that need a mount. */
  readonly basePaths: { readonly root: readonly string[]; readonly mounted?: readonly string[] };
  /** Whether a path that only lacks or has too many a slash at its end is redirected (307) to the route. */
  readonly redirectsSlash?: boolean;
  /** Whether a 200 carries an `ETag` of its content, and `If-None-Match` is answered with 304. */
  readonly hasEtag?: boolean;
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
  credential(request: Request, now: Date): string | null;
  /**
   * The headers that hand on a credential that was renewed on the way in.
   * @throws when what the request came with does not belong together
   */
  renew?(context: Context, request: Request): Promise<readonly AddedHeader[]>;
  fail(error: DomainError, moment: Moment): Rendered;
  headers?(moment: Moment): Readonly<Record<string, string>>;
}

/** Declares a dialect. @throws when its routes and its failures do not fit together */
export function defineDialect(dialect: Dialect): Dialect {
  const problem = (text: string) => new Error(`The dialect ${dialect.name}: ${text}`);
  const seen = new Set<string>();
  for (const { method, path, params, failures = {} } of dialect.routes) {
    const name = `${method} ${path}`;
    if (seen.has(name)) throw problem(`${name} is declared twice`);
    seen.add(name);
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const declared = Object.keys((params as { shape?: object } | undefined)?.shape ?? {});
    if (named.join() !== declared.join())
      throw problem(`${name} declares the parameters (${declared}), not (${named})`);
    if (!isOwned(dialect, path)) throw problem(`${name} is in none of its namespaces`);
    for (const status of Object.keys(failures)) {
      if (!(status in dialect.failures))
        throw problem(`${name} names the failure ${status}, which has no body`);
    }
  }
  for (const status of dialect.everywhere) {
    if (!(status in dialect.failures)) throw problem(`every route answers ${status}, which has no body`);
  }
  return dialect;
}

/** Whether the answer of a route carries an `ETag`. */
export const hasValidator = ({ hasEtag }: Dialect, { success }: Route): boolean =>
  hasEtag === true && success.status === 200;

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
export function failuresOf(
  dialect: Dialect,
  { failures = {}, isOpen, json, form }: Route,
): Map<number, Failure> {
  const answered = new Map<number, Failure>();
  for (const [status, failure] of Object.entries(dialect.failures)) {
    const evidence = failures[Number(status)];
    const isUnread = json === undefined && form === undefined;
    const isImpossible = (isOpen && ['401', '403'].includes(status)) || (isUnread && status === '413');
    const isEverywhere = dialect.everywhere.includes(Number(status)) && !isImpossible;
    if (evidence !== undefined || isEverywhere)
      answered.set(Number(status), { ...failure, evidence: evidence ?? failure.evidence });
  }
  return answered;
}
