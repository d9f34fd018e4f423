/** Adding, removing and choosing e-mail addresses. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { clientOf, createManaged, createPerson } from '../graphql/accounts.ts';
import { type Client, openTestApp, signIn, type TestApp } from '../setup/app.ts';
import { actionsOf, codeFor, insertEmail, run, send, stateOf } from './contacts.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

async function open(input: Record<string, unknown> = {}) {
  const person = await createPerson(app, input);
  return { ...person, client: await clientOf(app, person.uuid) };
}
type Person = Awaited<ReturnType<typeof open>>;

let made = 0;
function newAddress(): string {
  made += 1;
  return `new-${made}@example.net`;
}

const emailsOf = ({ uuid }: { uuid: string }) =>
  app.database.prisma.email.findMany({ where: { userId: uuid }, orderBy: { createdAt: 'asc' } });

async function emailId({ uuid }: { uuid: string }, address: string): Promise<string> {
  const { id } = await app.database.prisma.email.findFirstOrThrow({ where: { userId: uuid, address } });
  return encodeId('Email', id);
}

/** An address of the account that is proved. */
async function insertVerified(person: Person) {
  const address = await insertEmail(app, person.uuid, { verifiedAt: new Date() });
  return { address, id: await emailId(person, address) };
}

/** Checks that a mutation is refused for one reason, changes nothing and writes to nobody. */
async function expectProblem(
  person: Person,
  [name, variables]: [Parameters<typeof run>[1], Parameters<typeof run>[2]],
  problem: object,
) {
  const before = await stateOf(app, person.uuid);
  expect(await run(person.client, name, variables)).toMatchObject({
    __typename: 'InvalidInputError',
    problems: [problem],
  });
  expect(await stateOf(app, person.uuid)).toEqual(before);
}

describe('an address that is added', () => {
  it('is unverified and not the default one, and a code goes to it alone', async () => {
    const person = await open();
    const address = newAddress();
    const sent = app.sent.length;
    const { email, user } = await run(person.client, 'addEmail', { input: { address } });
    expect(email).toMatchObject({ address, isDefault: false, isVerified: false });
    expect(user?.emails).toMatchObject([{ address: person.email, isDefault: true }, { address }]);
    expect(user?.version).toBe(2);
    expect(app.sent.slice(sent)).toMatchObject([{ channel: 'email', to: address }]);
    expect(await actionsOf(app, person.uuid)).toEqual(['user.create', 'email.add']);
  });

  it('is the default one of an account without any', async () => {
    const person = await open({ email: null });
    const { email } = await run(person.client, 'addEmail', { input: { address: newAddress() } });
    expect(email).toMatchObject({ isDefault: true, isVerified: false });
  });

  it('is not the default one where a verified one could be', async () => {
    const person = await open({ email: null });
    await insertVerified(person);
    const { email } = await run(person.client, 'addEmail', { input: { address: newAddress() } });
    expect(email?.isDefault).toBe(false);
  });

  it('signs in at once, and no longer once it is removed', async () => {
    const person = await open({ password: 'a first password' });
    const address = newAddress();
    await run(person.client, 'addEmail', { input: { address } });
    // An administrator set the password, so that a new one is asked for: the address led to the account.
    await expect(signIn(app.anonymous, address, 'a first password')).rejects.toThrow('must be changed');
    await run(person.client, 'removeEmail', { id: await emailId(person, address) });
    await expect(signIn(app.anonymous, address, 'a first password')).rejects.toThrow('wrong');
  });

  it('tells of no more than thirty an hour whether they are taken', async () => {
    const [person, other] = [await open(), await open()];
    const told = [];
    for (let probes = 0; probes < 32; probes += 1) {
      const { data, errors } = await send(person.client, 'addEmail', { input: { address: other.email } });
      told.push(data?.result.code ?? errors[0]?.extensions.code);
    }
    expect(told).toEqual([...Array(30).fill('LOGIN_NAME_TAKEN'), 'RATE_LIMITED', 'RATE_LIMITED']);
    expect((await run(other.client, 'addEmail', { input: { address: newAddress() } })).code).toBeUndefined();
  });

  it('must not sign in to another account, as an address or as a username', async () => {
    const [person, other] = [await open(), await open()];
    await createPerson(app, { username: 'looks@like.an.address' });
    for (const address of [other.email, other.email.toUpperCase(), 'Looks@like.an.address']) {
      const before = await stateOf(app, person.uuid);
      const result = await run(person.client, 'addEmail', { input: { address } });
      expect(result).toMatchObject({ code: 'LOGIN_NAME_TAKEN', path: ['input', 'address'] });
      expect(await stateOf(app, person.uuid)).toEqual(before);
    }
  });

  it('must be one, new to the account, and at most the twentieth', async () => {
    const person = await open();
    const path = ['input', 'address'];
    const add = (address: string): Parameters<typeof expectProblem>[1] => [
      'addEmail',
      { input: { address } },
    ];
    await expectProblem(person, add('no address'), { path, code: 'INVALID' });
    await expectProblem(person, add(`${'a'.repeat(250)}@example.net`), { path, code: 'TOO_LONG' });
    await expectProblem(person, add(person.email.toUpperCase()), { path, code: 'NOT_ALLOWED' });
    for (let n = 2; n <= 20; n += 1) await insertEmail(app, person.uuid);
    await expectProblem(person, add(newAddress()), { path, code: 'NOT_ALLOWED' });
  });
});

