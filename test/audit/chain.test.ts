/** Nobody alters the audit trail unseen: not by the product, and not in the database either. */
import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Head, type Verification, verifyChain } from '../../src/domain/audit-chain.ts';
import { Prisma } from '../../src/generated/prisma/client.ts';
import { createSources } from '../../src/sources.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';

const { newId } = createSources();

let app: TestApp;
let head: Head;
/** An event in the middle that has changes, an origin, and no erasure. */
let middle: bigint;

beforeAll(async () => {
  app = await openTestApp();
  const ada = await app.as('ada');
  const bios = [
    'Zeile\n"eins" \\ \u0001 \u{1F600}',
    'two',
    'three',
    'four',
    'five',
    'six',
    '7',
    '8',
    '9',
    '10',
  ];
  for (const bio of bios) await updateBio(ada.token, bio);
  await updateMetadata(ada.token);
  await app.fetch('/graphql', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${ada.token}`,
      'content-type': 'application/json',
      'user-agent': 'quo"te\\d é \t x',
    },
    body: JSON.stringify({ query: 'mutation { updateMe(input: { bio: "last" }) { __typename } }' }),
  });
  const whole = await verifyChain(app.database.prisma);
  if (whole.head === null) throw new Error(JSON.stringify(whole.breaks));
  head = whole.head;
  const rows = await app.database.prisma.auditEvent.findMany({
    where: { action: 'user.update' },
    orderBy: { sequence: 'asc' },
    select: { sequence: true },
  });
  middle = rows[2]?.sequence ?? 0n;
});
afterAll(() => app.close());

async function updateBio(token: string | null, bio: string) {
  await app
    .withToken(token)
    .run('mutation ($bio: String) { updateMe(input: { bio: $bio }) { __typename } }', { bio });
}

async function updateMetadata(token: string | null) {
  const metadata = { longer: 1.5, b: [1, 2e30, -0.1, 'ü'], aa: { '': null } };
  await app
    .withToken(token)
    .run('mutation ($metadata: JSONObject) { updateMe(input: { metadata: $metadata }) { __typename } }', {
      metadata,
    });
}

class RollbackError extends Error {}

/** What is found after somebody who owns the database did this, without its triggers. Nothing of it stays. */
async function afterTampering(
  tamper: (tx: Prisma.TransactionClient) => Promise<unknown>,
  options: Parameters<typeof verifyChain>[1] = {},
): Promise<Verification> {
  let found: Verification | undefined;
  await app.database.prisma
    .$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL session_replication_role = replica`;
      await tamper(tx);
      found = await verifyChain(tx, options);
      throw new RollbackError();
    })
    .catch((error: unknown) => {
      if (!(error instanceof RollbackError)) throw error;
    });
  if (found === undefined) throw new Error('the tampering failed');
  return found;
}

test('an untouched trail is whole, read in pages of any size', async () => {
  const { prisma } = app.database;
  const count = await prisma.auditEvent.count();
  for (const pageSize of [1, 3, 500]) {
    const found = await verifyChain(prisma, { pageSize });
    expect(found).toEqual({ events: count, head, breaks: [] });
  }
  expect(head.sequence).toBe(BigInt(count));
  expect((await verifyChain(prisma, { from: middle, expect: head })).breaks).toEqual([]);
});

const columns: Record<string, string> = {
  id: 'gen_random_uuid()',
  occurred_at: "occurred_at + interval '1 millisecond'",
  action: "'user.create'",
  subject_type: "'Session'",
  subject_id: 'gen_random_uuid()',
  account_id: 'NULL',
  organization_id: 'gen_random_uuid()',
  actor_id: 'gen_random_uuid()',
  on_behalf_of_id: 'gen_random_uuid()',
  credential_kind: "'SYSTEM'",
  credential_id: 'NULL',
  request_id: "'another'",
  changes: 'NULL',
  'changes ': `'{"bio": {"before": null, "after": "forged"}}'`,
  ip_address: "'203.0.113.99'",
  user_agent: "'another'",
  changes_salt: 'NULL',
  'changes_salt ': "decode(repeat('11', 32), 'hex')",
  changes_digest: "decode(repeat('11', 32), 'hex')",
  'changes_digest ': 'NULL',
  origin_salt: 'NULL',
  'origin_salt ': "decode(repeat('11', 32), 'hex')",
  origin_digest: "decode(repeat('11', 32), 'hex')",
  previous_hash: "decode(repeat('11', 32), 'hex')",
  hash: "decode(repeat('11', 32), 'hex')",
  'hash ': 'NULL',
  sequence: 'sequence + 1000000',
  'sequence ': 'NULL',
  'sequence  ': '-sequence',
};

