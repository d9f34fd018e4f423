/** Erasures on this server's own REST surface: how far one is, and how a downstream owner of data says that it has erased. */
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findErasure } from '../domain/erasure.ts';
import { acknowledgeByProof } from '../domain/erasure-owners.ts';
import { requireUuid } from '../domain/ids.ts';
import { NotFoundError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { route, type View } from './dialect.ts';

const erasureParams = z.object({ erasure_id: z.string().describe('The id of the erasure (UUID).') });

const Proof = z.object({
  webhook: z.string().describe('The id of the webhook that owns data (UUID).'),
  proof: z.string().describe('What shows that the caller was told to erase.'),
});

const moment = z.iso.datetime();

export const ErasureView = z
  .object({
    id: z.uuid(),
    userId: z.uuid().describe('The id that the account had.'),
    status: z.enum(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'UNDONE']),
    requestedAt: moment.describe('When the deletion was asked for.'),
    undoUntil: moment.describe('Until when it can be undone: the erasure begins then.'),
    startedAt: moment.nullable().describe('When the erasure began; null before.'),
    erasedAt: moment
      .nullable()
      .describe('When the account and all that it owned here were gone; null before.'),
    completedAt: moment.nullable().describe('When everything was gone; null before.'),
    undoneAt: moment.nullable().describe('When it was undone; null when it was not.'),
    inventory: z.record(z.string(), z.int()).describe('What was found and erased so far: how many, by kind.'),
    owners: z
      .array(
        z.object({
          name: z.string(),
          acknowledgedAt: moment.nullable(),
          withdrawnAt: moment.nullable(),
        }),
      )
      .describe('Those downstream who hold data of users, and were told to erase it.'),
    pendingOwners: z.array(z.string()).describe('The names of those who have not said yet that they have.'),
    receipt: z
      .string()
      .nullable()
      .describe(
        'The signed receipt (JWS, compact), to be verified by `/.well-known/jwks.json`; null before it is complete.',
      ),
  })
  .describe('The erasure of an account. Nothing personal is in it.');

const query = {
  include: { owners: { orderBy: [{ name: 'asc' as const }, { id: 'asc' as const }] } },
} satisfies Prisma.ErasureDefaultArgs;
type Row = Prisma.ErasureGetPayload<typeof query>;

function view(row: Row): View<typeof ErasureView> {
  const text = (at: Date | null) => at?.toISOString() ?? null;
  return {
    id: row.id,
    userId: row.userId,
    status: row.status,
    requestedAt: row.requestedAt.toISOString(),
    undoUntil: row.undoUntil.toISOString(),
    startedAt: text(row.startedAt),
    erasedAt: text(row.erasedAt),
    completedAt: text(row.completedAt),
    undoneAt: text(row.undoneAt),
    inventory: (row.inventory ?? {}) as Record<string, number>,
    owners: row.owners.map(({ name, acknowledgedAt, withdrawnAt }) => ({
      name,
      acknowledgedAt: text(acknowledgedAt),
      withdrawnAt: text(withdrawnAt),
    })),
    pendingOwners: row.owners
      .filter(({ acknowledgedAt, withdrawnAt }) => acknowledgedAt === null && withdrawnAt === null)
      .map(({ name }) => name),
    receipt: row.receipt,
  };
}

/** Where an erasure can be followed: a path, unless the operator says how this server is reached. */
export const erasureLocation = ({ settings }: Pick<Context, 'settings'>, { id }: Pick<Row, 'id'>) =>
  `${settings.publicUrl ?? ''}/v1/erasures/${id}`;

export const erasureRoutes = [
  route({
    method: 'GET',
    path: '/v1/erasures/{erasure_id}',
    operationId: 'getErasure',
    summary: 'Follow an erasure',
    description:
      'Answers whoever knows its id, without a credential: who deleted its own account has none any more.',
    evidence: 'documented',
    isOpen: true,
    params: erasureParams,
    success: { status: 200, description: 'The erasure.', body: ErasureView, evidence: 'documented' },
    failures: { 404: 'documented', 422: 'documented' },
    async handle(context, { params }) {
      const id = requireUuid(params.erasure_id, ['erasure_id']);
      const row = (await findErasure(context, id, query)) as Row | null;
      if (row === null) throw new NotFoundError(['erasure_id']);
      return view(row);
    },
  }),
  route({
    method: 'POST',
    path: '/v1/erasures/{erasure_id}/acknowledgements',
    operationId: 'acknowledgeErasure',
    summary: 'Say that data was erased',
    description:
      'For a downstream owner of data that answered the event `erasure.requested` with 202: at the `acknowledgeUrl` of that event it says that it has erased. Saying so again changes nothing.',
    evidence: 'documented',
    isOpen: true,
    params: erasureParams,
    query: Proof,
    success: { status: 200, description: 'It is noted.', body: ErasureView, evidence: 'documented' },
    failures: { 404: 'documented', 422: 'documented' },
    async handle(context, { params, query: { webhook, proof } }) {
      const erasureId = requireUuid(params.erasure_id, ['erasure_id']);
      return view(
        (await acknowledgeByProof(context, { erasureId, webhookId: webhook, proof }, query)) as Row,
      );
    },
  }),
];
