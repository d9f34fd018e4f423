import {
  type DirectiveNode,
  type DocumentNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';

interface Parameters {
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * What a document counts as: each field at the root of its operation is a request of its own, however it is written —
 * under an alias, in a fragment — unless `@skip` or `@include` leaves it out. At least one.
 */
export function operationCost(document: DocumentNode, { operationName, variables }: Parameters = {}): number {
  const operation = getOperationAST(document, operationName);
  if (operation == null) return 1;
  const given = { ...defaultsOf(operation), ...variables };
  const isTaken = ({ directives = [] }: { readonly directives?: readonly DirectiveNode[] }) =>
    directives.every((directive) => !leavesOut(directive, given));
  const responseNames = new Set<string>();
  const spread = new Set<string>();
  const fragments = new Map(
    document.definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [],
    ),
  );
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (!isTaken(selection)) continue;
      if (selection.kind === Kind.FIELD) responseNames.add((selection.alias ?? selection.name).value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value); // a fragment adds the same fields wherever it is spread, or holds itself
        const fragment = fragments.get(selection.name.value);
        if (fragment) collect(fragment.selectionSet);
      }
    }
  };
  collect(operation.selectionSet);
  return Math.max(1, responseNames.size);
}

function leavesOut(
  { name, arguments: [condition] = [] }: DirectiveNode,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  const value = condition && valueFromASTUntyped(condition.value, { ...variables });
  return name.value === 'skip' ? value === true : name.value === 'include' && value === false;
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> {
  return Object.fromEntries(
    variableDefinitions.map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue && valueFromASTUntyped(defaultValue),
    ]),
  );
}
