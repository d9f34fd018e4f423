/** The codes that prove that an address or a number reaches its owner. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, createManaged, createPerson } from '../graphql/accounts.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { actionsOf, codeFor, run, send, stateOf, uuidOf, wrong } from './contacts.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());
afterEach(() => {
  app.clock.offset = 0;
});

const minute = 60_000;
const refused = { __typename: 'InvalidCodeError', code: 'INVALID_CODE', path: ['input', 'code'] };

const kinds = [
  {
    kind: 'e-mail address',
    channel: 'email',
    minutes: 30,
    form: /^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/,
    add: async (client: Client) => {
      const address = `new-${crypto.randomUUID()}@example.net`;
      const { email } = await run(client, 'addEmail', { input: { address } });
      return { id: email?.id ?? '', to: address };
    },
    request: 'requestEmailVerification',
    verify: 'verifyEmail',
    remove: 'removeEmail',
    action: 'email.verify',
  },
  {
    kind: 'phone number',
    channel: 'sms',
    minutes: 10,
    form: /^\d{6}$/,
    add: async (client: Client) => {
      const number = `+4989${Math.trunc(Math.random() * 900_000_000 + 100_000_000)}`;
      const { phoneNumber } = await run(client, 'addPhoneNumber', { input: { number } });
      return { id: phoneNumber?.id ?? '', to: number };
    },
    request: 'requestPhoneVerification',
    verify: 'verifyPhoneNumber',
    remove: 'removePhoneNumber',
    action: 'phone.verify',
  },
] as const;

async function open() {
  const person = await createPerson(app);
  return { ...person, client: await clientOf(app, person.uuid) };
}

describe.each(kinds)('the code for an $kind', ({ channel, minutes, form, add, action, ...names }) => {
  const verify = (client: Client, id: string, code: string) =>
    run(client, names.verify, { id, input: { code } });

  it('goes to it alone, is kept nowhere, and proves it once', async () => {
    const { client, uuid } = await open();
    const { id, to } = await add(client);
    expect(app.sent.at(-1)).toMatchObject({ channel, to });
    const code = codeFor(app, to);
    expect(code).toMatch(form);
    const kept = JSON.stringify(await stateOf(app, uuid)) + app.logged.join();
    for (const form of [code, code.replaceAll('-', '')]) expect(kept).not.toContain(form);
    const verified = await verify(client, id, code);
    expect((verified.email ?? verified.phoneNumber)?.isVerified).toBe(true);
    expect((await actionsOf(app, uuid)).at(-1)).toBe(action);
    expect(await verify(client, id, code)).toMatchObject(refused);
    expect(await run(client, names.request, { id })).toMatchObject({
      problems: [{ path: ['id'], code: 'NOT_ALLOWED' }],
    });
  });

  it('may be written in either case, with spaces or without hyphens', async () => {
    const { client } = await open();
    const { id, to } = await add(client);
    const code = codeFor(app, to);
    const written = ` ${code.replaceAll('-', '').toLowerCase().split('').join(' ')} `;
    expect((await verify(client, id, written)).__typename).toMatch(/Success$/);
  });

  it('is worth nothing after five wrong ones, which count although they are refused', async () => {
    const { client, uuid } = await open();
    const { id, to } = await add(client);
    const code = codeFor(app, to);
    const before = await stateOf(app, uuid);
    for (let n = 0; n < 5; n += 1) expect(await verify(client, id, wrong(code))).toMatchObject(refused);
    expect(await verify(client, id, code)).toMatchObject(refused);
    const { challenges, ...after } = await stateOf(app, uuid);
    expect(challenges).toMatchObject([{ attempts: 5, usedAt: null }]);
    expect({ ...after, challenges: before.challenges }).toEqual(before);
    await run(client, names.request, { id });
    expect((await verify(client, id, codeFor(app, to))).__typename).toMatch(/Success$/);
  });

  it('stands no sixth guess among many at once', async () => {
    const { client, uuid } = await open();
    const { id, to } = await add(client);
    const guesses = Array.from({ length: 20 }, () => verify(client, id, wrong(codeFor(app, to))));
    for (const answer of await Promise.all(guesses)) expect(answer).toMatchObject(refused);
    expect((await stateOf(app, uuid)).challenges).toMatchObject([{ attempts: 5 }]);
  });

  it('is good once for many who bring it at once', async () => {
    const { client, uuid } = await open();
    const { id, to } = await add(client);
    const answers = await Promise.all(Array.from({ length: 5 }, () => verify(client, id, codeFor(app, to))));
    expect(answers.filter(({ code }) => code === undefined)).toHaveLength(1);
    expect((await actionsOf(app, uuid)).filter((one) => one === action)).toHaveLength(1);
  });

  it('is void once a newer one was sent', async () => {
    const { client } = await open();
    const { id, to } = await add(client);
    const first = codeFor(app, to);
    await run(client, names.request, { id });
    expect(await verify(client, id, first)).toMatchObject(refused);
    expect((await verify(client, id, codeFor(app, to))).__typename).toMatch(/Success$/);
  });

  it('is good for as long as the answer says, and no longer', async () => {
    const { client } = await open();
    const { id, to } = await add(client);
    const asked = Date.now();
    const { expiresAt } = await run(client, names.request, { id });
    const lasts = Date.parse(expiresAt ?? '') - asked;
    expect(Math.abs(lasts - minutes * minute)).toBeLessThan(5_000);
    app.clock.offset = minutes * minute + 1_000;
    expect(await verify(client, id, codeFor(app, to))).toMatchObject(refused);
    app.clock.offset = minutes * minute - 10_000;
    expect((await verify(client, id, codeFor(app, to))).__typename).toMatch(/Success$/);
  });

  it('proves nothing else: no other of the account, none of another account', async () => {
    const [one, another] = [await open(), await open()];
    const [first, second] = [await add(one.client), await add(one.client)];
    const theirs = await add(another.client);
    expect(await verify(one.client, second.id, codeFor(app, first.to))).toMatchObject(refused);
    expect(await verify(another.client, theirs.id, codeFor(app, first.to))).toMatchObject(refused);
    expect(await verify(another.client, first.id, codeFor(app, first.to))).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('is void once what it was sent to has changed', async () => {
    const { client, uuid } = await open();
    const { id, to } = await add(client);
    const changed = { where: { id: uuidOf(id) } };
    if (channel === 'email')
      await app.database.prisma.email.update({ ...changed, data: { address: `other-${to}` } });
    else await app.database.prisma.phoneNumber.update({ ...changed, data: { number: '+4930000999' } });
    expect(await verify(client, id, codeFor(app, to))).toMatchObject(refused);
    const { emails, phoneNumbers } = await stateOf(app, uuid);
    expect([...emails, ...phoneNumbers].filter(({ verifiedAt }) => verifiedAt !== null)).toEqual([]);
  });

  it('is sent five times an hour at most, to all of an account together, also to those who ask at once', async () => {
    const { client, uuid } = await open();
    const { id } = await add(client);
    const sent = app.sent.length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(client, names.request, { id })));
    expect(app.sent.length - sent).toBe(4);
    const limited = answers.filter(({ errors }) => errors[0]?.extensions.code === 'RATE_LIMITED');
    expect(limited).toHaveLength(4);
    expect(limited[0]?.errors[0]?.message).toMatch(/^Too many requests; try again in 3[56]\d\d seconds\.$/);
    const before = await stateOf(app, uuid);
    await expect(add(client)).rejects.toThrow('RATE_LIMITED');
    expect(await stateOf(app, uuid), 'what is refused adds nothing').toEqual(before);
    const other = await open();
    expect((await add(other.client)).id).not.toBe('');
    const later = { userId: uuid, expiresAt: new Date(Date.now() + 120 * minute) };
    await app.database.prisma.session.updateMany({ where: { userId: uuid }, data: later });
    app.clock.offset = 61 * minute;
    expect((await add(client)).id, 'what it was sent to counts by another clock').not.toBe('');
    expect((await stateOf(app, uuid)).challenges, 'and nothing is kept of codes long over').toHaveLength(1);
  });

  it('makes it stand for an account that has none', async () => {
    const { client, uuid } = await open();
    const { id, to } = await add(client);
    await app.database.prisma.email.deleteMany({ where: { userId: uuid, isDefault: true } });
    await app.database.prisma.phoneNumber.deleteMany({ where: { userId: uuid, isPrimary: true } });
    const { email, phoneNumber } = await verify(client, id, codeFor(app, to));
    expect(email?.isDefault ?? phoneNumber?.isPrimary).toBe(true);
  });
});

describe('whoever has accounts come and go', () => {
  const targets = [
    { what: 'a phone', kind: 'PhoneNumber', request: 'requestPhoneVerification', field: 'number' },
    { what: 'a mailbox', kind: 'Email', request: 'requestEmailVerification', field: 'address' },
  ] as const;
  const createToken = `mutation { createApiToken(input: { name: "x", scopes: [USERS_WRITE, PROFILE] }) {
    ... on CreateApiTokenSuccess { secret } } }`;
  const deleteUser = 'mutation ($id: ID!) { deleteUser(id: $id) { __typename } }';
  const isLimited = ({ errors }: { errors: readonly { extensions: Record<string, unknown> }[] }) =>
    errors[0]?.extensions.code === 'RATE_LIMITED';

  /** A token of somebody who signed in, which may manage users. */
  async function openToken(client: Client): Promise<Client> {
    const { createApiToken } = (await client.run(createToken)) as { createApiToken: { secret: string } };
    return app.withToken(createApiToken.secret);
  }

  it.each(targets)('sends $what no more than five codes an hour', async ({ kind, request, field }) => {
    const victim = field === 'number' ? '+493055500001' : 'victim@example.net';
    const token = await openToken((await open()).client);
    const arrived = () => app.sent.filter(({ to }) => to.toLowerCase() === victim).length;
    for (let round = 0; round < 3; round += 1) {
      const { id, uuid } = await createManaged(token);
      const written = round === 1 ? victim.toUpperCase() : victim;
      const added = await send(token, `add${kind}`, { input: { userId: id, [field]: written } });
      const contact = added.data?.result.email ?? added.data?.result.phoneNumber;
      for (let more = 0; more < 4 && contact; more += 1) await send(token, request, { id: contact.id });
      if (round === 2) {
        expect(isLimited(added), added.text).toBe(true);
        expect(added.headers.get('retry-after')).toMatch(/^3[56]\d\d$/);
        const { emails, phoneNumbers, challenges } = await stateOf(app, uuid);
        expect([emails, phoneNumbers, challenges], 'what is refused adds nothing').toEqual([[], [], []]);
      }
      await token.run(deleteUser, { id });
      await app.work(); // from then on the contact is free again
    }
    expect(arrived()).toBe(5);
  });

  it('asks for no more than thirty codes an hour, by all credentials together, wherever they go', async () => {
    const { client } = await open();
    const token = await openToken(client);
    const sent = app.sent.length;
    let limited = 0;
    for (let account = 0; account < 8; account += 1) {
      const { id: userId } = await createManaged(token);
      for (const digit of [0, 1, 2, 3, 4]) {
        const input = { userId, number: `+4930666${account}${digit}0` };
        const asker = digit % 2 === 0 ? token : client;
        if (isLimited(await send(asker, 'addPhoneNumber', { input }))) limited += 1;
      }
    }
    expect([app.sent.length - sent, limited]).toEqual([30, 10]);
    const other = await open();
    expect((await run(other.client, 'addPhoneNumber', { input: { number: '+4930666999' } })).__typename).toBe(
      'AddPhoneNumberSuccess',
    );
  });
});
