/** Members: who makes them what, that they go at once and everywhere, and that an owner always stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { asAccessToken, asClientToken } from '../policy/presentations.ts';
import { scopesBut } from '../policy/rows.ts';
import { signerFor } from '../setup/access-tokens.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type Any, collectPeople, createWorld, mutate, type Person, roleOf, trailOf } from './world.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

type World = Awaited<ReturnType<typeof createWorld>>;
type Who = 'owner' | 'admin' | 'member' | 'stranger' | 'root';

const setRole = ({ client }: Pick<Person, 'client'>, { organization }: World, { id }: Person, role: string) =>
  mutate(client, 'setMemberRole', { input: { organizationId: organization.id, userId: id, role } });
const remove = ({ client }: Pick<Person, 'client'>, { organization }: World, { id }: Person) =>
  mutate(client, 'removeMember', { input: { organizationId: organization.id, userId: id } });
const leave = ({ client }: Pick<Person, 'client'>, { organization }: World) =>
  mutate(client, 'leaveOrganization', { id: organization.id });
const transfer = ({ client }: Pick<Person, 'client'>, { organization }: World, { id }: Person) =>
  mutate(client, 'transferOwnership', { id: organization.id, input: { userId: id } });
const role = ({ organization }: World, { uuid }: Person) => roleOf(app, organization.uuid, uuid);
const code = (answer: Any): string => answer.code ?? 'ok';
const owners = ({ organization }: World) =>
  app.database.prisma.membership.count({ where: { organizationId: organization.uuid, role: 'OWNER' } });

describe('setMemberRole', () => {
  it.each<[Who, Who, string, string]>([
    ['owner', 'member', 'ADMIN', 'ok'],
    ['owner', 'member', 'OWNER', 'ok'],
    ['owner', 'admin', 'MEMBER', 'ok'],
    ['owner', 'owner', 'MEMBER', 'LAST_OWNER'],
    ['owner', 'stranger', 'MEMBER', 'NOT_FOUND'],
    ['owner', 'root', 'OWNER', 'NOT_FOUND'],
    ['admin', 'member', 'ADMIN', 'ok'],
    ['admin', 'admin', 'MEMBER', 'ok'],
    ['admin', 'member', 'OWNER', 'FORBIDDEN'],
    ['admin', 'admin', 'OWNER', 'FORBIDDEN'],
    ['admin', 'owner', 'ADMIN', 'FORBIDDEN'],
    ['admin', 'stranger', 'MEMBER', 'NOT_FOUND'],
    ['member', 'member', 'ADMIN', 'FORBIDDEN'],
    ['member', 'stranger', 'MEMBER', 'FORBIDDEN'],
    ['stranger', 'member', 'ADMIN', 'NOT_FOUND'],
    ['root', 'member', 'OWNER', 'ok'],
    ['root', 'owner', 'MEMBER', 'LAST_OWNER'],
  ])('by the %s of the %s to %s: %s', async (who, whom, to, expected) => {
    const world = await createWorld(app);
    const before = await role(world, world[whom]);
    expect(code(await setRole(world[who], world, world[whom], to))).toBe(expected);
    expect(await role(world, world[whom])).toBe(expected === 'ok' ? to : before);
    const { audited, told } = await trailOf(app, world.organization.uuid);
    expect([audited.length, told.length]).toEqual(expected === 'ok' ? [1, 1] : [0, 0]);
    if (expected !== 'ok') return;
    expect(audited[0]).toMatchObject({
      action: 'member.role',
      accountId: world[whom].uuid,
      actorId: world[who].uuid,
      changes: { role: { before, after: to } },
    });
    expect(told[0]).toMatchObject({ type: 'member.role_changed', subjectId: world[whom].uuid });
  });

  it('to what the member is already writes nothing', async () => {
    const world = await createWorld(app);
    const answer = await setRole(world.admin, world, world.member, 'MEMBER');
    expect(answer.organization.viewerRole).toBe('ADMIN');
    expect(await trailOf(app, world.organization.uuid)).toEqual({ audited: [], told: [] });
  });

  it('shows the rest of the operation what the caller has become', async () => {
    const world = await createWorld(app, ['OWNER']);
    const { organization } = await setRole(world.owner, world, world.owner, 'MEMBER');
    expect(organization).toMatchObject({
      viewerRole: 'MEMBER',
      viewerCanUpdate: false,
      viewerCanDelete: false,
    });
  });

  it('makes nobody an owner who cannot act', async () => {
    const world = await createWorld(app);
    await app.database.prisma.user.update({
      where: { id: world.member.uuid },
      data: { status: 'SUSPENDED' },
    });
    for (const answer of [
      await setRole(world.owner, world, world.member, 'OWNER'),
      await transfer(world.owner, world, world.member),
    ])
      expect(answer).toMatchObject({ problems: [{ path: ['input', 'userId'], code: 'NOT_ALLOWED' }] });
    expect(await role(world, world.member)).toBe('MEMBER');
    expect(await role(world, world.owner)).toBe('OWNER');
  });
});

describe('removeMember', () => {
  it.each<[Who, Who, string]>([
    ['owner', 'member', 'ok'],
    ['owner', 'admin', 'ok'],
    ['owner', 'owner', 'LAST_OWNER'],
    ['owner', 'stranger', 'NOT_FOUND'],
    ['admin', 'member', 'ok'],
    ['admin', 'admin', 'ok'],
    ['admin', 'owner', 'FORBIDDEN'],
    ['member', 'admin', 'FORBIDDEN'],
    ['member', 'member', 'FORBIDDEN'],
    ['stranger', 'member', 'NOT_FOUND'],
    ['root', 'admin', 'ok'],
    ['root', 'owner', 'LAST_OWNER'],
  ])('by the %s of the %s: %s', async (who, whom, expected) => {
    const world = await createWorld(app);
    const before = await role(world, world[whom]);
    expect(code(await remove(world[who], world, world[whom]))).toBe(expected);
    expect(await role(world, world[whom])).toBe(expected === 'ok' ? null : before);
    const { audited, told } = await trailOf(app, world.organization.uuid);
    expect(audited.map(({ action, accountId }) => [action, accountId])).toEqual(
      expected === 'ok' ? [['member.remove', world[whom].uuid]] : [],
    );
    expect(told.map(({ type }) => type)).toEqual(expected === 'ok' ? ['member.removed'] : []);
  });

  it('takes effect at once on every credential of the member', async () => {
    const { rows, person, write } = collectPeople(app);
    const [owner, gone] = [person('Owner'), person('Gone')];
    const uuid = rows.organization(`gone-${gone.uuid.slice(-12)}`, [
      [owner.uuid, 'OWNER'],
      [gone.uuid, 'ADMIN'],
    ]);
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId: uuid });
    const token = app.withToken(rows.apiToken({ userId: gone.uuid }).secret);
    const { secret: other } = rows.session(gone.uuid);
    await write();
    const id = encodeId('Organization', uuid);
    const see =
      'query ($id: ID!, $robot: ID!) { organization(id: $id) { id } user(by: { id: $robot }) { id } }';
    const variables = { id, robot: encodeId('User', robot) };
    const { prisma } = app.database;
    const accessToken = await asAccessToken(prisma, signerFor(app))(gone.client.token ?? '', 'self');
    const clientToken = await asClientToken(prisma, signerFor(app))(other, 'self');
    const clients = [gone.client, token, app.withToken(accessToken), app.withToken(clientToken)];
    for (const client of clients)
      expect((await client.send(see, variables)).data).toEqual({
        organization: { id },
        user: { id: variables.robot },
      });
    await mutate(owner.client, 'removeMember', { input: { organizationId: id, userId: gone.id } });
    for (const client of clients) {
      expect((await client.send(see, variables)).data).toEqual({ organization: null, user: null });
      const input = { organizationId: id, name: 'New' };
      expect(await createRobot(client, input)).toBe('NOT_FOUND');
      expect(code(await mutate(client, 'updateOrganization', { id, input: { name: 'Mine' } }))).toBe(
        'NOT_FOUND',
      );
    }
  });

  it('takes the invitations with it that the member made, and leaves those of others', async () => {
    const world = await createWorld(app);
    const { id: organizationId, uuid } = world.organization;
    for (const [who, email] of [
      [world.admin, 'friend@example.org'],
      [world.owner, 'colleague@example.org'],
    ] as const)
      await mutate(who.client, 'inviteMember', { input: { organizationId, email, role: 'ADMIN' } });
    const open = async () =>
      (await app.database.prisma.invitation.findMany({ where: { organizationId: uuid } })).map(
        ({ email }) => email,
      );
    expect((await open()).sort()).toEqual(['colleague@example.org', 'friend@example.org']);
    await setRole(world.owner, world, world.admin, 'MEMBER');
    expect(await open()).toEqual(['colleague@example.org']);
    await remove(world.owner, world, world.admin);
    expect(await open()).toEqual(['colleague@example.org']);
  });
});

const createRobot = async (client: World['owner']['client'], input: object): Promise<string> => {
  const document = `mutation ($input: CreateServiceAccountInput!) { found: createServiceAccount(input: $input) {
    __typename ... on Error { code } } }`;
  const { data, errors } = await client.send<{ found: Any }, object>(document, { input });
  return errors[0] ? String(errors[0].extensions.code) : (data.found.code ?? 'ok');
};

describe('leaveOrganization', () => {
  it.each<[Who, string]>([
    ['owner', 'LAST_OWNER'],
    ['admin', 'ok'],
    ['member', 'ok'],
    ['stranger', 'NOT_FOUND'],
    ['root', 'NOT_FOUND'],
  ])('by the %s: %s', async (who, expected) => {
    const world = await createWorld(app);
    const before = await role(world, world[who]);
    expect(code(await leave(world[who], world))).toBe(expected);
    expect(await role(world, world[who])).toBe(expected === 'ok' ? null : before);
    const { told } = await trailOf(app, world.organization.uuid);
    expect(told.map(({ type, subjectId }) => [type, subjectId])).toEqual(
      expected === 'ok' ? [['member.left', world[who].uuid]] : [],
    );
  });

  it('lets an owner go where another one stays', async () => {
    const world = await createWorld(app, ['OWNER']);
    expect(code(await leave(world.owner, world))).toBe('ok');
    expect(await owners(world)).toBe(1);
    const [other] = world.others;
    if (other) expect(code(await leave(other, world))).toBe('LAST_OWNER');
  });

  it('does not count an owner whose account is being deleted', async () => {
    const world = await createWorld(app, ['OWNER']);
    const [other] = world.others;
    await app.database.prisma.user.update({ where: { id: other?.uuid ?? '' }, data: { status: 'DELETING' } });
    expect(code(await leave(world.owner, world))).toBe('LAST_OWNER');
    expect(code(await setRole(world.owner, world, world.owner, 'ADMIN'))).toBe('LAST_OWNER');
    const found = (await world.owner.client.send(
      'mutation { found: deleteMe { ... on Error { code } } }',
    )) as Any;
    expect(found.data.found.code).toBe('LAST_OWNER');
  });
});

describe('transferOwnership', () => {
  it.each<[Who, Who, string]>([
    ['owner', 'member', 'ok'],
    ['owner', 'admin', 'ok'],
    ['owner', 'owner', 'INVALID_INPUT'],
    ['owner', 'stranger', 'NOT_FOUND'],
    ['admin', 'member', 'FORBIDDEN'],
    ['member', 'admin', 'FORBIDDEN'],
    ['stranger', 'member', 'NOT_FOUND'],
    ['root', 'member', 'FORBIDDEN'],
  ])('by the %s to the %s: %s', async (who, whom, expected) => {
    const world = await createWorld(app);
    expect(code(await transfer(world[who], world, world[whom]))).toBe(expected);
    const isDone = expected === 'ok';
    expect(await role(world, world.owner)).toBe(isDone ? 'ADMIN' : 'OWNER');
    if (isDone) expect(await role(world, world[whom])).toBe('OWNER');
    const { audited } = await trailOf(app, world.organization.uuid);
    expect(audited.map(({ action, accountId }) => [action, accountId])).toEqual(
      isDone
        ? [
            ['ownership.transfer', world[whom].uuid],
            ['member.role', world.owner.uuid],
          ]
        : [],
    );
  });

  it('to another owner leaves that one, and makes the caller an admin', async () => {
    const world = await createWorld(app, ['OWNER']);
    const [other] = world.others;
    if (!other) throw new Error('there is another owner');
    expect(code(await transfer(world.owner, world, other))).toBe('ok');
    expect([await role(world, world.owner), await role(world, other)]).toEqual(['ADMIN', 'OWNER']);
  });

  it('takes the invitations of owners with it that the former owner made', async () => {
    const world = await createWorld(app);
    const organizationId = world.organization.id;
    for (const role of ['OWNER', 'ADMIN'])
      await mutate(world.owner.client, 'inviteMember', {
        input: { organizationId, email: `${role}@example.org`, role },
      });
    await transfer(world.owner, world, world.admin);
    const open = await app.database.prisma.invitation.findMany({
      where: { organizationId: world.organization.uuid },
    });
    expect(open.map(({ role }) => role)).toEqual(['ADMIN']);
  });
});

describe('credentials', () => {
  it('that were handed a scope run members and admins, and never owners', async () => {
    const world = await createWorld(app);
    const { rows, write } = collectPeople(app);
    const client = app.withToken(rows.apiToken({ userId: world.owner.uuid }, scopesBut('admin')).secret);
    const narrow = app.withToken(
      rows.apiToken({ userId: world.owner.uuid }, scopesBut('users:write')).secret,
    );
    await write();
    const by = { client };
    expect(code(await transfer(by, world, world.admin))).toBe('FORBIDDEN');
    expect(code(await setRole(by, world, world.admin, 'OWNER'))).toBe('FORBIDDEN');
    const organizationId = world.organization.id;
    const invite = (role: string) =>
      mutate(client, 'inviteMember', { input: { organizationId, email: 'x@example.org', role } });
    expect(code(await invite('OWNER'))).toBe('FORBIDDEN');
    expect(code(await mutate(client, 'deleteOrganization', { id: organizationId }))).toBe('FORBIDDEN');
    for (const answer of [
      await setRole({ client: narrow }, world, world.member, 'ADMIN'),
      await remove({ client: narrow }, world, world.member),
      await leave({ client: narrow }, world),
    ])
      expect(code(answer)).toBe('INSUFFICIENT_SCOPE');
    expect([await role(world, world.owner), await role(world, world.admin)]).toEqual(['OWNER', 'ADMIN']);
    expect(code(await setRole(by, world, world.member, 'ADMIN'))).toBe('ok');
    expect(code(await invite('MEMBER'))).toBe('ok');
    expect(code(await remove(by, world, world.admin))).toBe('ok');
  });

  it('of the organization itself, its service accounts and delegates of a member manage nobody', async () => {
    const world = await createWorld(app);
    const { rows, write } = collectPeople(app);
    const { uuid: organizationId, id } = world.organization;
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', organizationId });
    rows.share(world.owner.uuid, world.stranger.uuid, ['profile', 'data:write']);
    const clients = {
      own: app.withToken(rows.apiToken({ organizationId }).secret),
      robot: app.withToken(rows.apiToken({ userId: robot }).secret),
    };
    await write();
    const { delegatedToken } = (await world.stranger.client.run(
      'mutation ($input: DelegatedTokenInput!) { delegatedToken(input: $input) { ... on DelegatedTokenSuccess { accessToken { token } } } }',
      { input: { userId: world.owner.id } },
    )) as Any;
    const delegate = app.withToken(delegatedToken.accessToken.token);
    for (const [client, expected] of [
      [clients.own, 'FORBIDDEN'],
      [clients.robot, 'FORBIDDEN'],
      [delegate, 'NOT_FOUND'],
    ] as const) {
      expect(code(await setRole({ client }, world, world.member, 'ADMIN'))).toBe(expected);
      expect(code(await remove({ client }, world, world.member))).toBe(expected);
      expect(code(await leave({ client }, world))).toBe(expected);
      expect(code(await transfer({ client }, world, world.member))).toBe(expected);
      expect(code(await mutate(client, 'updateOrganization', { id, input: { name: 'X' } }))).toBe(expected);
      expect(code(await mutate(client, 'deleteOrganization', { id }))).toBe(expected);
      const input = { organizationId: id, email: 'x@example.org', role: 'MEMBER' };
      expect(code(await mutate(client, 'inviteMember', { input }))).toBe(expected);
    }
    expect(await trailOf(app, organizationId)).toEqual({ audited: [], told: [] });
  });
});

describe('a member', () => {
  it('sees the public facts of the others, and neither their addresses nor who is invited', async () => {
    const world = await createWorld(app);
    const organizationId = world.organization.id;
    const input = { organizationId, email: 'secret-guest@example.org', role: 'MEMBER' };
    await mutate(world.owner.client, 'inviteMember', { input });
    const document = `query ($id: ID!) { organization(id: $id) {
      members { totalCount edges { role joinedAt node { displayName email emails { address } } } }
      invitations { totalCount nodes { id email role } } } }`;
    const see = async (who: Who) => world[who].client.send<Any, object>(document, { id: organizationId });
    const seen = await see('member');
    const { edges } = seen.data.organization.members;
    expect(edges.map((edge: Any) => `${edge.role} ${edge.node.displayName}`).sort()).toEqual([
      'ADMIN Admin',
      'MEMBER Member',
      'OWNER Owner',
    ]);
    expect(seen.data.organization.invitations).toEqual({ totalCount: 0, nodes: [] });
    for (const hidden of [world.owner.email, world.admin.email, 'secret-guest'])
      expect(seen.text).not.toContain(hidden);
    for (const who of ['owner', 'admin', 'root'] as const) {
      const { data, text } = await see(who);
      expect(data.organization.invitations).toMatchObject({
        totalCount: 1,
        nodes: [{ email: 'secret-guest@example.org', role: 'MEMBER' }],
      });
      if (who !== 'root') expect(text).not.toContain(world.member.email);
    }
    expect((await see('stranger')).data).toEqual({ organization: null });
  });
});
