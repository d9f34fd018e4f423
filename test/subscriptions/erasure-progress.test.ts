/** Following erasures: for whoever knows the id, to the end. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import type { Prisma } from '../../src/generated/prisma/client.ts';
import { type Served, serve } from '../clients/serve.ts';
import { codeOf, subscribe } from './stream.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());

const query = `subscription ($id: ID!) { erasureProgress(id: $id) { status userId inventory { kind count } completedAt } }`;
const follow = (id: string, token: string | null = null) =>
  subscribe(served.url, { query, variables: { id }, token });

/** An erasure under way, as the database has it. */
async function begin(data: Partial<Prisma.ErasureCreateInput> = {}) {
  const now = new Date();
  return served.app.database.prisma.erasure.create({
    data: {
      id: crypto.randomUUID(),
      userId: crypto.randomUUID(),
      requestedAt: now,
      undoUntil: new Date(now.getTime() + 1e9),
      ...data,
    },
  });
}

describe('erasureProgress', () => {
  it('tells an erasure that is over once, and ends', async () => {
    for (const status of ['COMPLETED', 'UNDONE'] as const) {
      const { id } = await begin({ status });
      const stream = await follow(encodeId('Erasure', id));
      expect(await stream.next()).toMatchObject({ data: { erasureProgress: { status } } });
      expect(await stream.next()).toBe('complete');
    }
  });

  it('is open to who has no credential, from the deletion of the account to its end', async () => {
    const { app } = served;
    const admin = await app.as('admin');
    const id = await app.idOf('Olga Berg');
    const { deleteUser } = (await admin.run(
      `mutation ($id: ID!) { deleteUser(id: $id) { ... on DeleteUserSuccess { erasure { id } } } }`,
      { id },
    )) as { deleteUser: { erasure: { id: string } } };
    const stream = await follow(deleteUser.erasure.id);
    const first = await stream.next();
    expect(first).toMatchObject({ data: { erasureProgress: { userId: id } } });
    await app.work();
    let last = first;
    for (let next = await stream.next(); next !== 'complete'; next = await stream.next()) last = next;
    expect(last).toMatchObject({ data: { erasureProgress: { status: 'COMPLETED' } } });
    expect(stream.text).not.toMatch(/olga/i);
  });

  it('tells nothing to who only guesses', async () => {
    for (const [id, status, code] of [
      [encodeId('Erasure', crypto.randomUUID()), 404, 'NOT_FOUND'],
      [encodeId('User', crypto.randomUUID()), 400, 'INVALID_ID'],
      ['erasure', 400, 'INVALID_ID'],
    ] as const) {
      const stream = await follow(id);
      expect([stream.status, codeOf(await stream.next())]).toEqual([status, code]);
    }
  });

  // On the embedded database there is nowhere else.
  it.skipIf(inject('postgres') === undefined)(
    'is told by each step that is committed, wherever it is',
    async () => {
      const { id, userId } = await begin();
      const stream = await follow(encodeId('Erasure', id));
      expect(await stream.next()).toMatchObject({ data: { erasureProgress: { status: 'PENDING' } } });
      await stream.silence(200);
      const { prisma } = served.app.database;
      await prisma.erasure.update({
        where: { id },
        data: { status: 'RUNNING', inventory: { sessions: 3 } },
      });
      await step(userId);
      const then = { status: 'RUNNING', inventory: [{ kind: 'sessions', count: 3 }] };
      expect(await stream.next()).toMatchObject({ data: { erasureProgress: then } });
      stream.abort();
    },
  );

  /** A step as the worker announces it, by another connection. */
  async function step(subjectId: string) {
    const { prisma } = served.app.database;
    await prisma.outboxEvent.create({
      data: {
        id: crypto.randomUUID(),
        type: 'erasure.progress',
        subjectId,
        payload: {},
        occurredAt: new Date(),
      },
    });
  }
});
