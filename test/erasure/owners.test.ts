/** Downstream owners of data take part: an erasure is complete when each has said that it has erased, or was taken away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSealing } from '../../src/auth/sealing.ts';
import { acknowledgementUrl, withdrawOwner } from '../../src/domain/erasure-owners.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import { collectRows } from '../policy/rows.ts';
import { openTestApp, type TestApp, testSecret } from '../setup/app.ts';
import { deleteUser, eventsAbout, readErasure } from './ask-erasure.ts';

const issuer = 'https://users.example';
let app: TestApp;
let root: string;
let acme: string;
beforeAll(async () => {
  app = await openTestApp({ seed: false, env: { PUBLIC_URL: issuer } });
  const rows = collectRows();
  root = rows.session(rows.user({ isSuperuser: true })).secret;
  acme = rows.organization('Acme', [[rows.user(), 'OWNER']]);
  await rows.write(app.database);
});
afterAll(() => app.close());

const prisma = () => app.database.prisma;
const sources = createSources();
const sealing = createSealing(testSecret, sources.randomBytes);

/** A webhook whose endpoint nobody listens at: what it is sent fails, and is tried again later. */
async function addWebhook(name: string, columns: object = {}): Promise<string> {
  const id = sources.newId();
  const url = 'https://127.0.0.1/';
  const encryptedSecret = new Uint8Array(sealing.seal('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', id));
  await prisma().webhook.create({ data: { id, name, url, encryptedSecret, ownsData: true, ...columns } });
  return id;
}

async function createAccount(columns: object = {}): Promise<string> {
  const rows = collectRows();
  const id = rows.user(columns);
  await rows.write(app.database);
  return id;
}

/** Deletes an account as a superuser does, and works off what is due. */
async function erase(id: string) {
  const { erasure } = await deleteUser(app.withToken(root), id);
  await app.work();
  return readErasure(app, erasure.id);
}

/** The path of the URL that an owner is sent. */
const pathOf = (erasureId: string, webhookId: string) =>
  acknowledgementUrl({ sealing, issuer }, { erasureId, webhookId }).slice(issuer.length);

const acknowledge = async (path: string) => (await app.call('POST', path)).status;

const cleanUp = () => prisma().webhook.deleteMany();

describe('an erasure', () => {
  it('is complete at once where nobody downstream owns data', async () => {
    await addWebhook('Told only', { ownsData: false });
    await addWebhook('Disabled', { disabledAt: new Date() });
    await addWebhook("An organization's", { organizationId: acme });
    expect(await erase(await createAccount())).toMatchObject({ status: 'COMPLETED', owners: [] });
    await cleanUp();
  });

  it("waits for the operator's owners, names those who have not said so, and is complete with the last one", async () => {
    const [crm, lake] = [await addWebhook('CRM'), await addWebhook('Lake')];
    const id = await createAccount();
    const waiting = await erase(id);
    expect(waiting).toMatchObject({
      status: 'RUNNING',
      completedAt: null,
      receipt: null,
      pendingOwners: ['CRM', 'Lake'],
    });
    expect(waiting.erasedAt).not.toBeNull();
    expect(await prisma().user.count({ where: { id } })).toBe(0);

    expect(await acknowledge(pathOf(waiting.uuid, lake))).toBe(200);
    await app.work();
    expect(await readErasure(app, waiting.id)).toMatchObject({ status: 'RUNNING', pendingOwners: ['CRM'] });
    expect(await eventsAbout(app, id)).not.toContain('erasure.completed');

    expect(await acknowledge(pathOf(waiting.uuid, crm))).toBe(200);
    await app.work();
    const complete = await readErasure(app, waiting.id);
    expect(complete).toMatchObject({ status: 'COMPLETED', pendingOwners: [] });
    expect(complete.owners.map(({ name }) => name)).toEqual(['CRM', 'Lake']);
    for (const owner of complete.owners)
      expect(owner).toMatchObject({ acknowledgedAt: expect.any(String), withdrawnAt: null });
    expect(await eventsAbout(app, id)).toEqual([
      'user.deleting',
      'erasure.requested',
      'user.deleted',
      'erasure.completed',
    ]);
    await cleanUp();
  });

  it("of a service account waits for its organization's owner; that of anybody else does not", async () => {
    await addWebhook('Acme', { organizationId: acme });
    const robot = await createAccount({ kind: 'SERVICE_ACCOUNT', organizationId: acme });
    expect(await erase(robot)).toMatchObject({ status: 'RUNNING', pendingOwners: ['Acme'] });
    expect(await erase(await createAccount())).toMatchObject({ status: 'COMPLETED', owners: [] });
    await cleanUp();
  });

  it('tells owners of all accounts that go, by id, and of nothing else', async () => {
    await addWebhook('CRM');
    const id = await createAccount({ username: 'nobody-knows' });
    const kid = await createAccount({ kind: 'MANAGED', managerId: id });
    await erase(id);
    const [event] = await prisma().outboxEvent.findMany({
      where: { subjectId: id, type: 'erasure.requested' },
    });
    expect(event?.payload).toEqual({
      id: expect.any(String),
      objectType: 'Erasure',
      fields: [],
      accountIds: [id, kid],
    });
    await cleanUp();
  });

  it('goes on without an owner that was taken away, and says so', async () => {
    const webhook = await addWebhook('CRM');
    const { id } = await erase(await createAccount());
    await prisma().webhook.delete({ where: { id: webhook } }); // with its organization, for instance
    app.clock.offset += 60_000;
    await app.work();
    expect(await readErasure(app, id)).toMatchObject({
      status: 'COMPLETED',
      owners: [{ name: 'CRM', acknowledgedAt: null, withdrawnAt: expect.any(String) }],
    });
  });

  it('goes on at once when an owner is withdrawn, and only then', async () => {
    const [crm, lake] = [await addWebhook('CRM'), await addWebhook('Lake')];
    const { id } = await erase(await createAccount());
    const enqueued: object[] = [];
    const jobs = { enqueue: async (_tx: object, _name: string, data: object) => void enqueued.push(data) };
    await prisma().$transaction((tx) => withdrawOwner({ ...sources, jobs } as never, tx, crm));
    expect(enqueued).toEqual([{ erasureId: (await readErasure(app, id)).uuid }]);
    expect(await readErasure(app, id)).toMatchObject({ status: 'RUNNING', pendingOwners: ['Lake'] });
    await prisma().$transaction((tx) => withdrawOwner({ ...sources, jobs } as never, tx, lake));
    app.clock.offset += 60_000;
    await app.work();
    expect(await readErasure(app, id)).toMatchObject({ status: 'COMPLETED', pendingOwners: [] });
    await cleanUp();
  });
});

