import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { password, passwordHash } from './actors.ts';
import { ask } from './ask.ts';
import { createFingerprint, type Fingerprint } from './database-text.ts';
import { collectRows, deleteAllRows, scopesBut } from './rows.ts';

let app: TestApp;
let fingerprint: () => Promise<Fingerprint>;
let rows: ReturnType<typeof collectRows>;

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  fingerprint = await createFingerprint(app.database);
});
beforeEach(() => {
  rows = collectRows();
});
afterEach(() => deleteAllRows(app.database));
afterAll(() => app.close());

/** A user with a session. */
function user(columns: Parameters<typeof rows.user>[0] = {}) {
  const id = rows.user(columns);
  return { id, globalId: encodeId('User', id), client: app.withToken(rows.session(id).secret) };
}

const update = (client: Client, id: string, input: object) =>
  ask(client, 'updateUser(id: $id, input: $input)', { id, input });
const remove = (client: Client, id: string) => ask(client, 'deleteUser(id: $id)', { id });

describe('the reserved admin', () => {
  const attempts = [
    ['rename', { username: 'boss' }],
    ['take the name of', { username: null }],
    ['demote', { isSuperuser: false }],
    ['suspend', { status: 'SUSPENDED' }],
    ['put back to pending', { status: 'PENDING' }],
    ['demote, with an allowed change,', { bio: 'Changed.', isSuperuser: false }],
  ] as const;

  test.each(attempts)('neither itself nor another superuser can %s it', async (_what, input) => {
    const [admin, other] = [
      user({ username: 'Admin', isSuperuser: true }),
      user({ username: 'root', isSuperuser: true }),
    ];
    rows.email(admin.id, 'admin@example.com');
    await rows.write(app.database);
    const before = await fingerprint();
    for (const { client } of [admin, other]) {
      expect(await update(client, admin.globalId, input)).toBe('PROTECTED_ACCOUNT');
    }
    expect(await fingerprint()).toEqual(before);
  });

  test('nobody can delete it', async () => {
    const [admin, other] = [user({ username: 'admin', isSuperuser: true }), user({ isSuperuser: true })];
    await rows.write(app.database);
    const before = await fingerprint();
    expect(await ask(admin.client, 'deleteMe')).toBe('PROTECTED_ACCOUNT');
    expect(await remove(admin.client, admin.globalId)).toBe('PROTECTED_ACCOUNT');
    expect(await remove(other.client, admin.globalId)).toBe('PROTECTED_ACCOUNT');
    expect(await fingerprint()).toEqual(before);
  });

  test('it cannot rename itself by updateMe', async () => {
    const admin = user({ username: 'admin', isSuperuser: true });
    await rows.write(app.database);
    expect(await ask(admin.client, 'updateMe(input: $input)', { input: { username: 'boss' } })).toBe(
      'PROTECTED_ACCOUNT',
    );
  });

  test('everything else of it can change, by itself and by another superuser', async () => {
    const [admin, other] = [user({ username: 'admin', isSuperuser: true }), user({ isSuperuser: true })];
    await rows.write(app.database);
    expect(
      await update(admin.client, admin.globalId, {
        bio: 'x',
        username: 'admin',
        isSuperuser: true,
        status: 'ACTIVE',
      }),
    ).toBe('ok');
    expect(await update(other.client, admin.globalId, { email: 'admin@example.com' })).toBe('ok');
  });
});

