import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetEnded } from '../../src/domain/housekeeping.ts';
import { ago, collectRows, hour } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

const day = 24 * hour;

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false });
});
afterAll(() => app.close());

test('what has been over for a while is forgotten, and nothing that is not', async () => {
  const { prisma } = app.database;
  const rows = collectRows();
  const user = rows.user();
  rows.session(user, { expiresAt: ago(31 * day) });
  rows.session(user, { revokedAt: ago(31 * day) });
  const kept = [
    rows.session(user),
    rows.session(user, { expiresAt: ago(29 * day) }),
    rows.session(user, { revokedAt: ago(29 * day) }),
  ];
  await rows.write(app.database);
  const challenge = (id: number, expiresAt: Date) => ({
    id: `00000000-0000-7000-8000-00000000000${id}`,
    kind: 'PASSWORD_RESET' as const,
    userId: user,
    codeHash: new Uint8Array(32),
    expiresAt,
  });
  await prisma.challenge.createMany({ data: [challenge(1, ago(2 * day)), challenge(2, ago(hour))] });

  expect(await forgetEnded({ prisma, now: () => new Date() })).toBe(3);
  const sessions = await prisma.session.findMany({ select: { id: true } });
  expect(sessions.map(({ id }) => id).sort()).toEqual(kept.map(({ id }) => id).sort());
  expect(await prisma.challenge.count()).toBe(1);
  expect(await forgetEnded({ prisma, now: () => new Date() })).toBe(0);
});
