/** Keyset pages: page 10,000 costs what page 1 does, and no row is skipped or repeated when others come and go. */
import { InvalidArgumentError } from '../errors.ts';
import { isUuid } from './ids.ts';

export const pageSize = { default: 25, max: 100 } as const;

/** The arguments of a connection (Relay cursor connections specification). */
export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** The order of a list. `tie` is a unique column that settles rows with the same value. */
export interface Order {
  readonly column: string;
  /** Whether the column holds moments or text. */
  readonly kind: 'time' | 'text';
  readonly tie: string;
  readonly direction: 'asc' | 'desc';
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly edges: readonly { readonly cursor: string; readonly row: Row }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

type MaybePromise<T> = T | Promise<T>;

/** A list whose rows and count are each read when first asked for, and once. */
export interface LazyConnection<Row> {
  readonly page: () => MaybePromise<Page<Row>>;
  readonly totalCount: () => MaybePromise<number>;
}

export function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= read();
    return result;
  };
}

/** One page's query: conditions to add to the list's own, the order to read in, and one row more than the page holds. */
interface KeysetQuery {
  readonly where: { readonly AND: readonly object[] };
  readonly orderBy: object[];
  readonly take: number;
}

/** A place in the order that a page lies beyond. */
export interface Bound {
  readonly value: Date | string;
  readonly tie: string;
  readonly than: 'gt' | 'lt';
}

type Position = readonly [value: Date | string, tie: string];

const opposite = { asc: 'desc', desc: 'asc' } as const;

/** What is read for a page, in the direction in which it is read, and one row more than it holds. */
interface Reading {
  readonly bounds: readonly Bound[];
  readonly direction: 'asc' | 'desc';
  readonly take: number;
}

/** How a page is read. @throws {InvalidArgumentError} for a size out of bounds or a cursor of another list */
export function readingOf(args: PageArgs, order: Order): Reading {
  const { size, backward } = checkSize(args);
  const bound = (argument: 'after' | 'before', direction: 'asc' | 'desc'): Bound[] => {
    const cursor = args[argument];
    if (cursor == null) return [];
    const [value, tie] = parseCursor(cursor, order, argument);
    return [{ value, tie, than: direction === 'asc' ? 'gt' : 'lt' }];
  };
  return {
    bounds: [...bound('after', order.direction), ...bound('before', opposite[order.direction])],
    direction: backward ? opposite[order.direction] : order.direction,
    take: size + 1,
  };
}

/** The query of a page. @throws {InvalidArgumentError} for a size out of bounds or a cursor of another list */
export function pageQuery(args: PageArgs, order: Order): KeysetQuery {
  const { bounds, direction, take } = readingOf(args, order);
  return {
    where: { AND: bounds.map((bound) => beyond(bound, order)) },
    orderBy: [{ [order.column]: direction }, { [order.tie]: direction }],
    take,
  };
}

/** Makes a page of the rows that `pageQuery` found; each must carry the order's two columns. */
export function toPage<Row extends object>(rows: readonly Row[], args: PageArgs, order: Order): Page<Row> {
  const { size } = checkSize(args);
  const more = rows.length > size;
  return pageOf({ rows: more ? rows.slice(0, size) : rows, more }, args, order);
}

/** Makes a page of its rows as they were read, and of whether there are more beyond them. */
export function pageOf<Row extends object>(
  { rows, more }: { rows: readonly Row[]; more: boolean },
  args: PageArgs,
  order: Order,
): Page<Row> {
  const { backward } = checkSize(args);
  return new ReadPage(backward ? rows.toReversed() : rows, order, {
    hasNextPage: backward ? args.before != null : more,
    hasPreviousPage: backward ? more : args.after != null,
  });
}

type More = Pick<Page<object>['pageInfo'], 'hasNextPage' | 'hasPreviousPage'>;

/** A page whose places and ends are made when they are asked for: of most lists within a list, they are not. */
class ReadPage<Row extends object> implements Page<Row> {
  readonly rows: readonly Row[];
  readonly #order: Order;
  readonly #more: More;

  constructor(rows: readonly Row[], order: Order, more: More) {
    this.rows = rows;
    this.#order = order;
    this.#more = more;
  }

  get edges(): Page<Row>['edges'] {
    return this.rows.map((row) => new Place(row, this.#order));
  }

  get pageInfo(): Page<Row>['pageInfo'] {
    const [first, last] = [this.rows[0], this.rows.at(-1)];
    return {
      ...this.#more,
      startCursor: first === undefined ? null : formatCursor(first, this.#order),
      endCursor: last === undefined ? null : formatCursor(last, this.#order),
    };
  }
}

/** A place of a page, which is marked when that is asked for. */
class Place<Row extends object> {
  readonly row: Row;
  readonly #order: Order;

  constructor(row: Row, order: Order) {
    this.row = row;
    this.#order = order;
  }

  get cursor(): string {
    return formatCursor(this.row, this.#order);
  }
}

/** Checks `first` and `last` before anything is read. */
export function checkSize({ first, last }: PageArgs): { size: number; backward: boolean } {
  if (first != null && last != null) {
    throw new InvalidArgumentError('Give first or last, not both.', ['last']);
  }
  const argument = last != null ? 'last' : 'first';
  const size = last ?? first ?? pageSize.default;
  if (size < 0 || size > pageSize.max) {
    throw new InvalidArgumentError(`${argument} must be from 0 to ${pageSize.max}.`, [argument]);
  }
  return { size, backward: last != null };
}

/** The rows beyond a place. The first condition lets the database seek in the index; the second settles ties. */
function beyond({ value, tie, than }: Bound, order: Order): object {
  return {
    AND: [
      { [order.column]: { [`${than}e`]: value } },
      { OR: [{ [order.column]: { [than]: value } }, { [order.tie]: { [than]: tie } }] },
    ],
  };
}

function formatCursor(row: object, { column, tie }: Order): string {
  const { [column]: value, [tie]: id } = row as Record<string, unknown>;
  if (value === undefined || id === undefined) throw new TypeError(`A row was marked without its ${column}.`);
  return Buffer.from(JSON.stringify([column, value, id])).toString('base64url');
}

/** The years 1 to 9999, which every part of the product can write and read. */
const firstMoment = Date.parse('0001-01-01T00:00:00Z');
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z');

/** Whether a moment is in those years; an invalid one, which is no number, is in none. */
export const isInCalendar = (moment: Date): boolean =>
  moment.getTime() >= firstMoment && moment.getTime() <= lastMoment;

function parseCursor(cursor: string, { column, kind }: Order, argument: string): Position {
  const [named, value, tie] = decode(cursor);
  const malformed = new InvalidArgumentError(`${argument} is not a cursor of this list.`, [argument]);
  if (typeof value !== 'string' || typeof tie !== 'string' || !isUuid(tie) || value.includes('\u0000'))
    throw malformed;
  if (named !== column) {
    throw new InvalidArgumentError(`${argument} is a cursor of a list in another order.`, [argument]);
  }
  if (kind === 'text') return [value, tie];
  const date = new Date(value);
  if (!isInCalendar(date)) throw malformed;
  return [date, tie];
}

function decode(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}
