/** The GraphQL surface: Yoga with this graph, its limits, and errors as the registry tells them. */
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { PothosValidationError } from '@pothos/core';
import { type DocumentNode, GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Context } from './context.ts';
import { DomainError, InvalidArgumentError } from './errors.ts';
import { discreet, discreetMessage } from './graphql/discreet-errors.ts';
import { createDocumentCache } from './graphql/document-cache.ts';
import { createKnownOperations, isPlainPost } from './graphql/known-operations.ts';
import { operationCost } from './graphql/operation-cost.ts';
import type { Streams } from './graphql/streams.ts';
import { requireEventStream, setStreamHeaders, subscribe } from './graphql/subscribe.ts';
import { errorDetails, nativeErrorHeaders, toDomainError } from './http/error-response.ts';
import { type HttpAnswer, type HttpRequest, toFetchRequest } from './http/message.ts';
import { limitBody } from './http/request-body.ts';
import { callerKey, type RateLimit } from './limits.ts';
import type { Log } from './log.ts';
import { schema } from './schema/index.ts';

/** What one document may hold, so that no request costs much before it is understood. Introspection nests 21 deep. */
const documentLimits = {
  characters: 64 * 1024,
  tokens: 2000,
  aliases: 30,
  directives: 50,
  depth: 25,
} as const;

interface Hooks {
  /** Counts the caller, that was counted once, for more. @throws {RateLimitedError} */
  readonly count: (cost: number) => Promise<RateLimit>;
  /** Is told of a stream that opens; the signal is aborted when it ends. */
  readonly onStream: (ended: AbortSignal) => void;
}

interface Options {
  readonly log: Log;
  readonly streams: Streams;
  readonly maxBodyBytes: number;
}

/** Those that go through Yoga now. */
type Runs = WeakMap<Request, Run>;

/** A request while it is answered. */
interface Run extends Hooks {
  readonly context: Context;
  /** What the operation counts as, less what was counted already. */
  owed: number;
}

export function createGraphQL({ log, streams, maxBodyBytes }: Options) {
  const known = createKnownOperations(toGraphQLError);
  const runs: Runs = new WeakMap();
  const yoga = createYoga<Context>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: false,
    cors: false,
    batching: false,
    multipart: false,
    logging: false,
    parserAndValidationCache: {
      documentCache: createDocumentCache<DocumentNode>(),
      errorCache: createDocumentCache<object>(),
    },
    maskedErrors: false, // `useToldErrors` tells them, with what it knows of the request
    plugins: [
      useToldErrors(runs, log),
      useParameterErrors(),
      useDiscreetErrors(),
      useDocumentLength(),
      useOperationCost(runs),
      useKnownOperations(known),
      useSubscriptions(runs, streams),
      maxTokensPlugin({ n: documentLimits.tokens, onReject }) as Plugin,
      maxDepthPlugin({ n: documentLimits.depth, ignoreIntrospection: false, onReject }) as Plugin,
      maxAliasesPlugin({ n: documentLimits.aliases, onReject }) as Plugin,
      maxDirectivesPlugin({ n: documentLimits.directives, onReject }) as Plugin,
    ],
  });

  async function answerAtLength(request: Request, context: Context, hooks: Hooks): Promise<Response> {
    const run: Run = { ...hooks, context, owed: 0 };
    runs.set(request, run);
    const response = await yoga.fetch(request, flat(context));
    if (run.owed > 0) await run.count(run.owed); // what is refused as a whole counts as what it asked for, too
    if (response.status === 415) throw new DomainError('UNSUPPORTED_MEDIA_TYPE'); // Yoga says no more than that
    if (response.headers.get('content-type') === 'text/event-stream') setStreamHeaders(response.headers);
    known.learnMediaType(request.headers.get('accept'), response.headers.get('content-type'));
    return response;
  }

  async function answer(request: HttpRequest, context: Context, hooks: Hooks): Promise<HttpAnswer> {
    if (!isPlainPost(request, maxBodyBytes))
      return answerAtLength(toFetchRequest(await limitBody(request, maxBodyBytes)), context, hooks);
    const body = await readText(request);
    const operation = known.find(body, request.headers.get('accept'));
    if (operation === null) return answerAtLength(toFetchRequest(request, body), context, hooks);
    return operation.run(context, () => charge(operation.cost - 1, context, hooks));
  }

  return {
    /** Answers a request of a caller that was counted once. */
    answer: async (request: HttpRequest, context: Context, hooks: Hooks): Promise<HttpAnswer> => {
      const answered = await answer(request, context, hooks);
      if (!answered.headers.has('cache-control')) answered.headers.set('cache-control', 'no-store');
      return answered;
    },
    dispose: () => yoga.dispose(),
  };
}

/** Yoga copies what a context has of its own. */
function flat(context: Context): Context {
  const copy: Record<string, unknown> = {};
  for (const name in context) copy[name] = context[name as keyof Context];
  return copy as unknown as Context;
}

async function readText(request: HttpRequest): Promise<string> {
  try {
    return await request.text();
  } catch (cause) {
    throw new DomainError('BAD_REQUEST', { message: 'The request body broke off.', cause });
  }
}

/** Has each document that passed all checks of documents remembered. */
function useKnownOperations({
  learn,
}: Pick<ReturnType<typeof createKnownOperations>, 'learn'>): Plugin<Context> {
  return {
    onExecute({ args: { document }, context: { params } }) {
      if (typeof params.query === 'string') learn(params.query, document);
    },
  };
}