describe('an acknowledgement', () => {
  it('is taken once, and changes nothing the second time', async () => {
    const webhook = await addWebhook('CRM');
    const { uuid, id } = await erase(await createAccount());
    await acknowledge(pathOf(uuid, webhook));
    await app.work();
    const first = await readErasure(app, id);
    app.clock.offset += 60_000;
    expect(await acknowledge(pathOf(uuid, webhook))).toBe(200);
    await app.work();
    expect(await readErasure(app, id)).toEqual(first);
    expect(
      (await eventsAbout(app, await userOf(id))).filter((type) => type === 'erasure.completed'),
    ).toHaveLength(1);
    await cleanUp();
  });

  it('is refused without the proof of that very owner and that very erasure', async () => {
    const [crm, lake] = [await addWebhook('CRM'), await addWebhook('Lake')];
    const one = await erase(await createAccount());
    const other = await erase(await createAccount());
    const proof = new URL(pathOf(one.uuid, crm), issuer).searchParams.get('proof') ?? '';
    const at = (erasure: string, query: string) => `/v1/erasures/${erasure}/acknowledgements${query}`;
    const tries: [string, number][] = [
      [at(one.uuid, `?webhook=${lake}&proof=${proof}`), 422],
      [at(other.uuid, `?webhook=${crm}&proof=${proof}`), 422],
      [at(one.uuid, `?webhook=${crm}&proof=${proof.slice(0, -2)}AA`), 422],
      [at(one.uuid, `?webhook=${crm}&proof=`), 422],
      [at(one.uuid, `?webhook=nonsense&proof=${proof}`), 422],
      [at(one.uuid, `?webhook=${crm}`), 422],
      [at(one.uuid, ''), 422],
      [at('nonsense', `?webhook=${crm}&proof=${proof}`), 404],
    ];
    for (const [path, status] of tries) expect(await acknowledge(path), path).toBe(status);
    await app.work();
    for (const { id } of [one, other])
      expect(await readErasure(app, id)).toMatchObject({ status: 'RUNNING', pendingOwners: ['CRM', 'Lake'] });
    await cleanUp();
  });

  it('of one who was told, and takes no part, is not found', async () => {
    const { uuid } = await erase(await createAccount());
    const stranger = await addWebhook('Later');
    expect(await acknowledge(pathOf(uuid, stranger))).toBe(404);
    await cleanUp();
  });
});

const userOf = async (id: string): Promise<string> => {
  const { userId } = await readErasure(app, id);
  const users = await prisma().erasure.findMany({ select: { userId: true } });
  return users.find((one) => encodeId('User', one.userId) === userId)?.userId ?? '';
};
