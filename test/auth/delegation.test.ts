/** Acting for another account: as far as it lends itself, never further, and the trail tells who it was. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/policy.ts';
import { obtainTokens, registerClient } from '../oauth/provider.ts';
import { collectRows } from '../policy/rows.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
type Any = any;

const document = `mutation ($input: DelegatedTokenInput!) { delegatedToken(input: $input) { __typename
  ... on DelegatedTokenSuccess { accessToken { token expiresIn } refreshToken expiresAt scopes user { id displayName } }
  ... on InvalidInputError { problems { path code message } } ... on Error { code path } } }`;

const delegate = async (client: Client, input: object) =>
  ((await client.run(document, { input })) as Any).delegatedToken;
const refused = async (client: Client, input: object) =>
  (await client.send(document, { input })).errors[0]?.extensions;

const minute = 60_000;

/** A manager with a managed user, a friend that shares with it, and a stranger. */
async function openWorld(shared: Scope[] = ['profile', 'data:read']) {
  const rows = collectRows();
  const manager = rows.user({ name: 'Manager' });
  const managed = rows.user({ kind: 'MANAGED', managerId: manager, firstName: 'Managed' });
  const friend = rows.user({ name: 'Friend', bio: 'old' });
  const stranger = rows.user({ name: 'Stranger' });
  const grantee = rows.user({ name: 'Grantee' });
  rows.email(friend, `${friend}@example.com`);
  const shareId = rows.share(friend, manager, shared);
  rows.share(manager, grantee, ['profile']);
  rows.organization(`lent-${manager.slice(-12)}`, [
    [manager, 'OWNER'],
    [stranger, 'MEMBER'],
    [friend, 'OWNER'],
  ]);
  const session = rows.session(manager);
  const other = rows.session(manager);
  const token = rows.apiToken({ userId: manager });
  const friendSession = rows.session(friend);
  await rows.write(app.database);
  const id = (uuid: string) => encodeId('User', uuid);
  return {
    uuids: { manager, managed, friend, stranger, grantee },
    ids: {
      managed: id(managed),
      friend: id(friend),
      stranger: id(stranger),
      manager: id(manager),
      grantee: id(grantee),
    },
    shareId,
    session,
    token,
    manager: app.withToken(session.secret),
    elsewhere: app.withToken(other.secret),
    byToken: app.withToken(token.secret),
    friend: app.withToken(friendSession.secret),
  };
}

const whoAmI = `{ viewer { user { displayName email } credential { kind scopes } organizations { role } } }`;

