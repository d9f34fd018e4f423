/** What happened stands in the trail: who did what, for whom, when and from where; and only those read it whom it concerns. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeId } from '../../src/domain/ids.ts';
import { collectRows, scopesBut } from '../policy/rows.ts';
import { type Client, openTestApp, type TestApp } from '../setup/app.ts';

let app: TestApp;
let ids: Record<
  'ada' | 'friend' | 'manager' | 'kid' | 'robot' | 'root' | 'stranger' | 'acme' | 'other',
  string
>;
let clients: Record<
  | 'ada'
  | 'adaToken'
  | 'weak'
  | 'friend'
  | 'manager'
  | 'admin'
  | 'mate'
  | 'rival'
  | 'robot'
  | 'root'
  | 'stranger',
  Client
>;

interface Event {
  readonly id: string;
  readonly sequence: string;
  readonly hash: string;
  readonly occurredAt: string;
  readonly action: string;
  readonly subjectId: string;
  readonly accountId: string | null;
  readonly actorId: string | null;
  readonly actor: { readonly username: string | null } | null;
  readonly onBehalfOfId: string | null;
  readonly credentialKind: string;
  readonly credentialId: string | null;
  readonly changes: { field: string; before: unknown; after: unknown }[] | null;
  readonly isRedacted: boolean;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

const selection = `totalCount pageInfo { hasNextPage endCursor } nodes { id sequence hash occurredAt action subjectId accountId
  actorId actor { username } onBehalfOfId credentialKind credentialId changes { field before after } isRedacted ipAddress userAgent requestId }`;

interface Trail {
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly nodes: readonly Event[];
}

beforeAll(async () => {
  app = await openTestApp({ seed: false });
  const rows = collectRows();
  const [ada, friend, manager, stranger] = ['ada', 'friend', 'manager', 'stranger'].map((username) =>
    rows.user({ username }),
  ) as [string, string, string, string];
  const kid = rows.user({ kind: 'MANAGED', managerId: manager, firstName: 'Kid' });
  const root = rows.user({ username: 'root', isSuperuser: true });
  const [admin, mate, rival] = [rows.user({ username: 'boss' }), rows.user(), rows.user()];
  const acme = rows.organization('Acme', [
    [admin, 'ADMIN'],
    [mate, 'MEMBER'],
    [ada, 'MEMBER'],
  ]);
  const other = rows.organization('Other', [[rival, 'OWNER']]);
  const robot = rows.user({ kind: 'SERVICE_ACCOUNT', username: 'robot', organizationId: acme });
  rows.share(ada, friend, ['profile', 'data:read', 'data:write']);
  const secrets = {
    ada: rows.session(ada),
    adaToken: rows.apiToken({ userId: ada }, ['profile']),
    weak: rows.apiToken({ userId: ada }, scopesBut('profile')),
    friend: rows.session(friend),
    manager: rows.session(manager),
    admin: rows.session(admin),
    mate: rows.session(mate),
    rival: rows.session(rival),
    robot: rows.apiToken({ userId: robot }),
    root: rows.session(root),
    stranger: rows.session(stranger),
  };
  await rows.write(app.database);
  clients = Object.fromEntries(
    Object.entries(secrets).map(([name, { secret }]) => [name, app.withToken(secret)]),
  ) as typeof clients;
  const users = { ada, friend, manager, kid, robot, root, stranger };
  ids = {
    ...Object.fromEntries(Object.entries(users).map(([name, id]) => [name, encodeId('User', id)])),
    acme: encodeId('Organization', acme),
    other: encodeId('Organization', other),
  } as typeof ids;
  const update =
    'mutation ($id: ID!, $input: UpdateUserInput!) { updateUser(id: $id, input: $input) { __typename } }';
  await clients.ada.run(update, { id: ids.ada, input: { bio: 'first', locale: 'en-GB' } });
  await clients.ada.run(update, { id: ids.ada, input: { bio: 'second' } });
  await clients.root.run(update, { id: ids.ada, input: { bio: 'third', password: 'a new password' } });
  await clients.manager.run(update, { id: ids.kid, input: { bio: 'kid-secret' } });
  await clients.admin.run(update, { id: ids.robot, input: { bio: 'robot-secret' } });
  await clients.admin.run(
    'mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { __typename } }',
    { input: { name: 'Script', scopes: ['DATA_READ'], ownerId: ids.robot } },
  );
  await clients.admin.run(
    'mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { __typename } }',
    { input: { name: 'Shared', scopes: ['DATA_READ'], ownerId: ids.acme } },
  );
  // The new password ended her session.
  const again = collectRows();
  const { secret } = again.session(ada);
  await again.write(app.database);
  clients.ada = app.withToken(secret);
});
afterAll(() => app.close());

async function trailOf(client: Client, id: string, args = ''): Promise<Trail | null> {
  const { user } = (await client.run(
    `query ($id: ID!) { user(by: { id: $id }) { auditTrail${args} { ${selection} } } }`,
    { id },
  )) as { user: { auditTrail: Trail } | null };
  return user?.auditTrail ?? null;
}

async function trailIn(client: Client, id: string): Promise<Trail | null> {
  const { organization } = (await client.run(
    `query ($id: ID!) { organization(id: $id) { auditTrail { ${selection} } } }`,
    { id },
  )) as { organization: { auditTrail: Trail } | null };
  return organization?.auditTrail ?? null;
}

const empty = { totalCount: 0, nodes: [] };

describe('an event', () => {
  test('tells who did what, when, by what, and what each field was and became', async () => {
    const trail = await trailOf(clients.ada, ids.ada);
    const [last, ...earlier] = trail?.nodes ?? [];
    expect(last).toMatchObject({
      action: 'user.update',
      subjectId: ids.ada,
      accountId: ids.ada,
      actorId: ids.root,
      onBehalfOfId: null,
      credentialKind: 'SESSION',
      isRedacted: false,
    });
    expect(last?.credentialId).toMatch(/^session_/);
    expect(last?.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(last?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(last?.changes).toEqual([
      { field: 'bio', before: 'second', after: 'third' },
      { field: 'password', before: null, after: true },
    ]);
    expect(earlier.at(-1)?.changes).toEqual([
      { field: 'bio', before: null, after: 'first' },
      { field: 'locale', before: null, after: 'en-GB' },
    ]);
    const moments = (trail?.nodes ?? []).map(({ occurredAt }) => occurredAt);
    expect(moments).toEqual([...moments].sort().reverse());
  });

  test('names who acted as an account only where it can be seen, and always by id', async () => {
    const [last, before] = (await trailOf(clients.ada, ids.ada))?.nodes ?? [];
    expect([last?.actor, last?.actorId]).toEqual([null, ids.root]);
    expect(before?.actor).toEqual({ username: 'ada' });
    const [seen] = (await trailOf(clients.root, ids.ada))?.nodes ?? [];
    expect(seen?.actor).toEqual({ username: 'root' });
  });

  test('tells from where only to who acted, and to superusers', async () => {
    const [byRoot, own] = (await trailOf(clients.ada, ids.ada))?.nodes ?? [];
    expect([byRoot?.ipAddress, own?.ipAddress]).toEqual([null, '192.0.2.200']);
    for (const event of (await trailOf(clients.root, ids.ada))?.nodes ?? [])
      expect(event.ipAddress).toBe('192.0.2.200');
  });

  test('of who acts for an account names both', async () => {
    const rows = collectRows();
    const recorded = await app.database.prisma.auditEvent.findFirstOrThrow({ orderBy: { sequence: 'asc' } });
    const [actorId = '', onBehalfOfId = ''] = [rows.user({ username: 'deputy' }), recorded.accountId ?? ''];
    await rows.write(app.database);
    await app.database.prisma.auditEvent.create({
      data: {
        ...{
          id: crypto.randomUUID(),
          occurredAt: new Date(0),
          action: 'record.create',
          subjectType: 'DataRecord',
        },
        ...{ subjectId: crypto.randomUUID(), accountId: onBehalfOfId, actorId, onBehalfOfId },
        ...{ credentialKind: 'SESSION', ipAddress: '203.0.113.9', userAgent: 'DeputyBrowser' },
      },
    });
    const trail = await trailOf(clients.ada, ids.ada, '(last: 1)');
    expect(trail?.nodes[0]).toMatchObject({
      actorId: encodeId('User', actorId),
      onBehalfOfId: ids.ada,
      actor: null,
      ipAddress: null,
      userAgent: null,
    });
  });
});

describe('the trail of an account', () => {
  test('is read by itself, a token with profile, its manager, who runs it, and superusers', async () => {
    for (const [client, id, secret] of [
      [clients.ada, ids.ada, 'third'],
      [clients.adaToken, ids.ada, 'third'],
      [clients.root, ids.ada, 'third'],
      [clients.manager, ids.kid, 'kid-secret'],
      [clients.admin, ids.robot, 'robot-secret'],
      [clients.robot, ids.robot, 'robot-secret'],
    ] as const)
      expect(JSON.stringify(await trailOf(client, id))).toContain(secret);
  });

  test('is empty for a token without profile, for those it shares with, and for members of its organization', async () => {
    for (const client of [clients.weak, clients.friend, clients.mate, clients.admin])
      expect(await trailOf(client, ids.ada)).toMatchObject(empty);
    for (const client of [clients.ada, clients.mate])
      expect(await trailOf(client, ids.robot)).toMatchObject(empty);
  });

  test('is not told to those for whom the account does not exist', async () => {
    for (const client of [clients.stranger, clients.rival]) expect(await trailOf(client, ids.ada)).toBeNull();
    for (const client of [clients.ada, clients.friend]) expect(await trailOf(client, ids.kid)).toBeNull();
  });

  test.each([
    ['a grantee', () => clients.friend, () => ids.ada],
    ['a manager', () => clients.manager, () => ids.kid],
  ])('is empty for %s who acts for the account', async (_who, client, id) => {
    const { delegatedToken } = (await client().run(
      `mutation ($id: ID!) { delegatedToken(input: { userId: $id }) { ... on DelegatedTokenSuccess { accessToken { token } } } }`,
      { id: id() },
    )) as { delegatedToken: { accessToken: { token: string } } };
    const delegate = app.withToken(delegatedToken.accessToken.token);
    expect(await trailOf(delegate, id())).toMatchObject(empty);
  });

  test('is filtered by action and by time', async () => {
    const all = (await trailOf(clients.ada, ids.ada))?.nodes ?? [];
    const updates = await trailOf(clients.ada, ids.ada, '(filter: { actions: ["user.update"] })');
    expect(updates?.nodes).toEqual(all.filter(({ action }) => action === 'user.update'));
    const moment = all[1]?.occurredAt ?? '';
    const until = await trailOf(clients.ada, ids.ada, `(filter: { until: "${moment}" })`);
    expect(until?.nodes).toEqual(all.filter(({ occurredAt }) => occurredAt < moment));
    const from = await trailOf(clients.ada, ids.ada, `(filter: { from: "${moment}" })`);
    expect(from?.nodes).toEqual(all.filter(({ occurredAt }) => occurredAt >= moment));
    const { errors } = await clients.ada.send(
      '{ me { auditTrail(filter: { actions: ["x\\u0000"] }) { totalCount } } }',
    );
    expect(errors[0]?.extensions.code).toBe('INVALID_ARGUMENT');
  });

  test('is read page by page, each event once', async () => {
    const all = (await trailOf(clients.ada, ids.ada))?.nodes ?? [];
    const found: Event[] = [];
    for (let after = ''; ; ) {
      const page = await trailOf(clients.ada, ids.ada, `(first: 1${after})`);
      found.push(...(page?.nodes ?? []));
      if (!page?.pageInfo.hasNextPage) break;
      after = `, after: "${page.pageInfo.endCursor}"`;
    }
    expect(found).toEqual(all);
  });
});

describe('the trail of an organization', () => {
  test('holds its service accounts, their tokens and its own, for those who run it and superusers', async () => {
    for (const client of [clients.admin, clients.root]) {
      const trail = await trailIn(client, ids.acme);
      expect(trail?.nodes.map(({ action }) => action)).toEqual([
        'token.create',
        'token.create',
        'user.update',
      ]);
      expect(trail?.nodes.map(({ accountId }) => accountId)).toEqual([null, ids.robot, ids.robot]);
    }
    expect(JSON.stringify(await trailIn(clients.admin, ids.acme))).not.toContain('third');
  });

  test('is empty for its members, and not told to others', async () => {
    for (const client of [clients.mate, clients.ada, clients.robot])
      expect(await trailIn(client, ids.acme)).toMatchObject(empty);
    for (const client of [clients.rival, clients.stranger])
      expect(await trailIn(client, ids.acme)).toBeNull();
    expect(await trailIn(clients.rival, ids.other)).toMatchObject(empty);
  });
});

describe('the trail of everything', () => {
  const ask = (client: Client, args = '') =>
    client.send<{ auditEvents: Trail }, object>(`{ auditEvents${args} { ${selection} } }`);

  test('is for superusers', async () => {
    const { data } = await ask(clients.root);
    expect(data.auditEvents.totalCount).toBe(await app.database.prisma.auditEvent.count());
    for (const client of [clients.ada, clients.admin, clients.stranger])
      expect((await ask(client)).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await ask(app.anonymous)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('is narrowed to what is about an account, or was done by one', async () => {
    const about = (await ask(clients.root, `(accountId: "${ids.kid}")`)).data.auditEvents;
    expect(new Set(about.nodes.map(({ accountId }) => accountId))).toEqual(new Set([ids.kid]));
    expect(about.totalCount).toBe((await trailOf(clients.manager, ids.kid))?.totalCount);
    const by = (await ask(clients.root, `(actorId: "${ids.root}", filter: { actions: ["user.update"] })`))
      .data.auditEvents;
    expect(by.nodes.map(({ actorId, accountId }) => [actorId, accountId])).toEqual([[ids.root, ids.ada]]);
  });
});

test('what is made is recorded with what it was given, and never with a secret', async () => {
  await clients.root.run(
    `mutation { createUser(input: { username: "new", name: "New", email: "new@example.com", password: "a long password" }) { __typename } }`,
  );
  const { data } = await clients.root.send<{ auditEvents: Trail }, object>(
    `{ auditEvents(filter: { actions: ["user.create"] }) { ${selection} } }`,
  );
  const changes = data.auditEvents.nodes[0]?.changes ?? [];
  expect(Object.fromEntries(changes.map(({ field, after }) => [field, after]))).toEqual({
    ...{ username: 'new', name: 'New', email: 'new@example.com', password: true },
  });
  expect(changes.every(({ before }) => before === null)).toBe(true);
  const events = await app.database.prisma.outboxEvent.findMany();
  expect(
    JSON.stringify(events, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('new@example.com');
});