describe('whoever changes one column of an event in the database is found out', () => {
  test.each(Object.entries(columns))('%s = %s', async (column, value) => {
    const { breaks } = await afterTampering((tx) =>
      tx.$executeRawUnsafe(
        `UPDATE audit_events SET ${column.trim()} = ${value} WHERE sequence = ${Number(middle)}`,
      ),
    );
    expect(breaks).not.toEqual([]);
    const places = breaks.map(({ sequence }) => sequence);
    expect(places.some((place) => place === null || place === -middle || place >= middle)).toBe(true);
  });

  test('every column of the table is tried', async () => {
    const rows = await app.database.prisma.$queryRaw<{ name: string }[]>`
      SELECT column_name::text AS name FROM information_schema.columns
      WHERE table_name = 'audit_events' AND table_schema = current_schema()`;
    const tried = new Set(Object.keys(columns).map((column) => column.trim()));
    expect(rows.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });
});

describe('whoever changes the order of events is found out', () => {
  test('by taking one away', async () => {
    const { breaks } = await afterTampering(
      (tx) => tx.$executeRaw`DELETE FROM audit_events WHERE sequence = ${middle}`,
    );
    expect(breaks[0]).toEqual({
      sequence: middle + 1n,
      problem: `${middle} should follow ${middle - 1n}`,
    });
  });

  test('by taking one away and closing the gap', async () => {
    const { breaks } = await afterTampering(async (tx) => {
      await tx.$executeRaw`DELETE FROM audit_events WHERE sequence = ${middle}`;
      await tx.$executeRaw`UPDATE audit_events SET sequence = -sequence WHERE sequence > ${middle}`;
      await tx.$executeRaw`UPDATE audit_events SET sequence = -sequence - 1 WHERE sequence < 0`;
    });
    expect(breaks[0]?.sequence).toBe(middle);
  });

  test('by adding one at the end', async () => {
    const { breaks } = await afterTampering(
      (tx) => tx.$executeRaw`
        INSERT INTO audit_events (id, sequence, occurred_at, action, subject_type, subject_id, credential_kind)
        VALUES (${newId()}::uuid, ${head.sequence + 1n}, now(), 'user.update', 'User', ${newId()}::uuid, 'SESSION')`,
    );
    expect(breaks.map(({ sequence }) => sequence)).toContain(head.sequence + 1n);
  });

  test('by adding one beside the chain', async () => {
    const id = newId();
    const { breaks } = await afterTampering(
      (tx) => tx.$executeRaw`
        INSERT INTO audit_events (id, occurred_at, action, subject_type, subject_id, credential_kind)
        VALUES (${id}::uuid, now(), 'user.update', 'User', ${newId()}::uuid, 'SESSION')`,
    );
    expect(breaks).toEqual([{ sequence: null, problem: `the event ${id} is not in the chain` }]);
  });

  test('by exchanging two', async () => {
    const { breaks } = await afterTampering(async (tx) => {
      await tx.$executeRaw`UPDATE audit_events SET sequence = -1 WHERE sequence = ${middle}`;
      await tx.$executeRaw`UPDATE audit_events SET sequence = ${middle} WHERE sequence = ${middle + 1n}`;
      await tx.$executeRaw`UPDATE audit_events SET sequence = ${middle + 1n} WHERE sequence = -1`;
    });
    expect(breaks[0]?.sequence).toBe(middle);
  });
});

/** Changes an event and computes the whole chain anew from there, as only the owner of the database can. */
async function rechain(tx: Prisma.TransactionClient): Promise<void> {
  await tx.$executeRaw`UPDATE audit_events SET action = 'user.create' WHERE sequence = ${middle}`;
  for (let place = middle; place <= head.sequence; place += 1n) {
    await tx.$executeRaw`
      UPDATE audit_events e SET previous_hash = b.hash, hash = sha256(b.hash || convert_to(audit_event_text(e), 'UTF8'))
      FROM audit_events b WHERE e.sequence = ${place} AND b.sequence = ${place - 1n}`;
  }
}

describe('a head that was noted elsewhere', () => {
  test('shows that the chain was computed anew from the middle, which nothing in it does', async () => {
    expect((await afterTampering(rechain)).breaks).toEqual([]);
    expect((await afterTampering(rechain, { expect: head })).breaks).toEqual([
      { sequence: head.sequence, problem: 'the hash is not the expected one' },
    ]);
  });

  test('shows that the last events are gone', async () => {
    const cut = (tx: Prisma.TransactionClient) =>
      tx.$executeRaw`DELETE FROM audit_events WHERE sequence >= ${middle}`;
    expect((await afterTampering(cut)).breaks).toEqual([]);
    expect((await afterTampering(cut, { expect: head })).breaks).toEqual([
      { sequence: head.sequence, problem: 'the expected event is not among those looked at' },
    ]);
  });
});

describe('the receipt of an erasure', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  async function addReceipt(
    tx: Prisma.TransactionClient,
    audit: object = { sequence: Number(head.sequence), hash: head.hash },
    signer = privateKey,
  ): Promise<void> {
    const receipt = await new SignJWT({ audit })
      .setProtectedHeader({ alg: 'ES256', typ: 'erasure-receipt+jwt', kid: 'receipts-of-a-test' })
      .sign(signer);
    const now = new Date();
    await tx.signingKey.create({
      data: {
        id: newId(),
        keyId: 'receipts-of-a-test',
        algorithm: 'ES256',
        purpose: 'receipts',
        publicJwk: { ...(await exportJWK(publicKey)) },
      },
    });
    await tx.erasure.create({
      data: { id: newId(), userId: newId(), requestedAt: now, undoUntil: now, receipt },
    });
  }

  test('is a witness: it agrees with the trail, and not with one that was computed anew', async () => {
    expect((await afterTampering((tx) => addReceipt(tx))).breaks).toEqual([]);
    const { breaks } = await afterTampering(async (tx) => {
      await addReceipt(tx);
      await rechain(tx);
    });
    expect(breaks).toEqual([
      { sequence: head.sequence, problem: expect.stringMatching(/was signed over another event$/) },
    ]);
  });

  test('is none when somebody else signed it', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const { breaks } = await afterTampering((tx) => addReceipt(tx, undefined, other));
    expect(breaks).toEqual([
      { sequence: null, problem: expect.stringMatching(/is not one that this server signed$/) },
    ]);
  });
});

