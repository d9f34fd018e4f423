/** What Bird's page of the current user says: a test for each of its facts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const get = (token: string | null) => world.call('GET', '/me', { token });
const patch = (token: string | null, json: unknown) => world.call('PATCH', '/me', { token, json });
const remove = (token: string | null) => world.call('DELETE', '/me', { token });
const schemas = async () => (await world.document('bird')).components.schemas;
const operation = async (method: string) => (await world.document('bird')).paths['/me'][method];
const fields = ({ body }: { body: { details: { field: string }[] } }) =>
  body.details.map(({ field }) => field);

/** A profile that has everything, and what each key of it is. */
const full = {
  name: 'Full Name',
  bio: 'Sings.',
  avatarUrl: 'https://example.com/b.png',
  locale: 'nl-NL',
  timeZone: 'Europe/Amsterdam',
};

describe('GET /me', () => {
  test('GET /me: answers 200 with the profile of who the token was issued to', async () => {
    const { status, body } = await get(world.tokens.ada);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: world.ids.ada, name: 'Ada Lovelace' });
    expect((await get(world.tokens.grace)).body.id).toBe(world.ids.grace);
  });

  test('GET /me: the answer is JSON', async () => {
    expect((await get(world.tokens.ada)).headers.get('content-type')).toBe('application/json');
  });

  test('GET /me: Authorization is required', async () => {
    expect((await get(null)).status).toBe(401);
  });

  test('GET /me: Authorization is the token that a login returned', async () => {
    const document = `mutation { signIn(input: { login: "grace", password: "usergraph-demo" }) {
      ... on SignInSuccess { token } } }`;
    const { signIn } = (await world.app.anonymous.run(document)) as { signIn: { token: string } };
    for (const authorization of [signIn.token, `Bearer ${signIn.token}`]) {
      const answer = await world.call('GET', '/me', { headers: { authorization } });
      expect(answer.body.id).toBe(world.ids.grace);
    }
    expect((await get('nonsense')).status).toBe(401);
  });
});

describe('the profile', () => {
  const ada = async () => (await get(world.tokens.ada)).body;
  const bare = async () => (await get((await world.person()).token)).body;
  const property = async (name: string) => (await schemas()).Profile.properties[name];

  test('profile: id is a UUID', async () => {
    expect((await ada()).id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await property('id')).toMatchObject({ type: 'string', format: 'uuid' });
  });

  test('profile: id is that of the user', async () => {
    expect((await ada()).id).toBe(world.ids.ada);
  });

  test('profile: status is an enumeration', async () => {
    expect(await property('status')).toMatchObject({ enum: ['pending', 'active', 'banned'] });
  });

  test('profile: status is that of the user', async () => {
    expect((await ada()).status).toBe('active');
  });

  test('profile: status is pending by default', async () => {
    expect(await property('status')).toMatchObject({ default: 'pending' });
  });

  test('profile: name is a string, the display name', async () => {
    expect((await ada()).name).toBe('Ada Lovelace');
    expect((await bare()).name).toBe('Pat Person');
  });

  test('profile: bio is a string, the description', async () => {
    expect((await ada()).bio).toMatch(/^Writes programs/);
  });

  test('profile: bio is optional', async () => {
    expect(Object.keys(await bare())).not.toContain('bio');
  });

  test('profile: activeSessions is the number of open sessions', async () => {
    const { id, token } = await world.person();
    expect((await get(token)).body.activeSessions).toBe(1);
    await world.prisma.session.createMany({
      data: [1, 2, 3].map((n) => ({
        id: `8e0a5b1e-0000-4000-8000-00000000000${n}`,
        userId: id,
        tokenHash: Buffer.from([n]),
        expiresAt: new Date(Date.now() + (n === 3 ? -1000 : 60_000)),
        revokedAt: n === 2 ? new Date() : null,
      })),
    });
    expect((await get(token)).body.activeSessions).toBe(2); // neither the expired nor the revoked one
  });

  test('profile: activeSessions is an integer', async () => {
    expect(Number.isInteger((await ada()).activeSessions)).toBe(true);
    expect(await property('activeSessions')).toMatchObject({ type: 'integer' });
  });

  test('profile: createdAt is a date-time, when the user was made', async () => {
    const { createdAt } = await ada();
    expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(new Date(createdAt)).toEqual((await world.row(world.ids.ada)).createdAt);
    expect(await property('createdAt')).toMatchObject({ format: 'date-time' });
  });

  test('profile: updatedAt is a date-time, when the user was last changed', async () => {
    const { id, token } = await world.person();
    const before = (await get(token)).body;
    await patch(token, { bio: 'Changed.' });
    const after = (await get(token)).body;
    expect(after.createdAt).toBe(before.createdAt);
    expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt));
    expect(new Date(after.updatedAt)).toEqual((await world.row(id)).updatedAt);
    expect(await property('updatedAt')).toMatchObject({ format: 'date-time' });
  });

  test('profile: defaultEmail is the default one among the e-mail addresses', async () => {
    expect((await ada()).defaultEmail).toBe('ada@example.com');
  });

  test('profile: defaultEmail is optional', async () => {
    expect(Object.keys(await bare())).not.toContain('defaultEmail');
  });

  test('profile: avatarUrl is where the picture is', async () => {
    expect((await ada()).avatarUrl).toBe('https://example.com/avatars/ada.png');
  });

  test('profile: avatarUrl is optional', async () => {
    expect(Object.keys(await bare())).not.toContain('avatarUrl');
  });

  test('profile: phoneNumber is a phone number, or the value of an enumeration', async () => {
    expect((await ada()).phoneNumber).toBe('+442071234567');
    expect((await property('phoneNumber')).anyOf).toHaveLength(2);
  });

  test('profile: phoneNumber is optional', async () => {
    expect(Object.keys(await bare())).not.toContain('phoneNumber');
  });

  test('profile: locale is a BCP 47 tag', async () => {
    expect((await ada()).locale).toBe('en-GB');
  });

  test('profile: locale is optional', async () => {
    expect(Object.keys(await bare())).not.toContain('locale');
  });

  test('profile: timezone is the default time zone', async () => {
    expect((await ada()).timezone).toBe('Europe/London');
  });

  test('profile: timezone is optional', async () => {
    expect(Object.keys(await bare())).not.toContain('timezone');
  });

  test.each([
    ['profile: id is required', 'id'],
    ['profile: status is required', 'status'],
    ['profile: name is required', 'name'],
    ['profile: activeSessions is required', 'activeSessions'],
    ['profile: createdAt is required', 'createdAt'],
    ['profile: updatedAt is required', 'updatedAt'],
  ])('%s', async (_, key) => {
    expect((await schemas()).Profile.required).toContain(key);
    expect(Object.keys(await bare())).toContain(key);
  });
});

