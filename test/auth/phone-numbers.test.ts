/** Adding, removing and choosing phone numbers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { clientOf, createPerson } from '../graphql/accounts.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { actionsOf, type Mutation, run, send, stateOf } from './contacts.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

let made = 0;
function newNumber(): string {
  made += 1;
  return `+49891${100_000 + made}`;
}

async function open(input: Record<string, unknown> = {}) {
  const person = await createPerson(app, input);
  return { ...person, client: await clientOf(app, person.uuid) };
}
type Person = Awaited<ReturnType<typeof open>>;

async function insert({ uuid }: Person, columns: { verifiedAt?: Date } = {}) {
  const data = { id: crypto.randomUUID(), userId: uuid, number: newNumber(), ...columns };
  await app.database.prisma.phoneNumber.create({ data });
  return { number: data.number, id: encodeId('PhoneNumber', data.id) };
}

async function primaryId({ uuid }: Person): Promise<string> {
  const where = { userId: uuid, isPrimary: true };
  return encodeId('PhoneNumber', (await app.database.prisma.phoneNumber.findFirstOrThrow({ where })).id);
}

async function expectProblem(
  person: Person,
  [name, variables]: [Mutation, { id?: string; input?: object }],
  problem: object,
) {
  const before = await stateOf(app, person.uuid);
  expect(await run(person.client, name, variables)).toMatchObject({ problems: [problem] });
  expect(await stateOf(app, person.uuid)).toEqual(before);
}

describe('a number that is added', () => {
  it('is unverified and not the primary one, and a text message goes to it', async () => {
    const person = await open();
    const number = newNumber();
    const sent = app.sent.length;
    const { phoneNumber, user } = await run(person.client, 'addPhoneNumber', { input: { number } });
    expect(phoneNumber).toMatchObject({ number, isPrimary: false, isVerified: false });
    expect(user).toMatchObject({ version: 2, phoneNumbers: [{ number: person.phoneNumber }, { number }] });
    expect(app.sent.slice(sent)).toMatchObject([{ channel: 'sms', to: number }]);
    expect(await actionsOf(app, person.uuid)).toEqual(['user.create', 'phone.add']);
  });

  it('is the primary one of an account without any', async () => {
    const person = await open({ phoneNumber: null });
    const { phoneNumber } = await run(person.client, 'addPhoneNumber', { input: { number: newNumber() } });
    expect(phoneNumber?.isPrimary).toBe(true);
  });

  it('may be that of another account too: nobody signs in with it', async () => {
    const [person, other] = [await open(), await open()];
    const { phoneNumber } = await run(person.client, 'addPhoneNumber', {
      input: { number: other.phoneNumber },
    });
    expect(phoneNumber?.number).toBe(other.phoneNumber);
  });

  it('must be one, new to the account, and at most the twentieth', async () => {
    const person = await open();
    const path = ['input', 'number'];
    const add = (number: string): [Mutation, object] => ['addPhoneNumber', { input: { number } }];
    await expectProblem(person, add('030 123456'), { path, code: 'INVALID' });
    await expectProblem(person, add(person.phoneNumber), { path, code: 'NOT_ALLOWED' });
    for (let n = 2; n <= 20; n += 1) await insert(person);
    await expectProblem(person, add(newNumber()), { path, code: 'NOT_ALLOWED' });
  });
});

describe('the primary number', () => {
  it('changes to a verified one; again changes nothing', async () => {
    const person = await open();
    const { id, number } = await insert(person, { verifiedAt: new Date() });
    const { user } = await run(person.client, 'makePhoneNumberPrimary', { id });
    expect(user?.phoneNumbers).toMatchObject([
      { number, isPrimary: true },
      { number: person.phoneNumber, isPrimary: false },
    ]);
    expect(await actionsOf(app, person.uuid)).toEqual(['user.create', 'phone.make-primary']);
    const before = await stateOf(app, person.uuid);
    await run(person.client, 'makePhoneNumberPrimary', { id });
    expect(await stateOf(app, person.uuid)).toEqual(before);
  });

  it('does not change to an unverified one while the account has a verified one', async () => {
    const person = await open();
    const { id } = await insert(person);
    await insert(person, { verifiedAt: new Date() });
    await expectProblem(person, ['makePhoneNumberPrimary', { id }], { path: ['id'], code: 'NOT_ALLOWED' });
  });

  it('is removed last', async () => {
    const person = await open();
    const { id } = await insert(person);
    const primary = await primaryId(person);
    await expectProblem(person, ['removePhoneNumber', { id: primary }], {
      path: ['id'],
      code: 'NOT_ALLOWED',
    });
    await run(person.client, 'removePhoneNumber', { id });
    expect((await run(person.client, 'removePhoneNumber', { id: primary })).user?.phoneNumbers).toEqual([]);
    expect((await actionsOf(app, person.uuid)).slice(-2)).toEqual(['phone.remove', 'phone.remove']);
  });
});

it('nobody else changes the numbers of an account, and superusers do', async () => {
  const [person, stranger] = [await open(), await open()];
  const { id } = await insert(person);
  const all: [Mutation, { id?: string; input?: object }][] = [
    ['addPhoneNumber', { input: { number: newNumber(), userId: person.id } }],
    ['requestPhoneVerification', { id }],
    ['verifyPhoneNumber', { id, input: { code: '000000' } }],
    ['removePhoneNumber', { id }],
    ['makePhoneNumberPrimary', { id }],
  ];
  const before = await stateOf(app, person.uuid);
  for (const [name, variables] of all) {
    expect((await send(app.anonymous, name, variables)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    expect(await run(stranger.client, name, variables)).toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(await stateOf(app, person.uuid)).toEqual(before);
  const admin = await app.as('admin');
  expect((await run(admin, 'makePhoneNumberPrimary', { id })).phoneNumber?.isPrimary).toBe(true);
});

it('an id of another kind is told as such', async () => {
  const person = await open();
  const { errors } = await send(person.client, 'removePhoneNumber', { id: person.id });
  expect(errors).toMatchObject([{ extensions: { code: 'INVALID_ID' } }]);
});
