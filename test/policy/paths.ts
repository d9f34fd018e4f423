/** Every path through the graph that ends at a type, found in the schema itself. */
import {
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { schema } from '../../src/schema/index.ts';

/** A step of a path: a field, or the narrowing of an abstract type to one of its types. */
type Step = { readonly field: string; readonly paged: boolean } | { readonly on: string };

export interface Path {
  readonly root: 'Query' | 'Mutation';
  /** The field of the root. */
  readonly field: string;
  readonly steps: readonly Step[];
}

/** What has an identity of its own. A path counts how many of these it crosses. */
const entities = ['User', 'Organization', 'ApiToken'];

/** The paths from a root to `target` over at most `hops` entities in between. */
export function pathsTo(target: string, root: Path['root'], hops: number): readonly Path[] {
  const type = root === 'Query' ? schema.getQueryType() : schema.getMutationType();
  const fields = Object.values(type?.getFields() ?? {});
  return fields.flatMap((field) =>
    stepsTo(target, getNamedType(field.type), hops + 1).map((steps) => ({ root, field: field.name, steps })),
  );
}

function stepsTo(target: string, type: GraphQLNamedType, hops: number): Step[][] {
  if (isUnionType(type) || isInterfaceType(type)) {
    return schema
      .getPossibleTypes(type)
      .flatMap((one) => stepsTo(target, one, hops).map((steps) => [{ on: one.name }, ...steps]));
  }
  if (!isObjectType(type)) return [];
  const isEntity = entities.includes(type.name);
  const left = isEntity ? hops - 1 : hops;
  const ends: Step[][] = type.name === target ? [[]] : [];
  if (isEntity && left === 0) return ends;
  const onwards = Object.values(type.getFields()).flatMap((field) =>
    skips(field, left)
      ? []
      : stepsTo(target, getNamedType(field.type), left).map((steps) => [toStep(field), ...steps]),
  );
  return [...ends, ...onwards];
}

/** Shares, sessions, records and events lead to accounts that other ways lead to, too. */
const byways = ['ShareConnection', 'Session', 'DataRecordConnection', 'AuditEventConnection'];

/** Lists are crossed by their `nodes`, and at the end of a path by their `edges` as well; byways are taken there only. */
function skips({ name, type }: GraphQLField<unknown, unknown>, hopsLeft: number): boolean {
  const { name: typeName } = getNamedType(type);
  if (['ShareEdge', 'DataRecordEdge', 'AuditEventEdge'].includes(typeName)) return true; // which tells no more than the node
  return hopsLeft > 1 && (name === 'edges' || byways.includes(typeName));
}

function toStep({ name, args }: GraphQLField<unknown, unknown>): Step {
  return { field: name, paged: args.some((arg) => arg.name === 'first') };
}

/** Writes the operation that follows a path. */
export function toDocument({ root, field, steps }: Path, args: string, selection: string): string {
  const inner = steps.reduceRight((selected, step) => {
    if ('on' in step) return `__typename ... on ${step.on} { ${selected} }`;
    const cursor = step.field === 'edges' ? 'cursor ' : '';
    return `${step.field}${step.paged ? '(first: 2)' : ''} { ${cursor}${selected} }`;
  }, selection);
  return `${root.toLowerCase()} { ${field}${args && `(${args})`} { ${inner} } }`;
}

/** The path as people write it: `organization.members.nodes`. */
export function toText({ field, steps }: Path): string {
  return [field, ...steps.map((step) => ('on' in step ? `<${step.on}>` : step.field))].join('.');
}
