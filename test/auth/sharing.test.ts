/** Sharing: who may let whom at which account, how far, and that it ends at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { collectRows, scopesBut } from '../policy/rows.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const shareDocument = `mutation ($input: ShareAccessInput!) { shareAccess(input: $input) { __typename
  ... on ShareAccessSuccess { share { id scopes expiresAt createdAt grantor { displayName } grantee { id displayName email } } }
  ... on InvalidInputError { problems { path code message } } ... on Error { code path } } }`;
const revokeDocument = `mutation ($input: RevokeAccessInput!) { revokeAccess(input: $input) { __typename
  ... on RevokeAccessSuccess { shareId } ... on Error { code path } } }`;
const listDocument = `{ me { sharesGiven { totalCount nodes { id scopes grantee { displayName } } }
  sharesReceived { totalCount nodes { id scopes grantor { displayName } } } } }`;

// biome-ignore lint/suspicious/noExplicitAny: each test says what it expects
type Any = any;
const share = async (client: Client, input: object) =>
  ((await client.run(shareDocument, { input })) as Any).shareAccess;
const revoke = async (client: Client, input: object) =>
  ((await client.run(revokeDocument, { input })) as Any).revokeAccess;

/** Two people who know nothing of each other, each with a session. */
async function twoPeople() {
  const rows = collectRows();
  const one = (name: string) => {
    const uuid = rows.user({ name });
    rows.email(uuid, `${uuid}@example.com`);
    return { uuid, id: encodeId('User', uuid), token: rows.session(uuid).secret };
  };
  const people = { giver: one('Giver'), taker: one('Taker') };
  await rows.write(app.database);
  const withClient = <T extends { token: string }>(person: T) => ({
    ...person,
    client: app.withToken(person.token),
  });
  return { giver: withClient(people.giver), taker: withClient(people.taker) };
}

const see = `query ($id: ID!) { user(by: { id: $id }) { displayName email grantedScopes } }`;
const seen = async (client: Client, id: string) => ((await client.run(see, { id })) as Any).user;

