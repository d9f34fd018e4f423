/** Rows that the database writes as JSON must be those that Prisma reads, to the last value. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonRowsOf } from '../../src/db/json-rows.ts';
import { Prisma } from '../../src/generated/prisma/client.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
  await app.database.pool.query(oddities);
});
afterAll(() => app?.close());

/** Values that are easily written wrong: quotes, other planes, moments of other centuries, nested documents, nothing. */
const oddities = `UPDATE users SET name = E'"\\\\ \\u00e9 \\U0001F600 </script>', bio = E'a\\nb\\tc',
    metadata = '{"a": [1, 1.5, -0, 1e21, null, true, "\\u2028"], "created_at": "2026-01-01", "": {}}',
    created_at = '1969-12-31T23:59:59.999Z', updated_at = '0099-03-01T00:00:00.001Z'
  WHERE username = 'ada'`;

const all = (columns: object) => Object.fromEntries(Object.keys(columns).map((column) => [column, true]));
const byJoining = [{ createdAt: 'asc' }, { organizationId: 'asc' }];
const organization = { select: all(Prisma.OrganizationScalarFieldEnum) };

const selections: [what: string, select: Prisma.UserSelect][] = [
  ['all columns', all(Prisma.UserScalarFieldEnum)],
  ['what is asked for, and not what is declined', { id: true, name: true, bio: false }],
  [
    'lists within lists, in order',
    {
      id: true,
      memberships: {
        where: { AND: [{ organization: {} }] },
        orderBy: byJoining as never,
        take: 2,
        select: { ...all(Prisma.MembershipScalarFieldEnum), organization },
      },
    },
  ],
  [
    'a list of which nothing is to be read',
    { id: true, memberships: { orderBy: byJoining as never, take: 0, select: { role: true } } },
  ],
  [
    'what a row refers to, or nothing',
    {
      id: true,
      organization,
      manager: { select: { id: true, createdAt: true } },
      password: { select: { expired: true } },
    },
  ],
  [
    'rows that are so or not so',
    {
      id: true,
      emails: { where: { isDefault: true }, select: all(Prisma.EmailScalarFieldEnum) },
      identities: {
        where: { isPrimary: false },
        orderBy: { createdAt: 'desc' },
        select: { provider: true, subject: true },
      },
      phoneNumbers: { orderBy: { id: 'desc' }, select: all(Prisma.PhoneNumberScalarFieldEnum) },
    },
  ],
  [
    'accounts of accounts',
    { id: true, managedUsers: { orderBy: { id: 'asc' }, select: { id: true, name: true } } },
  ],
];

describe('rows written as JSON', () => {
  it.each(selections)('are those that Prisma reads: %s', async (_what, select) => {
    const { prisma } = app.database;
    const rows = jsonRowsOf('User', { select });
    if (rows === null) throw new Error('It is not written as JSON.');
    const [answer] = await prisma.$queryRaw<[{ rows: string }]>`
      SELECT json_agg(${rows.written} ORDER BY t0.id)::text AS rows FROM users t0`;
    const expected = await prisma.user.findMany({ select, orderBy: { id: 'asc' } });
    expect(expected.length).toBeGreaterThan(5);
    expect((JSON.parse(answer.rows) as unknown[][]).map(rows.read)).toEqual(expected);
  });

  it('hold something of each list and of each reference', async () => {
    const { prisma } = app.database;
    for (const [relation, where] of [
      ['memberships', { memberships: { some: {} } }],
      ['organization', { organization: { isNot: null } }],
      ['manager', { manager: { isNot: null } }],
      ['emails', { emails: { some: { isDefault: true } } }],
      ['phoneNumbers', { phoneNumbers: { some: {} } }],
    ] as const)
      expect([relation, await prisma.user.count({ where })]).not.toEqual([relation, 0]);
  });

  it.each<[what: string, select: object]>([
    ['a condition on values', { memberships: { where: { role: 'OWNER' }, select: { role: true } } }],
    [
      'a condition on what is referred to',
      { memberships: { where: { organization: { name: 'x' } }, select: { role: true } } },
    ],
    ['alternatives', { memberships: { where: { OR: [] }, select: { role: true } } }],
    ['a negation', { emails: { where: { NOT: { isDefault: true } }, select: { address: true } } }],
    ['what there is of a list', { emails: { where: { user: { emails: {} } }, select: { address: true } } }],
    ['a count', { _count: { select: { memberships: true } } }],
    ['a whole relation', { memberships: true }],
    ['all columns of a relation, unasked', { memberships: { take: 1 } }],
    ['a cursor', { memberships: { cursor: { id: 'x' }, select: { role: true } } }],
    ['rows to skip', { memberships: { skip: 1, select: { role: true } } }],
    ['the last ones', { memberships: { take: -1, select: { role: true } } }],
    [
      'an order of another table',
      { memberships: { orderBy: { organization: { name: 'asc' } }, select: { role: true } } },
    ],
    [
      'an order that says where nothing stands',
      { emails: { orderBy: { verifiedAt: { sort: 'asc', nulls: 'last' } }, select: { id: true } } },
    ],
    ['a table that lists do not lead to', { sessions: { select: { id: true } } }],
    ['an unknown name', { id: true, 'x" FROM passwords --': true }],
    ['nothing', {}],
  ])('are not written for %s: that is for Prisma', (_what, select) => {
    expect(jsonRowsOf('User', { select })).toBeNull();
  });

  it('are not written where all columns are asked for unnamed', () => {
    expect(jsonRowsOf('User', {})).toBeNull();
  });
});
