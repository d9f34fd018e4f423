/** Connections (Relay cursor connections specification) over keyset pages: one shape for every list of the graph. */
import { completeValue, type FieldMap, type InputFieldMap, type ObjectRef } from '@pothos/core';
import { selectedFieldNames } from '@pothos/selection-mapper';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../context.ts';
import {
  type LazyConnection,
  type Order,
  type PageArgs,
  pageQuery,
  pageSize,
  toPage,
} from '../domain/page.ts';
import { builder, type SchemaTypes } from './builder.ts';

interface Edge<Row> {
  readonly cursor: string;
  readonly row: Row;
}

/** The arguments that every connection takes. */
export function pageArgs() {
  const { default: usual, max } = pageSize;
  return builder.args((t) => ({
    first: t.int({
      description: `How many to take from the start, or after \`after\`: 0 to ${max}, by default ${usual}.`,
    }),
    after: t.string({ description: 'Take those after this cursor.' }),
    last: t.int({
      description: `How many to take from the end, or before \`before\`: 0 to ${max}. Not with \`first\`.`,
    }),
    before: t.string({ description: 'Take those before this cursor.' }),
  }));
}

/** A page costs what its rows cost. */
export function pageComplexity({ first, last }: PageArgs) {
  return { field: 1, multiplier: Math.min(Math.max(first ?? last ?? pageSize.default, 1), pageSize.max) };
}

interface ConnectionOptions<Node extends object, Row> {
  readonly type: ObjectRef<SchemaTypes, Node>;
  /** What the list holds, in the plural: it becomes part of the descriptions. */
  readonly of: string;
  /** Finds the node in a row; the row is the node when absent. */
  readonly node?: (row: Row) => Node;
  /** The facts about the relation, which sit on the edge. */
  readonly edgeFields?: (t: PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Edge<Row>>) => FieldMap;
}

function defineEdge<Node extends object, Row extends object>(
  name: string,
  {
    type,
    of,
    node,
    edgeFields,
  }: Required<Pick<ConnectionOptions<Node, Row>, 'type' | 'of' | 'node'>> &
    Pick<ConnectionOptions<Node, Row>, 'edgeFields'>,
) {
  return builder.objectRef<Edge<Row>>(`${name}Edge`).implement({
    description: `One place in a list of ${of}.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'Marks this place, for `after` and `before`.' }),
      node: t.field({
        type,
        description: 'What stands in this place.',
        resolve: ({ row }) => node(row) as never,
      }),
      ...edgeFields?.(t as never),
    }),
  });
}

/** Defines `<name>Connection` and `<name>Edge`. */
export function defineConnection<Node extends object, Row extends object = Node>(
  name: string,
  { type, of, node = (row) => row as unknown as Node, ...options }: ConnectionOptions<Node, Row>,
) {
  const edge = defineEdge(name, { type, of, node, ...options });
  return builder.objectRef<LazyConnection<Row>>(`${name}Connection`).implement({
    description: `A page of a list of ${of}.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The places of this page, in order.',
        complexity: { multiplier: 1 },
        resolve: ({ page }) => completeValue(page(), ({ edges }) => [...edges]),
      }),
      nodes: t.field({
        type: [type],
        description: 'What stands in the places of this page, where the cursors do not matter.',
        complexity: { multiplier: 1 },
        resolve: ({ page }) =>
          completeValue(page(), ({ rows }) => rows.map((row) => node(row as Row))) as never,
      }),
      pageInfo: t.field({
        type: builder.pageInfoRef(),
        description: 'Where this page lies in the whole list.',
        resolve: ({ page }) => completeValue(page(), ({ pageInfo }) => pageInfo),
      }),
      totalCount: t.int({
        description: 'How many the whole list holds. Counted only when asked for.',
        resolve: ({ totalCount }) => totalCount(),
      }),
    }),
  });
}

/** Where the nodes of a connection are in a selection of it. */
export const nodePaths = [['nodes'], ['edges', 'node']];

