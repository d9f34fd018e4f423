/** Invitations to an organization: only whoever has the address joins, and nobody learns who that is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scopesBut } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { openBrowser, signedIn, submit } from '../setup/pages.ts';
import {
  type Any,
  collectPeople,
  createWorld,
  mutate,
  type Person,
  roleOf,
  sentCode,
  trailOf,
} from './world.ts';

let app: TestApp;
let invited: TestApp;
let open: TestApp;
beforeAll(async () => {
  app = await openTestApp();
  open = await openTestApp({ env: { SIGN_UP: 'open' } });
  invited = await openTestApp({ env: { SIGN_UP: 'invite' } });
});
afterAll(async () => {
  for (const one of [app, open, invited]) await one?.close();
});

type World = Awaited<ReturnType<typeof createWorld>>;
const day = 24 * 60 * 60 * 1000;
const code = (answer: Any): string => answer.code ?? 'ok';

const invite = (
  { client }: Pick<Person, 'client'>,
  { organization }: World,
  email: string,
  role = 'MEMBER',
) => mutate(client, 'inviteMember', { input: { organizationId: organization.id, email, role } });
const accept = ({ client }: Pick<Person, 'client'>, secret: string) =>
  mutate(client, 'acceptInvitation', { input: { code: secret } });

/** A world in which the owner has invited the stranger, with the code that was sent. */
async function invitedStranger(role = 'MEMBER') {
  const world = await createWorld(app);
  const { invitation } = await invite(world.owner, world, world.stranger.email, role);
  return { ...world, invitation, secret: await sentCode(app, world.stranger.email) };
}