/**
 * Counts what an operation counts as besides the request that was counted.
 * @returns where the caller stands then; null where it counts as no more
 * @throws {InvalidArgumentError} for more than anybody may do in a minute
 */
async function charge(owed: number, { rateLimit }: Context, { count }: Hooks): Promise<RateLimit | null> {
  if (owed === 0) return null;
  if (owed >= rateLimit.limit)
    throw new InvalidArgumentError(
      `The operation counts as ${owed + 1} requests, more than the ${rateLimit.limit} of a minute. Send fewer fields at once.`,
    );
  return count(owed);
}

/** A document over a limit is refused whole, with a code and a status of ours. */
const onReject = [
  (_context: unknown, { message }: GraphQLError): never => {
    throw new GraphQLError(message.replace('Syntax Error: ', ''), {
      extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
    });
  },
];

/** Tells errors as the registry has them, wherever they come from. */
function useToldErrors(runs: Runs, log: Log): Plugin<Context> {
  return {
    onResultProcess({ request, result, setResult }) {
      if (!('errors' in result) || result.errors === undefined) return;
      const context = runs.get(request)?.context ?? { log };
      setResult({ ...result, errors: result.errors.map((error) => toGraphQLError(error, context)) });
    },
  };
}

/** Parameters that cannot be read, or whose sender went away, are the client's mistake. */
function useParameterErrors(): Plugin<Context> {
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (requestParser === undefined) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request);
        } catch (error) {
          if (!(error instanceof GraphQLError)) throw new DomainError('BAD_REQUEST', { cause: error });
          const { message, extensions } = error;
          if (extensions.originalError === undefined) throw error;
          throw new DomainError('BAD_REQUEST', { message, cause: error }); // the original one repeats the body
        }
      });
    },
  };
}

/** Those of a document that cannot be run; those of its variables are told by `withCode`. */
function useDiscreetErrors(): Plugin<Context> {
  return {
    onParse:
      () =>
      ({ result, replaceParseResult }) => {
        if (result instanceof GraphQLError) replaceParseResult(discreet(result) as never);
      },
    onValidate:
      () =>
      ({ result, setResult }) =>
        setResult((result as GraphQLError[]).map(discreet)),
  };
}

function useDocumentLength(): Plugin<Context> {
  return {
    onParams({ params: { query } }) {
      if (typeof query !== 'string' || query.length <= documentLimits.characters) return;
      throw new DomainError('BAD_REQUEST', { message: 'The document is longer than 64 Ki characters.' });
    },
  };
}

/** Counts each operation for what it holds before any of it runs, so that an alias saves nobody a request. */
function useOperationCost(runs: Runs): Plugin<Context> {
  return {
    onParse({ context: { params, request } }) {
      return ({ result }) => {
        const run = runs.get(request);
        if (run && result !== null && 'definitions' in result) run.owed = operationCost(result, params) - 1;
      };
    },
    async onExecute({ extendContext, context: { request } }) {
      const run = runs.get(request);
      if (!run || run.owed === 0) return;
      const { owed, context } = run;
      run.owed = 0;
      const rateLimit = await charge(owed, context, run);
      if (rateLimit !== null) extendContext({ rateLimit });
    },
  };
}

/** Opens a stream for each subscription, and has it end when its client goes away. */
function useSubscriptions(runs: Runs, streams: Streams): Plugin<Context> {
  return {
    onSubscribe({ setSubscribeFn, context: { request } }) {
      const run = runs.get(request);
      if (run === undefined) return;
      const { context, onStream } = run;
      setSubscribeFn(async (args) => {
        requireEventStream(request);
        const stream = streams.open(callerKey(context.actor, context.client.ipAddress));
        request.signal.addEventListener('abort', stream.end, { signal: stream.ended });
        onStream(stream.ended);
        return subscribe(args, { stream, tell: (error) => toGraphQLError(error, context) });
      });
    },
  };
}

/** What a client is told; a bug with the id of the request that met it, under which the log has its stack. */
function toGraphQLError(error: unknown, { log, requestId }: { log: Log; requestId?: string }): GraphQLError {
  const original = error instanceof GraphQLError ? error.originalError : error;
  if (error instanceof GraphQLError && isGraphQLOwn(original)) return withCode(error);
  const known = toDomainError(original, log);
  return new GraphQLError(known.message, {
    ...(error instanceof GraphQLError && { nodes: error.nodes ?? null, path: error.path ?? null }),
    extensions: {
      code: known.code,
      ...errorDetails(known),
      ...(known.code === 'INTERNAL_SERVER_ERROR' && { requestId }),
      http: { status: known.status, headers: nativeErrorHeaders(known) },
    },
  });
}

const isGraphQLOwn = (original: unknown) =>
  original == null || (original instanceof GraphQLError && !(original instanceof PothosValidationError));

/** An error of the document or its variables, which GraphQL itself found. */
function withCode(error: GraphQLError): GraphQLError {
  if (error.extensions.code !== undefined) return error;
  const { nodes, source, positions, path, extensions } = error;
  return new GraphQLError(discreetMessage(error), {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    // `spec` leaves the status to GraphQL over HTTP: 200 for clients that accept no other media type than JSON.
    extensions: { http: { status: 400, spec: path === undefined }, ...extensions, code: 'BAD_USER_INPUT' },
  });
}
