/** The work of an erasure: in batches, by whichever process, after any failure, and once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { countsOf, deleteMe, eventsAbout, readErasure } from './ask-erasure.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false, logLevel: 'trace' });
});
afterAll(() => app.close());

const prisma = () => app.database.prisma;

async function createAccount(records = 0) {
  const rows = collectRows();
  const id = rows.user({ username: `leaving-${crypto.randomUUID().slice(0, 8)}` });
  rows.email(id, `${crypto.randomUUID()}@leaving.example`);
  const { secret } = rows.session(id);
  await rows.write(app.database);
  await prisma().$executeRaw`
    INSERT INTO data_records (id, user_id, collection, occurred_at, data)
    SELECT gen_random_uuid(), ${id}::uuid, 'activities', now(), '{"note": "leaving-note"}'
    FROM generate_series(1, ${records})`;
  return { id, client: app.withToken(secret) };
}

const lifeOf = ['user.deleting', 'erasure.requested', 'user.deleted', 'erasure.completed'];

describe('an erasure of more than a batch', () => {
  it('counts every record once, also when three work on it at once', async () => {
    const { id, client } = await createAccount(3_500);
    const { erasure } = await deleteMe(client);
    await Promise.all([app.work(), app.work(), app.work()]);
    await app.work();
    const complete = await readErasure(app, erasure.id);
    expect(complete.status).toBe('COMPLETED');
    expect(countsOf(complete)).toMatchObject({
      users: 1,
      emails: 1,
      sessions: 1,
      'dataRecords.activities': 3_500,
    });
    expect(await eventsAbout(app, id)).toEqual(lifeOf);
  });

  it('forgets a long trail, all of it', async () => {
    const { id, client } = await createAccount();
    await prisma().$executeRaw`
      INSERT INTO audit_events (id, occurred_at, action, subject_type, subject_id, account_id, actor_id, credential_kind,
        changes, ip_address)
      SELECT gen_random_uuid(), now(), 'user.update', 'User', ${id}::uuid, ${id}::uuid, ${id}::uuid, 'SESSION',
        '{"bio": {"before": null, "after": "leaving-bio"}}', '198.51.100.1' FROM generate_series(1, 2300)`;
    const { erasure } = await deleteMe(client);
    await app.work();
    expect(await readErasure(app, erasure.id)).toMatchObject({ status: 'COMPLETED' });
    const trail = await prisma().auditEvent.findMany({ where: { accountId: id } });
    expect(trail.length).toBeGreaterThan(2_300);
    for (const { changes, ipAddress } of trail) expect([changes, ipAddress]).toEqual([null, null]);
  }, 120_000);
});

describe('an erasure that fails', () => {
  it('says so without a word of what it erased, is left alone for a minute, and then ends', async () => {
    const { id, client } = await createAccount(3);
    await prisma().$executeRawUnsafe(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'cannot delete %', OLD.data; END $$`);
    await prisma().$executeRawUnsafe(
      'CREATE TRIGGER refuse BEFORE DELETE ON data_records FOR EACH ROW EXECUTE FUNCTION refuse()',
    );
    const { erasure } = await deleteMe(client);
    await app.work();
    expect(await readErasure(app, erasure.id)).toMatchObject({ status: 'FAILED', erasedAt: null });
    expect(await prisma().user.count({ where: { id } })).toBe(1);
    const lines = app.logged.filter((line) => line.includes('an erasure failed'));
    expect(lines).toHaveLength(1);
    expect(app.logged.join('')).not.toContain('leaving-note');

    const { client: other, id: otherId } = await createAccount();
    await deleteMe(other);
    await app.work();
    expect(await eventsAbout(app, otherId)).toEqual(lifeOf); // one that fails holds up no other

    await prisma().$executeRawUnsafe('DROP FUNCTION refuse CASCADE');
    await app.work();
    expect(await readErasure(app, erasure.id)).toMatchObject({ status: 'FAILED' });
    app.clock.offset += 61_000;
    await app.work();
    const complete = await readErasure(app, erasure.id);
    expect(complete).toMatchObject({ status: 'COMPLETED', pendingOwners: [] });
    expect(countsOf(complete)).toMatchObject({ users: 1, 'dataRecords.activities': 3 });
    expect(await eventsAbout(app, id)).toEqual(lifeOf);
  });
});

describe('what comes late', () => {
  it('goes, too: a managed user and records that were written while the account was being deleted', async () => {
    const { id, client } = await createAccount();
    const { erasure } = await deleteMe(client);
    const rows = collectRows();
    const late = rows.user({ kind: 'MANAGED', managerId: id, firstName: 'Late' });
    rows.dataRecord(late, 'traces', { note: 'late' });
    rows.dataRecord(id, 'traces', { note: 'late' });
    await rows.write(app.database);
    await app.work();
    expect(await prisma().user.count({ where: { id: { in: [id, late] } } })).toBe(0);
    expect(countsOf(await readErasure(app, erasure.id))).toMatchObject({ users: 2, 'dataRecords.traces': 2 });
    expect(await eventsAbout(app, late)).toEqual(['user.deleted']);
  });
});

it('a job that comes for what is done, undone or unknown does nothing', async () => {
  const { id, client } = await createAccount();
  const { erasure } = await deleteMe(client);
  await app.work();
  const before = await readErasure(app, erasure.id);
  app.clock.offset += 3_600_000;
  for (const erasureId of [before.uuid, crypto.randomUUID()])
    await prisma()
      .$executeRaw`INSERT INTO usergraph_jobs.job (name, data) VALUES ('erasures', ${{ erasureId }}::jsonb)`;
  await app.work();
  expect(await readErasure(app, erasure.id)).toEqual(before);
  expect(await eventsAbout(app, id)).toEqual(lifeOf);
});
