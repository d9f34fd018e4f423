/** An export holds all that is held about an account, and nothing else; its link is good for an hour, for whoever has it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/policy.ts';
import { createDoomedWorld, type DoomedWorld, traces } from '../policy/doomed-world.ts';
import { collectRows, deleteAllRows, hour, scopesBut } from '../policy/rows.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let world: DoomedWorld;

beforeAll(async () => {
  app = await openTestApp({ seed: false, logLevel: 'trace' });
});
beforeEach(async () => {
  app.clock.offset = 0;
  await deleteAllRows(app.database);
  world = await createDoomedWorld(app);
});
afterAll(() => app.close());

const made = 'export { id url createdAt expiresAt }';

interface Made {
  readonly id: string;
  readonly url: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

async function exportMe(client: Client): Promise<Made> {
  const { exportMe } = (await client.run(`mutation { exportMe { ... on ExportMeSuccess { ${made} } } }`)) as {
    exportMe: { export: Made };
  };
  return exportMe.export;
}

async function exportUser(client: Client, id: string): Promise<string | Made> {
  const { data, errors } = await client.send<{ exportUser: { export?: Made; code?: string } }, object>(
    `mutation ($id: ID!) { exportUser(id: $id) { ... on ExportUserSuccess { ${made} } ... on Error { code } } }`,
    { id: encodeId('User', id) },
  );
  if (errors[0]) return String(errors[0].extensions.code);
  return data.exportUser.export ?? String(data.exportUser.code);
}

const pathOf = ({ url }: Made) => new URL(url).pathname + new URL(url).search;
const follow = (link: Made, init?: RequestInit) => app.fetch(pathOf(link), init);

// biome-ignore lint/suspicious/noExplicitAny: the schema checks the types
async function archiveOf(link: Made | string): Promise<any> {
  if (typeof link === 'string') throw new Error(link);
  const response = await follow(link);
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

async function validator() {
  const response = await app.fetch('/schemas/export.json');
  expect(response.headers.get('content-type')).toMatch(/^application\/schema\+json/);
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  const validate = ajv.compile((await response.json()) as object);
  return (archive: unknown) => (validate(archive) ? [] : (validate.errors ?? []));
}

/** Another session of the person, through the front door, so that the trail has one. */
const tokenOf = async (userId: string, scopes?: readonly Scope[], columns = {}) => {
  const rows = collectRows();
  const { secret } = rows.apiToken({ userId }, scopes, columns);
  await rows.write(app.database);
  return app.withToken(secret);
};

describe('the archive', () => {
  test('fits its published schema, and holds every fact about the person', async () => {
    const validate = await validator();
    const archive = await archiveOf(await exportMe(world.clients.ada));
    expect(validate(archive)).toEqual([]);
    expect(validate({ ...archive, more: 1 })).not.toEqual([]);
    const text = JSON.stringify(archive);
    // Those of her managed user have an export of their own; a kept answer repeats what is held elsewhere, and may hold a secret.
    const left: readonly string[] = [...traces.kid, 'ada-answer'];
    for (const fact of traces.person.filter((one) => !left.includes(one))) expect(text, fact).toContain(fact);
    expect(archive.managedUsers.map(({ id }: { id: string }) => id).sort()).toEqual(
      [world.ids.kid, world.ids.sibling].sort(),
    );
    expect(archive.sessions).toHaveLength(4);
    const names = archive.memberships.map((one: { organizationName: string }) => one.organizationName);
    expect(names.sort()).toEqual(['Three', 'Two']);
    expect(archive.consents).toHaveLength(1);
    expect([archive.sharesGiven.length, archive.sharesReceived.length]).toEqual([1, 1]);
    expect([archive.codes.length, archive.authorizationCodes.length, archive.devices.length]).toEqual([
      1, 1, 1,
    ]);
    expect(archive.dataRecords.map(({ collection }: { collection: string }) => collection).sort()).toEqual([
      'activities',
      'traces',
    ]);
    expect(archive.exports).toContainEqual(expect.objectContaining({ requestedById: world.ids.ada }));
    expect(archive.answers).toHaveLength(1);
  });

  test('holds the trail, with the making and the reading of this export, and what the person did elsewhere', async () => {
    const archive = await archiveOf(await exportMe(world.clients.ada));
    const actions = archive.auditTrail.map(({ action }: { action: string }) => action);
    expect(actions.slice(-2)).toEqual(['export.create', 'export.download']);
    expect(archive.auditTrail[0].changes).toEqual([
      { field: 'bio', before: 'ada-earlier-bio', after: 'ada-bio' },
    ]);
    expect(archive.actions).toMatchObject([{ action: 'user.update', accountId: world.ids.kid }]);
    expect(JSON.stringify(archive.actions)).not.toContain('kid-bio');
  });

  test('has no secret, no hash of one, and nothing of others', async () => {
    const link = await exportMe(world.clients.ada);
    const text = JSON.stringify(await archiveOf(link));
    expect(text).not.toContain('ug_exp_');
    expect(text).not.toContain('argon2');
    expect(text).not.toMatch(/ug_(ses|tok|ref|cod|dev|inv)_[\w-]{20}/);
    for (const other of [
      'Grace',
      'grace@',
      'owner@',
      'Acme',
      'robot',
      'kid@',
      'kid-metadata',
      'kid-activity',
      'Kidfirst',
    ])
      expect(text, other).not.toContain(other);
    const hashes = await app.database.prisma.$queryRaw<{ hash: string }[]>`
      SELECT encode(token_hash, 'hex') AS hash FROM sessions WHERE token_hash IS NOT NULL
      UNION ALL SELECT encode(token_hash, 'hex') FROM api_tokens UNION ALL SELECT encode(token_hash, 'hex') FROM data_exports
      UNION ALL SELECT encode(code_hash, 'hex') FROM challenges UNION ALL SELECT encode(code_hash, 'hex') FROM invitations`;
    for (const { hash } of hashes) {
      const bytes = Buffer.from(hash, 'hex');
      for (const form of [hash, bytes.toString('base64'), [...bytes].join(',')])
        expect(text).not.toContain(form);
    }
  });

  test('of a managed user tells its manager all that it holds, and not from where others acted', async () => {
    const archive = await archiveOf(await exportUser(world.clients.ada, world.ids.kid));
    const text = JSON.stringify(archive);
    for (const fact of traces.kid) expect(text, fact).toContain(fact);
    expect((await validator())(archive)).toEqual([]);
    for (const other of ['ada@', 'AdaBrowser', 'Sibling']) expect(text, other).not.toContain(other);
    expect(text).not.toMatch(/\bada-/); // within a UUID, a digit is before it
  });

  test('of a service account is had by who runs it', async () => {
    const archive = await archiveOf(await exportUser(world.clients.owner, world.ids.robot));
    for (const fact of traces.robot.filter((one) => one !== 'Botfirst'))
      expect(JSON.stringify(archive), fact).toContain(fact);
    expect((await validator())(archive)).toEqual([]);
    const { organizationId } = await app.database.prisma.auditEvent.findFirstOrThrow({
      where: { action: 'export.create' },
    });
    expect(organizationId).toBe(world.ids.organization);
  });
});

