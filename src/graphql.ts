/** The GraphQL surface: Yoga with this graph, its limits, and errors as the registry tells them. */
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { PothosValidationError } from '@pothos/core';
import { GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Context } from './context.ts';
import { databaseGone } from './db/unavailable.ts';
import { DomainError, InvalidIdError, ServiceUnavailableError } from './errors.ts';
import { errorDetails, errorHeaders } from './http/error-response.ts';
import type { Log } from './log.ts';
import { schema } from './schema/index.ts';

/** What one document may hold, so that no request costs much before it is understood. Introspection nests 21 deep. */
const documentLimits = { tokens: 2000, aliases: 30, directives: 50, depth: 25 } as const;

export function createGraphQL({ log }: { log: Log }) {
  return createYoga<Context>({
    schema,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: false,
    cors: false,
    batching: false,
    logging: false,
    maskedErrors: { maskError: (error) => toGraphQLError(error, { log }) },
    plugins: [
      maxTokensPlugin({ n: documentLimits.tokens }) as Plugin,
      maxDepthPlugin({ n: documentLimits.depth, ignoreIntrospection: false }) as Plugin,
      maxAliasesPlugin({ n: documentLimits.aliases }) as Plugin,
      maxDirectivesPlugin({ n: documentLimits.directives }) as Plugin,
      useErrorRegistry(),
    ],
  });
}

/** Tells the errors of an execution as the registry does, and bugs with the id of the request that met them. */
function useErrorRegistry(): Plugin<Context> {
  return {
    onExecute: () => ({
      onExecuteDone: ({ args, result, setResult }) => {
        if (!('errors' in result) || result.errors === undefined) return;
        const context = args.contextValue as Context;
        setResult({ ...result, errors: result.errors.map((error) => toGraphQLError(error, context)) });
      },
    }),
  };
}

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
      http: { status: known.status, headers: errorHeaders(known) },
    },
  });
}

const isGraphQLOwn = (original: unknown) =>
  original == null || (original instanceof GraphQLError && !(original instanceof PothosValidationError));

/** An error of the document or its variables, which GraphQL itself found. */
function withCode(error: GraphQLError): GraphQLError {
  if (error.extensions.code !== undefined) return error;
  const { nodes, source, positions, path, extensions } = error;
  return new GraphQLError(error.message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions: { ...extensions, code: 'BAD_USER_INPUT' },
  });
}

/**
 * The domain error behind whatever was thrown: listed ones as they are, and Pothos' complaint of an id of another type;
 * anything else is a bug, logged and masked.
 */
export function toDomainError(error: unknown, log: Log): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof PothosValidationError) return new InvalidIdError(error.message);
  if (databaseGone(error)) {
    log.error({ err: error }, 'the database cannot be reached');
    return new ServiceUnavailableError(error);
  }
  log.error({ err: error }, 'unexpected error');
  return new DomainError('INTERNAL_SERVER_ERROR', { cause: error });
}
