/** The erasure of an account: how far it is, and the proof of it. */
import { findErasure, findErasures } from '../domain/erasure.ts';
import { builder } from './builder.ts';
import { defineNode } from './define-node.ts';
import { nodeQuery } from './node-query.ts';

const ErasureStatus = builder.enumType('ErasureStatus', {
  description: 'How far an erasure has come.',
  values: {
    PENDING: {
      description: 'Asked for, not begun: the account is gone for everybody, and nothing of it is erased.',
    },
    RUNNING: { description: 'Under way, here or at those downstream who hold data, too.' },
    COMPLETED: { description: 'Everything is gone.' },
    FAILED: { description: 'Stopped by an error; it will be tried again.' },
    UNDONE: { description: 'Undone in time: the account was restored.' },
  } as const,
});

const ErasedKind = builder.objectRef<{ kind: string; count: number }>('ErasedKind').implement({
  description: 'How many things of one kind were erased.',
  fields: (t) => ({
    kind: t.exposeString('kind', {
      description: 'The kind, such as `sessions` or `dataRecords.activities`.',
    }),
    count: t.exposeInt('count', { description: 'How many there were.' }),
  }),
});

builder.prismaObject('ErasureOwner', {
  description: 'A downstream owner of data that takes part in an erasure.',
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name'),
    acknowledgedAt: t.expose('acknowledgedAt', { type: 'DateTime', nullable: true }),
    withdrawnAt: t.expose('withdrawnAt', { type: 'DateTime', nullable: true }),
  }),
});

const inOrder = { orderBy: [{ name: 'asc' as const }, { id: 'asc' as const }] };

export const Erasure = builder.prismaObject('Erasure', {
  description:
    'The deletion of an account and of everything it owned. It holds nothing personal, so whoever knows its id can read it.',
  select: { id: true, userId: true },
  fields: (t) => ({
    uuid: t.field({
      type: 'UUID',
      description: 'The id of the erasure outside this graph: in its receipt, and at `/v1/erasures`.',
      resolve: ({ id }) => id,
    }),
    userId: t.globalID({
      description: 'The global id that the account had.',
      resolve: ({ userId }) => ({ type: 'User', id: userId }) as never,
    }),
    status: t.expose('status', { type: ErasureStatus }),
    inventory: t.field({
      type: [ErasedKind],
      description: 'What was found and erased so far, by kind.',
      select: { inventory: true },
      resolve: ({ inventory }) =>
        Object.entries((inventory ?? {}) as Record<string, number>).map(([kind, count]) => ({ kind, count })),
    }),
    requestedAt: t.expose('requestedAt', { type: 'DateTime' }),
    undoUntil: t.expose('undoUntil', { type: 'DateTime' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true }),
    erasedAt: t.expose('erasedAt', { type: 'DateTime', nullable: true }),
    completedAt: t.expose('completedAt', { type: 'DateTime', nullable: true }),
    undoneAt: t.expose('undoneAt', { type: 'DateTime', nullable: true }),
    owners: t.relation('owners', {
      query: inOrder,
      description: 'Those downstream who hold data of users, and were told to erase it, by name.',
    }),
    pendingOwners: t.stringList({
      description: 'The names of those who have not said yet that they have erased: what it waits for.',
      select: { owners: { where: { acknowledgedAt: null, withdrawnAt: null }, ...inOrder } },
      resolve: ({ owners }) => owners.map(({ name }) => name),
    }),
    receipt: t.exposeString('receipt', {
      nullable: true,
      description:
        'The signed receipt (JWS, compact; `typ` is `erasure-receipt+jwt`), which anybody can verify by the keys at `/.well-known/jwks.json`. Null until it is complete.',
    }),
  }),
});

defineNode(Erasure, (context, ids, info) => findErasures(context, ids, nodeQuery(context, info, 'Erasure')));

builder.queryField('erasure', (t) =>
  t.field({
    type: Erasure,
    nullable: true,
    description:
      'The erasure with this id, for whoever knows it, without any credential; null when there is none.',
    args: { id: t.arg.globalID({ for: [Erasure], required: true, description: 'Its global id.' }) },
    resolve: (_root, { id }, context, info) =>
      findErasure(context, id.id, nodeQuery(context, info, 'Erasure')),
  }),
);
