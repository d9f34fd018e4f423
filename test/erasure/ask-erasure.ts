/** What the tests of erasures ask. */
import { encodeId } from '../../src/domain/ids.ts';
import type { Client, TestApp } from '../setup/app.ts';

export interface ErasureFacts {
  readonly id: string;
  readonly uuid: string;
  readonly userId: string;
  readonly status: string;
  readonly inventory: readonly { readonly kind: string; readonly count: number }[];
  readonly requestedAt: string;
  readonly undoUntil: string;
  readonly startedAt: string | null;
  readonly erasedAt: string | null;
  readonly completedAt: string | null;
  readonly undoneAt: string | null;
  readonly receipt: string | null;
  readonly owners: readonly { name: string; acknowledgedAt: string | null; withdrawnAt: string | null }[];
  readonly pendingOwners: readonly string[];
}

const facts = `id uuid userId status inventory { kind count } requestedAt undoUntil startedAt erasedAt completedAt undoneAt
  receipt owners { name acknowledgedAt withdrawnAt } pendingOwners`;

export interface Deleted {
  readonly erasure: ErasureFacts;
  readonly undoCode: string | null;
}

/** Deletes one's own account. */
export async function deleteMe(client: Client): Promise<Deleted> {
  const { deleteMe: deleted } = await client.run<{ deleteMe: Deleted }, object>(
    `mutation { deleteMe { ... on DeleteMeSuccess { undoCode erasure { ${facts} } } } }`,
  );
  return deleted;
}

/** Deletes an account by its UUID. */
export async function deleteUser(client: Client, uuid: string): Promise<Deleted> {
  const { deleteUser: deleted } = await client.run<{ deleteUser: Deleted }, object>(
    `mutation ($id: ID!) { deleteUser(id: $id) { ... on DeleteUserSuccess { undoCode erasure { ${facts} } } } }`,
    { id: encodeId('User', uuid) },
  );
  return deleted;
}

/** The erasure as whoever knows its id sees it, without any credential. */
export async function readErasure(app: Pick<TestApp, 'anonymous'>, id: string): Promise<ErasureFacts> {
  const { erasure } = await app.anonymous.run<{ erasure: ErasureFacts }, object>(
    `query ($id: ID!) { erasure(id: $id) { ${facts} } }`,
    { id },
  );
  return erasure;
}

export const countsOf = ({ inventory }: ErasureFacts): Record<string, number> =>
  Object.fromEntries(inventory.map(({ kind, count }) => [kind, count]));

/** How often each event was written about an account. */
export async function eventsAbout({ database }: Pick<TestApp, 'database'>, uuid: string) {
  const events = await database.prisma.outboxEvent.findMany({
    where: { subjectId: uuid },
    orderBy: { sequence: 'asc' },
    select: { type: true },
  });
  return events.map(({ type }) => type);
}

const day = 86_400_000;
export const oneDay = { ERASURE_GRACE: '24h' };
export { day };
