/** Queries that are asked again and again, compiled (graphql-jit): a third less work for a long list. */
import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  getNamedType,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import { schema } from '../schema/index.ts';
import { hasListsWithinLists } from '../schema/loaded-fields.ts';

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
  const operation = getOperationAST(document, operationName);
  if (operation == null || hasListsWithinLists(operation) || !canCompile(document, operation)) return null;
  const compiled = compileQuery(schema, document, operationName ?? undefined);
  return isCompiledQuery(compiled)
    ? (context, variables) => compiled.query(undefined, context, variables)
    : null;
}

/**
 * Whether an operation is short enough with its fragments written out, and no two of its fields would be taken for one:
 * graphql-jit knows what a resolver is told of its field by the names and places in lists (`idx0`) that lead there, the last one first,
 * joined by underscores. None of the fragments holds itself: the document was validated.
 */
export function canCompile(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions)
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const places = new Map<string, string>();
  let fields = 0;

  function holds(
    { selections }: SelectionSetNode,
    type: GraphQLNamedType,
    place: readonly string[],
  ): boolean {
    return selections.every((selection) => {
      if (selection.kind === Kind.FIELD) return isOne(selection, type, place);
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      const on = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value);
      return fragment === undefined || holds(fragment.selectionSet, on ?? type, place);
    });
  }

  function isOne(field: FieldNode, type: GraphQLNamedType, place: readonly string[]): boolean {
    fields += 1;
    if (fields > mostFields) return false;
    if (field.name.value === '__typename') return true; // no resolver is told of it
    const within = [(field.alias ?? field.name).value, ...place];
    const name = within.join('_');
    // Of another type, it is another field, whatever its name.
    const meaning = `${type.name} ${within.join('.')}`;
    if ((places.get(name) ?? meaning) !== meaning || /idx\d/.test(name)) return false;
    places.set(name, meaning);
    const definition =
      isObjectType(type) || isInterfaceType(type) ? type.getFields()[field.name.value] : undefined;
    return (
      field.selectionSet === undefined ||
      definition === undefined ||
      holds(field.selectionSet, getNamedType(definition.type), within)
    );
  }

  const root = schema.getRootType(operation.operation);
  return root != null && holds(operation.selectionSet, root, []);
}
