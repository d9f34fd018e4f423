import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectRows } from '../policy/rows.ts';
import { BirdError, createBirdClient } from './bird.ts';
import { type Served, serve } from './serve.ts';

let server: Served;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.close());

/** A new account with nothing but a name, and as many sessions as asked for. */
async function newcomer(count = 1) {
  const rows = collectRows();
  const id = rows.user({ name: 'New Comer' });
  const sessions = Array.from({ length: count }, () => rows.session(id));
  await rows.write(server.app.database);
  return { id, sessions, secret: sessions[0]?.secret ?? '' };
}

test('the bare token and one after the word Bearer are the same', async () => {
  const { token } = await server.app.as('ada');
  const bare = await createBirdClient(server.url, token, 'bare').profile();
  expect(await createBirdClient(server.url, token, 'bearer').profile()).toEqual(bare);
  expect(bare).toMatchObject({
    name: 'Ada Lovelace',
    status: 'active',
    defaultEmail: 'ada@example.com',
    phoneNumber: '+442071234567',
    locale: 'en-GB',
    timezone: 'Europe/London',
  });
});

test('a profile is filled in, and cleared with null; what has no value is left out', async () => {
  const { id, secret } = await newcomer();
  const bird = createBirdClient(server.url, secret);
  const empty = await bird.profile();
  for (const key of ['bio', 'defaultEmail', 'avatarUrl', 'phoneNumber', 'locale', 'timezone'])
    expect(Object.keys(empty)).not.toContain(key);
  expect(empty).toMatchObject({ id, name: 'New Comer', status: 'active', activeSessions: 1 });

  const filled = {
    name: 'Newer',
    bio: 'Sings.',
    avatarUrl: 'https://example.com/b.png',
    locale: 'nl-NL',
    timezone: 'Europe/Amsterdam',
  };
  expect(await bird.update(filled)).toMatchObject(filled);
  expect(await bird.update({ bio: 'Still sings.' })).toMatchObject({ ...filled, bio: 'Still sings.' });

  const cleared = await bird.update({ bio: null, avatarUrl: null, locale: null, timezone: null });
  for (const key of ['bio', 'avatarUrl', 'locale', 'timezone'])
    expect(Object.keys(cleared)).not.toContain(key);
  expect(cleared.name).toBe('Newer');
});

test('every bad field is named, and nothing is written', async () => {
  const { id, secret } = await newcomer();
  const bird = createBirdClient(server.url, secret);
  const before = await server.app.database.prisma.user.findUnique({ where: { id } });
  const refused = await bird
    .update({ name: '', locale: 'not a locale', timezone: 'Mars/Base', bio: 'good' })
    .catch((error: unknown) => error as BirdError);
  expect(refused).toBeInstanceOf(BirdError);
  const { status, body } = refused as BirdError;
  expect(status).toBe(422);
  expect(body.code).toBe('validation_failed');
  expect(body.details.map(({ field }) => field).sort()).toEqual(['locale', 'name', 'timezone']);
  expect(await server.app.database.prisma.user.findUnique({ where: { id } })).toEqual(before);
});

test('sessions are listed, read and ended; the ended one is dead, the others live', async () => {
  const { id, sessions, secret } = await newcomer(3);
  const bird = createBirdClient(server.url, secret);
  const listed = await bird.sessions();
  expect(listed).toHaveLength(3);
  expect(new Set(listed.map(({ userId }) => userId))).toEqual(new Set([id]));
  expect((await bird.profile()).activeSessions).toBe(3);
  const [, second] = sessions;
  expect(await bird.session(second?.id ?? '')).toMatchObject({ tokenId: second?.id, userId: id });
  await bird.endSession(second?.id ?? '');
  await expect(createBirdClient(server.url, second?.secret ?? '').profile()).rejects.toMatchObject({
    status: 401,
  });
  await expect(bird.session(second?.id ?? '')).rejects.toMatchObject({ status: 404 });
  await expect(bird.endSession(second?.id ?? '')).rejects.toMatchObject({ status: 404 });
  expect((await bird.profile()).activeSessions).toBe(2);
});

test("another account's session is neither seen nor ended", async () => {
  const [one, other] = [await newcomer(), await newcomer()];
  const bird = createBirdClient(server.url, one.secret);
  const { id: foreign = '' } = other.sessions[0] ?? {};
  await expect(bird.session(foreign)).rejects.toMatchObject({ status: 404, body: { code: 'not_found' } });
  await expect(bird.endSession(foreign)).rejects.toMatchObject({ status: 404 });
  expect((await createBirdClient(server.url, other.secret).profile()).id).toBe(other.id);
});

test('a deleted account is gone, and all its tokens are dead at once', async () => {
  const { id, sessions, secret } = await newcomer(2);
  const rows = collectRows();
  const { secret: apiToken } = rows.apiToken({ userId: id });
  await rows.write(server.app.database);
  await createBirdClient(server.url, secret).deleteProfile();
  for (const dead of [...sessions.map((session) => session.secret), apiToken]) {
    const bird = createBirdClient(server.url, dead);
    await expect(bird.profile()).rejects.toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    await expect(bird.deleteProfile()).rejects.toMatchObject({ status: 401 });
  }
  await server.app.work();
  expect(await server.app.database.prisma.user.findUnique({ where: { id } })).toBeNull();
});

test('without a token, and with one that is none, the answer is 401', async () => {
  for (const token of [null, 'nonsense', 'Basic'])
    await expect(createBirdClient(server.url, token).profile()).rejects.toMatchObject({
      status: 401,
      body: { code: 'unauthorized', details: [] },
    });
});