describe('shareAccess', () => {
  it('lets another account at one’s own, as far as the scopes say, from that moment on', async () => {
    const { giver, taker } = await twoPeople();
    expect(await seen(taker.client, giver.id)).toBeNull();
    const answer = await share(giver.client, { granteeId: taker.id, scopes: ['DATA_READ', 'DATA_READ'] });
    expect(answer.share).toMatchObject({
      scopes: ['DATA_READ'],
      expiresAt: null,
      grantor: { displayName: 'Giver' },
      grantee: { id: taker.id, displayName: 'Taker', email: null },
    });
    expect(answer.share.id).toMatch(/^share_/);
    expect(await seen(taker.client, giver.id)).toEqual({
      displayName: 'Giver',
      email: null,
      grantedScopes: ['DATA_READ'],
    });
  });

  it('replaces what was shared when it shares again, and records each change once', async () => {
    const { giver, taker } = await twoPeople();
    const first = await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE', 'DATA_WRITE'] });
    expect((await seen(taker.client, giver.id)).email).toBe(`${giver.uuid}@example.com`);
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const second = await share(giver.client, { granteeId: taker.id, scopes: ['DATA_READ'], expiresAt });
    const third = await share(giver.client, { granteeId: taker.id, scopes: ['DATA_READ'], expiresAt });
    expect([second.share.id, third.share.id]).toEqual([first.share.id, first.share.id]);
    expect(await seen(taker.client, giver.id)).toMatchObject({ email: null, grantedScopes: ['DATA_READ'] });
    const trail = await app.database.prisma.auditEvent.findMany({
      where: { actorId: giver.uuid, subjectType: 'Share' },
      orderBy: { sequence: 'asc' },
    });
    expect(trail.map(({ action }) => action)).toEqual(['share.create', 'share.update']);
    expect(trail[1]?.changes).toEqual({
      scopes: { before: ['profile', 'data:write'], after: ['data:read'] },
      expiresAt: { before: null, after: expiresAt },
    });
  });

  it('ends by itself', async () => {
    const { giver, taker } = await twoPeople();
    const expiresAt = new Date(Date.now() + 60_000 + app.clock.offset).toISOString();
    await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE'], expiresAt });
    expect((await seen(taker.client, giver.id)).displayName).toBe('Giver');
    app.clock.offset += 60_001;
    expect(await seen(taker.client, giver.id)).toBeNull();
    const { me } = (await giver.client.run(listDocument)) as Any;
    expect(me.sharesGiven).toEqual({ totalCount: 0, nodes: [] });
    app.clock.offset -= 60_001;
  });

  it('tells all that is wrong with it at once, and writes nothing', async () => {
    const { giver } = await twoPeople();
    const input = { granteeId: giver.id, scopes: [], expiresAt: new Date(0).toISOString() };
    const { problems } = await share(giver.client, input);
    expect(problems.map((one: Any) => [one.path.join('.'), one.code]).sort()).toEqual([
      ['input.expiresAt', 'INVALID'],
      ['input.granteeId', 'NOT_ALLOWED'],
      ['input.scopes', 'TOO_SHORT'],
    ]);
    expect(await app.database.prisma.share.count({ where: { grantorId: giver.uuid } })).toBe(0);
  });

  it.each(['ADMIN', 'USERS_WRITE', 'TOKENS_WRITE', 'OPENID', 'OFFLINE_ACCESS'])(
    'cannot hand out %s: who has it could take the account over',
    async (scope) => {
      const { giver, taker } = await twoPeople();
      const { problems } = await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE', scope] });
      expect(problems).toMatchObject([{ path: ['input', 'scopes', '1'], code: 'NOT_ALLOWED' }]);
    },
  );

  it('finds no account that cannot act by itself: managed, internal, suspended or none', async () => {
    const { giver } = await twoPeople();
    const rows = collectRows();
    const ids = [
      rows.user({ kind: 'MANAGED', managerId: giver.uuid, firstName: 'Mo' }),
      rows.user({ kind: 'INTERNAL', username: `system-${giver.uuid.slice(-12)}` }),
      rows.user({ status: 'SUSPENDED' }),
    ];
    await rows.write(app.database);
    for (const uuid of [...ids, '01900000-0000-7000-8000-000000000000']) {
      const answer = await share(giver.client, { granteeId: encodeId('User', uuid), scopes: ['PROFILE'] });
      expect(answer).toMatchObject({ code: 'NOT_FOUND', path: ['input', 'granteeId'] });
    }
  });

  it('takes the person itself: no token, client or capability of theirs can share the account', async () => {
    const { giver, taker } = await twoPeople();
    const rows = collectRows();
    const { secret } = rows.apiToken({ userId: giver.uuid });
    await rows.write(app.database);
    for (const token of [secret, null]) {
      const input = { granteeId: taker.id, scopes: ['PROFILE'] };
      const { errors, data } = await app.withToken(token).send(shareDocument, { input });
      expect(errors[0]?.extensions.code).toBe(token === null ? 'UNAUTHENTICATED' : 'FORBIDDEN');
      expect(data).toBeNull();
    }
    expect(await app.database.prisma.share.count({ where: { grantorId: giver.uuid } })).toBe(0);
  });

  it('makes one share of two at once', async () => {
    const { giver, taker } = await twoPeople();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => share(giver.client, { granteeId: taker.id, scopes: ['PROFILE'] })),
    );
    expect(new Set(answers.map((answer) => answer.share.id)).size).toBe(1);
    expect(await app.database.prisma.share.count({ where: { grantorId: giver.uuid } })).toBe(1);
  });
});