describe('an address that is removed', () => {
  it('is gone, with its code, and the default address is told of it', async () => {
    const person = await open();
    const address = newAddress();
    const added = await run(person.client, 'addEmail', { input: { address } });
    const id = added.email?.id ?? '';
    const code = codeFor(app, address);
    const sent = app.sent.length;
    const { user } = await run(person.client, 'removeEmail', { id });
    expect(user?.emails).toMatchObject([{ address: person.email }]);
    expect(app.sent.slice(sent)).toMatchObject([
      { to: person.email, text: expect.stringContaining(address) },
    ]);
    expect(await actionsOf(app, person.uuid)).toEqual(['user.create', 'email.add', 'email.remove']);
    expect(await run(person.client, 'verifyEmail', { id, input: { code } })).toMatchObject({
      code: 'NOT_FOUND',
      path: ['id'],
    });
  });

  it('is not the default one while there are others', async () => {
    const person = await open();
    await insertEmail(app, person.uuid);
    const id = await emailId(person, person.email);
    await expectProblem(person, ['removeEmail', { id }], { path: ['id'], code: 'NOT_ALLOWED' });
  });

  it('may be the only one where a username is left to sign in with, and not elsewhere', async () => {
    const [named, nameless] = [await open(), await open({ username: null })];
    const id = await emailId(nameless, nameless.email);
    await expectProblem(nameless, ['removeEmail', { id }], { path: ['id'], code: 'REQUIRED' });
    const { user } = await run(named.client, 'removeEmail', { id: await emailId(named, named.email) });
    expect(user?.emails).toEqual([]);
    expect(app.sent.at(-1)?.to).toBe(named.email);
  });
});

describe('the default address', () => {
  it('changes to a verified one, and the one that was is told without the new one', async () => {
    const person = await open();
    const { address, id } = await insertVerified(person);
    const sent = app.sent.length;
    const { user } = await run(person.client, 'makeEmailDefault', { id });
    expect(user?.emails).toMatchObject([
      { address, isDefault: true },
      { address: person.email, isDefault: false },
    ]);
    expect(app.sent.slice(sent)).toMatchObject([{ to: person.email }]);
    expect(JSON.stringify(app.sent.slice(sent))).not.toContain(address);
    expect(await actionsOf(app, person.uuid)).toEqual(['user.create', 'email.make-default']);
  });

  it('does not change to an unverified one while the account has a verified one', async () => {
    const person = await open();
    await insertVerified(person);
    const id = await emailId(person, await insertEmail(app, person.uuid));
    await expectProblem(person, ['makeEmailDefault', { id }], { path: ['id'], code: 'NOT_ALLOWED' });
  });

  it('changes between addresses that nobody proved without writing to strangers', async () => {
    const person = await open();
    const id = await emailId(person, await insertEmail(app, person.uuid));
    const sent = app.sent.length;
    expect((await run(person.client, 'makeEmailDefault', { id })).email?.isDefault).toBe(true);
    expect(app.sent.length).toBe(sent);
  });

  it('that was proved is told as well when an update replaces, removes or leaves it', async () => {
    const update = `mutation ($email: String) { updateMe(input: { email: $email }) { __typename } }`;
    for (const kind of ['new', 'null', 'other'] as const) {
      const person = await open();
      await insertEmail(app, person.uuid);
      const proved = { where: { userId: person.uuid }, data: { verifiedAt: new Date() } };
      await app.database.prisma.email.updateMany(proved);
      const [, other] = await emailsOf(person);
      const email = { new: newAddress(), null: null, other: other?.address }[kind];
      const sent = app.sent.length;
      await person.client.run(update as never, { email: person.email.toUpperCase() } as never);
      expect(app.sent.length, 'the same address in another case').toBe(sent);
      await person.client.run(update as never, { email } as never);
      expect(app.sent.slice(sent), kind).toMatchObject([{ to: person.email.toUpperCase() }]);
    }
    const unproved = await open();
    const sent = app.sent.length;
    await unproved.client.run(update as never, { email: newAddress() } as never);
    expect(app.sent.length, 'a stranger').toBe(sent);
  });

  it('stays as it is, without a trace, when it is made the default again', async () => {
    const person = await open();
    const before = await stateOf(app, person.uuid);
    const id = await emailId(person, person.email);
    expect((await run(person.client, 'makeEmailDefault', { id })).email?.isDefault).toBe(true);
    expect(await stateOf(app, person.uuid)).toEqual(before);
  });

  it('of an OAuth2 account is locked; others come and go beside it', async () => {
    const subject = crypto.randomUUID();
    const address = newAddress();
    const person = await open({
      username: null,
      email: address,
      oauthIdentity: { provider: 'github', subject },
    });
    const { id } = await insertVerified(person);
    await expectProblem(person, ['makeEmailDefault', { id }], { path: ['id'], code: 'NOT_ALLOWED' });
    const locked = await emailId(person, address);
    await expectProblem(person, ['removeEmail', { id: locked }], { path: ['id'], code: 'IMMUTABLE' });
    expect((await run(person.client, 'removeEmail', { id })).user?.emails).toMatchObject([{ address }]);
  });
});