describe('what is forgotten', () => {
  const forget = (tx: Prisma.TransactionClient) => tx.$executeRaw`
    UPDATE audit_events SET changes = NULL, changes_salt = NULL, ip_address = NULL, user_agent = NULL, origin_salt = NULL
    WHERE sequence = ${middle}`;

  test('is reported where no erasure says why', async () => {
    const { breaks } = await afterTampering(forget);
    expect(breaks).toEqual([
      { sequence: middle, problem: 'its changes are forgotten, and no erasure says why' },
      { sequence: middle, problem: 'its origin is forgotten, and no erasure says why' },
    ]);
  });

  test('is not reported for an account that is erased, and is for one whose erasure has not begun', async () => {
    const { accountId } = await app.database.prisma.auditEvent.findUniqueOrThrow({
      where: { sequence: middle },
    });
    const now = new Date();
    const erase = async (tx: Prisma.TransactionClient, startedAt: Date | null) => {
      await forget(tx);
      const accountIds = [accountId ?? ''];
      await tx.erasure.create({
        data: {
          id: newId(),
          userId: accountIds[0] ?? '',
          accountIds,
          requestedAt: now,
          undoUntil: now,
          startedAt,
        },
      });
    };
    expect((await afterTampering((tx) => erase(tx, now))).breaks).toEqual([]);
    expect((await afterTampering((tx) => erase(tx, null))).breaks).toHaveLength(2);
  });
});

describe('the product itself cannot alter the trail', () => {
  const alterations: Record<string, (prisma: Prisma.TransactionClient) => Promise<unknown>> = {
    'update a value': (prisma) => prisma.auditEvent.updateMany({ data: { action: 'user.create' } }),
    'update its place': (prisma) =>
      prisma.auditEvent.update({ where: { sequence: middle }, data: { sequence: 1_000_000n } }),
    'forget the changes but not their salt': (prisma) =>
      prisma.auditEvent.updateMany({ data: { changes: Prisma.DbNull } }),
    'replace the salt': (prisma) =>
      prisma.auditEvent.updateMany({ data: { changesSalt: new Uint8Array(32) } }),
    'forget the address and another value': (prisma) =>
      prisma.auditEvent.updateMany({
        data: { ipAddress: null, userAgent: null, originSalt: null, requestId: null },
      }),
    'delete one': (prisma) => prisma.auditEvent.delete({ where: { sequence: middle } }),
    'delete all': (prisma) => prisma.auditEvent.deleteMany(),
    truncate: (prisma) => prisma.$executeRaw`TRUNCATE audit_events`,
  };

  test.each(Object.entries(alterations))('%s', async (_name, alter) => {
    await expect(alter(app.database.prisma)).rejects.toThrow(/the audit trail cannot be changed/);
    expect((await verifyChain(app.database.prisma, { expect: head })).breaks).toEqual([]);
  });

  test('an event that says itself where it stands is put at the end all the same', async () => {
    const { prisma } = app.database;
    const forged = new Uint8Array(32).fill(7);
    const id = newId();
    await prisma.auditEvent.create({
      data: {
        id,
        occurredAt: new Date(),
        action: 'user.update',
        subjectType: 'User',
        subjectId: newId(),
        credentialKind: 'SYSTEM',
        sequence: 3n,
        previousHash: forged,
        hash: forged,
        changesSalt: forged,
        changesDigest: forged,
      },
    });
    const { sequence } = await prisma.auditEvent.findUniqueOrThrow({ where: { id } });
    expect(sequence).toBe(head.sequence + 1n);
    expect((await verifyChain(prisma, { expect: head })).breaks).toEqual([]);
  });
});