describe('PATCH /me', () => {
  test('PATCH /me: changes who the token was issued to, and nobody else', async () => {
    const { id, token } = await world.person();
    const others = { where: { NOT: { id } }, orderBy: { id: 'asc' as const } };
    const before = await world.prisma.user.findMany(others);
    expect((await patch(token, { name: 'Changed' })).status).toBe(200);
    expect((await world.row(id)).name).toBe('Changed');
    expect(await world.prisma.user.findMany(others)).toEqual(before);
  });

  test('PATCH /me: Authorization is required', async () => {
    expect((await patch(null, { name: 'Nobody' })).status).toBe(401);
    expect(await world.prisma.user.count({ where: { name: 'Nobody' } })).toBe(0);
  });

  test('PATCH /me: Authorization is the token that a login returned', async () => {
    const { id, token } = await world.person();
    const answer = await world.call('PATCH', '/me', {
      headers: { authorization: token },
      json: { bio: 'B.' },
    });
    expect(answer.body).toMatchObject({ id, bio: 'B.' });
    expect((await patch('nonsense', { bio: 'C.' })).status).toBe(401);
  });

  test.each([
    ['PATCH /me: name sets the display name', 'name', 'New Name'],
    ['PATCH /me: bio sets the description', 'bio', 'A new\ndescription.'],
    ['PATCH /me: avatarUrl sets the picture', 'avatarUrl', 'https://example.com/n.png'],
    ['PATCH /me: locale sets the BCP 47 tag', 'locale', 'pt-BR'],
    ['PATCH /me: timezone sets the default time zone', 'timezone', 'Asia/Tokyo'],
  ])('%s', async (_, key, value) => {
    const { token } = await world.person();
    const before = (await get(token)).body;
    const { status, body } = await patch(token, { [key]: value });
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, [key]: value, updatedAt: body.updatedAt });
  });

  test.each([
    ['PATCH /me: name is a string', 'name'],
    ['PATCH /me: bio is a string', 'bio'],
    ['PATCH /me: avatarUrl is a string', 'avatarUrl'],
    ['PATCH /me: locale is a string', 'locale'],
    ['PATCH /me: timezone is a string', 'timezone'],
  ])('%s', async (_, key) => {
    const { id, token } = await world.person();
    const before = await world.row(id);
    const answer = await patch(token, { [key]: 7 });
    expect(answer.status).toBe(422);
    expect(fields(answer)).toEqual([key]);
    expect(await world.row(id)).toEqual(before);
  });

  test.each([
    ['PATCH /me: name is optional', 'name'],
    ['PATCH /me: bio is optional', 'bio'],
    ['PATCH /me: avatarUrl is optional', 'avatarUrl'],
    ['PATCH /me: locale is optional', 'locale'],
    ['PATCH /me: timezone is optional', 'timezone'],
  ])('%s', async (_, key) => {
    const { token } = await world.person(full);
    const before = (await get(token)).body;
    const { [key]: kept, ...others } = { name: 'N', bio: 'B', avatarUrl: 'https://a.example/' } as Record<
      string,
      string
    >;
    const { body } = await patch(token, { ...others, ...(kept === undefined && { name: 'M' }) });
    expect(body[key]).toBe(before[key]);
    expect((await schemas()).ProfileUpdate.required).toBeUndefined();
  });

  test('PATCH /me: a body without any key changes nothing', async () => {
    const { id, token } = await world.person(full);
    const before = await world.row(id);
    expect((await patch(token, {})).status).toBe(200);
    expect(await world.row(id)).toEqual(before);
  });

  test('PATCH /me: locale must be a BCP 47 tag', async () => {
    const { token } = await world.person();
    const answer = await patch(token, { locale: 'not a locale' });
    expect([answer.status, fields(answer)]).toEqual([422, ['locale']]);
  });

  test('PATCH /me: timezone must be a time zone', async () => {
    const { token } = await world.person();
    const answer = await patch(token, { timezone: 'Mars/Base' });
    expect([answer.status, fields(answer)]).toEqual([422, ['timezone']]);
  });

  test('PATCH /me: avatarUrl must be a URL', async () => {
    const { token } = await world.person();
    for (const wrong of ['picture.png', 'javascript:alert(1)']) {
      const answer = await patch(token, { avatarUrl: wrong });
      expect([answer.status, fields(answer)]).toEqual([422, ['avatarUrl']]);
    }
  });

  test('PATCH /me: answers 200 with the profile as it is now, in JSON', async () => {
    const { token } = await world.person();
    const answer = await patch(token, { name: 'Now' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.body).toEqual((await get(token)).body);
  });

  test.each([
    ['PATCH /me: the answer has id', 'id'],
    ['PATCH /me: the answer has status', 'status'],
    ['PATCH /me: the answer has name', 'name'],
    ['PATCH /me: the answer has bio', 'bio'],
    ['PATCH /me: the answer has activeSessions', 'activeSessions'],
    ['PATCH /me: the answer has createdAt', 'createdAt'],
    ['PATCH /me: the answer has updatedAt', 'updatedAt'],
    ['PATCH /me: the answer has defaultEmail', 'defaultEmail'],
    ['PATCH /me: the answer has avatarUrl', 'avatarUrl'],
    ['PATCH /me: the answer has phoneNumber', 'phoneNumber'],
    ['PATCH /me: the answer has locale', 'locale'],
    ['PATCH /me: the answer has timezone', 'timezone'],
  ])('%s', async (_, key) => {
    const { body } = await patch(world.tokens.ada, {});
    expect(body[key]).toBeDefined();
    expect(body[key]).toEqual((await get(world.tokens.ada)).body[key]);
  });

  test('PATCH /me: nothing else can be changed, neither address nor powers', async () => {
    const { id, token } = await world.person();
    const before = await world.row(id);
    const { status } = await patch(token, {
      id: world.ids.ada,
      status: 'banned',
      isSuperuser: true,
      is_superuser: true,
      password: 'a-new-password',
      username: 'sneaky',
      email: 'sneaky@example.net',
      phoneNumber: '+31201234567',
      firstName: 'Hidden',
      metadata: { a: 1 },
      activeSessions: 9,
    });
    expect(status).toBe(200);
    expect(await world.row(id)).toEqual(before);
    const ofIt = { where: { userId: id } };
    expect(await world.prisma.password.count(ofIt)).toBe(0);
    expect(await world.prisma.email.count(ofIt)).toBe(0);
    expect(await world.prisma.phoneNumber.count(ofIt)).toBe(0);
  });
});

