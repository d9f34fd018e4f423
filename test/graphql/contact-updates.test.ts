import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, signIn, signInAnew, type TestApp } from '../setup/app.ts';
import { clientOf, createPerson, organizationId, trailOf } from './accounts.ts';
import { type Result, type Subject, updateInputs, updateUser } from './update-inputs.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app?.close());

const open = () => updateInputs.UpdateMeInput?.(app) as Promise<Subject>;

/** Adds a verified address that is not the default one. */
async function addEmail({ uuid }: Subject, address: string): Promise<void> {
  const data = { id: crypto.randomUUID(), userId: uuid, address, verifiedAt: new Date() };
  await app.database.prisma.email.create({ data });
}

async function addPhone({ uuid }: Subject, number: string): Promise<void> {
  const data = { id: crypto.randomUUID(), userId: uuid, number, verifiedAt: new Date() };
  await app.database.prisma.phoneNumber.create({ data });
}

async function verifyAll({ uuid: userId }: Subject): Promise<void> {
  const all = { where: { userId }, data: { verifiedAt: new Date() } };
  await app.database.prisma.email.updateMany(all);
  await app.database.prisma.phoneNumber.updateMany(all);
}

async function update(account: Subject, input: Record<string, unknown>): Promise<Result> {
  return (await account.update(input)).data.result;
}

/** An update of any account by the superuser. */
async function updateAs(login: string, id: string, input: Record<string, unknown>): Promise<Result> {
  const client = await app.as(login);
  return (await client.run(updateUser, { id, input } as never)).result as Result;
}

/** Checks that an update is refused for one reason, and leaves no trace. */
async function expectProblem(account: Subject, input: Record<string, unknown>, expected: object) {
  const before = { facts: await account.read(), trail: await trailOf(app, account.uuid) };
  expect(await update(account, input)).toMatchObject(expected);
  expect({ facts: await account.read(), trail: await trailOf(app, account.uuid) }).toEqual(before);
}

describe('email', () => {
  it('of the account already becomes the default one; both stay, verified as they were', async () => {
    const account = await open();
    await verifyAll(account);
    await addEmail(account, 'second-own@example.net');
    const before = await account.read();
    expect(await update(account, { email: 'SECOND-own@example.net' })).toMatchObject({
      user: {
        email: 'second-own@example.net',
        emails: [
          { address: 'second-own@example.net', isDefault: true, isVerified: true },
          { address: before.email, isDefault: false, isVerified: true },
        ],
      },
    });
  });

  it('that is new takes the place of the default one, unverified', async () => {
    const account = await open();
    await verifyAll(account);
    const { user } = await update(account, { email: 'replacement@example.net' });
    expect(user?.emails).toEqual([
      { address: 'replacement@example.net', isDefault: true, isVerified: false },
    ]);
  });

  it('in another case is the same address, and stays verified', async () => {
    const account = await open();
    await verifyAll(account);
    const address = String((await account.read()).email).toUpperCase();
    expect((await update(account, { email: address })).user?.emails).toEqual([
      { address, isDefault: true, isVerified: true },
    ]);
  });

  it('null removes the default one only', async () => {
    const account = await open();
    await addEmail(account, 'kept-own@example.net');
    const { user } = await update(account, { email: null });
    expect(user).toMatchObject({
      email: null,
      emails: [{ address: 'kept-own@example.net', isDefault: false }],
    });
  });

  it('that is removed or replaced no longer signs in, and the new one does', async () => {
    const { id, email } = await createPerson(app, { password: 'a first password' });
    await updateAs('admin', id, { email: 'signs-in-now@example.net' });
    await expect(signIn(app.anonymous, email, 'a first password')).rejects.toThrow('wrong');
    await signInAnew(app.anonymous, 'Signs-In-Now@example.net', 'a first password');
  });
});

describe('phoneNumber', () => {
  it('of the account already becomes the primary one; both stay, verified as they were', async () => {
    const account = await open();
    await addPhone(account, '+4989000111');
    const before = await account.read();
    const { user } = await update(account, { phoneNumber: '+4989000111' });
    expect(user?.phoneNumbers).toEqual([
      { number: '+4989000111', isPrimary: true, isVerified: true },
      { number: before.phoneNumber, isPrimary: false, isVerified: false },
    ]);
  });

  it('that is new takes the place of the primary one, unverified', async () => {
    const account = await open();
    await verifyAll(account);
    const { user } = await update(account, { phoneNumber: '+4989000222' });
    expect(user?.phoneNumbers).toEqual([{ number: '+4989000222', isPrimary: true, isVerified: false }]);
  });

  it('null removes the primary one only', async () => {
    const account = await open();
    await addPhone(account, '+4989000333');
    const { user } = await update(account, { phoneNumber: null });
    expect(user).toMatchObject({
      phoneNumber: null,
      phoneNumbers: [{ number: '+4989000333', isPrimary: false }],
    });
  });

  it('may be that of another account too', async () => {
    const [account, other] = [await open(), await open()];
    const { phoneNumber } = await other.read();
    expect((await update(account, { phoneNumber })).user).toMatchObject({ phoneNumber });
  });
});

