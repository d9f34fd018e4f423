/**
 * A shorter way for operations that were answered before. A document is parsed, validated and held to the limits of documents
 * by Yoga and its plugins, once; so is chosen what to answer in to an `Accept` header. Who posts the same document again, as
 * plain JSON, has it executed right away. What depends on more than the document is done each time: counting, authorization,
 * the cost of what variables ask for. Whatever else is unusual about a request goes through Yoga.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLError,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { processRegularResult } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { type Context, within } from '../context.ts';
import { type HttpRequest, Reply } from '../http/message.ts';
import { mediaType } from '../http/request-body.ts';
import { keptAnswer } from '../kept-answers.ts';
import type { RateLimit } from '../limits.ts';
import { schema } from '../schema/index.ts';
import { createCompiledQueries, type Executor } from './compiled-queries.ts';
import { createDocumentCache } from './document-cache.ts';
import { operationCost } from './operation-cost.ts';

export interface Parameters {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName: string | null | undefined;
}

/** An operation that a request asks for, and how to answer it. */
export interface KnownOperation {
  /** What it counts as, the request itself included. */
  readonly cost: number;
  run(context: Context, charge: () => Promise<RateLimit | null>): Promise<Reply>;
}

/** As text, or what it is where there are errors in it. */
type Answer =
  | { readonly text: string; readonly result?: never }
  | { readonly text?: never; readonly result: ExecutionResult };

interface Known {
  readonly text: string;
  readonly document: DocumentNode;
  /** Whether its answers are made of more than what can be kept, as the first one showed. */
  isForOnce: boolean;
  /** Whether what it counts as depends on variables. */
  readonly isConditional: boolean;
  readonly costs: Map<string, number>;
}

const slowly =
  ({ document }: Known, operationName: string | null | undefined): Executor =>
  (contextValue, variableValues) =>
    execute({ schema, document, contextValue, variableValues, operationName: operationName ?? null }) as
      | ExecutionResult
      | Promise<ExecutionResult>;

/** @param tell what a client is told of an error */
export function createKnownOperations(tell: (error: unknown, context: Context) => GraphQLError) {
  const documents = createDocumentCache<Known>();
  const compiled = createCompiledQueries();
  const mediaTypes = new LRUCache<string, string>({ max: 100 });

  function costOf({ document, isConditional, costs }: Known, parameters: Parameters): number {
    const name = parameters.operationName ?? '';
    const known = isConditional ? undefined : costs.get(name);
    if (known !== undefined) return known;
    const cost = operationCost(document, parameters);
    if (!isConditional) costs.set(name, cost);
    return cost;
  }

  /** What changes something is not compiled: an error in what is compiled does not tell where in the document it is. */
  async function answer(known: Known, parameters: Parameters, context: Context): Promise<Answer> {
    const result = await slowly(known, parameters.operationName)(context, parameters.variables ?? {});
    return answerOf(result, context);
  }

  /** A query that fails is run again, to know where. */
  async function answerQuery(known: Known, parameters: Parameters, context: Context): Promise<Answer> {
    const { operationName = null, variables } = parameters;
    const key = `${operationName ?? ''} ${known.text}`;
    const result = await compiled.find(key)?.(context, variables ?? {});
    if (result !== undefined && !result.errors) return answerOf(result, context);
    const answered = await answer(known, parameters, context);
    if (answered.text !== undefined) compiled.noteRun(key, known.document, operationName);
    return answered;
  }

  async function answerKept(known: Known, parameters: Parameters, context: Context): Promise<Answer> {
    if (known.isForOnce) return answerQuery(known, parameters, context);
    const { answer: answered, isForOnce } = await keptAnswer(
      context,
      JSON.stringify([parameters.operationName, parameters.variables, known.text]),
      (noted) => answerQuery(known, parameters, noted),
      ({ text }) => text !== undefined,
    );
    known.isForOnce = isForOnce;
    return answered;
  }

  const answerOf = (result: ExecutionResult, context: Context): Answer =>
    result.errors
      ? { result: { ...result, errors: result.errors.map((error) => tell(error, context)) } }
      : { text: JSON.stringify(result) };

  return {
    /** Remembers a document that passed all checks of documents. */
    learn(text: string, document: DocumentNode): void {
      if (documents.has(text)) return;
      documents.set(text, {
        text,
        document,
        isForOnce: false,
        isConditional: text.includes('@'),
        costs: new Map(),
      });
    },

    /** Remembers what Yoga answers in to who accepts this. */
    learnMediaType(accept: string | null, contentType: string | null): void {
      const type = contentType?.split(';')[0];
      if (type === 'application/json' || type === 'application/graphql-response+json')
        mediaTypes.set(accept ?? '', type);
    },

    /** The operation that the body of a request asks for; null where it is to go through Yoga. */
    find(body: string, accept: string | null): KnownOperation | null {
      const type = mediaTypes.get(accept ?? '');
      const parameters = type === undefined ? null : readParameters(body);
      const known = parameters && documents.get(parameters.query);
      if (type === undefined || parameters === null || !known) return null;
      const operation = getOperationAST(known.document, parameters.operationName);
      if (operation == null || operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
      if (!fits(operation, parameters)) return null;
      const declared = { ...parameters, variables: declaredOf(operation, parameters) };
      return {
        cost: costOf(known, parameters),
        run: async (context, charge) => {
          const make = operation.operation === OperationTypeNode.QUERY ? answerKept : answer;
          const { text, result } = await charge()
            .then((rateLimit) =>
              make(known, declared, rateLimit === null ? context : within(context, { rateLimit })),
            )
            .catch((error: unknown): Answer => ({ result: { errors: [tell(error, context)] } }));
          if (text === undefined) return explain(result, type);
          return new Reply(text, { headers: { 'content-type': `${type}; charset=utf-8` } });
        },
      };
    },
  };
}

/** Whether the variables are what the operation takes: what is wrong with them, Yoga tells. */
function fits({ variableDefinitions = [] }: OperationDefinitionNode, { variables }: Parameters): boolean {
  if (variableDefinitions.length === 0) return true;
  return (
    getVariableValues(schema, variableDefinitions, variables ?? {}, { maxErrors: 1 }).errors === undefined
  );
}

/** The variables that the operation has: others that were sent are nothing to it. */
function declaredOf(
  { variableDefinitions = [] }: OperationDefinitionNode,
  { variables }: Parameters,
): Record<string, unknown> {
  const names = variableDefinitions.map(({ variable }) => variable.name.value);
  return Object.fromEntries(
    names.flatMap((name) => (name in (variables ?? {}) ? [[name, variables?.[name]]] : [])),
  );
}

/** As Yoga does: the status and the headers follow from the errors. */
const explain = (result: ExecutionResult, type: string) =>
  processRegularResult(result, { Response: Reply } as never, type) as unknown as Reply;

/** Whether a request is of the most usual form: JSON of a length that it says. */
export function isPlainPost(request: HttpRequest, maxBytes: number): boolean {
  const length = request.headers.get('content-length');
  return (
    request.method === 'POST' &&
    length !== null &&
    Number(length) <= maxBytes &&
    mediaType(request) === 'application/json'
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null for what is not just that. */
function readParameters(body: string): Parameters | null {
  let given: unknown;
  try {
    given = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isObject(given)) return null;
  const { query, variables, operationName, ...others } = given;
  const isUsual =
    typeof query === 'string' &&
    (variables == null || isObject(variables)) &&
    (operationName == null || typeof operationName === 'string') &&
    Object.keys(others).length === 0;
  return isUsual ? ({ query, variables, operationName } as Parameters) : null;
}
