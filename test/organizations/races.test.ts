/** What happens at once to one organization happens one after the other: an owner stays, and nobody joins twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type Any, createWorld, mutate, roleOf, sentCode, trailOf } from './world.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const code = (answer: Any): string => answer.code ?? 'ok';
const rounds = [1, 2, 3];

async function twoOwners() {
  const world = await createWorld(app, ['OWNER']);
  const [other] = world.others;
  if (!other) throw new Error('there is another owner');
  const { id, uuid } = world.organization;
  const owners = () =>
    app.database.prisma.membership.count({ where: { organizationId: uuid, role: 'OWNER' } });
  return { ...world, other, id, uuid, owners };
}

describe.each(rounds)('two owners, round %i', () => {
  it('who leave at once: one stays', async () => {
    const { owner, other, id, owners } = await twoOwners();
    const answers = await Promise.all(
      [owner, other].map(({ client }) => mutate(client, 'leaveOrganization', { id })),
    );
    expect(answers.map(code).sort()).toEqual(['LAST_OWNER', 'ok']);
    expect(await owners()).toBe(1);
  });

  it('who remove each other at once: one stays', async () => {
    const { owner, other, id, owners } = await twoOwners();
    const answers = await Promise.all([
      mutate(owner.client, 'removeMember', { input: { organizationId: id, userId: other.id } }),
      mutate(other.client, 'removeMember', { input: { organizationId: id, userId: owner.id } }),
    ]);
    expect(answers.map(code).sort()).toEqual(['NOT_FOUND', 'ok']);
    expect(await owners()).toBe(1);
  });

  it('of whom one leaves and one deletes its account: one stays', async () => {
    const { owner, other, id, owners } = await twoOwners();
    const deleteMe = async () => {
      const { data } = await other.client.send<Any, object>(
        'mutation { found: deleteMe { ... on Error { code } } }',
      );
      return data.found;
    };
    const answers = await Promise.all([mutate(owner.client, 'leaveOrganization', { id }), deleteMe()]);
    expect(answers.map(code).sort()).toEqual(['LAST_OWNER', 'ok']);
    await app.work();
    expect(await owners()).toBe(1);
  });
});

describe.each(rounds)('a member, round %i', () => {
  it('who becomes the owner while it deletes its account: never leaves the organization without an owner', async () => {
    const { owner, member, organization } = await createWorld(app);
    const deleting = member.client.send<Any, object>(
      'mutation { found: deleteMe { ... on Error { code } } }',
    );
    const [transferred, { data }] = await Promise.all([
      mutate(owner.client, 'transferOwnership', { id: organization.id, input: { userId: member.id } }),
      deleting,
    ]);
    expect([code(transferred), code(data.found)].sort()).not.toEqual(['ok', 'ok']);
    await app.work();
    const where = { organizationId: organization.uuid, role: 'OWNER', user: { status: 'ACTIVE' } } as const;
    expect(await app.database.prisma.membership.count({ where })).toBe(1);
  });

  it('who leaves while its role changes is gone, and is told of as it went', async () => {
    const { owner, member, organization } = await createWorld(app);
    const input = { organizationId: organization.id, userId: member.id, role: 'ADMIN' };
    const [changed, left] = await Promise.all([
      mutate(owner.client, 'setMemberRole', { input }),
      mutate(member.client, 'leaveOrganization', { id: organization.id }),
    ]);
    expect(code(left)).toBe('ok');
    expect(['ok', 'NOT_FOUND']).toContain(code(changed));
    expect(await roleOf(app, organization.uuid, member.uuid)).toBeNull();
    const { told } = await trailOf(app, organization.uuid);
    expect(told.at(-1)?.type).toBe('member.left');
  });

  it('who was demoted a moment ago changes nothing more', async () => {
    const { owner, admin, member, organization } = await createWorld(app);
    const set = (client: typeof owner.client, userId: string, role: string) =>
      mutate(client, 'setMemberRole', { input: { organizationId: organization.id, userId, role } });
    const [, promoted] = await Promise.all([
      set(owner.client, admin.id, 'MEMBER'),
      set(admin.client, member.id, 'ADMIN'),
    ]);
    const { audited } = await trailOf(app, organization.uuid);
    const byAdmin = audited.findIndex(({ actorId }) => actorId === admin.uuid);
    const demoted = audited.findIndex(({ actorId }) => actorId === owner.uuid);
    if (code(promoted) === 'ok') expect(byAdmin).toBeLessThan(demoted);
    else expect([code(promoted), byAdmin]).toEqual(['FORBIDDEN', -1]);
  });

  it('joins once of five at once by one invitation, and once by two', async () => {
    const { owner, stranger, organization } = await createWorld(app);
    const input = { organizationId: organization.id, email: stranger.email, role: 'MEMBER' };
    await mutate(owner.client, 'inviteMember', { input });
    const secret = await sentCode(app, stranger.email);
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(() => mutate(stranger.client, 'acceptInvitation', { input: { code: secret } })),
    );
    expect(answers.map(code).sort()).toEqual([...Array(4).fill('INVALID_CODE'), 'ok']);
    const { told } = await trailOf(app, organization.uuid);
    expect(told.filter(({ type }) => type === 'member.joined')).toHaveLength(1);
    expect(await app.database.prisma.membership.count({ where: { userId: stranger.uuid } })).toBe(1);
  });
});

it('an invitation that is accepted while the organization is deleted joins nothing', async () => {
  for (const _round of rounds) {
    const { owner, stranger, organization } = await createWorld(app);
    const input = { organizationId: organization.id, email: stranger.email, role: 'MEMBER' };
    await mutate(owner.client, 'inviteMember', { input });
    const secret = await sentCode(app, stranger.email);
    const [deleted, accepted] = await Promise.all([
      mutate(owner.client, 'deleteOrganization', { id: organization.id }),
      mutate(stranger.client, 'acceptInvitation', { input: { code: secret } }),
    ]);
    expect(code(deleted)).toBe('ok');
    expect(['ok', 'INVALID_CODE']).toContain(code(accepted));
    expect(await app.database.prisma.membership.count({ where: { userId: stranger.uuid } })).toBe(0);
  }
});