describe('whose addresses they are', () => {
  const all = (userId: string, id: string) =>
    [
      ['addEmail', { input: { address: newAddress(), userId } }],
      ['requestEmailVerification', { id }],
      ['verifyEmail', { id, input: { code: 'AAAA-AAAA-AAAA' } }],
      ['removeEmail', { id }],
      ['makeEmailDefault', { id }],
    ] as const;

  async function outcomes(client: Client, person: Person, address: string) {
    const id = await emailId(person, address);
    const before = await stateOf(app, person.uuid);
    const codes: unknown[] = [];
    for (const [name, variables] of all(person.id, id)) {
      const { data, errors, text } = await send(client, name, variables);
      expect(text).not.toContain(address);
      codes.push(errors[0]?.extensions.code ?? data.result.code);
    }
    expect(await stateOf(app, person.uuid)).toEqual(before);
    return codes;
  }

  const refused = (code: string) => Array.from({ length: 5 }, () => code);

  it('nobody else changes them, and who cannot read them finds none', async () => {
    const person = await open();
    const address = await insertEmail(app, person.uuid);
    expect(await outcomes(app.anonymous, person, address)).toEqual(refused('UNAUTHENTICATED'));
    const stranger = await open();
    expect(await outcomes(stranger.client, person, address)).toEqual(refused('NOT_FOUND'));
    const share = { id: crypto.randomUUID(), grantorId: person.uuid, granteeId: stranger.uuid };
    await app.database.prisma.share.create({ data: { ...share, scopes: ['data:read'] } });
    expect(await outcomes(stranger.client, person, address)).toEqual([
      'FORBIDDEN',
      ...refused('NOT_FOUND').slice(1),
    ]);
    await app.database.prisma.share.update({ where: { id: share.id }, data: { scopes: ['profile'] } });
    expect(await outcomes(stranger.client, person, address)).toEqual(refused('FORBIDDEN'));
  });

  it('a token changes those of a managed user with the scope users:write alone, and none of its own account', async () => {
    const person = await open();
    const address = await insertEmail(app, person.uuid);
    const token = async (scopes: string) => {
      const { createApiToken } = (await person.client.run(`mutation {
        createApiToken(input: { name: "x", scopes: [${scopes}] }) { ... on CreateApiTokenSuccess { secret } } }`)) as {
        createApiToken: { secret: string };
      };
      return app.withToken(createApiToken.secret);
    };
    const lacking = await outcomes(await token('PROFILE, DATA_WRITE'), person, address);
    expect(new Set(lacking)).toEqual(new Set(['INSUFFICIENT_SCOPE']));
    const whole = await outcomes(await token('PROFILE, USERS_WRITE, TOKENS_WRITE'), person, address);
    expect(whole, 'or a token could prove an address of its own, and take the account over by it').toEqual(
      refused('FORBIDDEN'),
    );
    const managed = await createManaged(person.client);
    const { email } = await run(person.client, 'addEmail', {
      input: { address: newAddress(), userId: managed.id },
    });
    const id = (email as { id: string }).id;
    const writer = await token('USERS_WRITE');
    const made = await send(writer, 'makeEmailDefault', { id });
    expect(made.data.result).toMatchObject({ email: null, user: { emails: null } });
    const asked = await send(writer, 'requestEmailVerification', { id });
    expect(asked.data.result).toMatchObject({ email: null, expiresAt: expect.any(String) });
    expect(made.text + asked.text, 'nothing private is read without profile').not.toContain('@');
  });

  it('superusers change those of others, and managers those of the users that they manage', async () => {
    const person = await open();
    const managed = await createManaged(person.client);
    const address = newAddress();
    const { email } = await run(person.client, 'addEmail', { input: { address, userId: managed.id } });
    expect(email).toMatchObject({ isDefault: true });
    const admin = await app.as('admin');
    const code = codeFor(app, address);
    const verified = await run(admin, 'verifyEmail', { id: email?.id ?? '', input: { code } });
    expect(verified.email?.isVerified).toBe(true);
    expect((await run(admin, 'removeEmail', { id: email?.id ?? '' })).user?.emails).toEqual([]);
    expect(await emailsOf(managed)).toEqual([]);
    expect(await emailsOf(person)).toMatchObject([{ address: person.email }]);
  });

  it('an id of another kind, or of nothing, is told as such', async () => {
    const { client, id } = await open();
    const { errors } = await send(client, 'removeEmail', { id });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_ID' } }]);
    const nothing = encodeId('Email', crypto.randomUUID());
    expect(await run(client, 'removeEmail', { id: nothing })).toMatchObject({ code: 'NOT_FOUND' });
  });
});
