/** Organizations: who makes, changes and deletes them, and that nothing of a deleted one stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { scopesBut } from '../policy/rows.ts';
import { openTestApp, type TestApp } from '../setup/app.ts';
import { type Any, collectPeople, createWorld, mutate, trailOf } from './world.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

const see = 'query ($id: ID!) { organization(id: $id) { name subDomain version } node(id: $id) { id } }';
const count = () => app.database.prisma.organization.count();

async function onePerson() {
  const { rows, person, write } = collectPeople(app);
  const one = person('Ada');
  const token = (...without: Parameters<typeof scopesBut>) =>
    app.withToken(rows.apiToken({ userId: one.uuid }, scopesBut(...without)).secret);
  const clients = { token: token('admin'), narrow: token('users:write') };
  await write();
  return { ...one, ...clients };
}

describe('createOrganization', () => {
  it('makes an organization that the person owns, from that very operation on', async () => {
    const { client } = await onePerson();
    const made = await mutate(client, 'createOrganization', { input: { name: 'Ünique Wörks & Co.' } });
    expect(made).toMatchObject({
      __typename: 'CreateOrganizationSuccess',
      organization: {
        name: 'Ünique Wörks & Co.',
        subDomain: 'unique-works-co',
        version: 1,
        viewerRole: 'OWNER',
        viewerCanUpdate: true,
        viewerCanDelete: true,
        members: { nodes: [{ displayName: 'Ada' }] },
      },
    });
    const { id } = made.organization;
    expect((await client.send(see, { id })).data).toMatchObject({
      organization: { version: 1 },
      node: { id },
    });
    const stranger = await onePerson();
    expect((await stranger.client.send(see, { id })).data).toEqual({ organization: null, node: null });
  });

  it('is recorded with its member, and told as events of the organization', async () => {
    const { client, uuid } = await onePerson();
    await mutate(client, 'createOrganization', { input: { name: 'Recorded', subDomain: 'recorded' } });
    const { id } = await app.database.prisma.organization.findUniqueOrThrow({
      where: { subDomain: 'recorded' },
    });
    const { audited, told } = await trailOf(app, id);
    expect(audited).toMatchObject([
      { action: 'organization.create', subjectId: id, accountId: null, actorId: uuid },
      {
        action: 'member.join',
        subjectId: id,
        accountId: uuid,
        changes: { role: { before: null, after: 'OWNER' } },
      },
    ]);
    expect(told.map(({ type, subjectId }) => [type, subjectId])).toEqual([
      ['organization.created', id],
      ['member.joined', uuid],
    ]);
  });

  it('makes another sub-domain of the name where the first one is taken, and tells when the wanted one is', async () => {
    const [one, two] = [await onePerson(), await onePerson()];
    const first = await mutate(one.client, 'createOrganization', { input: { name: 'Twice Told' } });
    const second = await mutate(two.client, 'createOrganization', { input: { name: 'Twice Told' } });
    expect(first.organization.subDomain).toBe('twice-told');
    expect(second.organization.subDomain).toMatch(/^twice-told-[a-z2-9]{6}$/);
    const before = await count();
    const third = await mutate(two.client, 'createOrganization', {
      input: { name: 'X', subDomain: 'twice-told' },
    });
    expect(third).toMatchObject({ code: 'SUB_DOMAIN_TAKEN', path: ['input', 'subDomain'] });
    expect(await count()).toBe(before);
  });

  it.each([
    ['東京', /^organization(-[a-z2-9]{6})?$/],
    ['--- A ---', /^a(-[a-z2-9]{6})?$/],
    ['x'.repeat(50), /^x{50}(-[a-z2-9]{6})?$/],
    ['ﬁ '.repeat(16), /^[a-z-]{1,63}$/],
  ])('makes a label of the name %j', async (name, form) => {
    const { client } = await onePerson();
    const { organization } = await mutate(client, 'createOrganization', { input: { name } });
    expect(organization.subDomain).toMatch(form);
  });

  it.each<[string, object, string[]]>([
    ['an empty name', { name: '' }, ['name TOO_SHORT']],
    [
      'a long name and a bad label',
      { name: 'x'.repeat(51), subDomain: '-a' },
      ['name TOO_LONG', 'subDomain INVALID'],
    ],
    ['capitals', { name: 'x', subDomain: 'Capital' }, ['subDomain INVALID']],
    ['an empty label', { name: 'x', subDomain: '' }, ['subDomain INVALID']],
    ['a label of 64', { name: 'x', subDomain: 'x'.repeat(64) }, ['subDomain INVALID']],
  ])('with %s is refused, and leaves nothing', async (_what, input, expected) => {
    const { client } = await onePerson();
    const before = await count();
    const { problems } = await mutate(client, 'createOrganization', { input });
    expect(problems.map((one: Any) => `${one.path[1]} ${one.code}`).sort()).toEqual(expected);
    expect(await count()).toBe(before);
  });

  it('takes a person: by a token with users:write, and by nobody who only stands for one', async () => {
    const { token, narrow } = await onePerson();
    const { rows, person, write } = collectPeople(app);
    const manager = person('Manager');
    const kid = rows.user({ kind: 'MANAGED', managerId: manager.uuid, firstName: 'Kid' });
    const organizationId = rows.organization(`of-${manager.uuid.slice(-12)}`, [[manager.uuid, 'OWNER']]);
    const robot = rows.apiToken({ userId: rows.user({ kind: 'SERVICE_ACCOUNT', organizationId }) }).secret;
    const own = rows.apiToken({ organizationId }).secret;
    await write();
    const delegated = (await manager.client.run(
      'mutation ($input: DelegatedTokenInput!) { delegatedToken(input: $input) { ... on DelegatedTokenSuccess { accessToken { token } } } }',
      { input: { userId: encodeId('User', kid) } },
    )) as Any;
    const clients = {
      narrow: [narrow, 'INSUFFICIENT_SCOPE'],
      anonymous: [app.anonymous, 'UNAUTHENTICATED'],
      robot: [app.withToken(robot), 'FORBIDDEN'],
      own: [app.withToken(own), 'FORBIDDEN'],
      delegate: [app.withToken(delegated.delegatedToken.accessToken.token), 'FORBIDDEN'],
    } as const;
    const before = await count();
    for (const [who, [client, code]] of Object.entries(clients))
      expect(await mutate(client, 'createOrganization', { input: { name: 'No' } }), who).toEqual({ code });
    expect(await count()).toBe(before);
    expect(await mutate(token, 'createOrganization', { input: { name: 'Yes' } })).toMatchObject({
      organization: { viewerRole: 'OWNER', viewerCanUpdate: true, viewerCanDelete: false },
    });
  });

  it('ends at 100 organizations that a person owns', async () => {
    const { rows, person, write } = collectPeople(app);
    const busy = person('Busy');
    for (let index = 0; index < 99; index += 1)
      rows.organization(`busy-${index}-${busy.uuid.slice(-12)}`, [[busy.uuid, 'OWNER']]);
    await write();
    // Of two at once, the second counts the first.
    const made = await Promise.all(
      ['one', 'two'].map((name) => mutate(busy.client, 'createOrganization', { input: { name } })),
    );
    expect(made.map(({ __typename }) => __typename).sort()).toEqual([
      'CreateOrganizationSuccess',
      'InvalidInputError',
    ]);
    expect(await app.database.prisma.membership.count({ where: { userId: busy.uuid } })).toBe(100);
  });
});

describe('updateOrganization', () => {
  it('changes what is given, keeps what is absent, and clears nothing', async () => {
    const { admin, organization } = await createWorld(app);
    const { id, uuid } = organization;
    const update = (input: object) => mutate(admin.client, 'updateOrganization', { id, input });
    const read = async () => ((await admin.client.send(see, { id })).data as Any).organization;
    const { subDomain } = await read();
    expect((await update({ name: 'Renamed' })).organization).toMatchObject({
      name: 'Renamed',
      subDomain,
      version: 2,
    });
    const label = `moved-${uuid.slice(-12)}`;
    expect((await update({ subDomain: label })).organization).toMatchObject({
      name: 'Renamed',
      subDomain: label,
    });
    for (const field of ['name', 'subDomain'])
      expect(await update({ [field]: null })).toMatchObject({
        problems: [{ path: ['input', field], code: 'REQUIRED' }],
      });
    expect(await read()).toEqual({ name: 'Renamed', subDomain: label, version: 3 });
    const { audited } = await trailOf(app, uuid);
    expect(audited.map(({ action, changes }) => [action, changes])).toEqual([
      ['organization.update', { name: { before: expect.any(String), after: 'Renamed' } }],
      ['organization.update', { subDomain: { before: subDomain, after: label } }],
    ]);
  });

  it('writes nothing when nothing changes', async () => {
    const { owner, organization } = await createWorld(app);
    const { name } = await app.database.prisma.organization.findUniqueOrThrow({
      where: { id: organization.uuid },
    });
    for (const input of [{}, { name }]) {
      const answer = await mutate(owner.client, 'updateOrganization', { id: organization.id, input });
      expect(answer.organization.version).toBe(1);
    }
    expect(await trailOf(app, organization.uuid)).toEqual({ audited: [], told: [] });
  });

  it('refuses a version that is not the newest, and a sub-domain that is taken', async () => {
    const { owner, organization } = await createWorld(app);
    const { id } = organization;
    const update = (input: object) => mutate(owner.client, 'updateOrganization', { id, input });
    expect(await update({ name: 'Second', expectedVersion: 1 })).toMatchObject({
      organization: { version: 2 },
    });
    expect(await update({ name: 'Third', expectedVersion: 1 })).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('The organization was changed'),
    });
    expect(await update({ name: 'Third', subDomain: 'babel' })).toMatchObject({ code: 'SUB_DOMAIN_TAKEN' });
    expect((await owner.client.send(see, { id })).data).toMatchObject({ organization: { name: 'Second' } });
  });
});

describe('deleteOrganization', () => {
  const secretTables = ['membership', 'invitation', 'apiToken', 'signingKey', 'webhook'] as const;

  /** A world with one of everything that an organization can own. */
  async function createRichWorld() {
    const world = await createWorld(app);
    const { rows, write } = collectPeople(app);
    const organizationId = world.organization.uuid;
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId });
    const kid = rows.user({ kind: 'MANAGED', managerId: robot, firstName: 'Kid' });
    const secrets = {
      robot: rows.apiToken({ userId: robot }).secret,
      own: rows.apiToken({ organizationId }).secret,
    };
    await write();
    const id = crypto.randomUUID();
    await app.database.prisma.webhook.create({
      data: {
        id,
        name: 'W',
        url: 'https://example.org',
        organizationId,
        encryptedSecret: new Uint8Array([1]),
      },
    });
    const jwk = { keyId: id, algorithm: 'ES256', publicJwk: {}, name: 'K' };
    await app.database.prisma.signingKey.create({ data: { id, organizationId, ...jwk } });
    const input = { organizationId: world.organization.id, email: 'invited@example.org', role: 'MEMBER' };
    await mutate(world.owner.client, 'inviteMember', { input });
    return { ...world, robot, kid, secrets };
  }

  it('ends everything of it at once, for everybody, and erases its service accounts', async () => {
    const { owner, member, root, organization, robot, kid, secrets } = await createRichWorld();
    const { id, uuid } = organization;
    const answer = await mutate(owner.client, 'deleteOrganization', { id });
    expect(answer).toMatchObject({
      organizationId: id,
      erasures: [{ id: expect.stringMatching(/^erasure_/) }],
    });
    for (const secret of Object.values(secrets))
      expect((await app.withToken(secret).send('{ viewer { user { id } } }')).status).toBe(401);
    for (const { client } of [owner, member, root]) {
      expect((await client.send(see, { id })).data).toEqual({ organization: null, node: null });
      for (const gone of [robot, kid]) {
        const user = 'query ($id: ID!) { user(by: { id: $id }) { id } }';
        expect((await client.send(user, { id: encodeId('User', gone) })).data).toEqual({ user: null });
      }
    }
    const where = { organizationId: uuid };
    for (const table of secretTables) {
      const { [table]: rows } = app.database.prisma as Any;
      expect(await rows.count({ where }), table).toBe(0);
    }
    expect(await app.database.prisma.organization.count({ where: { id: uuid } })).toBe(0);
    const { audited, told } = await trailOf(app, uuid);
    expect(audited.at(-1)).toMatchObject({ action: 'organization.delete', actorId: owner.uuid });
    expect(told.filter(({ type }) => type === 'organization.deleted')).toHaveLength(1);
    await app.work();
    expect(await app.database.prisma.user.count({ where: { id: { in: [robot, kid] } } })).toBe(0);
    const erased = await app.database.prisma.erasure.findFirstOrThrow({ where: { userId: robot } });
    expect(erased).toMatchObject({ status: 'COMPLETED', accountIds: [robot, kid] });
  });

  it('gives the name back to others', async () => {
    const { owner, stranger, organization } = await createWorld(app);
    const { subDomain } = await app.database.prisma.organization.findUniqueOrThrow({
      where: { id: organization.uuid },
    });
    await mutate(owner.client, 'deleteOrganization', { id: organization.id });
    const input = { name: 'Heir', subDomain };
    expect((await mutate(stranger.client, 'createOrganization', { input })).organization.subDomain).toBe(
      subDomain,
    );
  });

  it('takes an owner itself, or a superuser', async () => {
    const { owner, admin, member, stranger, root, organization } = await createWorld(app);
    const { rows, write } = collectPeople(app);
    const token = (userId: string, ...without: Parameters<typeof scopesBut>) =>
      app.withToken(rows.apiToken({ userId }, scopesBut(...without)).secret);
    const clients = {
      'an admin': [admin.client, 'FORBIDDEN'],
      'a member': [member.client, 'FORBIDDEN'],
      'a stranger': [stranger.client, 'NOT_FOUND'],
      nobody: [app.anonymous, 'UNAUTHENTICATED'],
      "the owner's token": [token(owner.uuid), 'FORBIDDEN'],
      "the superuser's token without admin": [token(root.uuid, 'admin'), 'NOT_FOUND'],
      "the superuser's token without users:write": [token(root.uuid, 'users:write'), 'INSUFFICIENT_SCOPE'],
    } as const;
    await write();
    const { id } = organization;
    for (const [who, [client, code]] of Object.entries(clients))
      expect(await mutate(client, 'deleteOrganization', { id }), who).toMatchObject({ code });
    expect(await app.database.prisma.organization.count({ where: { id: organization.uuid } })).toBe(1);
    expect(await mutate(root.client, 'deleteOrganization', { id })).toMatchObject({
      organizationId: id,
      erasures: [],
    });
  });

  it('waits for nobody to undo it, where other deletions can be undone', async () => {
    const patient = await openTestApp({ env: { ERASURE_GRACE: '30d' } });
    const { owner, root, organization } = await createWorld(patient);
    const { rows, write } = collectPeople(patient);
    const robot = rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId: organization.uuid });
    await write();
    await mutate(owner.client, 'deleteOrganization', { id: organization.id });
    const restored = (await root.client.run(
      'mutation ($id: ID!) { restoreUser(id: $id) { __typename ... on Error { code } } }',
      { id: encodeId('User', robot) },
    )) as Any;
    expect(restored.restoreUser.code).toBe('NOT_FOUND');
    await patient.work();
    expect(await patient.database.prisma.user.count({ where: { id: robot } })).toBe(0);
    await patient.close();
  });

  it('refuses more than 100 service accounts, and writes nothing', async () => {
    const { owner, organization } = await createWorld(app);
    const { rows, write } = collectPeople(app);
    for (let index = 0; index < 101; index += 1)
      rows.user({ kind: 'SERVICE_ACCOUNT', name: `Robot ${index}`, organizationId: organization.uuid });
    await write();
    const answer = await mutate(owner.client, 'deleteOrganization', { id: organization.id });
    expect(answer).toMatchObject({ problems: [{ path: ['id'], code: 'NOT_ALLOWED' }] });
    expect(await trailOf(app, organization.uuid)).toEqual({ audited: [], told: [] });
    const where = { organizationId: organization.uuid, status: 'ACTIVE' } as const;
    expect(await app.database.prisma.user.count({ where })).toBe(101);
  });
});