describe('DELETE /me', () => {
  test('DELETE /me: deletes the account of who the token was issued to', async () => {
    const { id, token } = await world.person({}, 'gone@example.net');
    const managed = await world.managed(id);
    expect((await remove(token)).status).toBe(202);
    await world.app.work();
    expect(await world.prisma.user.count({ where: { id: { in: [id, managed] } } })).toBe(0);
    expect(await world.prisma.email.count({ where: { userId: id } })).toBe(0);
    expect(await world.records(managed)).toBe(0);
  });

  test('DELETE /me: deletes nobody else', async () => {
    const { id, token } = await world.person();
    const others = { where: { NOT: { id } }, orderBy: { id: 'asc' as const } };
    const before = await world.prisma.user.findMany(others);
    await remove(token);
    expect(await world.prisma.user.findMany(others)).toEqual(before);
  });

  test('DELETE /me: Authorization is required', async () => {
    const count = await world.prisma.user.count();
    expect((await remove(null)).status).toBe(401);
    expect(await world.prisma.user.count()).toBe(count);
  });

  test('DELETE /me: Authorization is the token that a login returned', async () => {
    const { id, token } = await world.person();
    expect((await remove('nonsense')).status).toBe(401);
    expect((await world.row(id)).id).toBe(id);
    const answer = await world.call('DELETE', '/me', { headers: { authorization: token } });
    expect(answer.status).toBe(202);
  });

  test('DELETE /me: answers 202 without content', async () => {
    const { token } = await world.person();
    const { status, text, headers } = await remove(token);
    expect([status, text]).toEqual([202, '']);
    expect(headers.get('content-type')).toBeNull();
    expect(Object.keys((await operation('delete')).responses)).toContain('202');
  });
});
