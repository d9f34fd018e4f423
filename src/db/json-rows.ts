/**
 * Rows with their relations, written as JSON by the database: a long list is read in a third of the time that Prisma takes to
 * make it of values. A selection that this does not know to write is for Prisma.
 */
import { LRUCache } from 'lru-cache';
import { getDatamodel } from '../generated/pothos-types.ts';
import { Prisma } from '../generated/prisma/client.ts';

type Sql = Prisma.Sql;
const { sql, join, raw, empty } = Prisma;

/** How rows of a selection are written and read. */
export interface JsonRows {
  /** The row of the table that is called `t0`, as one JSON array of its values. */
  readonly written: Sql;
  /** Makes a row, as Prisma has it, of what was written. */
  readonly read: (values: readonly unknown[]) => object;
}

interface Field {
  readonly kind: string;
  readonly type: string;
  readonly isList?: boolean;
  readonly isRequired?: boolean;
  readonly relationName?: string;
  readonly relationFromFields?: readonly string[];
}
type Model = ReadonlyMap<string, Field>;

const models: ReadonlyMap<string, Model> = new Map(
  Object.entries(getDatamodel().datamodel.models).map(([name, { fields }]) => [
    name,
    new Map(fields.map((field) => [field.name, field as Field])),
  ]),
);

/** What lists of accounts lead to. */
const tables: Readonly<Record<string, string>> = {
  User: 'users',
  Password: 'passwords',
  Email: 'emails',
  PhoneNumber: 'phone_numbers',
  OAuthIdentity: 'oauth_identities',
  Membership: 'memberships',
  Organization: 'organizations',
};

/** What JSON has, or what is made of it. Others, such as bytes, would need more care. */
const plainTypes: ReadonlySet<string> = new Set(['String', 'Int', 'Boolean', 'DateTime', 'Json']);

const known = new LRUCache<string, { rows: JsonRows | null }>({ max: 100 });

/** Null for a selection that holds what is not written here: conditions, counts, all columns unasked. */
export function jsonRowsOf(model: string, { select }: { readonly select?: object }): JsonRows | null {
  if (select === undefined) return null;
  const key = `${model} ${JSON.stringify(select)}`;
  const found = known.get(key);
  if (found !== undefined) return found.rows;
  const rows = rowsOf(model, select, 0);
  known.set(key, { rows });
  return rows;
}

type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

/** One name of a row: how its value is written, and what must be made of it. */
interface Part {
  readonly written: Sql;
  readonly read?: (value: never) => unknown;
}

function rowsOf(modelName: string, select: object, depth: number): JsonRows | null {
  const asked = Object.entries(select).filter(([, one]) => one !== false && one !== undefined);
  const parts = asked.map(([name, one]) => partOf(modelName, name, one, depth));
  if (asked.length === 0 || !parts.every((part) => part !== null)) return null;
  const names = asked.map(([name]) => name);
  // Arrays: the names of columns in each row would be half of the text.
  return {
    written: sql`json_build_array(${join(parts.map(({ written }) => written))})`,
    read: (values) => {
      const row: Record<string, unknown> = {};
      for (let at = 0; at < names.length; at += 1) {
        const [value, read] = [values[at], parts[at]?.read];
        row[names[at] as string] = value === null || read === undefined ? value : read(value as never);
      }
      return row;
    },
  };
}

function partOf(modelName: string, name: string, asked: unknown, depth: number): Part | null {
  const field = models.get(modelName)?.get(name);
  if (field === undefined) return null;
  if (field.kind === 'object') return isTree(asked) ? relationOf(modelName, field, asked, depth) : null;
  if (asked !== true || field.isList) return null;
  if (field.kind !== 'enum' && !plainTypes.has(field.type)) return null;
  const written = columnOf(depth, name);
  if (field.type !== 'DateTime') return { written };
  const milliseconds = sql`round(date_part('epoch', ${written}) * 1000)`; // floats, which are exact to microseconds
  return { written: milliseconds, read: (time: number) => new Date(time) };
}

