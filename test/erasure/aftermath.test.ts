/** What somebody who is gone leaves to others: nothing that lets anybody in, and nothing that was still under way. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { hashSecret, issueSecret } from '../../src/auth/secrets.ts';
import { commit } from '../../src/domain/transaction.ts';
import { createSources } from '../../src/sources.ts';
import { ahead, collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { deleteMe } from './ask-erasure.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false, env: { SIGN_UP: 'invite' } });
});
afterAll(() => app.close());

const prisma = () => app.database.prisma;
const { newId, randomBytes } = createSources();

const signUp = `mutation ($input: SignUpInput!) {
  signUp(input: $input) { __typename }
}`;

it('an invitation to an organization ends with who made it, and lets nobody sign up', async () => {
  const rows = collectRows();
  const [owner, admin] = [rows.user({ name: 'Owner' }), rows.user({ name: 'Admin' })];
  const organizationId = rows.organization('Left', [
    [owner, 'OWNER'],
    [admin, 'ADMIN'],
  ]);
  const { secret } = rows.session(admin);
  await rows.write(app.database);
  const [unused, forgotten] = [
    issueSecret('invitation', randomBytes),
    issueSecret('invitation', randomBytes),
  ];
  const invitation = (code: string, email: string, createdById: string | null) => ({
    ...{ id: newId(), codeHash: hashSecret(code), email, createdById },
    ...{ organizationId, role: 'MEMBER' as const, expiresAt: ahead(3_600_000) },
  });
  await prisma().invitation.createMany({
    data: [
      invitation(unused.secret, 'first@example.net', admin),
      invitation(forgotten.secret, 'second@example.net', null),
    ],
  });
  await deleteMe(app.withToken(secret));
  expect(await prisma().invitation.count({ where: { createdById: admin } })).toBe(0);
  await app.work();
  for (const [email, { secret: code }] of [
    ['first@example.net', unused],
    ['second@example.net', forgotten],
  ] as const) {
    const input = { email, password: 'a long enough password of nobody', invitation: code };
    expect(await app.anonymous.run(signUp, { input })).toEqual({
      signUp: { __typename: 'SignUpRefusedError' },
    });
    expect(await prisma().email.count({ where: { address: email } })).toBe(0);
  }
});

it('an invitation to an address that it only claimed stays', async () => {
  const rows = collectRows();
  const claimer = rows.user({ name: 'Claimer' });
  rows.email(claimer, 'victim@example.net');
  const { secret } = rows.session(claimer);
  await rows.write(app.database);
  const id = newId();
  await prisma().invitation.create({
    data: {
      id,
      codeHash: randomBytes(32) as never,
      email: 'victim@example.net',
      expiresAt: ahead(3_600_000),
    },
  });
  await deleteMe(app.withToken(secret));
  await app.work();
  expect(await prisma().email.count({ where: { address: 'victim@example.net' } })).toBe(0);
  expect(await prisma().invitation.count({ where: { id } })).toBe(1);
});

/** On the embedded database there is nothing at the same time. */
it.runIf(inject('postgres'))(
  'what it was doing when it was deleted is waited for, and erased, too',
  async () => {
    const rows = collectRows();
    const [grantor, grantee] = [rows.user({ name: 'Grantor' }), rows.user({ name: 'Grantee' })];
    rows.share(grantor, grantee, ['data:read', 'data:write']);
    const [writing, leaving] = [rows.session(grantee), rows.session(grantee)];
    await rows.write(app.database);
    // Holds what the import needs, so that it is still under way when the deletion is.
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const holding = commit(
      { prisma: prisma(), feed: { tell() {} }, jobs: { wake() {} } } as never,
      async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${grantor}::uuid FOR UPDATE`;
        await held;
      },
    );
    const writes = app.call('POST', `/v1/users/${grantor}/records`, {
      token: writing.secret,
      headers: { 'user-agent': 'GranteeBrowser', 'idempotency-key': 'of the grantee' },
      json: { collection: 'activities', data: {} },
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await deleteMe(app.withToken(leaving.secret));
    const work = app.work();
    await new Promise((resolve) => setTimeout(resolve, 300));
    letGo();
    await Promise.all([holding, writes, work]);
    await app.work();
    const left = await prisma().auditEvent.findMany({
      where: { actorId: grantee, OR: [{ userAgent: { not: null } }, { ipAddress: { not: null } }] },
    });
    expect(left).toEqual([]);
    expect(await prisma().idempotentAnswer.count({ where: { actorId: grantee } })).toBe(0);
    expect(await prisma().user.count({ where: { id: grantee } })).toBe(0);
  },
);
