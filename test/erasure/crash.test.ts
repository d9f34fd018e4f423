/** An erasure survives the death of the process that does it, at any moment, and happens once. Really killed, not told to stop. */

import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, describe, expect, inject, test, vi } from 'vitest';
import { createServerDatabase } from '../setup/databases.ts';
import { createServers } from '../setup/servers.ts';
import {
  deleteAt,
  expectErasedOnce,
  expectHalfway,
  hasErased,
  isComplete,
  seedAccount,
  until,
} from './crash-world.ts';

vi.setConfig({ testTimeout: 400_000 });

const servers = createServers();
/** Without a limit that asking every few milliseconds would run into. */
const start = (url: string) => servers.start({ DATABASE_URL: url, RATE_LIMIT_PER_MINUTE: '10000000' });
afterEach(() => servers.killAll());
afterAll(() => servers.remove());

describe('on an embedded database', () => {
  test('a server that is killed twice while it erases 60,000 records ends it once, with exact counts', async () => {
    const url = `pglite:${servers.parent}/killed`;
    const { userId, token } = await seedAccount(url);
    const first = await start(url);
    const path = await deleteAt(first.url, token);
    await until(first.url, path, hasErased(3_000));
    await first.process.kill('SIGKILL');
    await expectHalfway(url, userId);

    const second = await start(url);
    await until(second.url, path, hasErased(20_000));
    await second.process.kill('SIGKILL');
    await expectHalfway(url, userId);

    const last = await start(url);
    const { receipt } = await until(last.url, path, isComplete);
    expect(await verifies(last.url, receipt)).toBe(true);
    await last.process.kill('SIGTERM');
    await expectErasedOnce(url, userId);
  });

  test('a server that is killed right after its answer has promised nothing in vain', async () => {
    const url = `pglite:${servers.parent}/promised`;
    const { userId, token } = await seedAccount(url);
    const first = await start(url);
    const path = await deleteAt(first.url, token);
    await first.process.kill('SIGKILL');
    const second = await start(url);
    await until(second.url, path, isComplete);
    await second.process.kill('SIGTERM');
    await expectErasedOnce(url, userId);
  });
});

describe.skipIf(inject('postgres') === undefined)('on a server of two processes', () => {
  test.each([
    { killed: 'the one that was asked', survivor: 1 },
    { killed: 'the other one', survivor: 0 },
  ])('when $killed is killed, the erasure is ended by the one that is left, once', async ({ survivor }) => {
    const { url, remove } = await createServerDatabase(`TEMPLATE ${inject('postgres')?.template}`);
    const { userId, token } = await seedAccount(url);
    const both = [await start(url), await start(url)];
    const path = await deleteAt(both[0]?.url ?? '', token);
    const left = both[survivor]?.url ?? '';
    await until(left, path, hasErased(1));
    await both[1 - survivor]?.process.kill('SIGKILL');
    const { receipt } = await until(left, path, isComplete);
    expect(await verifies(left, receipt)).toBe(true);
    await both[survivor]?.process.kill('SIGTERM');
    await expectErasedOnce(url, userId);
    await remove();
  });
});

/** Whether a receipt is signed by a key that the server publishes. */
async function verifies(server: string, receipt: string | null): Promise<boolean> {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', server));
  const { payload } = await jwtVerify(receipt ?? '', keys, { typ: 'erasure-receipt+jwt' });
  return payload.jti !== undefined;
}
