/**
 * What is kept is never older than the last change: whatever changes of an account, of its credential or of anything that an
 * answer is made of, counts in the very next request, on every surface that keeps answers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { countStatements } from '../graphql/statement-counter.ts';
import { obtainTokens, registerClient } from '../oauth/provider.ts';
import { ahead, hour } from '../policy/rows.ts';
import { signerFor } from '../setup/access-tokens.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';
import { ask, keep, type Surface, surfaces, untilKept } from './kept.ts';
import { change, openPerson, type Person } from './world.ts';

let app: TestApp;
let admin: Client;
let counter: ReturnType<typeof countStatements>;
beforeAll(async () => {
  app = await openTestApp();
  admin = await app.as('admin');
  counter = countStatements(app.database);
});
afterEach(() => {
  app.clock.offset = 0;
});
afterAll(() => app.close());

/** Asks all questions with this secret until they are kept. */
async function keepAll(secret: string) {
  await untilKept(app, counter, admin.token ?? '');
  return keep(app, secret);
}
const sql = (text: string, ...values: unknown[]) => app.database.pool.query(text, values);
const minutes = (count: number) => count * 60_000;

interface Ended {
  readonly what: string;
  /** The secret that is asked with; the person's session, if nothing else is said. */
  readonly secret?: (person: Person) => string | Promise<string>;
  end(person: Person, secret: string): Promise<unknown>;
}

const byToken = ({ token }: Person) => token.secret;

async function lent(person: Person): Promise<string> {
  const own = `shareAccess(input: { granteeId: "${person.friend.id}", scopes: [PROFILE, DATA_READ] })`;
  await change(person.client, own);
  const document = `mutation { delegatedToken(input: { userId: "${person.id}" }) {
    ... on DelegatedTokenSuccess { accessToken { token } } ... on Error { message } } }`;
  const data = await person.friend.client.run(document);
  return (data as { delegatedToken: { accessToken: { token: string } } }).delegatedToken.accessToken.token;
}

const ofClient = new Map<string, string>();
async function granted(person: Person): Promise<string> {
  const client = await registerClient(app, { name: `Client of ${person.label}` });
  ofClient.set(person.uuid, client.id);
  const tokens = await obtainTokens(withPerson(person), client);
  return tokens.access_token;
}
/** The app with this person as the one that signs in. */
const withPerson = ({ elsewhere }: Person): TestApp => ({
  ...app,
  as: async (login) => (login === 'ada' ? elsewhere : app.as(login)),
});