describe('the link', () => {
  test('is good for an hour, as often as one likes, and no longer', async () => {
    const link = await exportMe(world.clients.ada);
    expect(Date.parse(link.expiresAt) - Date.parse(link.createdAt)).toBe(hour);
    app.clock.offset = hour - 5000;
    for (const _time of [1, 2]) expect((await follow(link)).status).toBe(200);
    app.clock.offset = hour + 1000;
    await expectNothing(link);
  });

  async function expectNothing(link: Made) {
    const before = await app.database.prisma.auditEvent.count();
    const response = await follow(link);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: 'NOT_FOUND', message: 'There is no such object, or you may not see it.' },
    });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await app.database.prisma.auditEvent.count()).toBe(before);
  }

  test('leads nowhere without its secret, with that of another, or with another id', async () => {
    const link = await exportMe(world.clients.ada);
    const other = (await exportUser(world.clients.ada, world.ids.kid)) as Made;
    const { pathname, search } = new URL(link.url);
    const wrong = [
      pathname,
      `${pathname}?token=`,
      `${pathname}?token=ug_exp_${'A'.repeat(49)}`,
      `${pathname}?token=${encodeURIComponent('\u0000')}`,
      pathname + new URL(other.url).search,
      `/v1/exports/00000000-0000-7000-8000-000000000000${search}`,
      `/v1/exports/nothing${search}`,
      `/v1/exports/${search}`,
      `${pathname}${search.slice(0, -1)}`,
    ];
    for (const path of wrong) await expectNothing({ ...link, url: `http://x${path}` });
    expect((await follow(link)).status).toBe(200);
  });

  test.each(['SUSPENDED', 'DELETING'] as const)('stops when the account is %s', async (status) => {
    const link = await exportMe(world.clients.ada);
    await app.database.prisma.user.update({ where: { id: world.ids.ada }, data: { status } });
    await expectNothing(link);
  });

  test('stops when who made it is suspended, and when the account is deleted', async () => {
    const link = (await exportUser(world.clients.owner, world.ids.robot)) as Made;
    await app.database.prisma.user.update({ where: { id: world.ids.owner }, data: { status: 'SUSPENDED' } });
    await expectNothing(link);
    const own = await exportMe(world.clients.ada);
    await world.clients.ada.run('mutation { deleteMe { __typename } }');
    const response = await follow(own);
    expect(response.status).toBe(404);
    await app.work();
    expect((await follow(own)).status).toBe(404);
  });

  describe('stops when who made it may no more:', () => {
    const prisma = () => app.database.prisma;
    const membersOf = () => ({ organizationId: world.ids.organization, userId: world.ids.owner });
    const addOwner = () =>
      prisma().membership.create({
        data: { organizationId: world.ids.organization, userId: world.ids.root, role: 'OWNER' },
      });
    const outs: readonly (readonly [
      string,
      'owner' | 'root' | 'ada',
      'robot' | 'ada' | 'kid',
      () => Promise<unknown>,
    ])[] = [
      ['a member that left', 'owner', 'robot', () => prisma().membership.deleteMany({ where: membersOf() })],
      [
        'an owner that is a member now',
        'owner',
        'robot',
        () => prisma().membership.updateMany({ where: membersOf(), data: { role: 'MEMBER' } }),
      ],
      [
        'a superuser that is none',
        'root',
        'ada',
        () => prisma().user.update({ where: { id: world.ids.root }, data: { isSuperuser: false } }),
      ],
      [
        'a manager that manages it no longer',
        'ada',
        'kid',
        () => prisma().user.update({ where: { id: world.ids.kid }, data: { managerId: world.ids.grace } }),
      ],
    ];

    test.each(outs)('%s', async (_, maker, subject, out) => {
      const link = (await exportUser(world.clients[maker], world.ids[subject])) as Made;
      expect((await follow(link)).status).toBe(200);
      if (maker === 'owner') await addOwner(); // an organization is never without one
      await out();
      await expectNothing(link);
    });
  });

  test('is not in the log, and not in the database', async () => {
    const link = await exportMe(world.clients.ada);
    await (await follow(link)).text();
    await follow(link, { method: 'POST' });
    const token = new URL(link.url).searchParams.get('token') ?? 'none';
    expect(token).toMatch(/^ug_exp_/);
    expect(app.logged.some((line) => line.includes('/v1/exports/'))).toBe(true);
    for (const part of [token, token.slice(7, 40)]) expect(app.logged.join('\n')).not.toContain(part);
    const rows = await app.database.prisma.dataExport.findMany();
    expect(JSON.stringify(rows)).not.toContain(token.slice(7, 40));
  });

  test('answers as a file to be kept to oneself, and to GET alone', async () => {
    const link = await exportMe(world.clients.ada);
    const response = await follow(link);
    const day = link.createdAt.slice(0, 10);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="usergraph-export-${day}.json"`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    await response.body?.cancel();
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
      const refused = await follow(link, { method });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
    }
    expect((await follow(link, { method: 'OPTIONS' })).status).toBe(204);
  });

  test('is counted against the limit of the address that it comes from', async () => {
    const response = await app.fetch('/v1/exports/nothing?token=x');
    expect(response.headers.get('ratelimit')).not.toBeNull();
  });
});

describe('who may have an account exported', () => {
  const onlyData: readonly Scope[] = ['data:read', 'profile'];

  test('the person itself, and nothing that it handed a credential to', async () => {
    const { ada } = world.ids;
    const before = await app.database.prisma.dataExport.count();
    const refused = async (client: Client) => {
      const { errors } = await client.send('mutation { exportMe { __typename } }');
      return errors[0]?.extensions.code;
    };
    expect(await refused(await tokenOf(ada))).toBe('FORBIDDEN');
    expect(await exportUser(await tokenOf(ada), ada)).toBe('FORBIDDEN');
    expect(await refused(app.anonymous)).toBe('UNAUTHENTICATED');
    const { delegatedToken } = (await world.clients.ada.run(
      'mutation ($id: ID!) { delegatedToken(input: { userId: $id }) { ... on DelegatedTokenSuccess { accessToken { token } } } }',
      { id: encodeId('User', world.ids.kid) },
    )) as { delegatedToken: { accessToken: { token: string } } };
    const delegate = app.withToken(delegatedToken.accessToken.token);
    expect(await refused(delegate)).toBe('FORBIDDEN');
    expect(await exportUser(delegate, world.ids.kid)).toBe('FORBIDDEN');
    expect(await app.database.prisma.dataExport.count()).toBe(before);
  });

  test('its manager by a token with data:read and profile, and no less', async () => {
    const { ada, kid } = world.ids;
    expect(await exportUser(await tokenOf(ada, onlyData), kid)).toHaveProperty('url');
    for (const missing of onlyData)
      expect(await exportUser(await tokenOf(ada, scopesBut(missing)), kid)).toBe('INSUFFICIENT_SCOPE');
  });

  test('superusers with admin, and neither grantees, nor strangers, nor members of its organization', async () => {
    const { root, ada, kid, grace, robot, owner } = world.ids;
    expect(await exportUser(world.clients.root, ada)).toHaveProperty('url');
    expect(await exportUser(await tokenOf(root, scopesBut('admin')), ada)).toBe('NOT_FOUND');
    expect(await exportUser(await tokenOf(grace), kid)).toBe('FORBIDDEN');
    expect(await exportUser(await tokenOf(grace), ada)).toBe('FORBIDDEN');
    expect(await exportUser(await tokenOf(grace), robot)).toBe('FORBIDDEN');
    expect(await exportUser(await tokenOf(robot), robot)).toBe('FORBIDDEN');
    expect(await exportUser(await tokenOf(owner), kid)).toBe('NOT_FOUND');
    expect(await exportUser(app.anonymous, ada)).toBe('UNAUTHENTICATED');
  });

  test('nobody, of an account that is not active', async () => {
    await app.database.prisma.user.update({ where: { id: world.ids.kid }, data: { status: 'SUSPENDED' } });
    expect(await exportUser(world.clients.ada, world.ids.kid)).toBe('FORBIDDEN');
  });
});
