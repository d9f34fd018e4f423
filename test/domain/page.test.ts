import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkSize,
  type Order,
  once,
  type PageArgs,
  pageQuery,
  pageSize,
  toPage,
} from '../../src/domain/page.ts';
import { InvalidArgumentError } from '../../src/errors.ts';

const byName = { column: 'sortName', kind: 'text', tie: 'id', direction: 'asc' } as const satisfies Order;
const byTime = { column: 'createdAt', kind: 'time', tie: 'id', direction: 'desc' } as const satisfies Order;

interface Row {
  readonly id: string;
  readonly sortName: string;
  readonly createdAt: Date;
}

/** What a database makes of the conditions of a page: enough of Prisma's language to try them on rows in memory. */
function holds(row: object, condition: object): boolean {
  return Object.entries(condition).every(([key, wanted]) => {
    if (key === 'AND') return (wanted as object[]).every((one) => holds(row, one));
    if (key === 'OR') return (wanted as object[]).some((one) => holds(row, one));
    const value = comparable((row as Record<string, unknown>)[key]);
    return Object.entries(wanted as object).every(([than, bound]) => {
      const other = comparable(bound);
      return { gt: value > other, gte: value >= other, lt: value < other, lte: value <= other }[than];
    });
  });
}

const comparable = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value));

function sort(rows: readonly Row[], orderBy: readonly object[]): Row[] {
  const keys = orderBy.flatMap((one) => Object.entries(one)) as [keyof Row, 'asc' | 'desc'][];
  return rows.toSorted((a, b) => {
    for (const [key, direction] of keys) {
      const [one, two] = [comparable(a[key]), comparable(b[key])];
      if (one !== two) return one < two === (direction === 'asc') ? -1 : 1;
    }
    return 0;
  });
}

function readPage(rows: readonly Row[], args: PageArgs, order: Order) {
  const { where, orderBy, take } = pageQuery(args, order);
  return toPage(
    sort(
      rows.filter((row) => holds(row, where)),
      orderBy,
    ).slice(0, take),
    args,
    order,
  );
}

function walk(rows: readonly Row[], size: number, order: Order, backward: boolean): string[] {
  const seen: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const args = backward ? { last: size, before: cursor } : { first: size, after: cursor };
    const { edges, pageInfo } = readPage(rows, args, order);
    const ids = edges.map(({ row }) => row.id);
    if (backward) seen.unshift(...ids);
    else seen.push(...ids);
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return seen;
    cursor = (backward ? pageInfo.startCursor : pageInfo.endCursor) ?? null;
  }
}

/** Rows of few names and few moments, so that many tie. */
const anyRows = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    sortName: fc.constantFrom('', 'a', 'b', 'é', '"', '😀', 'a b'),
    createdAt: fc.constantFrom(0, 1, 86_400_000, 1e12).map((ms) => new Date(ms)),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
);
const anyOrder = fc.constantFrom<Order>(
  byName,
  byTime,
  { ...byName, direction: 'desc' },
  { ...byTime, direction: 'asc' },
);

describe('pages', () => {
  it('show every row once and in order, whatever ties, in both directions', () => {
    fc.assert(
      fc.property(
        anyRows,
        fc.integer({ min: 1, max: 10 }),
        anyOrder,
        fc.boolean(),
        (rows, size, order, backward) => {
          const { orderBy } = pageQuery({}, order);
          expect(walk(rows, size, order, backward)).toEqual(sort(rows, orderBy).map(({ id }) => id));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('read one row more than they show, to know whether there are more', () => {
    expect(pageQuery({}, byName).take).toBe(pageSize.default + 1);
    expect(pageQuery({ first: 0 }, byName).take).toBe(1);
    expect(pageQuery({ last: 100 }, byName).take).toBe(101);
  });

  it('of nothing have no cursors', () => {
    const { edges, pageInfo } = toPage([], {}, byName);
    expect(edges).toEqual([]);
    expect(pageInfo).toEqual({
      hasNextPage: false,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
  });
});

describe('a size', () => {
  it.each([-1, 101, Number.MAX_SAFE_INTEGER])('of %d is refused', (size) => {
    for (const args of [{ first: size }, { last: size }]) {
      expect(() => checkSize(args)).toThrow(InvalidArgumentError);
    }
  });

  it('of both ends is refused, and of none is the usual one', () => {
    expect(() => checkSize({ first: 1, last: 1 })).toThrow('Give first or last, not both.');
    expect(checkSize({ first: null, last: undefined })).toEqual({ size: 25, backward: false });
    expect(checkSize({ last: 0 })).toEqual({ size: 0, backward: true });
  });
});

const encode = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
const uuid = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('a cursor', () => {
  it('is opaque and fits into a URL', () => {
    const row = { id: uuid, sortName: 'Zoë "?&=/😀"', createdAt: new Date() };
    const [edge] = toPage([row], { first: 1 }, byName).edges;
    expect(edge?.cursor).toMatch(/^[\w-]+$/);
  });

  it.each([
    '',
    'x',
    '****',
    encode(null),
    encode({}),
    encode([]),
    encode(['sortName']),
    encode(['sortName', 'a']),
    encode(['sortName', 'a', 'no uuid']),
    encode(['sortName', 5, uuid]),
    encode(['sortName', null, uuid]),
    encode(['sortName', { gt: '' }, uuid]),
    encode(['sortName', 'a\u0000', uuid]),
    encode(['sortName', 'a', { not: uuid }]),
  ])('that is malformed is refused: %s', (cursor) => {
    expect(() => pageQuery({ after: cursor }, byName)).toThrow('after is not a cursor of this list.');
    expect(() => pageQuery({ before: cursor }, byName)).toThrow('before is not a cursor of this list.');
  });

  it('of another order is refused, and told as such', () => {
    const cursor = encode(['createdAt', '2026-01-01T00:00:00.000Z', uuid]);
    expect(() => pageQuery({ after: cursor }, byName)).toThrow(
      'after is a cursor of a list in another order.',
    );
  });

  it.each(['', 'yesterday', '2026-13-01', '-271821-04-20T00:00:00.000Z', '0000-01-01T00:00:00.000Z'])(
    'with a time that no row can have is refused: %s',
    (time) => {
      expect(() => pageQuery({ after: encode(['createdAt', time, uuid]) }, byTime)).toThrow(
        InvalidArgumentError,
      );
    },
  );

  it('whatever it says, is a place or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.jsonValue().map(encode)), anyOrder, (cursor, order) => {
        try {
          pageQuery({ after: cursor }, order);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
        }
      }),
    );
  });
});

describe('once', () => {
  it('reads when first asked, and one time', async () => {
    let reads = 0;
    const read = once(async () => {
      reads += 1;
      return reads;
    });
    expect(reads).toBe(0);
    expect(await Promise.all([read(), read()])).toEqual([1, 1]);
  });
});
