/** The `ETag` of an account is its version: what is cached by it, and what a change is bound to, is never another's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld, type World } from '../seeds/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Every answer that shows the caller's own account. */
const ownPaths = [
  '/users/me',
  '/users/authorize_server?server_id=01900000-0000-7000-8000-000000000000',
  '/me',
  '/users/current',
  '/core/v1/users/current',
  '/api/v1/oauth/userinfo',
];
/** Those of them that say when the caller has the content already. */
const revalidated = [ownPaths[0], ownPaths[1], ownPaths[5]] as string[];

const meDocument = '{ me { id version } }';
async function tagFromGraph(token: string): Promise<string> {
  const { me } = (await world.app.withToken(token).run(meDocument)) as {
    me: { id: string; version: number };
  };
  return `"${me.id}.${me.version}"`;
}

describe('the ETag', () => {
  it.each(ownPaths)(
    'of GET %s is the id and the version of the graph, strong, for every credential',
    async (path) => {
      const person = await world.person({}, `p-${Math.random()}@example.com`);
      const wide = await world.apiToken({ userId: person.id });
      const narrow = await world.apiToken({ userId: person.id }, ['profile']);
      const tag = await tagFromGraph(person.token);
      expect(tag).toMatch(/^"user_[0-9a-z]{26}\.1"$/);
      for (const token of [person.token, wide.secret, narrow.secret])
        expect((await world.call('GET', path, { token })).headers.get('etag')).toBe(tag);
    },
  );

  it('is of another account where another account asks', async () => {
    const one = await world.person();
    const two = await world.person();
    const tags = await Promise.all(
      [one, two].map(async ({ token }) =>
        (await world.call('GET', '/users/me', { token })).headers.get('etag'),
      ),
    );
    expect(tags[0]).not.toBe(tags[1]);
  });

  it('stands on what was created and what was changed, and the next answer has the same', async () => {
    const { token } = await world.person();
    const json = { first_name: 'Mo', last_name: null };
    const created = await world.call('POST', '/api/v1/users/', { token, json });
    const path = `/api/v1/users/${created.body.id}`;
    const read = await world.call('GET', path, { token });
    const changed = await world.call('PUT', path, { token, json: { first_name: 'Mia' } });
    const again = await world.call('GET', path, { token });
    const tags = [created, read, changed, again].map(({ headers }) => headers.get('etag'));
    expect(tags).toEqual([tags[0], tags[0], tags[2], tags[2]]);
    expect(tags.map((tag) => tag?.slice(-2))).toEqual(['1"', '1"', '2"', '2"']);
  });

  it('is no ETag of a list, of a deletion, or of a failure', async () => {
    const { token, id } = await world.person();
    const managed = await world.managed(id);
    for (const [method, path] of [
      ['GET', '/users'],
      ['GET', '/api/v1/users/'],
      ['GET', '/me/sessions'],
      ['GET', '/api/v1/users/nobody'],
      ['DELETE', `/api/v1/users/${managed}`],
    ] as const)
      expect((await world.call(method, path, { token })).headers.get('etag'), path).toBeNull();
  });
});