describe('the name admin, when no account has it,', () => {
  const spellings = ['admin', 'Admin', 'ADMIN'];

  test('cannot be taken by a person', async () => {
    const ada = user({ username: 'ada' });
    await rows.write(app.database);
    for (const username of spellings) {
      expect(await ask(ada.client, 'updateMe(input: $input)', { input: { username } })).toBe('INVALID_INPUT');
    }
  });

  test('cannot be given to a managed user by its manager', async () => {
    const ada = user({ username: 'ada' });
    const kid = user({ kind: 'MANAGED', managerId: ada.id });
    await rows.write(app.database);
    for (const username of spellings) {
      expect(await update(ada.client, kid.globalId, { username })).toBe('INVALID_INPUT');
    }
  });

  test('cannot be given to a service account, new or old, by the owner of its organization', async () => {
    const ada = user({ username: 'ada' });
    const organization = rows.organization('Acme', [[ada.id, 'OWNER']]);
    const robot = user({ kind: 'SERVICE_ACCOUNT', organizationId: organization });
    await rows.write(app.database);
    for (const username of spellings) {
      expect(await update(ada.client, robot.globalId, { username })).toBe('INVALID_INPUT');
      const input = { name: 'New', organizationId: encodeId('Organization', organization), username };
      expect(await ask(ada.client, 'createServiceAccount(input: $input)', { input })).toBe('INVALID_INPUT');
    }
  });

  test("cannot be taken with a superuser's token without admin", async () => {
    const root = rows.user({ username: 'root', isSuperuser: true });
    const client = app.withToken(rows.apiToken({ userId: root }, scopesBut('admin')).secret);
    await rows.write(app.database);
    expect(await ask(client, 'updateMe(input: $input)', { input: { username: 'admin' } })).toBe(
      'INVALID_INPUT',
    );
  });

  test('can be given by a superuser', async () => {
    const root = user({ username: 'root', isSuperuser: true });
    await rows.write(app.database);
    expect(
      await ask(root.client, 'createUser(input: $input)', {
        input: { username: 'admin', isSuperuser: true },
      }),
    ).toBe('ok');
  });
});

describe('the last active superuser', () => {
  test.each([
    ['suspended', { status: 'SUSPENDED' }],
    ['demoted', { isSuperuser: false }],
    ['put back to pending', { status: 'PENDING' }],
  ])('cannot be %s, even while another one is suspended', async (_what, input) => {
    const root = user({ username: 'root', isSuperuser: true });
    user({ isSuperuser: true, status: 'SUSPENDED' });
    user({ username: 'somebody' });
    await rows.write(app.database);
    const before = await fingerprint();
    expect(await update(root.client, root.globalId, input)).toBe('LAST_SUPERUSER');
    expect(await fingerprint()).toEqual(before);
  });

  test('cannot be deleted', async () => {
    const root = user({ username: 'root', isSuperuser: true });
    user({ isSuperuser: true, status: 'PENDING' });
    await rows.write(app.database);
    const before = await fingerprint();
    expect(await ask(root.client, 'deleteMe')).toBe('LAST_SUPERUSER');
    expect(await remove(root.client, root.globalId)).toBe('LAST_SUPERUSER');
    expect(await fingerprint()).toEqual(before);
  });

  const losses: [string, (client: Client, id: string) => Promise<string>][] = [
    ['delete', remove],
    ['demote', (client, id) => update(client, id, { isSuperuser: false })],
    ['suspend', (client, id) => update(client, id, { status: 'SUSPENDED' })],
  ];
  test.each(losses)('remains when two superusers %s each other at once', async (_what, lose) => {
    for (let round = 0; round < 3; round += 1) {
      rows = collectRows();
      const [one, two] = [user({ isSuperuser: true }), user({ isSuperuser: true })];
      await rows.write(app.database);
      const outcomes = await Promise.all([lose(one.client, two.globalId), lose(two.client, one.globalId)]);
      expect(
        outcomes.filter((outcome) => outcome === 'ok'),
        outcomes.join(),
      ).toHaveLength(1);
      expect(await countSuperusers()).toBe(1);
      await deleteAllRows(app.database);
    }
  });

  test('remains when two superusers delete themselves at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      rows = collectRows();
      const [one, two] = [user({ isSuperuser: true }), user({ isSuperuser: true })];
      await rows.write(app.database);
      const outcomes = await Promise.all([ask(one.client, 'deleteMe'), ask(two.client, 'deleteMe')]);
      expect(outcomes.sort()).toEqual(['LAST_SUPERUSER', 'ok']);
      expect(await countSuperusers()).toBe(1);
      await deleteAllRows(app.database);
    }
  });

  const countSuperusers = () =>
    app.database.prisma.user.count({ where: { isSuperuser: true, status: 'ACTIVE' } });
});