const endings: readonly Ended[] = [
  {
    what: 'a session that its own account revokes elsewhere',
    end: ({ elsewhere, sessionId }) => change(elsewhere, `revokeSession(id: "${sessionId}")`),
  },
  {
    what: 'a session that a superuser revokes',
    end: ({ sessionId }) => change(admin, `revokeSession(id: "${sessionId}")`),
  },
  { what: 'a session that signs out', end: ({ client }) => change(client, 'signOut') },
  {
    what: 'a session when the password is changed elsewhere',
    end: ({ elsewhere, password }) =>
      change(
        elsewhere,
        `changePassword(input: { currentPassword: "${password}", newPassword: "${password} 2" })`,
      ),
  },
  {
    what: 'an API token that its own account revokes',
    secret: byToken,
    end: ({ client, tokenId }) => change(client, `revokeApiToken(id: "${tokenId}")`),
  },
  {
    what: 'an API token that a superuser revokes',
    secret: byToken,
    end: ({ tokenId }) => change(admin, `revokeApiToken(id: "${tokenId}")`),
  },
  {
    what: 'the secret that a rotation replaces',
    secret: byToken,
    end: ({ client, tokenId }) =>
      change(client, `rotateApiToken(input: { id: "${tokenId}", overlapMinutes: 0 })`),
  },
  {
    what: 'the secret that a rotation replaced, once its time is over',
    secret: byToken,
    async end({ client, tokenId, token }) {
      await change(client, `rotateApiToken(input: { id: "${tokenId}", overlapMinutes: 5 })`);
      await keepAll(token.secret);
      app.clock.offset += minutes(6);
    },
  },
  { what: 'an account that is suspended', end: ({ id }) => change(admin, suspension(id)) },
  {
    what: 'the API token of an account that is suspended',
    secret: byToken,
    end: ({ id }) => change(admin, suspension(id)),
  },
  { what: 'an account that a superuser deletes', end: ({ id }) => change(admin, `deleteUser(id: "${id}")`) },
  { what: 'an account that deletes itself', end: ({ client }) => change(client, 'deleteMe') },
  {
    what: 'the API token of an account that deletes itself',
    secret: byToken,
    end: ({ client }) => change(client, 'deleteMe'),
  },
  {
    what: 'what was granted to an OAuth2 client that is revoked',
    secret: granted,
    end: ({ uuid }) => change(admin, `revokeOAuthClient(id: "${ofClient.get(uuid)}")`),
  },
  {
    what: 'what was granted to an OAuth2 client that is deleted by hand',
    secret: granted,
    end: ({ label }) => sql('DELETE FROM oauth_clients WHERE name = $1', `Client of ${label}`),
  },
  {
    what: 'the access of a delegate whose own session ends',
    secret: lent,
    end: ({ friend }) => change(friend.client, 'signOut'),
  },
  {
    what: 'the access of a delegate when the share is withdrawn',
    secret: lent,
    end: ({ client, friend }) => change(client, `revokeAccess(input: { granteeId: "${friend.id}" })`),
  },
  {
    what: 'the access of a delegate when the share is over by the clock',
    secret: lent,
    async end({ uuid }, secret) {
      const end = new Date(Date.now() + app.clock.offset + minutes(2));
      await sql('UPDATE shares SET expires_at = $1 WHERE grantor_id = $2', end, uuid);
      await keepAll(secret);
      app.clock.offset += minutes(3);
    },
  },
  {
    what: 'the access of a delegate that is suspended',
    secret: lent,
    end: ({ friend }) => change(admin, suspension(friend.id)),
  },
  {
    what: 'a session that is over by the clock',
    async end({ session }) {
      const end = new Date(Date.now() + app.clock.offset + minutes(2));
      await sql('UPDATE sessions SET expires_at = $1 WHERE id = $2', end, session.id);
      await keepAll(session.secret);
      app.clock.offset += minutes(3);
    },
  },
  {
    what: 'a session that is ended by plain SQL',
    end: ({ session }) => sql('UPDATE sessions SET revoked_at = now() WHERE id = $1', session.id),
  },
  {
    what: 'a session that is deleted by plain SQL',
    end: ({ session }) => sql('DELETE FROM sessions WHERE id = $1', session.id),
  },
  {
    what: 'a session that is one of many that end at once',
    async end({ uuid, friend }) {
      await sql(`INSERT INTO sessions (id, user_id, expires_at)
        SELECT gen_random_uuid(), '${friend.uuid}', now() + interval '1 hour' FROM generate_series(1, 1500)`);
      await sql('UPDATE sessions SET revoked_at = now() WHERE user_id IN ($1, $2)', uuid, friend.uuid);
    },
  },
  {
    what: 'a token that is deleted by plain SQL',
    secret: byToken,
    end: ({ token }) => sql('DELETE FROM api_tokens WHERE id = $1', token.id),
  },
  {
    what: 'a token whose networks are narrowed by plain SQL',
    secret: byToken,
    end: ({ token }) =>
      sql(`UPDATE api_tokens SET allowed_networks = '{203.0.113.0/24}' WHERE id = $1`, token.id),
  },
  {
    what: 'an account that is deleted by plain SQL',
    end: ({ uuid }) => sql('DELETE FROM users WHERE id = $1', uuid),
  },
];
const suspension = (id: string) => `updateUser(id: "${id}", input: { status: SUSPENDED })`;

describe('refused in the next request, though it was just answered', () => {
  it.each(endings)('$what', async ({ secret = ({ session }) => session.secret, end }) => {
    const person = await openPerson(app);
    const used = await secret(person);
    const before = await keepAll(used);
    expect(before.me.status).toBe(200);
    await end(person, used);
    for (const surface of surfaces) {
      const { status, text } = await ask(app, surface, used);
      expect([401, 403], `${surface}: ${status} ${text}`).toContain(status);
      expect(text).not.toContain(person.label);
    }
  });
});