describe('If-None-Match', () => {
  it.each(revalidated)(
    'with the ETag of GET %s is answered with 304, in each form of the list',
    async (path) => {
      const { token } = await world.person();
      const tag = (await world.call('GET', path, { token })).headers.get('etag') ?? '';
      for (const known of [tag, `W/${tag}`, '*', `"a,b", ${tag}`, `W/"x" ,, ${tag},`]) {
        const answer = await world.call('GET', path, { token, headers: { 'if-none-match': known } });
        expect([answer.status, answer.text], known).toEqual([304, '']);
        expect(answer.headers.get('etag')).toBe(tag);
        expect(answer.headers.get('content-type')).toBeNull();
        expect(answer.headers.get('cache-control')).toBe('private, no-cache');
      }
      for (const other of ['"a"', tag.slice(1, -1), `${tag.slice(0, -1)}0"`, '"', '', 'x, *']) {
        const answer = await world.call('GET', path, { token, headers: { 'if-none-match': other } });
        expect(answer.status, other).toBe(200);
      }
    },
  );

  it('with the ETag of another account at the same version is answered in full', async () => {
    const one = await world.person();
    const two = await world.person();
    const tag = (await world.call('GET', '/users/me', { token: one.token })).headers.get('etag') ?? '';
    const answer = await world.call('GET', '/users/me', {
      token: two.token,
      headers: { 'if-none-match': tag },
    });
    expect([answer.status, answer.body.id]).toEqual([200, two.id]);
  });

  it.each(['/me', '/users/current'])(
    'is answered in full at %s, where more changes than the version tells, and nothing may keep it',
    async (path) => {
      const { token } = await world.person();
      const tag = (await world.call('GET', path, { token })).headers.get('etag') ?? '';
      for (const known of [tag, '*']) {
        const answer = await world.call('GET', path, { token, headers: { 'if-none-match': known } });
        expect(answer.status).toBe(200);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    },
  );

  it.each(['/users/me', '/api/v1/oauth/userinfo'])(
    'is answered in full at %s for who may not read all: less may not be kept, nor taken for all later',
    async (path) => {
      const person = await world.person({}, `p-${Math.random()}@example.com`);
      const { secret } = await world.apiToken({ userId: person.id }, ['data:read']);
      const narrow = await world.call('GET', path, { token: secret });
      expect([narrow.body.email, narrow.headers.get('cache-control')]).toEqual([null, 'no-store']);
      expect(narrow.headers.get('etag')).toBeNull();
      const full = await world.call('GET', path, { token: person.token });
      expect(full.body.email).not.toBeNull();
      for (const known of [full.headers.get('etag') ?? 'none', '*']) {
        const headers = { 'if-none-match': known };
        const again = await world.call('GET', path, { token: secret, headers });
        expect([again.status, again.body.email, again.headers.get('etag')]).toEqual([200, null, null]);
      }
    },
  );

  it('has no tag to send of what was changed by who may not read all', async () => {
    const person = await world.person({}, `p-${Math.random()}@example.com`);
    const { secret } = await world.apiToken({ userId: person.id }, ['users:write']);
    const changed = await world.call('PATCH', '/users/me', { token: secret, json: { company: 'Acme' } });
    expect([changed.status, changed.body.email, changed.headers.get('etag')]).toEqual([200, null, null]);
  });

  it('of one who acts for another is answered in full once that one shares its profile, too', async () => {
    const [grantor, grantee] = [
      await world.person({}, `p-${Math.random()}@example.com`),
      await world.person(),
    ];
    await world.share(grantor.id, grantee.id, ['data:read']);
    const read = async (tag: string | null) => {
      const delegated = await world.call('POST', '/api/v1/oauth/delegated-token', {
        token: grantee.token,
        json: { sub: grantor.id },
      });
      return world.call('GET', '/api/v1/oauth/userinfo', {
        token: delegated.body.access_token,
        headers: tag === null ? {} : { 'if-none-match': tag },
      });
    };
    const before = await read(null);
    expect([before.status, before.body.email, before.headers.get('etag')]).toEqual([200, null, null]);
    const where = { grantorId_granteeId: { grantorId: grantor.id, granteeId: grantee.id } };
    await world.prisma.share.update({ where, data: { scopes: ['data:read', 'profile'] } });
    const after = await read(before.headers.get('etag'));
    expect([after.status, after.body.email]).toEqual([200, expect.stringContaining('@')]);
  });

  it('does not let in who has no credential', async () => {
    const { token } = await world.person();
    const tag = (await world.call('GET', '/users/me', { token })).headers.get('etag') ?? '';
    for (const bad of [null, 'nonsense']) {
      const answer = await world.call('GET', '/users/me', { token: bad, headers: { 'if-none-match': tag } });
      expect(answer.status).toBe(401);
    }
  });
});

describe('whatever changes an answer that is revalidated changes its ETag', () => {
  const failure = '... on Error { code message }';
  const changes: readonly (readonly [string, (person: Person) => Promise<unknown>])[] = [
    [
      'a name',
      ({ graph }) => graph(`mutation { updateMe(input: { name: "Other" }) { __typename ${failure} } }`),
    ],
    [
      'metadata',
      ({ graph }) => graph(`mutation { updateMe(input: { metadata: { a: 1 } }) { __typename ${failure} } }`),
    ],
    [
      'the default address',
      ({ graph }) =>
        graph(
          `mutation { updateMe(input: { email: "n-${Math.random()}@example.com" }) { __typename ${failure} } }`,
        ),
    ],
    ['onboarding', ({ graph }) => graph('mutation { completeOnboarding { __typename } }')],
    ['becoming a superuser', ({ id }) => byAdmin(id, { is_superuser: true })],
    ['a username', ({ id }) => byAdmin(id, { username: `u-${id}` })],
    ['a password that must be changed', ({ id }) => byAdmin(id, { password: 'a long enough password' })],
  ];
  type Person = { id: string; graph: (document: string) => Promise<unknown> };
  const byAdmin = (id: string, json: object) =>
    world.call('PATCH', `/users/${id}`, { token: world.tokens.admin, json });

  it.each(changes)('%s', async (_, change) => {
    const person = await world.person({}, `p-${Math.random()}@example.com`);
    const graph = async (document: string) => {
      const data = (await world.app.withToken(person.token).run(document)) as Record<
        string,
        { code?: string }
      >;
      expect(Object.values(data)[0]?.code).toBeUndefined();
    };
    const look = () => world.call('PATCH', `/users/${person.id}`, { token: world.tokens.admin, json: {} });
    const before = await look();
    await change({ id: person.id, graph });
    const after = await look();
    expect(after.body).not.toEqual(before.body);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  it('a password that its owner set anew', async () => {
    const person = await world.person();
    await byAdmin(person.id, { password: 'a long enough password' });
    const look = () => world.call('PATCH', `/users/${person.id}`, { token: world.tokens.admin, json: {} });
    const before = await look();
    const input = {
      login: person.username,
      password: 'a long enough password',
      newPassword: 'another long password',
    };
    await world.app.anonymous.run(
      'mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignInSuccess { token } ... on Error { message } } }',
      { input },
    );
    const after = await look();
    expect([before.body.password_expired, after.body.password_expired]).toEqual([true, false]);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
  });

  it('and an update that changes nothing keeps it', async () => {
    const { token } = await world.person({ company: 'Acme' });
    const before = await world.call('GET', '/users/me', { token });
    const after = await world.call('PATCH', '/users/me', { token, json: { company: 'Acme' } });
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
  });
});
