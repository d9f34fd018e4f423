/** A person who has everything that an account can have, two users whom she manages, and others beside them. */
import { createHash } from 'node:crypto';
import type { Database } from '../../src/db/database.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import type { TestApp } from '../setup/app.ts';
import { passwordHash } from './actors.ts';
import { ask } from './ask.ts';
import { ahead, collectRows, hour } from './rows.ts';

const ofKid = ['Kidfirst', 'kid-metadata', 'kid-name', 'kid@gone.example', '+4917000000002', 'kid-activity'];

/** Texts that only the one who goes has: none may be left. */
export const traces = {
  person: [
    ...['Ada Gone', 'ada-bio', 'ada-metadata', 'ada-name', 'ada@gone.example', 'ada2@gone.example'],
    ...['+4917000000001', 'ada-subject', 'ada.identity@gone.example', 'AdaBrowser', '198.51.100.7'],
    ...['ada-token', 'ada-activity', 'ada-trace', 'ada-earlier-bio', 'ada-answer', ...ofKid],
  ],
  kid: ofKid,
  robot: [
    'Robot Gone',
    'robot-metadata',
    'robot-name',
    'robot@gone.example',
    'robot-token',
    'robot-earlier-bio',
    'Botfirst',
  ],
} as const;

/** What each of them owns, counted by hand. */
export const inventories = {
  person: {
    users: 3,
    emails: 3,
    phoneNumbers: 2,
    identities: 1,
    memberships: 2,
    sessions: 5,
    apiTokens: 1,
    consents: 1,
    codes: 3,
    exports: 1,
    invitations: 2,
    shares: 3,
    'dataRecords.activities': 2,
    'dataRecords.traces': 1,
  },
  kid: {
    users: 1,
    emails: 1,
    phoneNumbers: 1,
    identities: 0,
    memberships: 0,
    sessions: 1,
    apiTokens: 0,
    consents: 0,
    codes: 0,
    exports: 0,
    invitations: 0,
    shares: 1,
    'dataRecords.activities': 1,
  },
  robot: {
    users: 2,
    emails: 1,
    phoneNumbers: 0,
    identities: 0,
    memberships: 0,
    sessions: 0,
    apiTokens: 1,
    consents: 0,
    codes: 0,
    exports: 0,
    invitations: 0,
    shares: 0,
  },
} as const;

type Rows = ReturnType<typeof collectRows>;
export type DoomedWorld = Awaited<ReturnType<typeof createDoomedWorld>>;

export async function createDoomedWorld(app: Pick<TestApp, 'database' | 'withToken'>) {
  const rows = collectRows();
  const bystanders = addBystanders(rows);
  const { ada, kid, sibling, sessions } = addAda(rows, bystanders);
  const { robot, bot } = addRobot(rows, bystanders.organization);
  const secrets = {
    ada: sessions[0],
    root: rows.session(bystanders.root).secret,
    owner: rows.session(bystanders.owner).secret,
  };
  await rows.write(app.database);
  const invitation = await addClientsAndCodes(app.database, { ...bystanders, ada, kid });
  await addExportsAndWebhooks(app.database, { ...bystanders, ada, kid });
  await addRefreshTokens(
    app.database,
    sessions.map(({ id }) => id),
  );
  const ids = { ...bystanders, ada, kid, sibling, robot, bot };
  const clients = {
    ada: app.withToken(secrets.ada.secret),
    root: app.withToken(secrets.root),
    owner: app.withToken(secrets.owner),
  };
  await leaveTrail(clients, ids);
  return {
    ids,
    clients,
    /** The accounts that go, the deleted one first. */
    erased: { person: [ada, kid, sibling], kid: [kid], robot: [robot, bot] },
    /** The ids by which the rows that go, or lose their values, are known. */
    owned: {
      person: [ada, kid, sibling, encodeId('User', kid), invitation, ...sessions.map(({ id }) => id)],
      kid: [kid, encodeId('User', kid)],
      robot: [robot, bot],
    },
  };
}

function addBystanders(rows: Rows) {
  const [grace, owner] = [rows.user({ username: 'grace', name: 'Grace' }), rows.user({ username: 'owner' })];
  const root = rows.user({ username: 'root', isSuperuser: true });
  rows.user({ username: 'admin', isSuperuser: true });
  const other = rows.user({ kind: 'MANAGED', managerId: grace, firstName: 'Other' });
  for (const [id, name] of [
    [grace, 'grace'],
    [owner, 'owner'],
    [other, 'other'],
  ] as const) {
    rows.email(id, `${name}@stays.example`);
    rows.session(id);
    rows.apiToken({ userId: id });
    rows.dataRecord(id, 'activities', { note: name });
  }
  rows.phoneNumber(grace, '+4917000000009');
  rows.identity({ userId: grace, provider: 'github', subject: 'grace' });
  rows.password(grace, passwordHash);
  rows.share(grace, owner, ['data:read']);
  const organization = rows.organization('Acme', [
    [owner, 'OWNER'],
    [grace, 'MEMBER'],
  ]);
  return { grace, owner, root, organization };
}

