/** Where the operator leaves time for it, a deletion can be undone: by the person with its code, or by who may delete it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { readEverything } from '../policy/database-text.ts';
import { collectRows, hour, scopesBut } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { deleteMe, deleteUser, eventsAbout, oneDay, readErasure } from './ask-erasure.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ seed: false, env: oneDay });
});
afterEach(() => {
  app.clock.offset = 0;
});
afterAll(() => app.close());

const prisma = () => app.database.prisma;

async function createPeople() {
  const rows = collectRows();
  const name = crypto.randomUUID().slice(0, 8);
  const [ada, grace, root] = [rows.user({ username: name }), rows.user(), rows.user({ isSuperuser: true })];
  const kid = rows.user({ kind: 'MANAGED', managerId: ada, status: 'SUSPENDED' });
  const address = `${name}@example.com`;
  const email = rows.email(ada, address);
  rows.share(ada, grace, ['profile']);
  const organization = rows.organization(`Org-${name}`, [
    [grace, 'OWNER'],
    [root, 'MEMBER'],
  ]);
  const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId: organization });
  const secrets = {
    ada: rows.session(ada).secret,
    token: rows.apiToken({ userId: ada }).secret,
    grace: rows.session(grace).secret,
    root: rows.session(root).secret,
    weakRoot: rows.apiToken({ userId: root }, scopesBut('admin')).secret,
    narrow: rows.apiToken({ userId: grace }, scopesBut('users:write')).secret,
    robot: rows.apiToken({ userId: robot }).secret,
  };
  await rows.write(app.database);
  await prisma().email.update({ where: { id: email }, data: { verifiedAt: new Date() } });
  return { ids: { ada, kid, grace, root, robot }, secrets, address };
}

type People = Awaited<ReturnType<typeof createPeople>>;

async function restoreMe(code: string): Promise<string> {
  const { data, errors } = await app.anonymous.send<
    { restoreMe: { __typename: string; code?: string } },
    object
  >('mutation ($code: String!) { restoreMe(input: { code: $code }) { __typename ... on Error { code } } }', {
    code,
  });
  return data?.restoreMe.code ?? data?.restoreMe.__typename ?? String(errors[0]?.extensions.code);
}

async function restoreUser(token: string | null, uuid: string): Promise<string> {
  const { data, errors } = await app
    .withToken(token)
    .send<{ restoreUser: { __typename: string; code?: string } }, object>(
      'mutation ($id: ID!) { restoreUser(id: $id) { __typename ... on Error { code } } }',
      { id: encodeId('User', uuid) },
    );
  return data?.restoreUser?.code ?? data?.restoreUser?.__typename ?? String(errors[0]?.extensions.code);
}

const statusOf = async (id: string) =>
  (await prisma().user.findUnique({ where: { id }, select: { status: true } }))?.status ?? null;

const works = async (token: string) => (await app.withToken(token).send('{ me { id } }')).status === 200;

describe('the code of the person', () => {
  it('is in the answer and in one message to the proven address, and nowhere in the database or the log', async () => {
    const { secrets, address } = await createPeople();
    const { undoCode, erasure } = await deleteMe(app.withToken(secrets.ada));
    expect(undoCode).toMatch(/^ug_und_/);
    const sent = app.sent.filter(({ to }) => to === address);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.text).toContain(undoCode);
    expect(sent[0]?.text).toContain(erasure.undoUntil);
    const everything = (await readEverything(app.database)).map(({ text }) => text).join('\n');
    for (const text of [everything, app.logged.join('')]) expect(text).not.toContain(undoCode);
  });

  it('gives back what the accounts were, and none of their sessions and tokens', async () => {
    const { ids, secrets } = await createPeople();
    const { undoCode, erasure } = await deleteMe(app.withToken(secrets.ada));
    await app.work();
    expect(await restoreMe(undoCode ?? '')).toBe('RestoreMeSuccess');
    expect([await statusOf(ids.ada), await statusOf(ids.kid)]).toEqual(['ACTIVE', 'SUSPENDED']);
    for (const token of [secrets.ada, secrets.token]) expect(await works(token)).toBe(false);
    expect(await readErasure(app, erasure.id)).toMatchObject({
      status: 'UNDONE',
      receipt: null,
      startedAt: null,
    });
    expect((await readErasure(app, erasure.id)).undoneAt).not.toBeNull();
    for (const id of [ids.ada, ids.kid])
      expect(await eventsAbout(app, id)).toEqual(['user.deleting', 'user.restored']);
    app.clock.offset = 48 * hour;
    await app.work();
    expect(await statusOf(ids.ada)).toBe('ACTIVE');
    expect(await eventsAbout(app, ids.ada)).not.toContain('user.deleted');
  });

  it('works once, also when it comes many times at once', async () => {
    const { ids, secrets } = await createPeople();
    const { undoCode } = await deleteMe(app.withToken(secrets.ada));
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => restoreMe(undoCode ?? '')));
    expect(outcomes.sort()).toEqual([...Array(4).fill('INVALID_CODE'), 'RestoreMeSuccess']);
    expect((await eventsAbout(app, ids.ada)).filter((type) => type === 'user.restored')).toHaveLength(1);
  });

  it('is no good from the moment on at which the erasure is due', async () => {
    const { ids, secrets } = await createPeople();
    const { undoCode } = await deleteMe(app.withToken(secrets.ada));
    app.clock.offset = 24 * hour;
    expect(await restoreMe(undoCode ?? '')).toBe('INVALID_CODE');
    await app.work();
    expect(await restoreMe(undoCode ?? '')).toBe('INVALID_CODE');
    expect(await statusOf(ids.ada)).toBeNull();
  });

  it('that is unknown, of another kind or nonsense is answered the same', async () => {
    const { secrets } = await createPeople();
    const { undoCode } = await deleteMe(app.withToken(secrets.ada));
    const other = undoCode?.replace(/(?<=^ug_und_)./, (first) => (first === 'A' ? 'B' : 'A')) ?? '';
    for (const code of [other, secrets.grace, 'nonsense', '', '\u0000'])
      expect(await restoreMe(code), JSON.stringify(code)).toBe('INVALID_CODE');
  });

  it('is handed to nobody else: who deletes another account gets none, and the person is written to', async () => {
    const { ids, secrets, address } = await createPeople();
    expect((await deleteUser(app.withToken(secrets.root), ids.ada)).undoCode).toBeNull();
    expect(app.sent.filter(({ to }) => to === address)).toHaveLength(1);
  });

  it('goes to no address that is not known to be the person’s', async () => {
    const { secrets, address } = await createPeople();
    await prisma().email.updateMany({ where: { address }, data: { verifiedAt: null } });
    await deleteMe(app.withToken(secrets.ada));
    expect(app.sent.filter(({ to }) => to === address)).toEqual([]);
  });

  it('is counted with the sign-ins of its address', async () => {
    const strict = await openTestApp({ env: { ...oneDay, SIGN_IN_ATTEMPTS_PER_ADDRESS: '3' } });
    const attempt = async () => {
      const { text } = await strict.anonymous.send(
        'mutation { restoreMe(input: { code: "nonsense" }) { ... on Error { code } } }',
      );
      return text.includes('RATE_LIMITED');
    };
    const outcomes = [await attempt(), await attempt(), await attempt(), await attempt()];
    expect(outcomes).toEqual([false, false, false, true]);
    await strict.close();
  });
});

describe('restoreUser', () => {
  const asked = (people: People) =>
    [
      ['the anonymous', null, 'UNAUTHENTICATED'],
      ['one it shared with', people.secrets.grace, 'NOT_FOUND'],
      ['a program', people.secrets.robot, 'NOT_FOUND'],
      ['a superuser without the scope admin', people.secrets.weakRoot, 'NOT_FOUND'],
      ['a superuser', people.secrets.root, 'RestoreUserSuccess'],
      ['a superuser again', people.secrets.root, 'NOT_FOUND'],
    ] as const;

  it('of a person is for superusers; for everybody else there is no such account', async () => {
    const people = await createPeople();
    await deleteMe(app.withToken(people.secrets.ada));
    for (const [who, token, outcome] of asked(people))
      expect(await restoreUser(token, people.ids.ada), who).toBe(outcome);
    expect([await statusOf(people.ids.ada), await statusOf(people.ids.kid)]).toEqual(['ACTIVE', 'SUSPENDED']);
  });

  it('of a managed user is for its manager, too, and gives it back as it was', async () => {
    const { ids, secrets } = await createPeople();
    const ada = app.withToken(secrets.ada);
    await deleteUser(ada, ids.kid);
    expect(await restoreUser(secrets.grace, ids.kid)).toBe('NOT_FOUND');
    expect(await restoreUser(secrets.ada, ids.kid)).toBe('RestoreUserSuccess');
    expect(await statusOf(ids.kid)).toBe('SUSPENDED');
  });

  it('of a service account is for those who run its organization, with the scope `users:write`', async () => {
    const { ids, secrets } = await createPeople();
    await deleteUser(app.withToken(secrets.grace), ids.robot);
    expect(await restoreUser(secrets.narrow, ids.robot)).toBe('INSUFFICIENT_SCOPE');
    expect(await restoreUser(secrets.ada, ids.robot)).toBe('NOT_FOUND');
    expect(await restoreUser(secrets.grace, ids.robot)).toBe('RestoreUserSuccess');
    expect(await works(secrets.robot)).toBe(false);
  });

  it('brings a managed user back with its manager only, and leaves one that was deleted before to its own erasure', async () => {
    const { ids, secrets } = await createPeople();
    await deleteUser(app.withToken(secrets.ada), ids.kid);
    const { undoCode } = await deleteMe(app.withToken(secrets.ada));
    expect(await restoreUser(secrets.root, ids.kid)).toBe('NOT_FOUND');
    expect(await restoreMe(undoCode ?? '')).toBe('RestoreMeSuccess');
    expect([await statusOf(ids.ada), await statusOf(ids.kid)]).toEqual(['ACTIVE', 'DELETING']);
    expect(await restoreUser(secrets.root, ids.kid)).toBe('RestoreUserSuccess');
    expect(await statusOf(ids.kid)).toBe('SUSPENDED');
  });

  it('comes too late at the moment at which the erasure is due, and finds nobody who was never deleted', async () => {
    const { ids, secrets } = await createPeople();
    expect(await restoreUser(secrets.root, ids.grace)).toBe('NOT_FOUND');
    expect(await restoreUser(secrets.root, crypto.randomUUID())).toBe('NOT_FOUND');
    await prisma().session.updateMany({ data: { expiresAt: new Date(Date.now() + 72 * hour) } });
    await deleteMe(app.withToken(secrets.ada));
    app.clock.offset = 24 * hour;
    expect(await restoreUser(secrets.root, ids.ada)).toBe('NOT_FOUND');
    await app.work();
    expect(await statusOf(ids.ada)).toBeNull();
  });
});

describe('without time for it', () => {
  it('a deletion has no code, and is begun at once', async () => {
    const none = await openTestApp({ seed: false });
    const rows = collectRows();
    const { secret } = rows.session(rows.user());
    await rows.write(none.database);
    const { undoCode, erasure } = await deleteMe(none.withToken(secret));
    expect(undoCode).toBeNull();
    expect(erasure.undoUntil).toBe(erasure.requestedAt);
    await none.work();
    expect(await readErasure(none, erasure.id)).toMatchObject({ status: 'COMPLETED' });
    await none.close();
  });
});

it('nothing is erased before it is due', async () => {
  const { ids, secrets } = await createPeople();
  const { erasure } = await deleteMe(app.withToken(secrets.ada));
  app.clock.offset = 24 * hour - 60_000;
  await app.work();
  expect(await readErasure(app, erasure.id)).toMatchObject({ status: 'PENDING', startedAt: null });
  expect(await prisma().email.count({ where: { userId: ids.ada } })).toBe(1);
});
