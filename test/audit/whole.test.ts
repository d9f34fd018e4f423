/** The trail of the running product is whole: under many at once, and after somebody was erased. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { verifyChain } from '../../src/domain/audit-chain.ts';
import { createDoomedWorld } from '../policy/doomed-world.ts';
import { collectRows, deleteAllRows } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
});
afterAll(() => app.close());

test('after an erasure the trail is whole, agrees with the receipt, and has forgotten what it must', async () => {
  const { prisma } = app.database;
  await deleteAllRows(app.database);
  const { clients, ids } = await createDoomedWorld(app);
  const { head } = await verifyChain(prisma);
  await clients.ada.run('mutation { deleteMe { __typename } }');
  await app.work();
  const { receipt, status } = await prisma.erasure.findFirstOrThrow({ where: { userId: ids.ada } });
  expect(status).toBe('COMPLETED');
  expect(receipt).not.toBeNull();
  const forgotten = await prisma.auditEvent.count({ where: { changesSalt: null } });
  expect(forgotten).toBeGreaterThan(0);
  expect((await verifyChain(prisma, { expect: head })).breaks).toEqual([]);
  // Whoever takes the proof of the erasure away is found out by what was forgotten.
  await prisma.erasure.deleteMany({ where: { userId: ids.ada } });
  expect((await verifyChain(prisma)).breaks.map(({ problem }) => problem)).toContain(
    'its changes are forgotten, and no erasure says why',
  );
});

/** Connections of their own write at once on a server; the embedded database has one. */
const many = inject('postgres') === undefined ? 40 : 200;

test(`${many} changes at once make a chain without a gap, and none fails`, async () => {
  const { prisma } = app.database;
  await deleteAllRows(app.database);
  const rows = collectRows();
  const sessions = Array.from({ length: many }, () => rows.session(rows.user()));
  await rows.write(app.database);
  const outcomes = await Promise.all(
    sessions.map(({ secret }, index) =>
      app
        .withToken(secret)
        .send<{ updateMe: { __typename: string } }, object>(
          `mutation { updateMe(input: { bio: "${index}" }) { __typename } }`,
        ),
    ),
  );
  expect(new Set(outcomes.map(({ data }) => data?.updateMe.__typename))).toEqual(
    new Set(['UpdateMeSuccess']),
  );
  const found = await verifyChain(prisma);
  expect(found.breaks).toEqual([]);
  expect(found.events).toBe(many);
  expect(found.head?.sequence).toBe(BigInt(many));
});

test('a change that is undone leaves no gap', async () => {
  const { prisma } = app.database;
  const before = await verifyChain(prisma);
  const event = {
    action: 'user.update',
    subjectType: 'User',
    credentialKind: 'SYSTEM',
    occurredAt: new Date(),
  };
  await prisma
    .$transaction(async (tx) => {
      await tx.auditEvent.create({
        data: { ...event, id: crypto.randomUUID(), subjectId: crypto.randomUUID() },
      });
      throw new Error('undone');
    })
    .catch(() => {});
  expect(await verifyChain(prisma)).toEqual(before);
});
