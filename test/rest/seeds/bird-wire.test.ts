/** What Bird's other pages and its traffic show beyond the page: a test for each fact. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTestApp } from '../../setup/app.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());
afterEach(() => void vi.restoreAllMocks());

const me = (token: string | null) => world.call('GET', '/me', { token });
const nobody = '8e0a5b1e-0000-4000-8000-000000000000';

describe('the profile', () => {
  const ada = async () => (await me(world.tokens.ada)).body;

  test('profile: has its keys in this order', async () => {
    expect(Object.keys(await ada())).toEqual([
      'id',
      'status',
      'name',
      'bio',
      'activeSessions',
      'createdAt',
      'updatedAt',
      'emails',
      'defaultEmail',
      'identities',
      'avatarUrl',
      'phoneNumber',
      'phoneNumbers',
      'locale',
      'timezone',
    ]);
  });

  test('profile: emails has every address, the default one among them', async () => {
    const { emails, id } = await ada();
    expect(emails.map(({ email }: { email: string }) => email)).toEqual([
      'ada@example.com',
      'countess@example.com',
    ]);
    for (const email of emails)
      expect(Object.keys(email)).toEqual([
        'id',
        'userId',
        'email',
        'verified',
        'passwordSet',
        'tokenSet',
        'createdAt',
        'updatedAt',
      ]);
    expect(emails[0]).toMatchObject({ userId: id, verified: true, passwordSet: true });
    expect(emails[1]).toMatchObject({ userId: id, verified: false });
  });

  test('profile: identities has the accounts at providers', async () => {
    const { body } = await me(world.tokens.linus);
    expect(body.identities).toHaveLength(1);
    expect(Object.keys(body.identities[0])).toEqual(['id', 'email', 'provider', 'createdAt', 'updatedAt']);
    expect(body.identities[0]).toMatchObject({ provider: 'github', email: 'linus@example.com' });
  });

  test('profile: identities is empty without one', async () => {
    expect((await ada()).identities).toEqual([]);
  });

  test('profile: phoneNumbers has every number', async () => {
    const { phoneNumbers, id } = await ada();
    expect(Object.keys(phoneNumbers[0])).toEqual([
      'id',
      'userId',
      'phoneNumber',
      'verified',
      'primary',
      'createdAt',
      'updatedAt',
    ]);
    expect(phoneNumbers[0]).toMatchObject({
      userId: id,
      phoneNumber: '+442071234567',
      verified: true,
      primary: true,
    });
  });

  test('profile: phoneNumber may be the empty string as well as a number, and is left out without one', async () => {
    const { components } = await world.document('bird');
    expect(JSON.stringify(components.schemas.Profile.properties.phoneNumber)).toContain('"const":""');
    const { token } = await world.person();
    expect((await me(token)).text).not.toContain('phoneNumber"');
  });

  test('profile: an optional value that there is not is left out, not null', async () => {
    const { token } = await world.person();
    const { body } = await me(token);
    expect(Object.keys(body)).toEqual([
      'id',
      'status',
      'name',
      'activeSessions',
      'createdAt',
      'updatedAt',
      'emails',
      'identities',
      'phoneNumbers',
    ]);
  });

  test('profile: tokenSet says whether there are API tokens that are good', async () => {
    const { id, token } = await world.person({}, 'tokens@example.net');
    const isSet = async () => (await me(token)).body.emails[0].tokenSet;
    expect(await isSet()).toBe(false);
    await world.apiToken({ userId: id }, [], { revokedAt: new Date() });
    expect(await isSet()).toBe(false);
    await world.apiToken({ userId: id }, []);
    expect(await isSet()).toBe(true);
  });

  test('profile: passwordSet says whether there is a password', async () => {
    expect((await me(world.tokens.linus)).body.emails[0].passwordSet).toBe(false);
  });

  test('profile: only an active user has one: pending and banned ones have no way in', async () => {
    for (const status of ['PENDING', 'SUSPENDED'] as const) {
      const { token } = await world.person({ status });
      expect((await me(token)).status).toBe(401);
    }
  });
});

describe('PATCH /me', () => {
  const patch = (token: string, json: unknown) => world.call('PATCH', '/me', { token, json });
  const full = {
    name: 'Full',
    bio: 'Sings.',
    avatarUrl: 'https://example.com/b.png',
    locale: 'nl-NL',
    timeZone: 'Europe/Amsterdam',
  };

  test.each([
    ['PATCH /me: null clears bio', 'bio'],
    ['PATCH /me: null clears avatarUrl', 'avatarUrl'],
    ['PATCH /me: null clears locale', 'locale'],
    ['PATCH /me: null clears timezone', 'timezone'],
  ])('%s', async (_, key) => {
    const { token } = await world.person(full);
    const before = (await me(token)).body;
    const { status, body } = await patch(token, { [key]: null });
    expect(status).toBe(200);
    const { [key]: cleared, ...rest } = before;
    expect(cleared).toBeDefined();
    expect(body).toEqual({ ...rest, updatedAt: body.updatedAt });
  });

  test('PATCH /me: name is required in a profile, so null does not clear it', async () => {
    const { id, token } = await world.person(full);
    expect((await patch(token, { name: null })).status).toBe(422);
    expect((await world.row(id)).name).toBe('Full');
  });

  test('PATCH /me: an absent key keeps its value', async () => {
    const { id, token } = await world.person(full);
    await patch(token, { name: 'Other' });
    expect(await world.row(id)).toMatchObject({ ...full, name: 'Other' });
  });

  test('PATCH /me: answers 422 with one entry a field', async () => {
    const { id, token } = await world.person(full);
    const { status, body } = await patch(token, { name: '', locale: '??', timezone: 'x', bio: 'ok' });
    expect([status, body.code]).toEqual([422, 'validation_failed']);
    expect(body.details.map(({ field }: { field: string }) => field)).toEqual(['name', 'locale', 'timezone']);
    for (const entry of body.details) expect(Object.keys(entry)).toEqual(['field', 'code', 'message']);
    expect(await world.row(id)).toMatchObject(full);
  });

  test('PATCH /me: a token that may only read changes nothing', async () => {
    const { id } = await world.person(full);
    const { secret } = await world.apiToken({ userId: id }, ['profile']);
    expect((await patch(secret, { bio: 'x' })).status).toBe(403);
    expect(await world.row(id)).toMatchObject(full);
  });
});

describe('DELETE /me', () => {
  test('DELETE /me: the token stops working at once, and so do all others', async () => {
    const { id, token } = await world.person();
    const { secret } = await world.apiToken({ userId: id });
    expect((await world.call('DELETE', '/me', { token })).status).toBe(202);
    for (const dead of [token, secret])
      for (const method of ['GET', 'DELETE'])
        expect((await world.call(method, '/me', { token: dead })).status).toBe(401);
  });

  test('DELETE /me: a token that may only read deletes nobody', async () => {
    const { id } = await world.person();
    const { secret } = await world.apiToken({ userId: id }, ['profile']);
    expect((await world.call('DELETE', '/me', { token: secret })).status).toBe(403);
    expect((await world.row(id)).id).toBe(id);
  });

  test('DELETE /me: the reserved administrator and the last owner of an organization stay', async () => {
    for (const who of ['admin', 'ada'] as const) {
      const { status } = await world.call('DELETE', '/me', { token: world.tokens[who] });
      expect([403, 409]).toContain(status);
      expect((await world.row(world.ids[who])).id).toBe(world.ids[who]);
    }
  });
});

describe('sessions', () => {
  const sessions = (token: string | null) => world.call('GET', '/me/sessions', { token });
  const at = (method: string, id: string, token: string | null) =>
    world.call(method, `/me/sessions/${id}`, { token });

  test('GET /me/sessions: answers 200 with a bare array of the sessions of the caller', async () => {
    const { id, token, sessionId } = await world.person();
    const { status, body } = await sessions(token);
    expect(status).toBe(200);
    expect(body).toEqual([
      {
        userId: id,
        tokenId: sessionId,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
      },
    ]);
  });

  test('GET /me/sessions: an entry has its keys in order; where an address is, is not looked up', async () => {
    const { body } = await sessions(world.tokens.ada);
    const [entry] = body.filter(({ ip }: { ip?: string }) => ip === '192.0.2.1');
    expect(Object.keys(entry)).toEqual(['userId', 'tokenId', 'ip', 'userAgent', 'createdAt', 'updatedAt']);
    expect(entry).toMatchObject({ userId: world.ids.ada, userAgent: 'Firefox on Linux' });
  });

  test('GET /me/sessions: shows no secret', async () => {
    expect((await sessions(world.tokens.ada)).text).not.toMatch(/ug_ses|hash/i);
  });

  test('GET /me/sessions/{tokenId}: answers 200 with that session', async () => {
    const { token, sessionId } = await world.person();
    const { status, body } = await at('GET', sessionId, token);
    expect(status).toBe(200);
    expect(body).toEqual((await sessions(token)).body[0]);
  });

  test('GET /me/sessions/{tokenId}: is 404 for what is not there, or is of another account', async () => {
    const [one, other] = [await world.person(), await world.person()];
    for (const id of [nobody, 'no-uuid', other.sessionId]) {
      const { status, body } = await at('GET', id, one.token);
      expect([status, body.code]).toEqual([404, 'not_found']);
    }
    expect((await at('GET', other.sessionId, world.tokens.admin)).status).toBe(404);
  });

  test('DELETE /me/sessions/{tokenId}: answers 204, and the session is over', async () => {
    const { token, sessionId } = await world.person();
    const answer = await at('DELETE', sessionId, token);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await me(token)).status).toBe(401);
  });

  test('DELETE /me/sessions/{tokenId}: is 404 for what is not there, or is of another account', async () => {
    const [one, other] = [await world.person(), await world.person()];
    for (const id of [nobody, 'no-uuid', other.sessionId])
      expect((await at('DELETE', id, one.token)).status).toBe(404);
    expect((await at('DELETE', other.sessionId, world.tokens.admin)).status).toBe(404);
    expect((await me(other.token)).status).toBe(200);
  });

  test('/me/sessions: is 401 without a token', async () => {
    expect((await sessions(null)).status).toBe(401);
    expect((await at('GET', nobody, null)).status).toBe(401);
    expect((await at('DELETE', nobody, null)).status).toBe(401);
  });
});

describe('credentials and errors', () => {
  test('Authorization: the word Bearer may stand before the token, or not', async () => {
    for (const authorization of [world.tokens.ada, `Bearer ${world.tokens.ada}`])
      expect((await world.call('GET', '/me', { headers: { authorization } })).body.id).toBe(world.ids.ada);
  });

  test('401: code is unauthorized', async () => {
    for (const token of [null, 'nonsense']) {
      const { status, body } = await me(token);
      expect(status).toBe(401);
      expect(body).toEqual({ code: 'unauthorized', message: expect.any(String), details: [] });
      expect(Object.keys(body)).toEqual(['code', 'message', 'details']);
    }
  });

  test('404: code is not_found', async () => {
    const { status, body } = await world.call('GET', '/me/nothing', { token: world.tokens.ada });
    expect([status, body.code]).toEqual([404, 'not_found']);
  });

  test('422: code is validation_failed', async () => {
    const token = world.tokens.ada;
    const { status, body } = await world.call('PATCH', '/me', { token, json: { bio: 1 } });
    expect([status, body.code]).toEqual([422, 'validation_failed']);
  });

  test('429: code is rate_limited', async () => {
    const app = await openTestApp({ env: { RATE_LIMIT_PER_MINUTE: '1' } });
    const { token } = await app.as('ada');
    await app.call('GET', '/me', { token });
    const { status, body, headers } = await app.call('GET', '/me', { token });
    expect([status, body.code]).toEqual([429, 'rate_limited']);
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    await app.close();
  });

  test('503: code is service_unavailable', async () => {
    const gone = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    await world.prisma.session.updateMany({ data: { userAgent: 'told' } }); // so that it is read again
    vi.spyOn(world.prisma.session, 'findUnique').mockRejectedValue(gone);
    const { status, body } = await me(world.tokens.ada);
    expect([status, body.code]).toEqual([503, 'service_unavailable']);
  });
});