describe('the last owner of an organization', () => {
  test('cannot be deleted, by itself or a superuser, and is told which organization needs what', async () => {
    const [owner, root] = [user({ username: 'owner' }), user({ isSuperuser: true })];
    const organization = rows.organization('Acme', [
      [owner.id, 'OWNER'],
      [root.id, 'ADMIN'],
    ]);
    await rows.write(app.database);
    const before = await fingerprint();
    const errors = [
      await owner.client.run(
        'mutation { found: deleteMe { ... on LastOwnerError { message organizationIds } } }',
      ),
      await root.client.run(
        'mutation ($id: ID!) { found: deleteUser(id: $id) { ... on LastOwnerError { message organizationIds } } }',
        { id: owner.globalId },
      ),
    ];
    const message =
      'The account is the last owner of Acme. Make another member an owner, or delete the organization, first.';
    for (const error of errors) {
      expect(error).toEqual({
        found: { message, organizationIds: [encodeId('Organization', organization)] },
      });
    }
    expect(await fingerprint()).toEqual(before);
  });

  test('stays when two owners delete themselves at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      rows = collectRows();
      const [one, two] = [user(), user()];
      rows.organization('Acme', [
        [one.id, 'OWNER'],
        [two.id, 'OWNER'],
      ]);
      await rows.write(app.database);
      const outcomes = await Promise.all([ask(one.client, 'deleteMe'), ask(two.client, 'deleteMe')]);
      expect(outcomes.sort()).toEqual(['LAST_OWNER', 'ok']);
      const staying = { role: 'OWNER' as const, user: { status: 'ACTIVE' as const } };
      expect(await app.database.prisma.membership.count({ where: staying })).toBe(1);
      await app.work();
      expect(await app.database.prisma.membership.count({ where: { role: 'OWNER' } })).toBe(1);
      await deleteAllRows(app.database);
    }
  });

  test('cannot be deleted along with its manager, nor alone, when it is a managed user', async () => {
    const manager = user();
    const kid = user({ kind: 'MANAGED', managerId: manager.id });
    rows.organization('Acme', [[kid.id, 'OWNER']]);
    await rows.write(app.database);
    const before = await fingerprint();
    expect(await ask(manager.client, 'deleteManagedUser(id: $id)', { id: kid.globalId })).toBe('LAST_OWNER');
    expect(await ask(manager.client, 'deleteMe')).toBe('LAST_OWNER');
    expect(await fingerprint()).toEqual(before);
  });
});

describe('an OAuth2 account', () => {
  const email = 'linus@example.com';
  function linus() {
    const account = user({ username: email });
    rows.email(account.id, email);
    rows.identity({ userId: account.id, provider: 'github', subject: '1' });
    return account;
  }

  test.each([
    [{ username: 'linus' }],
    [{ username: null }],
    [{ username: 'LINUS@example.com' }],
    [{ email: 'other@example.com' }],
    [{ email: null }],
    [{ email: 'LINUS@example.com' }],
    [{ username: 'other@example.com', email: 'other@example.com' }],
    [{ bio: 'x', email: 'other@example.com' }],
  ])('keeps its username and e-mail address: %o is refused, to itself and to a superuser', async (input) => {
    const [account, root] = [linus(), user({ isSuperuser: true })];
    await rows.write(app.database);
    const before = await fingerprint();
    expect(await ask(account.client, 'updateMe(input: $input)', { input })).toBe('INVALID_INPUT');
    expect(await update(root.client, account.globalId, input)).toBe('INVALID_INPUT');
    expect(await fingerprint()).toEqual(before);
  });

  test('may be sent the same username and e-mail address with other changes', async () => {
    const [account, root] = [linus(), user({ isSuperuser: true })];
    await rows.write(app.database);
    const same = { username: email, email };
    expect(await ask(account.client, 'updateMe(input: $input)', { input: { ...same, bio: 'x' } })).toBe('ok');
    expect(await update(root.client, account.globalId, { ...same, bio: 'y' })).toBe('ok');
  });

  test('gets no password', async () => {
    const [account, root] = [linus(), user({ isSuperuser: true })];
    await rows.write(app.database);
    expect(await update(root.client, account.globalId, { password: 'a long password' })).toBe(
      'INVALID_INPUT',
    );
    expect(await app.database.prisma.password.count()).toBe(0);
  });

  test('is created with its e-mail address as username, and with no other', async () => {
    const root = user({ isSuperuser: true });
    await rows.write(app.database);
    const input = { email, oauthIdentity: { provider: 'github', subject: '2' } };
    expect(
      await ask(root.client, 'createUser(input: $input)', { input: { ...input, username: 'other' } }),
    ).toBe('INVALID_INPUT');
    expect(await ask(root.client, 'createUser(input: $input)', { input })).toBe('ok');
    const created = await app.database.prisma.user.findFirst({ where: { username: email } });
    expect(created).not.toBeNull();
  });
});

