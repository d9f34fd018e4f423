/** Queries that are asked again and again, compiled (graphql-jit): a third less work for a long list. */
import {
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import { schema } from '../schema/index.ts';

export type Executor = (
  context: Context,
  variables: Readonly<Record<string, unknown>>,
) => ExecutionResult | Promise<ExecutionResult>;

/** Compiling takes as long as many runs, so it must be worth it: after this many that went well. */
const fewRuns = 5;
/** Compiling writes each fragment out wherever it is spread, so that a short document can become a long program. */
const mostFields = 500;

export function createCompiledQueries() {
  const executors = new LRUCache<string, { runs: number; executor: Executor | null }>({ max: 100 });

  return {
    /** What the query was compiled to; null where it is not. */
    find: (key: string): Executor | null => executors.get(key)?.executor ?? null,

    /** Notes that the query was run, and went well. */
    noteRun(key: string, document: DocumentNode, operationName: string | null): void {
      const known = executors.get(key) ?? { runs: 0, executor: null };
      known.runs += 1;
      executors.set(key, known);
      if (known.runs === fewRuns) known.executor = compile(document, operationName);
    },
  };
}

function compile(document: DocumentNode, operationName: string | null): Executor | null {
  if (countFields(document, operationName) > mostFields) return null;
  const compiled = compileQuery(schema, document, operationName ?? undefined);
  return isCompiledQuery(compiled)
    ? (context, variables) => compiled.query(undefined, context, variables)
    : null;
}

/** How many fields an operation has with its fragments written out, none of which holds itself: it was validated. */
export function countFields(document: DocumentNode, operationName: string | null): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions)
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const counted = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const known = counted.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    const count = fragment === undefined ? 0 : countIn(fragment.selectionSet);
    counted.set(name, count);
    return count;
  };
  const countIn = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + ofFragment(selection.name.value);
      const within = selection.selectionSet ? countIn(selection.selectionSet) : 0;
      return sum + within + (selection.kind === Kind.FIELD ? 1 : 0);
    }, 0);
  const operation = getOperationAST(document, operationName);
  return operation == null ? 0 : countIn(operation.selectionSet);
}
