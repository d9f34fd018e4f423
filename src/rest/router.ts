/** Finds the route of a request among the mounted dialects, and answers in the dialect's words. Knows no dialect. */

import type { Context } from '../context.ts';
import { isUuid } from '../domain/ids.ts';
import { DomainError, InsufficientScopeError, MethodNotAllowedError, PathNotFoundError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { type HttpAnswer, type HttpRequest, Reply } from '../http/message.ts';
import { keptAnswer } from '../kept-answers.ts';
import {
  type AddedHeader,
  Answer,
  type Call,
  type Dialect,
  isGuarded,
  isRevalidated,
  type Moment,
  type Rendered,
  type RestSettings,
  type Route,
} from './dialect.ts';
import { answerOnce, readIdempotencyKey, recognize } from './idempotency.ts';
import { localPath, type MountedDialect, owning } from './mounts.ts';
import { type RouteInput, readInput } from './request.ts';
import { entityTag, isKnown, noPrecondition, type Precondition, readPrecondition } from './validators.ts';

/** A request to a route: of a dialect, or one of this server's own. */
export interface RestCall {
  /** The secret that the caller came with; not looked at where the route is open. */
  readonly credential: string | null;
  /** Whether nobody may call it without a credential. */
  readonly needsCaller: boolean;
  /** Whether a credential that is no good counts as none: a page then asks to sign in. */
  readonly isTolerant?: boolean;
  respond(context: Context): Promise<HttpAnswer>;
}

/**
 * The call that a request is, if its path is a dialect's; an answer where none must be made, to a preflight for one.
 * From here on failures of the exchange are told as the dialect tells them.
 */
export function findCall(
  exchange: Exchange,
  mounts: readonly MountedDialect[],
  settings: RouterSettings,
): RestCall | Response | undefined {
  const { request, url } = exchange;
  const mount = url && owning(mounts, url.pathname);
  if (!url || !mount) return undefined;
  const { dialect } = mount;
  const added: AddedHeader[] = []; // also to a failure: who is handed a new credential must get it
  const respond = (rendered: Rendered) =>
    withHeaders(added, write(dialect, momentOf(exchange, settings), rendered));
  // Named first: V8 takes what is written right into a property for long-lived, and keeps all that it closes over as long.
  const fail: Exchange['fail'] = (error) => respond(dialect.fail(error, momentOf(exchange, settings)));
  exchange.fail = fail;
  const path = localPath(mount, url.pathname);
  const isElsewhere = dialect.elsewhere?.includes(path) && path !== url.pathname;
  if (isElsewhere && request.method === 'GET')
    return redirect(upFrom(url.pathname) + path.slice(1) + url.search);
  const matches = matchesOf(dialect, path);
  const [first] = matches;
  if (first) exchange.shownPath = url.pathname.slice(0, -path.length) + shownPath(first);
  const match = matches.find(({ route }) => route.method === request.method);
  if (match) return callOf(match, { dialect, request, respond, added, settings });
  const answer = answerWithoutRoute(dialect, { url, path, method: request.method, matches });
  if (answer instanceof Response) return answer;
  const refuse = () => Promise.reject(answer);
  return { credential: null, needsCaller: false, respond: refuse }; // counted like any request, by its address
}

interface RouterSettings extends RestSettings {
  readonly maxBodyBytes: number;
  readonly now: () => Date;
}

interface Match {
  readonly route: Route;
  readonly segments: Readonly<Record<string, string>>;
}

function callOf(
  { route, segments }: Match,
  {
    dialect,
    request,
    respond,
    added,
    settings,
  }: {
    dialect: Dialect;
    request: HttpRequest;
    respond: (rendered: Rendered) => Reply;
    /** Filled with the headers that answers carry from then on. */
    added: AddedHeader[];
    settings: RouterSettings;
  },
): RestCall {
  const credential = route.isOpen ? null : dialect.credential(request, settings.now());
  return {
    credential,
    needsCaller: !route.isOpen,
    async respond(context) {
      if (!route.isOpen && dialect.renew) added.push(...(await dialect.renew(context, request)));
      const missing = route.scopes?.find((scope) => !context.actor.scopes.has(scope));
      if (missing) throw new InsufficientScopeError(missing);
      const { requireIfMatch } = settings;
      const maxBodyBytes = route.maxBodyBytes ?? settings.maxBodyBytes;
      const precondition = isGuarded(route) ? readPrecondition(request, requireIfMatch) : noPrecondition;
      const key = readIdempotencyKey(route, request);
      const keyed = key === null ? null : await recognize(key, request, maxBodyBytes);
      const input = await readInput(route, segments, { request: keyed?.request ?? request, maxBodyBytes });
      const handle = async (within: Context) =>
        rendering(route, request, await give(route, within, { ...input, credential, precondition }));
      const answered = keyed
        ? answerOnce(context, { ...keyed, route }, handle)
        : isKeepable(route)
          ? answerKept({ dialect, route, request }, context, { ...input, credential, precondition })
          : handle(context);
      return respond(await answered.catch((error: unknown) => failPrecondition(error, precondition)));
    },
  };
}

type Input = RouteInput & Pick<Call<never, never, never>, 'credential' | 'precondition'>;

async function give(route: Route, context: Context, input: Input): Promise<Answer<unknown>> {
  const given = await route.handle(context, input);
  return given instanceof Answer ? given : new Answer(given, {});
}

/** Routes whose answers are made of more than what can be kept, as the first one showed. */
const answeredForOnce = new WeakSet<Route>();
const isKeepable = (route: Route) => route.method === 'GET' && !answeredForOnce.has(route);

/** Answers a reading request as before, if all that the answer was made of is as before (see `keptAnswer`). */
async function answerKept(
  { dialect, route, request }: { dialect: Dialect; route: Route; request: HttpRequest },
  context: Context,
  input: Input,
): Promise<Rendered> {
  const { params, query } = input; // what else is in the address is not looked at
  let showsSecret = false;
  const { answer, isForOnce } = await keptAnswer(
    context,
    JSON.stringify([dialect.name, route.path, params, query]),
    async (noted) => {
      const given = await give(route, noted, {
        ...input,
        get credential() {
          showsSecret = true; // which is no part of what an actor is
          return input.credential;
        },
      });
      return { given, text: JSON.stringify(given.body) };
    },
    () => !showsSecret,
  );
  if (isForOnce || showsSecret) answeredForOnce.add(route);
  return { ...rendering(route, request, answer.given), text: answer.text };
}

/** What a handler gave, as it is written: in the status of its route, or as known to the caller already. */
function rendering(route: Route, request: HttpRequest, { body, facts }: Answer<unknown>): Rendered {
  const { shows, isWhole, location, about } = facts;
  const etag = shows && entityTag(shows);
  const mayBeKept = isWhole === true && isRevalidated(route);
  const headers = {
    ...(etag !== undefined && { etag }),
    ...(mayBeKept && { 'cache-control': 'private, no-cache' }),
    ...(location !== undefined && { location }),
  };
  if (mayBeKept && etag !== undefined && isKnown(request, etag))
    return { status: 304, body: undefined, headers };
  return { status: route.success.status, body, headers, about };
}

/** A change that was meant for another version is at odds with the request's own condition, if it came with one. */
function failPrecondition(error: unknown, { isGiven }: Precondition): never {
  const isStale = error instanceof DomainError && error.code === 'CONFLICT';
  throw isStale && isGiven ? new DomainError('PRECONDITION_FAILED') : error;
}

/** The path as it may be logged: what is no id in it may be a name or an address. */
const shownPath = ({ route, segments }: Match): string =>
  route.path.replace(/\{(\w+)\}/g, (parameter, name: string) => {
    const text = segments[name] ?? '';
    return isUuid(text) ? text : parameter;
  });

/** What a request without a route gets: an answer to a preflight, a redirect to where a route is, or a refusal. */
function answerWithoutRoute(
  dialect: Dialect,
  { url, path, method, matches }: { url: URL; path: string; method: string; matches: readonly Match[] },
): Response | DomainError {
  if (matches.length > 0) {
    const refusal = new MethodNotAllowedError(matches.map(({ route }) => route.method));
    if (method !== 'OPTIONS') return refusal;
    return new Response(null, { status: 204, headers: { allow: refusal.allow } });
  }
  const toggled = (text: string) => (text.endsWith('/') ? text.slice(0, -1) : `${text}/`);
  if (!dialect.redirectsSlash || matchesOf(dialect, toggled(path)).length === 0)
    return new PathNotFoundError();
  // Relative to the path, so that it holds behind a proxy that serves this under a path of its own.
  const segment = url.pathname.split('/').at(-1) || url.pathname.split('/').at(-2);
  return redirect((url.pathname.endsWith('/') ? `../${segment}` : `./${segment}/`) + url.search);
}

const redirect = (location: string) => new Response(null, { status: 307, headers: { location } });

/** From a path to the root, however this server is reached: relative to the path. */
const upFrom = (pathname: string) => '../'.repeat(pathname.split('/').length - 2);

/** The routes at a path, for any method, those without parameters first. */
function matchesOf(dialect: Dialect, path: string): Match[] {
  const given = path.split('/');
  const matches = patternsOf(dialect).flatMap(({ route, wanted }) => {
    const segments = matchSegments(wanted, given);
    return segments ? [{ route, segments }] : [];
  });
  const parameters = ({ segments }: Match) => Object.keys(segments).length;
  return matches.sort((a, b) => parameters(a) - parameters(b));
}

interface Pattern {
  readonly route: Route;
  readonly wanted: readonly string[];
}
const patterns = new WeakMap<Dialect, readonly Pattern[]>();

/** The routes of a dialect with their paths in pieces, made once. */
function patternsOf(dialect: Dialect): readonly Pattern[] {
  const known = patterns.get(dialect);
  if (known !== undefined) return known;
  const made = dialect.routes.map((route) => ({ route, wanted: route.path.split('/') }));
  patterns.set(dialect, made);
  return made;
}

function matchSegments(wanted: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (wanted.length !== given.length) return null;
  const segments: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = given[index] ?? '';
    if (segment === text && !segment.startsWith('{')) continue;
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined ? segment !== decoded(text) : text === '') return null;
    if (name !== undefined) segments[name] = text;
  }
  return segments;
}

/** Clients may percent-encode what needs none. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const momentOf = ({ rateLimit }: Exchange, settings: RestSettings): Moment => ({
  rateLimit: rateLimit ?? null,
  settings,
});

function write(dialect: Dialect, moment: Moment, { status, body, headers, ...rendered }: Rendered): Reply {
  const text = body === undefined ? null : (rendered.text ?? JSON.stringify(body));
  const content = {
    ...(text !== null && { 'content-type': 'application/json' }),
    ...(![204, 304].includes(status) && { 'content-length': String(Buffer.byteLength(text ?? '')) }),
  };
  const all = { 'cache-control': 'no-store', ...content, ...dialect.headers?.(moment), ...headers };
  return new Reply(text, { status, headers: all });
}

function withHeaders(added: readonly AddedHeader[], response: Reply): Reply {
  for (const [name, value] of added) response.headers.append(name, value);
  return response;
}