interface Shown {
  readonly what: string;
  change(person: Person): Promise<unknown>;
  /** What each of these says from then on, and did not say before. */
  readonly shows: Partial<Record<Surface, string | RegExp>>;
  /** What nobody says any more. */
  readonly hides?: (person: Person) => string;
}

const member = ({ organization: { id }, id: userId }: Person) =>
  `organizationId: "${id}", userId: "${userId}"`;

const changes: readonly Shown[] = [
  {
    what: 'names',
    change: ({ client }) =>
      change(
        client,
        'updateMe(input: { name: "Brand New", firstName: "Brand", lastName: "New", bio: "b2" })',
      ),
    shows: {
      me: 'Brand New',
      viewer: 'Brand New',
      '/me': 'Brand New',
      '/core/v1/users/current': '"first_name":"Brand"',
      '/users/me': 'Brand New',
    },
    hides: () => '"Old',
  },
  {
    what: 'names, by a superuser',
    change: ({ id }) => change(admin, `updateUser(id: "${id}", input: { name: "Named By Admin" })`),
    shows: {
      me: 'Named By Admin',
      viewer: 'Named By Admin',
      '/me': 'Named By Admin',
      '/users/me': 'Named By Admin',
    },
  },
  {
    what: 'the username, the locale and the metadata',
    change: ({ client, label }) =>
      change(
        client,
        `updateMe(input: { username: "${label}-renamed", locale: "de-AT", metadata: { deep: { n: 12345 } } })`,
      ),
    shows: { me: /-renamed.*12345.*de-AT/, '/me': 'de-AT', '/users/me': /12345.*-renamed/ },
  },
  {
    what: 'an e-mail address that is added',
    change: ({ client, label }) => change(client, `addEmail(input: { address: "${label}-2@example.com" })`),
    shows: { me: '-2@example.com', '/me': '-2@example.com' },
  },
  {
    what: 'the default e-mail address',
    async change({ client, uuid, label }) {
      await change(client, `addEmail(input: { address: "${label}-3@example.com" })`);
      const { rows } = await sql('SELECT id FROM emails WHERE user_id = $1 AND NOT is_default', uuid);
      await keepAll(client.token ?? '');
      await change(client, `makeEmailDefault(id: "${encodeId('Email', rows[0].id)}")`);
    },
    shows: {
      me: /"email":"p\d+-3@/,
      viewer: /"email":"p\d+-3@/,
      '/me': /"defaultEmail":"p\d+-3@/,
      '/users/me': /"email":"p\d+-3@/,
    },
  },
  {
    what: 'that an e-mail address is verified',
    change: ({ email }) => sql('UPDATE emails SET verified_at = now() WHERE id = $1', email.uuid),
    shows: { me: /"verifiedAt":"20/, '/me': '"verified":true' },
  },
  {
    what: 'an e-mail address that is given to another account',
    change: ({ email, friend }) =>
      sql('UPDATE emails SET user_id = $1 WHERE id = $2', friend.uuid, email.uuid),
    shows: { me: '"emails":[]', viewer: '"email":null', '/me': '"emails":[]', '/users/me': '"email":null' },
    hides: ({ label }) => `${label}@example.com`,
  },
  {
    what: 'a phone number that is added',
    change: ({ client }) => change(client, 'addPhoneNumber(input: { number: "+14155552671" })'),
    shows: { me: '+14155552671', '/me': '+14155552671' },
  },
  {
    what: 'a phone number that is deleted by plain SQL',
    change: ({ phone }) => sql('DELETE FROM phone_numbers WHERE id = $1', phone.uuid),
    shows: { me: '"phoneNumbers":[]', '/me': '"phoneNumbers":[]' },
    hides: () => '+4930',
  },
  {
    what: 'an identity that is unlinked',
    change: ({ client, identity }) => change(client, `unlinkIdentity(id: "${identity.id}")`),
    shows: { me: '"identities":[]', '/me': '"identities":[]' },
    hides: () => 'github',
  },
  {
    what: 'an identity that is linked by plain SQL',
    change: ({ uuid, label }) =>
      sql(
        `INSERT INTO oauth_identities (id, user_id, provider, subject) VALUES (gen_random_uuid(), $1, 'gitlab', $2)`,
        uuid,
        `${label}-gitlab`,
      ),
    shows: { me: '-gitlab', '/me': '"provider":"gitlab"' },
  },
  {
    what: 'the role in an organization',
    change: (person) =>
      change(person.friend.client, `setMemberRole(input: { ${member(person)}, role: MEMBER })`),
    shows: { me: '"role":"MEMBER"', viewer: '"role":"MEMBER"' },
    hides: () => '"role":"ADMIN"',
  },
  {
    what: 'a membership that somebody else ends',
    change: (person) => change(person.friend.client, `removeMember(input: { ${member(person)} })`),
    shows: { me: '"edges":[]', viewer: '"organizations":[]', '/core/v1/users/current': '"organizations":[]' },
    hides: ({ label }) => `Org-${label}`,
  },
  {
    what: 'a membership that one leaves',
    change: ({ client, organization }) => change(client, `leaveOrganization(id: "${organization.id}")`),
    shows: { me: '"edges":[]', viewer: '"organizations":[]', '/core/v1/users/current': '"organizations":[]' },
  },
  {
    what: 'a membership that begins',
    change: ({ client }) => change(client, 'createOrganization(input: { name: "Founded Now" })'),
    shows: { me: 'Founded Now', viewer: 'Founded Now', '/core/v1/users/current': 'Founded Now' },
  },
  {
    what: 'the name of an organization',
    change: ({ friend, organization }) =>
      change(friend.client, `updateOrganization(id: "${organization.id}", input: { name: "Renamed Org" })`),
    shows: { me: 'Renamed Org', viewer: 'Renamed Org', '/core/v1/users/current': 'Renamed Org' },
    hides: ({ label }) => `"Org-${label}"`,
  },
  {
    what: 'an organization that is deleted',
    change: ({ friend, organization }) =>
      change(friend.client, `deleteOrganization(id: "${organization.id}")`),
    shows: { me: '"edges":[]', viewer: '"organizations":[]', '/core/v1/users/current': '"organizations":[]' },
  },
  {
    what: 'that the account becomes a superuser',
    change: ({ id }) => change(admin, `updateUser(id: "${id}", input: { isSuperuser: true })`),
    shows: { me: '"isSuperuser":true', viewer: '"isSuperuser":true', '/users/me': '"is_superuser":true' },
  },
  {
    what: 'how many sessions are open',
    change: ({ signIn }) => signIn(),
    shows: { '/me': '"activeSessions":3' },
  },
  {
    what: 'that an API token is there',
    change: ({ uuid }) => sql('UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1', uuid),
    shows: { '/me': '"tokenSet":false' },
  },
  {
    what: 'that the password must be changed',
    change: ({ uuid }) => sql('UPDATE passwords SET expired = true WHERE user_id = $1', uuid),
    shows: { '/users/me': '"password_expired":true' },
  },
  {
    what: 'that there is no password any more',
    change: ({ uuid }) => sql('DELETE FROM passwords WHERE user_id = $1', uuid),
    shows: { '/me': '"passwordSet":false', '/users/me': '"password_expired":null' },
  },
  {
    what: 'a row that is changed by plain SQL',
    change: ({ uuid }) => sql(`UPDATE users SET name = 'By Hand', first_name = 'Hand' WHERE id = $1`, uuid),
    shows: {
      me: 'By Hand',
      viewer: 'By Hand',
      '/me': 'By Hand',
      '/core/v1/users/current': 'Hand',
      '/users/me': 'By Hand',
    },
  },
  {
    what: 'rows that are all changed at once',
    change: () =>
      sql(`UPDATE users SET job_title = 'Everybody', name = 'Everybody', first_name = 'Everybody'`),
    shows: {
      me: 'Everybody',
      viewer: 'Everybody',
      '/me': 'Everybody',
      '/core/v1/users/current': 'Everybody',
      '/users/me': 'Everybody',
    },
  },
];

describe('shown in the next request, though it was just shown otherwise', () => {
  it.each(changes)('$what', async ({ change: apply, shows, hides }) => {
    const person = await openPerson(app);
    const before = await keepAll(person.session.secret);
    await apply(person);
    for (const surface of surfaces) {
      const { status, text } = await ask(app, surface, person.session.secret);
      expect(status).toBe(200);
      const wanted = shows[surface];
      if (wanted !== undefined) {
        expect(before[surface].text, surface).not.toMatch(patternOf(wanted));
        expect(text, surface).toMatch(patternOf(wanted));
      }
      if (hides) expect(text, surface).not.toContain(hides(person));
    }
  });
});
const patternOf = (wanted: string | RegExp) =>
  typeof wanted === 'string' ? new RegExp(wanted.replace(/[[\]+.]/g, '\\$&')) : wanted;

describe('what others lend', () => {
  const lending = (id: string) => `{ me { displayName } user(by: { id: "${id}" }) { grantedScopes email } }`;
  const seen = async ({ friend, id }: Person) => {
    const data = (await friend.client.run(lending(id))) as { user: { grantedScopes: string[] } | null };
    return data.user?.grantedScopes ?? [];
  };
  const share = ({ client, friend }: Person, more: string) =>
    change(client, `shareAccess(input: { granteeId: "${friend.id}", ${more} })`);

  it('counts at once when it is given, changed, withdrawn, and when it is over by the clock', async () => {
    const person = await openPerson(app);
    await keepAll(person.friend.client.token ?? '');
    expect(await seen(person)).toEqual([]);
    await share(person, 'scopes: [PROFILE, DATA_READ]');
    expect(await seen(person)).toEqual(['PROFILE', 'DATA_READ']);
    await share(person, 'scopes: [DATA_READ]');
    expect(await seen(person)).toEqual(['DATA_READ']);
    await change(person.client, `revokeAccess(input: { granteeId: "${person.friend.id}" })`);
    expect(await seen(person)).toEqual([]);
    const end = new Date(Date.now() + app.clock.offset + minutes(5)).toISOString();
    await share(person, `scopes: [DATA_WRITE], expiresAt: "${end}"`);
    expect(await seen(person)).toEqual(['DATA_WRITE']);
    app.clock.offset += minutes(6);
    expect(await seen(person)).toEqual([]);
  });
});

describe('whose answer it is', () => {
  it('is never that of another credential of the same account', async () => {
    const { session, token, narrow, elsewhere } = await openPerson(app);
    const secrets = [session.secret, token.secret, narrow.secret, elsewhere.token ?? ''];
    const first = await Promise.all(secrets.map((secret) => keepAll(secret)));
    const credentials = first.map(({ viewer }) => JSON.parse(viewer.text).data.viewer.credential);
    expect(new Set(credentials.map(({ id }) => id)).size).toBe(secrets.length);
    const again = secrets.flatMap((secret, index) => Array(10).fill([secret, index])) as [string, number][];
    const answers = await Promise.all(again.map(([secret]) => ask(app, 'viewer', secret)));
    for (const [at, { text }] of answers.entries())
      expect(text).toBe(first[again[at]?.[1] ?? 0]?.viewer.text);
  });

  it('is never that of the session, for an access token with fewer scopes', async () => {
    const { session, uuid, label } = await openPerson(app);
    const full = await keepAll(session.secret);
    expect(full.me.text).toContain(`${label}@example.com`);
    const { token } = await signerFor(app).issue({
      userId: uuid,
      sessionId: session.id,
      clientId: null,
      scopes: ['data:read'],
      expiresAt: ahead(hour),
    });
    for (let round = 0; round < 3; round += 1) {
      for (const surface of surfaces) {
        const { text } = await ask(app, surface, token);
        expect(text, surface).not.toContain(`${label}@example.com`);
      }
      expect((await ask(app, 'me', session.secret)).text).toBe(full.me.text);
    }
  });

  it('is never that of another account that asks the same', async () => {
    const people = await Promise.all([openPerson(app), openPerson(app), openPerson(app)]);
    const kept = await Promise.all(people.map(({ session }) => keepAll(session.secret)));
    const asked = people.flatMap((person, index) => surfaces.map((surface) => ({ person, index, surface })));
    const shuffled = [...asked, ...asked, ...asked].sort(() => Math.random() - 0.5);
    const answers = await Promise.all(
      shuffled.map(({ person, surface }) => ask(app, surface, person.session.secret)),
    );
    for (const [at, { text }] of answers.entries()) {
      const { index, surface } = shuffled[at] as (typeof shuffled)[number];
      expect(text).toBe(kept[index]?.[surface].text);
    }
  });

  it('is never anybody’s for the anonymous, nor for who asks other variables or another operation', async () => {
    const [one, two] = [await openPerson(app), await openPerson(app)];
    const document = `query Mine($all: Boolean = false) { me { displayName email @include(if: $all) } }
      query Name { me { username } }`;
    const post = async (token: string | null, more: object) =>
      (await app.call('POST', '/graphql', { token, json: { query: document, ...more } })).text;
    const mine = { operationName: 'Mine' };
    for (let round = 0; round < 3; round += 1) {
      expect(await post(one.session.secret, { ...mine, variables: { all: true } })).toContain(
        `${one.label}@example.com`,
      );
      expect(await post(one.session.secret, { ...mine, variables: { all: false } })).not.toContain('@');
      expect(await post(one.session.secret, mine)).not.toContain('@');
      expect(await post(one.session.secret, { operationName: 'Name' })).toContain(`"${one.label}"`);
      expect(await post(two.session.secret, { operationName: 'Name' })).toContain(`"${two.label}"`);
      expect(await post(null, { operationName: 'Name' })).not.toMatch(/p\d/);
    }
  });
});

describe('a change that races with reads', () => {
  it.each(['session', 'token'] as const)('counts once it is answered, by %s', async (kind) => {
    const person = await openPerson(app);
    const { secret } = person[kind];
    await keepAll(secret);
    for (let round = 0; round < 25; round += 1) {
      const name = `Round ${round}`;
      // Every other time nothing is kept at first, so that what is read before the change comes back after it.
      if (round % 2 === 0) await sql('UPDATE users SET bio = $1 WHERE id = $2', name, person.uuid);
      const early = surfaces.flatMap((surface) => [ask(app, surface, secret), ask(app, surface, secret)]);
      const writing = change(person.elsewhere, `updateMe(input: { name: "${name}", firstName: "${name}" })`);
      early.push(...surfaces.map((surface) => ask(app, surface, secret)));
      await writing;
      const late = await Promise.all(surfaces.map((surface) => ask(app, surface, secret)));
      for (const [at, { text }] of late.entries()) expect(text, surfaces[at]).toContain(name);
      await Promise.all(early);
      const after = await Promise.all(surfaces.map((surface) => ask(app, surface, secret)));
      for (const [at, { text }] of after.entries()) expect(text, surfaces[at]).toContain(name);
    }
  });

  it('ends a credential once it is answered', async () => {
    for (let round = 0; round < 10; round += 1) {
      const person = await openPerson(app);
      const { secret } = person.session;
      await keepAll(secret);
      const early = surfaces.map((surface) => ask(app, surface, secret));
      await change(person.elsewhere, `revokeSession(id: "${person.sessionId}")`);
      const late = await Promise.all(surfaces.map((surface) => ask(app, surface, secret)));
      for (const { status, text } of late) expect([401, 403], text).toContain(status);
      await Promise.all(early);
      for (const surface of surfaces) expect([401, 403]).toContain((await ask(app, surface, secret)).status);
    }
  });
});

describe('a transaction that is rolled back', () => {
  it('changes no answer, and what it wrote is shown to nobody', async () => {
    const { uuid, session } = await openPerson(app);
    const before = await keepAll(session.secret);
    const failing = app.database.prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: uuid }, data: { name: 'Never Committed' } });
      await tx.session.update({ where: { id: session.id }, data: { revokedAt: new Date() } });
      throw new Error('not committed');
    });
    await expect(failing).rejects.toThrow('not committed');
    expect(await keepAll(session.secret)).toEqual(before);
  });
});