describe('revokeAccess', () => {
  it('withdraws what one shares, at once', async () => {
    const { giver, taker } = await twoPeople();
    const { share: made } = await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE'] });
    expect(await revoke(giver.client, { granteeId: taker.id })).toEqual({
      __typename: 'RevokeAccessSuccess',
      shareId: made.id,
    });
    expect(await seen(taker.client, giver.id)).toBeNull();
    expect(await seen(giver.client, taker.id)).toBeNull();
    expect(await revoke(giver.client, { granteeId: taker.id })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('gives up what one was let at, also for the rest of the same operation', async () => {
    const { giver, taker } = await twoPeople();
    await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE'] });
    const { data } = await taker.client.send(
      `mutation ($id: ID!) { revokeAccess(input: { grantorId: $id }) { __typename }
        updateUser(id: $id, input: {}) { __typename } }`,
      { id: giver.id },
    );
    expect(data).toEqual({
      revokeAccess: { __typename: 'RevokeAccessSuccess' },
      updateUser: { __typename: 'NotFoundError' },
    });
    expect(await seen(taker.client, giver.id)).toBeNull();
    const row = await app.database.prisma.auditEvent.findFirst({
      where: { actorId: taker.uuid, action: 'share.revoke' },
    });
    expect(row?.changes).toEqual({ scopes: { before: ['profile'], after: null } });
  });

  it('is for a service account, too, with a token that may change accounts', async () => {
    const { giver } = await twoPeople();
    const rows = collectRows();
    const organizationId = rows.organization('Shared');
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId });
    const narrow = rows.apiToken({ userId: robot }, scopesBut('users:write')).secret;
    const full = rows.apiToken({ userId: robot }).secret;
    await rows.write(app.database);
    await share(giver.client, { granteeId: encodeId('User', robot), scopes: ['DATA_READ'] });
    const { errors } = await app.withToken(narrow).send(revokeDocument, { input: { grantorId: giver.id } });
    expect(errors[0]?.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'users:write' });
    expect(await revoke(app.withToken(full), { grantorId: giver.id })).toMatchObject({
      __typename: 'RevokeAccessSuccess',
    });
  });

  it('takes exactly one of grantor and grantee', async () => {
    const { giver, taker } = await twoPeople();
    for (const input of [{}, { grantorId: giver.id, granteeId: taker.id }]) {
      const { errors } = await giver.client.send(revokeDocument, { input });
      expect(errors).not.toEqual([]);
    }
  });

  it('cannot end a share of others', async () => {
    const { giver, taker } = await twoPeople();
    const { taker: third } = await twoPeople();
    await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE'] });
    for (const input of [{ granteeId: taker.id }, { grantorId: giver.id }])
      expect(await revoke(third.client, input)).toMatchObject({ code: 'NOT_FOUND' });
    expect((await seen(taker.client, giver.id)).displayName).toBe('Giver');
  });
});

describe('the lists of shares', () => {
  it('show the account itself what it shares and what is shared with it', async () => {
    const { giver, taker } = await twoPeople();
    await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE'] });
    const given = (await giver.client.run(listDocument)) as Any;
    expect(given.me.sharesGiven).toMatchObject({
      totalCount: 1,
      nodes: [{ scopes: ['PROFILE'], grantee: { displayName: 'Taker' } }],
    });
    expect(given.me.sharesReceived.totalCount).toBe(0);
    const received = (await taker.client.run(listDocument)) as Any;
    expect(received.me.sharesReceived.nodes).toMatchObject([{ grantor: { displayName: 'Giver' } }]);
  });

  it('are empty for others, even those with whom the profile is shared', async () => {
    const { giver, taker } = await twoPeople();
    await share(giver.client, { granteeId: taker.id, scopes: ['PROFILE', 'DATA_READ', 'DATA_WRITE'] });
    const document = `query ($id: ID!) { user(by: { id: $id }) { email sharesGiven { totalCount nodes { id } } } }`;
    const { user } = (await taker.client.run(document, { id: giver.id })) as Any;
    expect(user).toEqual({
      email: `${giver.uuid}@example.com`,
      sharesGiven: { totalCount: 0, nodes: [] },
    });
    const { user: bySuperuser } = (await (await app.as('admin')).run(document, { id: giver.id })) as Any;
    expect(bySuperuser.sharesGiven.totalCount).toBe(1);
  });
});