function addAda(rows: Rows, { grace, owner }: Record<'grace' | 'owner', string>) {
  const ada = rows.user({
    username: 'ada-name',
    name: 'Ada Gone',
    bio: 'ada-earlier-bio',
    metadata: { note: 'ada-metadata' },
  });
  rows.email(ada, 'ada@gone.example');
  rows.email(ada, 'ada2@gone.example', false);
  rows.phoneNumber(ada, '+4917000000001');
  rows.identity({
    userId: ada,
    provider: 'github',
    subject: 'ada-subject',
    isPrimary: false,
    email: 'ada.identity@gone.example',
  });
  rows.password(ada, passwordHash);
  const from = { ipAddress: '198.51.100.7', userAgent: 'AdaBrowser/1.0' };
  const sessions = [
    rows.session(ada, from),
    rows.session(ada, from),
    rows.session(ada, { revokedAt: ahead(0) }),
  ] as const;
  rows.apiToken({ userId: ada }, [], { name: 'ada-token' });
  rows.dataRecord(ada, 'activities', { note: 'ada-activity' });
  rows.dataRecord(ada, 'traces', { note: 'ada-trace' });
  for (const name of ['Two', 'Three']) {
    rows.organization(name, [
      [ada, 'OWNER'],
      [owner, 'OWNER'],
    ]);
  }
  const kid = rows.user({
    kind: 'MANAGED',
    managerId: ada,
    username: 'kid-name',
    firstName: 'Kidfirst',
    metadata: { note: 'kid-metadata' },
  });
  const sibling = rows.user({ kind: 'MANAGED', managerId: ada, firstName: 'Sibling' });
  rows.email(kid, 'kid@gone.example');
  rows.phoneNumber(kid, '+4917000000002');
  rows.dataRecord(kid, 'activities', { note: 'kid-activity' });
  rows.share(ada, grace, ['data:read']);
  rows.share(grace, ada, ['profile']);
  rows.share(kid, grace, ['data:read']);
  return { ada, kid, sibling, sessions };
}

function addRobot(rows: Rows, organizationId: string) {
  const robot = rows.user({
    kind: 'SERVICE_ACCOUNT',
    organizationId,
    username: 'robot-name',
    name: 'Robot Gone',
    bio: 'robot-earlier-bio',
    metadata: { note: 'robot-metadata' },
  });
  rows.email(robot, 'robot@gone.example');
  rows.apiToken({ userId: robot }, [], { name: 'robot-token' });
  const bot = rows.user({ kind: 'MANAGED', managerId: robot, firstName: 'Botfirst' });
  return { robot, bot };
}

/** What a client, a delegate and an invitation leave: two sessions among the person's. @returns the invitation to her address */
async function addClientsAndCodes(
  { prisma }: Pick<Database, 'prisma'>,
  { ada, kid, grace }: Record<'ada' | 'kid' | 'grace', string>,
): Promise<string> {
  const { newId, randomBytes } = createSources();
  const hash = () => new Uint8Array(randomBytes(32));
  const expiresAt = ahead(hour);
  const client = { id: newId(), name: 'An app', redirectUris: ['https://app.example/'], scopes: ['profile'] };
  await prisma.oAuthClient.create({ data: client });
  const clientId = client.id;
  for (const userId of [ada, grace])
    await prisma.consent.create({ data: { userId, clientId, scopes: ['profile'] } });
  await prisma.session.createMany({
    data: [
      { id: newId(), userId: ada, clientId, scopes: ['profile'], expiresAt },
      { id: newId(), userId: kid, actorId: ada, scopes: ['data:read'], expiresAt },
    ],
  });
  const code = { redirectUri: 'https://app.example/', codeChallenge: 'x', authenticatedAt: ahead(0) };
  await prisma.authorizationCode.create({
    data: { id: newId(), codeHash: hash(), clientId, userId: ada, ...code, expiresAt },
  });
  await prisma.deviceAuthorization.create({
    data: {
      id: newId(),
      deviceCodeHash: hash(),
      userCodeHash: hash(),
      userId: ada,
      userAgent: 'AdaBrowser',
      expiresAt,
    },
  });
  await prisma.challenge.create({
    data: { id: newId(), kind: 'PASSWORD_RESET', userId: ada, codeHash: hash(), expiresAt },
  });
  const invitation = newId();
  // Proven: an invitation to an address that she only claims is somebody else's.
  await prisma.email.updateMany({ where: { address: 'ada2@gone.example' }, data: { verifiedAt: expiresAt } });
  await prisma.invitation.createMany({
    data: [
      { id: invitation, codeHash: hash(), email: 'ADA2@gone.example', expiresAt },
      { id: newId(), codeHash: hash(), usedById: ada, usedAt: ahead(0), expiresAt },
      { id: newId(), codeHash: hash(), email: 'grace@stays.example', expiresAt },
    ],
  });
  return invitation;
}