/** A list relation of a model, shown as a connection. */
interface Relation {
  readonly relation: string;
  readonly order: Order;
  /** The GraphQL type of a node. */
  readonly nodeType: string;
  /** The relation of a row that leads to its node, for lists whose rows join two things. */
  readonly through?: string;
  /** Columns of a row that the edge's own fields read. */
  readonly columns?: Readonly<Record<string, true>>;
  /** Which rows there are for the actor, and by the arguments. */
  readonly where?: (context: Context, args: never) => object;
  /** Whether the actor may see the list of this parent at all; to others it is empty. */
  readonly visible?: (context: Context, parent: never) => boolean;
  /** What `visible` must know of the parent. */
  readonly parentSelect?: object;
}

type Nested = (query: object, include: { getType: () => string; paths: object[][] }) => { select?: object };

/** A field that shows a relation as a connection. Its rows are part of its parent's query: no list costs a query a parent. */
export function relatedPage<Row extends object>(
  relation: Relation,
  {
    type,
    description,
    args = {},
  }: {
    type: ObjectRef<SchemaTypes, LazyConnection<Row>>;
    description: string;
    /** What it takes besides the arguments of a page, for `where`. */
    args?: InputFieldMap;
  },
) {
  return {
    type,
    description,
    args: { ...pageArgs(), ...args },
    complexity: pageComplexity,
    // Pothos tells its own connections which fields are asked of them by this extension; `select` would not.
    extensions: {
      pothosPrismaSelect: (
        args: PageArgs,
        context: Context,
        nested: Nested,
        asked: () => ReadonlySet<string>,
      ) => ({
        select: { ...relation.parentSelect, ...selectPage(relation, args, context, nested, asked()) },
      }),
      pothosPrismaLoaded: (_parent: object, info: GraphQLResolveInfo, context: Context) =>
        isAskedAlike(info, context),
    },
    resolve: (parent: object, args: PageArgs, context: Context) =>
      loadedPage<Row>(relation, args, parent, relation.visible?.(context, parent as never) ?? true),
  } as never;
}

function selectPage(
  { relation, order, nodeType, through, columns, where }: Relation,
  args: PageArgs,
  context: Context,
  nested: Nested,
  asked: ReadonlySet<string>,
) {
  const keyset = pageQuery(args, order);
  const only = where?.(context, args as never) ?? {};
  const paths = nodePaths.map((path) => path.map((name) => ({ name })));
  const node = nested({}, { getType: () => nodeType, paths });
  // Columns and marks also where nobody asks for them here: another fragment that asks for this list may.
  const select = {
    ...(through ? { [through]: { ...node, select: { id: true, ...node.select } } } : node.select),
    ...columns,
    [order.column]: true,
    [order.tie]: true,
  };
  const rows = {
    where: { AND: [only, ...keyset.where.AND] },
    orderBy: keyset.orderBy,
    take: keyset.take,
    select,
  };
  return {
    ...(asksRows(asked) && { [relation]: rows }),
    ...(asked.has('totalCount') && { _count: { select: { [relation]: { where: only } } } }),
  };
}

function loadedPage<Row extends object>(
  { relation, order }: Relation,
  args: PageArgs,
  parent: object,
  visible: boolean,
): LazyConnection<Row> {
  const { [relation]: rows, _count: counts } = parent as Record<string, Row[] | undefined> & {
    _count?: Record<string, number>;
  };
  return {
    page: () => toPage(visible ? loaded(rows) : [], args, order),
    totalCount: () => (visible ? loaded(counts?.[relation]) : 0),
  };
}

/** An empty list must be empty in the database, and not for want of asking. */
function loaded<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('A list was resolved that was not loaded.');
  return value;
}

/**
 * Whether what was loaded for a list is all that is asked of it. Where it stands in several fragments, Pothos may have loaded the
 * count for one of them, and have left out the rows of another, because they conflict with a list of another name.
 */
function isAskedAlike(info: GraphQLResolveInfo, context: Context): boolean {
  const { fieldNodes } = info;
  if (fieldNodes.length === 1) return true;
  const [first, ...others] = fieldNodes.map((node) => {
    const names = selectedFieldNames(context, { ...info, fieldNodes: [node] });
    return `${asksRows(names)} ${names.has('totalCount')}`;
  });
  return others.every((other) => other === first);
}

const asksRows = (asked: ReadonlySet<string>): boolean =>
  ['nodes', 'edges', 'pageInfo'].some((field) => asked.has(field));
