/** The receipt of an erasure: anybody can verify it with the published keys, for good, and it opens nothing. */
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotateKeys } from '../../src/auth/keys.ts';
import { createSealing } from '../../src/auth/sealing.ts';
import { createSources } from '../../src/sources.ts';
import { collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp, testSecret } from '../setup/app.ts';
import { countsOf, deleteUser, type ErasureFacts, readErasure } from './ask-erasure.ts';

const issuer = 'https://users.example';
let app: TestApp;
let root: string;
beforeAll(async () => {
  app = await openTestApp({ seed: false, env: { PUBLIC_URL: issuer } });
  const rows = collectRows();
  root = rows.session(rows.user({ isSuperuser: true })).secret;
  await rows.write(app.database);
});
afterAll(() => app.close());

async function erase(): Promise<{ erasure: ErasureFacts; userId: string }> {
  const rows = collectRows();
  const userId = rows.user({ username: `leaving-${crypto.randomUUID().slice(0, 8)}` });
  rows.dataRecord(userId, 'activities', { n: 1 });
  rows.dataRecord(userId, 'activities', { n: 2 });
  await rows.write(app.database);
  const { erasure } = await deleteUser(app.withToken(root), userId);
  await app.work();
  return { erasure: await readErasure(app, erasure.id), userId };
}

/** As a stranger verifies it: by the keys at the well-known path, and with a library. */
function verify(receipt: string) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), {
    [customFetch]: (url, init) => app.fetch(new URL(url).pathname, init as RequestInit),
  });
  return jwtVerify(receipt, keys, { issuer, typ: 'erasure-receipt+jwt', algorithms: ['ES256'] });
}

function rotate(isLeak: boolean) {
  const sources = createSources({ now: () => new Date(Date.now() + app.clock.offset) });
  const sealing = createSealing(testSecret, sources.randomBytes);
  const dependencies = { ...sources, sealing, prisma: app.database.prisma };
  return rotateKeys(dependencies, { isLeak, record: async () => {} });
}

describe('a receipt', () => {
  it('says what was erased, when, and where the trail stood, and verifies by the published keys', async () => {
    const { erasure, userId } = await erase();
    const { payload } = await verify(erasure.receipt ?? '');
    expect(payload).toEqual({
      iss: issuer,
      iat: Math.floor(Date.parse(erasure.completedAt ?? '') / 1000),
      jti: erasure.uuid,
      sub: userId,
      requestedAt: erasure.requestedAt,
      startedAt: erasure.startedAt,
      erasedAt: erasure.erasedAt,
      completedAt: erasure.completedAt,
      inventory: countsOf(erasure),
      owners: [],
      audit: { sequence: expect.any(Number), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(countsOf(erasure)).toMatchObject({ users: 1, 'dataRecords.activities': 2 });
    const { sequence, hash } = payload.audit as { sequence: number; hash: string };
    const event = await app.database.prisma.auditEvent.findUniqueOrThrow({ where: { sequence } });
    expect(Buffer.from(event.hash ?? []).toString('hex')).toBe(hash);
    expect(event).toMatchObject({ action: 'user.erase', subjectId: userId });
  });

  it('holds nothing personal', async () => {
    const { erasure } = await erase();
    const [, claims = ''] = (erasure.receipt ?? '').split('.');
    expect(Buffer.from(claims, 'base64url').toString()).not.toContain('leaving-');
  });

  it('does not verify once a letter of it is changed', async () => {
    const { erasure } = await erase();
    const [header = '', claims = '', signature = ''] = (erasure.receipt ?? '').split('.');
    const forged = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const body = Buffer.from(JSON.stringify({ ...forged, inventory: {} })).toString('base64url');
    await expect(verify(`${header}.${body}.${signature}`)).rejects.toThrow('signature');
  });

  it('verifies also after rotations, and those that follow are signed by another key', async () => {
    const { erasure: before } = await erase();
    for (const isLeak of [false, true]) {
      await rotate(isLeak);
      app.clock.offset += 2 * 60 * 60_000; // by then a token's key would have gone
      await app.database.prisma.session.updateMany({
        data: { expiresAt: new Date(Date.now() + 86_400_000) },
      });
      await expect(verify(before.receipt ?? '')).resolves.toBeDefined();
    }
    const { erasure: after } = await erase();
    await expect(verify(after.receipt ?? '')).resolves.toBeDefined();
    const kid = ({ receipt }: ErasureFacts) => decodeProtectedHeader(receipt ?? '').kid;
    expect(kid(after)).not.toBe(kid(before));
  });

  it('is no credential, and its key signs none', async () => {
    const { erasure } = await erase();
    const { status } = await app.withToken(erasure.receipt).send('{ viewer { user { id } } }');
    expect(status).toBe(401);
  });
});

describe('the key of receipts', () => {
  it('is made by one of those who need it first at once, and its private half is sealed', async () => {
    const other = await openTestApp({ seed: false });
    const keys = () => other.database.prisma.signingKey.findMany({ where: { purpose: 'receipts' } });
    expect(await keys()).toEqual([]);
    const rows = collectRows();
    const secrets = [1, 2, 3].map(() => rows.session(rows.user()).secret);
    await rows.write(other.database);
    await Promise.all(
      secrets.map((secret) => other.withToken(secret).send('mutation { deleteMe { __typename } }')),
    );
    await Promise.all([other.work(), other.work(), other.work()]);
    const made = await keys();
    expect(made).toHaveLength(1);
    expect(Buffer.from(made[0]?.encryptedPrivateJwk ?? []).toString('latin1')).not.toContain('kty');
    expect(JSON.stringify(made[0]?.publicJwk)).not.toContain('"d"');
    await other.close();
  });
});