describe('a login name', () => {
  it.each([
    ['username', 'GRACE'],
    ['username', 'Grace@Example.com'],
    ['email', 'GRACE@example.com'],
    ['email', 'Linus@Example.com'],
  ])('%s %s of another account is taken, whatever the case, and nothing is written', async (field, value) => {
    const taken = { __typename: 'LoginNameTakenError', code: 'LOGIN_NAME_TAKEN', path: ['input', field] };
    await expectProblem(await open(), { company: 'Another', [field]: value }, taken);
  });

  it('may be both the username and an address of one account', async () => {
    const account = await open();
    const { email } = await account.read();
    expect((await update(account, { username: email })).user).toMatchObject({ username: email, email });
  });

  it('that was given up is free for others', async () => {
    const [account, other] = [await open(), await open()];
    const { username } = await account.read();
    await update(account, { username: null });
    expect((await update(other, { username })).user).toMatchObject({ username });
  });

  const required = (field: string) => ({
    __typename: 'InvalidInputError',
    problems: [{ path: ['input', field], code: 'REQUIRED' }],
  });

  it('must stay: the last one cannot be cleared, alone or with the other', async () => {
    await expectProblem(await open(), { username: null, email: null }, required('username'));
    const withoutUsername = await open();
    await update(withoutUsername, { username: null });
    await expectProblem(withoutUsername, { email: null }, required('email'));
  });

  it('may be cleared when an address remains that is not the default one', async () => {
    const account = await open();
    await addEmail(account, 'remaining@example.net');
    const { user } = await update(account, { username: null, email: null });
    expect(user).toMatchObject({ username: null, email: null });
  });

  it.each(['admin', 'Admin'])('%s is reserved', async (username) => {
    await expectProblem(
      await open(),
      { username },
      { problems: [{ path: ['input', 'username'], code: 'NOT_ALLOWED' }] },
    );
  });
});

describe('an OAuth2 account', () => {
  it('keeps the username and the address of its provider, and has no password', async () => {
    const id = await app.idOf('Linus Torvalds');
    const input = { username: 'torvalds', email: 'torvalds@example.com', password: 'a long password' };
    const { problems } = await updateAs('admin', id, input);
    expect(problems?.map(({ path, code }) => [path.at(-1), code])).toEqual([
      ['username', 'IMMUTABLE'],
      ['email', 'IMMUTABLE'],
      ['password', 'NOT_ALLOWED'],
    ]);
    const cleared = await updateAs('admin', id, { username: null, email: null });
    expect(new Set(cleared.problems?.map(({ code }) => code))).toContain('IMMUTABLE');
  });

  it('accepts its own username and address, and changes otherwise', async () => {
    const id = await app.idOf('Linus Torvalds');
    const input = { username: 'linus@example.com', email: 'linus@example.com', company: 'Kernel' };
    expect((await updateAs('admin', id, input)).user).toMatchObject({ company: 'Kernel' });
  });
});

it.each(['Kit', 'Continuous Integration'])('%s can neither sign in nor be a superuser', async (name) => {
  const input = { password: 'a long password', isSuperuser: true };
  const { problems } = await updateAs('admin', await app.idOf(name), input);
  expect(problems?.map(({ path, code }) => [path.at(-1), code])).toEqual([
    ['isSuperuser', 'NOT_ALLOWED'],
    ['password', 'NOT_ALLOWED'],
  ]);
});

describe('password', () => {
  it('works at once, the old one no more, and all sessions are over', async () => {
    const { id, uuid, username } = await createPerson(app, { password: 'the old password' });
    const session = app.withToken(await signInAnew(app.anonymous, username, 'the old password'));
    const other = await clientOf(app, uuid);
    await updateAs('admin', id, { password: 'the new password' });
    for (const client of [session, other]) expect((await client.send('{ me { id } }')).status).toBe(401);
    await expect(signIn(app.anonymous, username, 'the old password')).rejects.toThrow('wrong');
    await signInAnew(app.anonymous, username, 'the new password');
  });

  it('never stands in the trail', async () => {
    const { id, uuid } = await createPerson(app);
    await updateAs('admin', id, { password: 'a secret in no trail' });
    const where = { subjectId: uuid };
    const rows = [
      ...(await app.database.prisma.auditEvent.findMany({ where, omit: { sequence: true } })),
      ...(await app.database.prisma.outboxEvent.findMany({ where, omit: { sequence: true } })),
    ];
    expect(rows).toHaveLength(4);
    expect(JSON.stringify(rows)).not.toMatch(/a secret in no trail|argon2/);
  });
});

it('creating an account tells all problems together, at their paths', async () => {
  const admin = await app.as('admin');
  const document = `mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) {
    ... on InvalidInputError { problems { path code } } } }`;
  const input = {
    organizationId: await organizationId(app, 'acme'),
    name: '',
    username: 'a b',
    bio: '\u0000',
  };
  const data = (await admin.run(document, { input })) as { createServiceAccount: Result };
  expect(data.createServiceAccount.problems).toEqual(
    expect.arrayContaining([
      { path: ['input', 'name'], code: 'TOO_SHORT' },
      { path: ['input', 'username'], code: 'INVALID' },
      { path: ['input', 'bio'], code: 'INVALID' },
    ]),
  );
});