describe('delegatedToken', () => {
  it('makes the manager its managed user, with that account’s facts and nothing else', async () => {
    const { manager, ids, uuids } = await openWorld();
    const answer = await delegate(manager, { userId: ids.managed });
    expect(answer).toMatchObject({
      scopes: ['PROFILE', 'DATA_READ', 'DATA_WRITE'],
      user: { id: ids.managed, displayName: 'Managed' },
    });
    expect(decodeJwt(answer.accessToken.token)).toMatchObject({
      sub: uuids.managed,
      act: { sub: uuids.manager },
      scope: 'profile data:read data:write',
    });
    const { viewer } = (await app.withToken(answer.accessToken.token).run(whoAmI)) as Any;
    expect(viewer).toEqual({
      user: { displayName: 'Managed', email: null },
      credential: { kind: 'SESSION', scopes: ['PROFILE', 'DATA_READ', 'DATA_WRITE'] },
      organizations: [],
    });
  });

  it('lends what a share lends, and of that what is asked for', async () => {
    const { manager, ids, uuids } = await openWorld();
    const all = await delegate(manager, { userId: ids.friend });
    expect(all.scopes).toEqual(['PROFILE', 'DATA_READ']);
    const { viewer } = (await app.withToken(all.accessToken.token).run(whoAmI)) as Any;
    expect(viewer.user).toEqual({ displayName: 'Friend', email: `${uuids.friend}@example.com` });
    expect(viewer.organizations, 'of the friend, who is an owner').toEqual([]);
    const narrow = await delegate(manager, { userId: ids.friend, scopes: ['DATA_READ'] });
    expect(narrow.scopes).toEqual(['DATA_READ']);
    const seen = (await app.withToken(narrow.accessToken.token).run(whoAmI)) as Any;
    expect(seen.viewer.user.email).toBeNull();
  });

  it.each([
    [['DATA_WRITE'], 'NOT_ALLOWED'],
    [['ADMIN'], 'NOT_ALLOWED'],
    [['PROFILE', 'USERS_WRITE'], 'NOT_ALLOWED'],
    [[], 'TOO_SHORT'],
  ])('refuses %j, which the share does not lend', async (scopes, code) => {
    const { manager, ids } = await openWorld();
    const { problems } = await delegate(manager, { userId: ids.friend, scopes });
    expect(problems).toMatchObject([{ path: ['input', 'scopes'], code }]);
  });

  it('is refused to everybody that the account lends nothing, and to itself', async () => {
    const { manager, ids, friend } = await openWorld();
    for (const userId of [ids.stranger, ids.manager, ids.grantee])
      expect(await refused(manager, { userId })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await delegate(friend, { userId: ids.managed })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(friend, { userId: ids.manager })).toMatchObject({ code: 'FORBIDDEN' });
    expect((await refused(app.anonymous, { userId: ids.managed }))?.code).toBe('UNAUTHENTICATED');
    expect(
      await refused(await app.as('admin'), { userId: ids.friend }),
      'a superuser is no delegate of everybody',
    ).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('hands on no scope that the credential itself lacks', async () => {
    const { uuids, ids } = await openWorld();
    const rows = collectRows();
    const reading = rows.apiToken({ userId: uuids.manager }, ['data:read']).secret;
    const none = rows.apiToken({ userId: uuids.manager }, ['users:write']).secret;
    await rows.write(app.database);
    expect((await delegate(app.withToken(reading), { userId: ids.managed })).scopes).toEqual(['DATA_READ']);
    expect(
      await refused(app.withToken(reading), { userId: ids.managed, scopes: ['DATA_READ', 'DATA_WRITE'] }),
    ).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'data:write' });
    expect(await refused(app.withToken(none), { userId: ids.managed })).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
    });
  });

  it('is refused for an account that is not active', async () => {
    const { manager, ids, uuids } = await openWorld();
    await app.database.prisma.user.update({ where: { id: uuids.managed }, data: { status: 'SUSPENDED' } });
    expect(await refused(manager, { userId: ids.managed })).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('whoever acts for an account', () => {
  const deny = (name: string, field: string, code: string) => [name, field, code] as const;

  it.each([
    deny('change it', 'updateMe(input: { bio: "mine" }) { __typename }', 'INSUFFICIENT_SCOPE'),
    deny('delete it', 'deleteMe { __typename }', 'INSUFFICIENT_SCOPE'),
    deny(
      'make a token of it',
      'createApiToken(input: { name: "x", scopes: [DATA_READ] }) { __typename }',
      'INSUFFICIENT_SCOPE',
    ),
    deny(
      'manage users in its name',
      'createManagedUser(input: { firstName: "X" }) { __typename }',
      'INSUFFICIENT_SCOPE',
    ),
    deny(
      'share it',
      'shareAccess(input: { granteeId: "$stranger", scopes: [PROFILE] }) { __typename }',
      'FORBIDDEN',
    ),
    deny('end what it shares', 'revokeAccess(input: { granteeId: "$manager" }) { __typename }', 'FORBIDDEN'),
    deny(
      'give up what is shared with it',
      'revokeAccess(input: { grantorId: "$manager" }) { __typename }',
      'FORBIDDEN',
    ),
  ])('cannot %s', async (_, field, code) => {
    const { manager, ids, uuids } = await openWorld();
    const rows = collectRows();
    rows.share(uuids.manager, uuids.friend, ['profile', 'data:read', 'data:write']);
    await rows.write(app.database);
    const { accessToken } = await delegate(manager, { userId: ids.friend });
    const text = field.replace(/\$(\w+)/g, (_all, name: keyof typeof ids) => ids[name]);
    const { errors, data, text: body } = await app.withToken(accessToken.token).send(`mutation { ${text} }`);
    const [error] = errors;
    if (error?.extensions.code === 'NOT_FOUND' || data) expect.fail(body);
    expect(error?.extensions.code, body).toBe(code);
    expect((await app.database.prisma.user.findUniqueOrThrow({ where: { id: uuids.friend } })).bio).toBe(
      'old',
    );
  });

  it('sees neither its sessions nor its shares, nor those whom it knows', async () => {
    const { manager, ids } = await openWorld();
    const { accessToken } = await delegate(manager, { userId: ids.friend });
    const client = app.withToken(accessToken.token);
    const { me, users, user } = (await client.run(
      `query ($id: ID!) { me { sessions { id } sharesGiven { nodes { id } } apiTokens { nodes { id } } }
        users { nodes { displayName } } user(by: { id: $id }) { id } }`,
      { id: ids.stranger },
    )) as Any;
    expect(me).toEqual({ sessions: null, sharesGiven: { nodes: [] }, apiTokens: { nodes: [] } });
    expect(users.nodes).toEqual([{ displayName: 'Friend' }]);
    expect(user).toBeNull();
  });

  it('cannot act for a third account, which to it is not there', async () => {
    const { manager, ids, uuids } = await openWorld();
    const rows = collectRows();
    rows.share(uuids.manager, uuids.friend, ['profile', 'data:read', 'data:write']);
    await rows.write(app.database);
    const client = app.withToken((await delegate(manager, { userId: ids.friend })).accessToken.token);
    expect(await delegate(client, { userId: ids.manager })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(client, { userId: ids.friend })).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('may end its own access: with a sign-out', async () => {
    const { manager, ids } = await openWorld();
    const { accessToken } = await delegate(manager, { userId: ids.managed });
    const client = app.withToken(accessToken.token);
    await client.run('mutation { signOut { __typename } }');
    expect((await client.send('{ me { id } }')).status).toBe(401);
    expect((await manager.send('{ me { id } }')).status).toBe(200);
  });
});

describe('the trail', () => {
  it('tells who acted, and for whom', async () => {
    const { manager, ids, uuids } = await openWorld();
    const { accessToken } = await delegate(manager, { userId: ids.managed });
    await app.withToken(accessToken.token).run('mutation { signOut { __typename } }');
    const rows = await app.database.prisma.auditEvent.findMany({
      where: { actorId: uuids.manager },
      orderBy: { sequence: 'asc' },
    });
    expect(rows.map(({ action, onBehalfOfId }) => [action, onBehalfOfId])).toEqual([
      ['session.create', null],
      ['session.revoke', uuids.managed],
    ]);
    expect(await app.database.prisma.auditEvent.count({ where: { actorId: uuids.managed } })).toBe(0);
  });

  it('lets the account see who acts for it, how far, and end it', async () => {
    const { manager, ids, friend } = await openWorld();
    const { accessToken } = await delegate(manager, { userId: ids.friend });
    const list = '{ me { sessions { id isCurrent scopes actor { displayName email } } } }';
    const { me } = (await friend.run(list)) as Any;
    const [own] = me.sessions.filter((one: Any) => one.isCurrent);
    expect([own.actor, own.scopes.length]).toEqual([null, 8]);
    const [foreign] = me.sessions.filter((one: Any) => one.actor !== null);
    expect(foreign).toMatchObject({
      actor: { displayName: 'Manager', email: null },
      scopes: ['PROFILE', 'DATA_READ'],
    });
    await friend.run('mutation ($id: ID!) { revokeSession(id: $id) { __typename } }', { id: foreign.id });
    expect((await app.withToken(accessToken.token).send('{ me { id } }')).status).toBe(401);
  });
});

describe('a client of the manager', () => {
  it('acts within what it was given, is named in the list of sessions, and ends with its grant', async () => {
    const client = await registerClient(app, { name: 'Training log' });
    const tokens = await obtainTokens(app, client, { as: 'ada', changed: { scope: 'data:read profile' } });
    const kit = await app.idOf('Kit');
    const answer = await delegate(app.withToken(tokens.access_token), { userId: kit });
    expect(answer.scopes).toEqual(['PROFILE', 'DATA_READ']);
    const list = '{ me { sessions { client { name } actor { displayName } scopes } } }';
    const { me } = (await (await app.as('ada')).run(list)) as Any;
    expect(me.sessions).toContainEqual({
      client: { name: 'Training log' },
      actor: null,
      scopes: ['PROFILE', 'DATA_READ'],
    });
    const row = await app.database.prisma.session.findFirstOrThrow({
      where: { clientId: client.clientId, actorId: { not: null } },
    });
    expect(row.parentSessionId).not.toBeNull();
    const withdraw = 'mutation ($id: ID!) { withdrawConsent(id: $id) { __typename } }';
    await (await app.as('ada')).run(withdraw, { id: client.id });
    expect((await app.withToken(answer.accessToken.token).send('{ me { id } }')).status).toBe(401);
  });
});

describe('the access ends', () => {
  const statusOf = async (answer: Any) =>
    (await app.withToken(answer.accessToken.token).send('{ me { id } }')).status;
  const refresh = async (refreshToken: string) =>
    (
      (await app.anonymous.run(
        `mutation ($t: String!) { refreshSession(input: { refreshToken: $t }) { __typename
          ... on RefreshSessionSuccess { accessToken { token } refreshToken } } }`,
        { t: refreshToken },
      )) as Any
    ).refreshSession;

  it('with the session that asked for it, and with no other', async () => {
    const { manager, elsewhere, ids } = await openWorld();
    const [here, there] = [
      await delegate(manager, { userId: ids.managed }),
      await delegate(elsewhere, { userId: ids.managed }),
    ];
    await manager.run('mutation { signOut { __typename } }');
    expect([await statusOf(here), await statusOf(there)]).toEqual([401, 200]);
    expect((await refresh(here.refreshToken)).__typename).toBe('InvalidRefreshTokenError');
  });

  it('with the API token that asked for it', async () => {
    const { byToken, token, ids } = await openWorld();
    const answer = await delegate(byToken, { userId: ids.managed });
    expect(await statusOf(answer)).toBe(200);
    await app.database.prisma.apiToken.update({ where: { id: token.id }, data: { revokedAt: new Date() } });
    expect(await statusOf(answer)).toBe(401);
  });

  it('with the share: at once, for good, whoever ends it', async () => {
    const { manager, friend, ids, uuids } = await openWorld();
    const answer = await delegate(manager, { userId: ids.friend });
    await friend.run('mutation ($id: ID!) { revokeAccess(input: { granteeId: $id }) { __typename } }', {
      id: ids.manager,
    });
    expect(await statusOf(answer)).toBe(401);
    const rows = collectRows();
    rows.share(uuids.friend, uuids.manager, ['profile', 'data:read']);
    await rows.write(app.database);
    expect(await statusOf(answer), 'shared again').toBe(401);
    expect((await refresh(answer.refreshToken)).__typename).toBe('InvalidRefreshTokenError');
  });

  it('as far as the share is narrowed', async () => {
    const { manager, ids, shareId } = await openWorld();
    const answer = await delegate(manager, { userId: ids.friend });
    await app.database.prisma.share.update({ where: { id: shareId }, data: { scopes: ['data:read'] } });
    const { viewer } = (await app.withToken(answer.accessToken.token).run(whoAmI)) as Any;
    expect([viewer.user.email, viewer.credential.scopes]).toEqual([null, ['DATA_READ']]);
  });

  it('when either account is suspended', async () => {
    for (const who of ['manager', 'managed'] as const) {
      const { manager, ids, uuids } = await openWorld();
      const answer = await delegate(manager, { userId: ids.managed });
      await app.database.prisma.user.update({ where: { id: uuids[who] }, data: { status: 'SUSPENDED' } });
      expect(await statusOf(answer), who).toBe(401);
    }
  });

  it('no later than what asked for it; until then it is refreshed', async () => {
    const { manager, ids, session } = await openWorld();
    const answer = await delegate(manager, { userId: ids.managed });
    const parent = await app.database.prisma.session.findUniqueOrThrow({ where: { id: session.id } });
    expect(answer.expiresAt).toBe(parent.expiresAt.toISOString());
    app.clock.offset += 11 * minute;
    expect(await statusOf(answer)).toBe(401);
    const next = await refresh(answer.refreshToken);
    expect(decodeJwt(next.accessToken.token)).toMatchObject({ act: { sub: expect.any(String) } });
    expect(await statusOf(next)).toBe(200);
    app.clock.offset -= 11 * minute;
  });

  it('with the secret of the API token that asked for it, once another has taken its place', async () => {
    const { byToken, token, manager, ids } = await openWorld();
    const answer = await delegate(byToken, { userId: ids.managed });
    const rotate = `mutation ($id: ID!) { rotateApiToken(input: { id: $id, overlapMinutes: 10 }) {
      ... on RotateApiTokenSuccess { secret } } }`;
    const { rotateApiToken } = (await manager.run(rotate, { id: encodeId('ApiToken', token.id) })) as Any;
    expect(await statusOf(answer)).toBe(200);
    const next = await delegate(app.withToken(rotateApiToken.secret), { userId: ids.managed });
    app.clock.offset += 10 * minute;
    const refreshed = await refresh(next.refreshToken);
    expect(refreshed.__typename, 'opened before the old secret ended').toBe('InvalidRefreshTokenError');
    const last = await delegate(app.withToken(rotateApiToken.secret), { userId: ids.managed });
    expect([await statusOf(answer), await statusOf(last)]).toEqual([401, 200]);
    app.clock.offset -= 10 * minute;
  });

  it('for good with the secret of the API token: no later rotation revives it', async () => {
    const { byToken, token, manager, ids } = await openWorld();
    const stolen = await delegate(byToken, { userId: ids.managed });
    const rotate = (overlapMinutes: number) =>
      manager.run(
        `mutation ($input: RotateApiTokenInput!) { rotateApiToken(input: $input) {
          ... on RotateApiTokenSuccess { secret } } }`,
        { input: { id: encodeId('ApiToken', token.id), overlapMinutes } },
      ) as Promise<Any>;
    const { secret } = (await rotate(5)).rotateApiToken;
    app.clock.offset += 5 * minute;
    expect((await refresh(stolen.refreshToken)).__typename).toBe('InvalidRefreshTokenError');
    const good = await delegate(app.withToken(secret), { userId: ids.managed });
    await rotate(60);
    expect((await refresh(stolen.refreshToken)).__typename).toBe('InvalidRefreshTokenError');
    expect([await statusOf(stolen), await statusOf(good)]).toEqual([401, 200]);
    const bounded = await delegate(app.withToken(secret), { userId: ids.managed });
    await rotate(60);
    expect((await refresh(bounded.refreshToken)).__typename, 'within the overlap').toBe(
      'InvalidRefreshTokenError',
    );
    app.clock.offset -= 5 * minute;
  });

  it('when nobody used the session that asked for it for too long, which its own use counts as', async () => {
    const { manager, session, ids } = await openWorld();
    const { prisma } = app.database;
    const answer = await delegate(manager, { userId: ids.managed });
    const where = { id: session.id };
    // A use tells nobody who keeps the session that it changed, so something else of it changes, too.
    const setUse = (days: number) =>
      prisma.session.update({
        where,
        data: {
          lastUsedAt: new Date(Date.now() - days * 24 * 60 * minute),
          userAgent: `unused for ${days} days`,
        },
      });
    await setUse(13);
    expect(await statusOf(answer)).toBe(200);
    const { lastUsedAt } = await prisma.session.findUniqueOrThrow({ where });
    expect(Date.now() - lastUsedAt.getTime()).toBeLessThan(minute);
    await statusOf(answer);
    expect((await prisma.session.findUniqueOrThrow({ where })).lastUsedAt, 'once a minute').toEqual(
      lastUsedAt,
    );
    const idle = await setUse(15);
    expect(await statusOf(answer)).toBe(401);
    expect((await refresh(answer.refreshToken)).__typename).toBe('InvalidRefreshTokenError');
    expect((await prisma.session.findUniqueOrThrow({ where })).lastUsedAt).toEqual(idle.lastUsedAt);
  });

  it('of no more requests than the API token may make: its sessions share its rate limit', async () => {
    const { uuids, ids } = await openWorld();
    const rows = collectRows();
    const bound = rows.apiToken({ userId: uuids.manager }, undefined, { rateLimit: 5 });
    const free = rows.apiToken({ userId: uuids.manager });
    await rows.write(app.database);
    const open = (secret: string) => delegate(app.withToken(secret), { userId: ids.managed });
    const sessions = [await open(bound.secret), await open(bound.secret), await open(bound.secret)];
    const statuses = [];
    for (const session of [...sessions, ...sessions]) statuses.push(await statusOf(session));
    expect(statuses, 'three requests opened them').toEqual([200, 200, 429, 429, 429, 429]);
    expect(await statusOf(await open(free.secret)), 'of another token').toBe(200);
  });

  it('outside the networks that the API token is bound to', async () => {
    const { uuids, ids } = await openWorld();
    const rows = collectRows();
    const bound = rows.apiToken({ userId: uuids.manager }, undefined, { allowedNetworks: ['192.0.2.0/24'] });
    await rows.write(app.database);
    const answer = await delegate(app.withToken(bound.secret), { userId: ids.managed });
    const ask = (remoteAddress: string) =>
      app.handle(
        new Request('http://usergraph.test/graphql?query={me{id}}', {
          headers: { authorization: `Bearer ${answer.accessToken.token}` },
        }),
        { remoteAddress },
      );
    expect((await ask('192.0.2.9')).status).toBe(200);
    expect((await ask('203.0.113.9')).status).toBe(403);
  });
});