function relationOf(modelName: string, field: Field, asked: Tree, depth: number): Part | null {
  const { select, where, orderBy, take, ...others } = asked;
  const table = tables[field.type];
  if (!isTree(select) || table === undefined || Object.keys(others).length > 0) return null;
  const rows = rowsOf(field.type, select, depth + 1);
  const [on, only] = [keyOf(modelName, field, depth), conditionsOf(where, field.type, depth + 1)];
  const order = orderOf(orderBy, field.type, depth + 1);
  if (rows === null || on === null || only === null || order === null) return null;
  const from = sql`FROM ${raw(table)} ${aliasOf(depth + 1)} WHERE ${join([on, ...only], ' AND ')}`;
  if (!field.isList) return { written: sql`(SELECT ${rows.written} ${from})`, read: rows.read as never };
  if (!(take === undefined || (Number.isInteger(take) && Number(take) >= 0))) return null;
  const limit = take === undefined ? empty : sql`LIMIT ${take}`;
  const some = sql`SELECT * ${from} ${order} ${limit}`;
  return {
    written: sql`(SELECT coalesce(json_agg(${rows.written} ${order}), '[]') FROM (${some}) ${aliasOf(depth + 1)})`,
    read: (list: unknown[][]) => list.map(rows.read),
  };
}

/** How the rows of a relation are found; null where it is not by one column that refers to an `id`. */
function keyOf(
  modelName: string,
  { type, relationName, relationFromFields }: Field,
  depth: number,
): Sql | null {
  const [own, ...more] = relationFromFields ?? [];
  if (own !== undefined)
    return more.length > 0 ? null : sql`${columnOf(depth + 1, 'id')} = ${columnOf(depth, own)}`;
  const [other, ...others] = [...(models.get(type)?.values() ?? [])]
    .filter((field) => field.relationName === relationName && field.type === modelName)
    .flatMap((field) => field.relationFromFields ?? []);
  if (other === undefined || others.length > 0) return null;
  return sql`${columnOf(depth + 1, other)} = ${columnOf(depth, 'id')}`;
}

/**
 * What a condition asks of the rows: that yes-or-no columns are as it says, or nothing, as that of who may see everything.
 * Null for any other.
 */
function conditionsOf(where: unknown, modelName: string, depth: number): Sql[] | null {
  if (where === undefined) return [];
  if (!isTree(where) || Array.isArray(where)) return null;
  return allOf(
    Object.entries(where).map(([name, condition]) => {
      if (name === 'AND') return allOf([condition].flat().map((one) => conditionsOf(one, modelName, depth)));
      const field = models.get(modelName)?.get(name);
      if (field?.type === 'Boolean' && typeof condition === 'boolean')
        return [sql`${columnOf(depth, name)} = ${raw(String(condition))}`];
      if (field?.kind !== 'object' || field.isList || !field.isRequired) return null;
      return conditionsOf(condition, field.type, depth)?.length === 0 ? [] : null;
    }),
  );
}

const allOf = (conditions: readonly (Sql[] | null)[]): Sql[] | null =>
  conditions.every((some) => some !== null) ? conditions.flat() : null;

/** Null for an order that is not of columns. */
function orderOf(orderBy: unknown, modelName: string, depth: number): Sql | null {
  if (orderBy === undefined) return empty;
  const terms: [string, unknown][] = [orderBy]
    .flat()
    .flatMap((one) => (isTree(one) ? Object.entries(one) : []));
  const isKnown = terms.every(
    ([name, direction]) =>
      models.get(modelName)?.get(name)?.kind === 'scalar' && (direction === 'asc' || direction === 'desc'),
  );
  if (!isKnown || terms.length === 0) return null;
  const written = terms.map(([name, direction]) => sql`${columnOf(depth, name)} ${raw(String(direction))}`);
  return sql`ORDER BY ${join(written)}`;
}

/** The schema names columns and tables as the database does, in its way of writing: `createdAt` is `created_at`. */
const inSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const columnOf = (depth: number, name: string): Sql => sql`${aliasOf(depth)}.${raw(inSnakeCase(name))}`;
const aliasOf = (depth: number): Sql => raw(`t${depth}`);