describe('inviteMember', () => {
  it('sends the code to the address alone: neither the answer nor the log nor the database has it', async () => {
    const world = await createWorld(app);
    const answer = await invite(world.owner, world, 'Guest@Example.org', 'ADMIN');
    expect(answer.invitation).toMatchObject({ email: 'Guest@Example.org', role: 'ADMIN' });
    const { createdAt, expiresAt } = answer.invitation;
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(7 * day);
    const secret = await sentCode(app, 'Guest@Example.org');
    const message = app.sent.find(({ text }) => text.includes(secret));
    expect(message).toMatchObject({
      to: 'Guest@Example.org',
      subject: 'You are invited to join an organization',
    });
    expect(message?.text).toContain('as an admin');
    const { rows } = await app.database.pool.query<{ text: string }>(
      `SELECT concat((SELECT string_agg(i::text, '') FROM invitations i), (SELECT string_agg(e::text, '') FROM audit_events e),
        (SELECT string_agg(o::text, '') FROM outbox_events o)) AS text`,
    );
    for (const text of [JSON.stringify(answer), app.logged.join('\n'), rows[0]?.text ?? ''])
      expect(text).not.toContain(secret);
  });

  it('names the address in no trail and no event, only in the invitation', async () => {
    const world = await createWorld(app);
    await invite(world.owner, world, 'nameless@example.org');
    const { audited, told } = await trailOf(app, world.organization.uuid);
    expect(audited).toMatchObject([
      { action: 'member.invite', accountId: null, changes: { role: { before: null, after: 'MEMBER' } } },
    ]);
    expect(told).toMatchObject([{ type: 'member.invited', subjectId: world.organization.uuid }]);
    expect(
      JSON.stringify([audited, told], (_key, value) => (typeof value === 'bigint' ? '' : value)),
    ).not.toContain('nameless');
  });

  it('says the same of an address that somebody has, that a member has, and that nobody has', async () => {
    const world = await createWorld(app);
    const said = [];
    for (const email of [world.stranger.email, world.member.email, 'nobody-has-it@example.org']) {
      const { invitation, ...answer } = await invite(world.owner, world, email);
      const { id: _, createdAt: _at, expiresAt: _until, ...rest } = invitation;
      said.push({ ...answer, ...rest, email: null });
      await sentCode(app, email);
    }
    expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  it('voids what was sent to the address before', async () => {
    const { owner, stranger, secret, ...world } = await invitedStranger();
    await invite(owner, { owner, stranger, ...world }, stranger.email.toUpperCase(), 'ADMIN');
    const next = await sentCode(app, stranger.email.toUpperCase());
    expect(code(await accept(stranger, secret))).toBe('INVALID_CODE');
    expect((await accept(stranger, next)).organization.viewerRole).toBe('ADMIN');
  });

  it.each(['no address', '', 'a@b\u0000.example'])('to %j is refused', async (email) => {
    const world = await createWorld(app);
    expect(await invite(world.owner, world, email)).toMatchObject({
      problems: [{ path: ['input', 'email'] }],
    });
    expect(await trailOf(app, world.organization.uuid)).toEqual({ audited: [], told: [] });
  });

  it.each<['owner' | 'admin' | 'member' | 'stranger' | 'root', string, string]>([
    ['owner', 'OWNER', 'ok'],
    ['admin', 'ADMIN', 'ok'],
    ['admin', 'OWNER', 'FORBIDDEN'],
    ['member', 'MEMBER', 'FORBIDDEN'],
    ['stranger', 'MEMBER', 'NOT_FOUND'],
    ['root', 'OWNER', 'ok'],
  ])('by the %s as %s: %s', async (who, role, expected) => {
    const world = await createWorld(app);
    const before = app.sent.length;
    expect(code(await invite(world[who], world, `by-${who}-${role}@example.org`, role))).toBe(expected);
    if (expected === 'ok') await sentCode(app, `by-${who}-${role}@example.org`);
    else expect(app.sent.length).toBe(before);
  });

  it('sends an address no more than 5 an hour, and one caller no more than 30', async () => {
    const world = await createWorld(app);
    const answers = [];
    for (let count = 0; count < 6; count += 1)
      answers.push(code(await invite(world.owner, world, 'many@example.org')));
    expect(answers).toEqual([...Array(5).fill('ok'), 'RATE_LIMITED']);
    for (let count = 0; count < 24; count += 1)
      expect(code(await invite(world.owner, world, `one-of-${count}@example.org`))).toBe('ok');
    expect(code(await invite(world.owner, world, 'one-more@example.org'))).toBe('RATE_LIMITED');
    expect(code(await invite(world.admin, world, 'one-more@example.org'))).toBe('ok');
  });
});

describe('acceptInvitation', () => {
  it('makes the person a member, from that very operation on, and is recorded as theirs', async () => {
    const { stranger, organization, secret } = await invitedStranger('ADMIN');
    const answer = await accept(stranger, ` ${secret}\n`.trim());
    expect(answer.organization).toMatchObject({
      id: organization.id,
      viewerRole: 'ADMIN',
      viewerCanUpdate: true,
    });
    const { told, audited } = await trailOf(app, organization.uuid);
    expect(told.at(-1)).toMatchObject({ type: 'member.joined', subjectId: stranger.uuid });
    expect(audited.at(-1)).toMatchObject({
      action: 'member.join',
      accountId: stranger.uuid,
      actorId: stranger.uuid,
    });
  });

  it('takes the code of whoever has proven the address, and of nobody else', async () => {
    const { stranger, member, root, organization, secret } = await invitedStranger();
    for (const foreign of [member, root]) expect(code(await accept(foreign, secret))).toBe('INVALID_CODE');
    const { prisma } = app.database;
    await prisma.email.updateMany({ where: { userId: stranger.uuid }, data: { verifiedAt: null } });
    expect(await accept(stranger, secret)).toMatchObject({ code: 'INVALID_CODE', path: ['input', 'code'] });
    await prisma.email.updateMany({ where: { userId: stranger.uuid }, data: { verifiedAt: new Date() } });
    expect(await roleOf(app, organization.uuid, stranger.uuid)).toBeNull();
    expect(code(await accept(stranger, secret))).toBe('ok');
  });

  it('takes a second address of the person, however it is written', async () => {
    const world = await createWorld(app);
    const address = `Second-${world.stranger.uuid}@Example.org`;
    const times = { createdAt: new Date(), updatedAt: new Date(), verifiedAt: new Date() };
    await app.database.prisma.email.create({
      data: { id: crypto.randomUUID(), userId: world.stranger.uuid, address, ...times },
    });
    await invite(world.owner, world, address.toLowerCase());
    expect(code(await accept(world.stranger, await sentCode(app, address.toLowerCase())))).toBe('ok');
  });

  it('says the same of each code that is no good, and writes nothing', async () => {
    const { owner, stranger, organization, invitation, secret, ...world } = await invitedStranger();
    const { createInvitation } = (await world.root.client.run(
      'mutation { createInvitation(input: {}) { ... on CreateInvitationSuccess { secret } } }',
    )) as Any;
    const before = await trailOf(app, organization.uuid);
    const answers = [];
    for (const wrong of ['x', `${secret}x`, secret.toUpperCase(), createInvitation.secret, 'ug_inv_unknown'])
      answers.push(await accept(stranger, wrong));
    app.clock.offset += 7 * day;
    const { client } = await freshSession(stranger);
    answers.push(await accept({ client }, secret));
    app.clock.offset -= 7 * day;
    await mutate(owner.client, 'revokeInvitation', { id: invitation.id });
    answers.push(await accept(stranger, secret));
    expect(answers.map(code)).toEqual(Array(7).fill('INVALID_CODE'));
    expect(new Set(answers.map((answer) => answer.message)).size).toBe(1);
    expect((await trailOf(app, organization.uuid)).audited.length).toBe(before.audited.length + 1);
    expect(await roleOf(app, organization.uuid, stranger.uuid)).toBeNull();
  });

  it('leaves a member what it is, and is over', async () => {
    const world = await createWorld(app);
    await invite(world.owner, world, world.admin.email, 'MEMBER');
    const secret = await sentCode(app, world.admin.email);
    expect((await accept(world.admin, secret)).organization.viewerRole).toBe('ADMIN');
    expect(code(await accept(world.admin, secret))).toBe('INVALID_CODE');
    const { told } = await trailOf(app, world.organization.uuid);
    expect(told.map(({ type }) => type)).toEqual(['member.invited', 'invitation.revoked']);
  });

  it('takes the person itself: no token of theirs', async () => {
    const { stranger, organization, secret } = await invitedStranger();
    const { rows, write } = collectPeople(app);
    const token = app.withToken(rows.apiToken({ userId: stranger.uuid }, scopesBut()).secret);
    await write();
    expect(code(await accept({ client: token }, secret))).toBe('FORBIDDEN');
    expect(code(await accept({ client: app.anonymous }, secret))).toBe('UNAUTHENTICATED');
    expect(await roleOf(app, organization.uuid, stranger.uuid)).toBeNull();
  });

  /** The session of the world ends within the hour. */
  async function freshSession({ uuid }: Person) {
    const { rows, write } = collectPeople(app);
    const { secret } = rows.session(uuid, { expiresAt: new Date(Date.now() + 30 * day) });
    await write();
    return { client: app.withToken(secret) };
  }
});

describe('revokeInvitation', () => {
  it.each<['owner' | 'admin' | 'member' | 'stranger' | 'root', string]>([
    ['owner', 'ok'],
    ['admin', 'ok'],
    ['root', 'ok'],
    ['member', 'FORBIDDEN'],
    ['stranger', 'FORBIDDEN'],
  ])('by the %s: %s', async (who, expected) => {
    const { invitation, secret, ...world } = await invitedStranger();
    const { id } = invitation;
    expect(code(await mutate(world[who].client, 'revokeInvitation', { id }))).toBe(expected);
    expect(code(await accept(world.stranger, secret))).toBe(expected === 'ok' ? 'INVALID_CODE' : 'ok');
  });

  it('finds no invitation of another organization, and none that was used', async () => {
    const { invitation, secret, stranger, owner } = await invitedStranger();
    const other = await createWorld(app);
    const { id } = invitation;
    expect(code(await mutate(other.owner.client, 'revokeInvitation', { id }))).toBe('FORBIDDEN');
    expect(code(await accept(stranger, secret))).toBe('ok');
    expect(code(await mutate(owner.client, 'revokeInvitation', { id }))).toBe('NOT_FOUND');
  });
});

describe('signing up', () => {
  const password = 'a password of a newcomer';
  const document = `mutation ($input: SignUpInput!) { signUp(input: $input) { __typename ... on Error { code }
    ... on SignUpSuccess { token user { emails { verifiedAt } organizations { edges { role node { id viewerRole } } } } } } }`;
  const signUp = async (on: TestApp, input: object): Promise<Any> =>
    ((await on.anonymous.run(document, { input: { password, ...input } })) as Any).signUp;
  async function inviteOn(on: TestApp, who: 'owner' | 'root' = 'owner') {
    const world = await createWorld(on);
    const email = `new-${world.organization.uuid}@example.org`;
    await invite(world[who], world, email, 'ADMIN');
    return { ...world, email, secret: await sentCode(on, email) };
  }

  it('where it is open, with an invitation to an organization, joins it and has proven the address', async () => {
    const { email, secret, organization } = await inviteOn(open);
    const before = open.sent.length;
    const { user } = await signUp(open, { email, invitation: secret });
    expect(user).toEqual({
      emails: [{ verifiedAt: expect.any(String) }],
      organizations: { edges: [{ role: 'ADMIN', node: { id: organization.id, viewerRole: 'ADMIN' } }] },
    });
    const { told } = await trailOf(open, organization.uuid);
    expect(told.map(({ type }) => type)).toEqual(['member.invited', 'member.joined']);
    expect(open.sent.length).toBe(before);
    const again = await signUp(open, { email: `another-${email}`, invitation: secret });
    expect(again.user.organizations.edges).toEqual([]);
  });

  it('where it is open, with one for another address, joins nothing and proves nothing', async () => {
    const { email, secret, organization } = await inviteOn(open);
    const { user } = await signUp(open, { email: `not-${email}`, invitation: secret });
    expect(user).toEqual({ emails: [{ verifiedAt: null }], organizations: { edges: [] } });
    expect(
      await open.database.prisma.membership.count({ where: { organizationId: organization.uuid } }),
    ).toBe(3);
  });

  it('where superusers say who may, takes their invitation, and no organization’s', async () => {
    const [theirs, its] = [await inviteOn(invited, 'root'), await inviteOn(invited)];
    const refused = await signUp(invited, { email: its.email, invitation: its.secret });
    expect(refused).toEqual({ __typename: 'SignUpRefusedError', code: 'SIGN_UP_REFUSED' });
    const { user } = await signUp(invited, { email: theirs.email, invitation: theirs.secret });
    expect(user.organizations.edges).toHaveLength(1);
  });

  it('where nobody may, takes none', async () => {
    const { email, secret } = await inviteOn(app, 'root');
    expect(code(await signUp(app, { email, invitation: secret }))).toBe('SIGN_UP_REFUSED');
  });
});

describe('the page', () => {
  it('joins the organization by the code of the message, and shows it to nobody', async () => {
    const { prisma } = app.database;
    const world = await createWorld(app);
    await prisma.email.updateMany({
      where: { address: 'grace@example.com' },
      data: { verifiedAt: new Date() },
    });
    await invite(world.owner, world, 'grace@example.com');
    const secret = await sentCode(app, 'grace@example.com');
    expect((await openBrowser(app).visit('/account/invitation')).url.pathname).toBe('/sign-in');
    const grace = await signedIn(app, 'grace');
    expect((await grace.visit('/account/invitation')).status).toBe(200);
    const wrong = await submit(grace, '/account/invitation', { code: `${secret}x` });
    expect([wrong.status, wrong.text.includes(secret)]).toEqual([422, false]);
    const done = await submit(grace, '/account/invitation', { code: secret });
    expect([done.url.pathname, done.text.includes('You are a member of the organization.')]).toEqual([
      '/account',
      true,
    ]);
    const { id } = await prisma.user.findUniqueOrThrow({ where: { username: 'grace' } });
    expect(await roleOf(app, world.organization.uuid, id)).toBe('MEMBER');
  });
});