describe('an account that does not sign in', () => {
  const signIn = 'signIn(input: $input)';

  test.each([
    ['a managed user', 'MANAGED'],
    ['a service account', 'SERVICE_ACCOUNT'],
    ['an internal account', 'INTERNAL'],
  ] as const)('%s does not, even with a password in the database', async (_what, kind) => {
    const owner = rows.user();
    const organization = rows.organization('Acme', [[owner, 'OWNER']]);
    const id = rows.user({
      kind,
      username: 'quiet',
      ...(kind === 'MANAGED' && { managerId: owner }),
      ...(kind === 'SERVICE_ACCOUNT' && { organizationId: organization }),
    });
    rows.email(id, 'quiet@example.com');
    rows.password(id, passwordHash);
    await rows.write(app.database);
    const before = await fingerprint();
    for (const login of ['quiet', 'quiet@example.com', 'nobody']) {
      expect(await ask(app.anonymous, signIn, { input: { login, password } })).toBe('INVALID_CREDENTIALS');
    }
    expect(await fingerprint()).toEqual(before);
  });

  test('gets no password from a superuser, and none from its manager', async () => {
    const [manager, root] = [user(), user({ isSuperuser: true })];
    const kid = user({ kind: 'MANAGED', managerId: manager.id, username: 'kid' });
    await rows.write(app.database);
    expect(await update(manager.client, kid.globalId, { password: 'a long password' })).toBe('FORBIDDEN');
    expect(await update(root.client, kid.globalId, { password: 'a long password' })).toBe('INVALID_INPUT');
  });

  test('is never a superuser', async () => {
    const [manager, root] = [user(), user({ isSuperuser: true })];
    const kid = user({ kind: 'MANAGED', managerId: manager.id });
    await rows.write(app.database);
    expect(await update(root.client, kid.globalId, { isSuperuser: true })).toBe('INVALID_INPUT');
    expect(await update(manager.client, kid.globalId, { isSuperuser: true })).toBe('FORBIDDEN');
  });
});

describe('a person who signs in', () => {
  test('is refused by name of its status when the password is right, and like anyone when it is wrong', async () => {
    for (const status of ['SUSPENDED', 'PENDING', 'DELETING'] as const) {
      rows.password(rows.user({ username: status.toLowerCase(), status }), passwordHash);
    }
    await rows.write(app.database);
    for (const login of ['suspended', 'pending', 'deleting']) {
      expect(await ask(app.anonymous, 'signIn(input: $input)', { input: { login, password } })).toBe(
        'ACCOUNT_NOT_ACTIVE',
      );
      expect(await ask(app.anonymous, 'signIn(input: $input)', { input: { login, password: 'x' } })).toBe(
        'INVALID_CREDENTIALS',
      );
    }
    expect(await app.database.prisma.session.count()).toBe(0);
  });
});