/** What tells others of accounts, and what was told already: of hers, and of those who stay. */
async function addExportsAndWebhooks(
  { prisma }: Pick<Database, 'prisma'>,
  { ada, kid, grace, root, organization }: Record<'ada' | 'kid' | 'grace' | 'root' | 'organization', string>,
): Promise<void> {
  const { newId, randomBytes } = createSources();
  const bytes = () => new Uint8Array(randomBytes(32));
  const expiresAt = ahead(hour);
  await prisma.dataExport.createMany({
    data: [
      { id: newId(), userId: ada, requestedById: ada, tokenHash: bytes(), expiresAt },
      { id: newId(), userId: grace, requestedById: ada, tokenHash: bytes(), expiresAt },
    ],
  });
  const answered = (actorId: string, body: object) => ({
    ...{ id: newId(), actorId, key: newId(), requestHash: bytes(), status: 201, headers: {} },
    ...{ body: JSON.stringify(body), expiresAt },
  });
  await prisma.idempotentAnswer.createMany({
    data: [
      answered(ada, { note: 'ada-answer' }),
      answered(root, { id: ada, note: 'ada-answer' }),
      answered(grace, { id: encodeId('User', kid), name: 'Kidfirst' }),
      answered(grace, { id: grace }),
    ],
  });
  await addDelivery(prisma, { ada, root });
  await prisma.signingKey.create({
    data: { id: newId(), keyId: newId(), algorithm: 'ES256', publicJwk: {}, organizationId: organization },
  });
}

/** Disabled, so that nothing is sent. */
async function addDelivery(
  prisma: Database['prisma'],
  { ada, root }: Record<'ada' | 'root', string>,
): Promise<void> {
  const { newId, randomBytes } = createSources();
  const [webhookId, eventId] = [newId(), newId()];
  const webhook = { name: 'Downstream', url: 'https://downstream.example/', disabledAt: ahead(0) };
  const encryptedSecret = new Uint8Array(randomBytes(32));
  await prisma.webhook.createMany({
    data: [
      { id: webhookId, ...webhook, encryptedSecret, createdById: ada },
      { id: newId(), ...webhook, encryptedSecret, createdById: root },
    ],
  });
  const event = { type: 'user.updated', subjectId: ada, occurredAt: ahead(0), publishedAt: ahead(0) };
  const payload = { id: ada, objectType: 'User', fields: ['bio'] };
  const { sequence } = await prisma.outboxEvent.create({ data: { id: eventId, ...event, payload } });
  await prisma.webhookDelivery.create({
    data: { id: newId(), webhookId, eventId, subjectId: ada, sequence, nextAttemptAt: ahead(0) },
  });
}

async function addRefreshTokens(
  { prisma }: Pick<Database, 'prisma'>,
  sessionIds: readonly string[],
): Promise<void> {
  const { newId } = createSources();
  const tokenHash = (text: string) => new Uint8Array(createHash('sha256').update(text).digest());
  await prisma.refreshToken.createMany({
    data: sessionIds.map((sessionId) => ({
      id: newId(),
      sessionId,
      tokenHash: tokenHash(sessionId),
      expiresAt: ahead(hour),
    })),
  });
}

/** Changes each of them through the front door, so that the trail has values. */
async function leaveTrail(
  clients: Record<'ada' | 'root' | 'owner', Parameters<typeof ask>[0]>,
  ids: Record<'kid' | 'ada' | 'grace' | 'robot', string>,
) {
  const update = (name: keyof typeof ids, bio: string) => ({
    id: encodeId('User', ids[name]),
    input: { bio },
  });
  const call = 'updateUser(id: $id, input: $input)';
  const outcomes = [
    await ask(clients.ada, call, update('ada', 'ada-bio')),
    await ask(clients.root, call, update('ada', 'ada-bio, as root wrote it')),
    await ask(clients.ada, call, update('kid', 'kid-bio')),
    await ask(clients.owner, call, update('robot', 'robot-bio')),
    await ask(clients.root, call, update('grace', 'grace-bio')),
  ];
  if (outcomes.some((outcome) => outcome !== 'ok')) throw new Error(`no trail: ${outcomes.join()}`);
}
