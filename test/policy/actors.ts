/** One world of accounts in every relation that the policy knows, and those who ask in it. */
import type { Database } from '../../src/db/database.ts';
import { encodeId, type NodeType } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/policy.ts';
import { createSources } from '../../src/sources.ts';
import { ago, collectRows, deleteAllRows, hour, scopesBut } from './rows.ts';

/** The password of the person, as an argon2id hash that costs little. */
export const password = 'correct horse';
export const passwordHash =
  '$argon2id$v=19$m=8,t=1,p=1$/PqstQaT0AGAO/3LvZCEGA$cx4jPU/kuMzq9qT53RU8c/5CVdKuXiGzBNINaRWlay8';

/** Who asks. The person is the subject of most operations; the others are what they are to it. */
export const actors = {
  anon: 'nobody',
  self: 'the person itself',
  mngr: 'the manager of the managed user',
  share: 'one with whom they share data:read and profile',
  data: 'one with whom they share data:read',
  strng: 'a stranger',
  mate: "a member of the person's organization",
  admin: 'an admin of that organization',
  owner: 'the owner of that organization',
  svc: "the organization's service account",
  org: "the organization's own token",
  super: 'a superuser',
  weak: "the superuser's token without admin",
  susp: 'a suspended user',
  expd: "the person's expired session",
  rvkd: "the person's revoked token",
} as const;
export type ActorName = keyof typeof actors;

export type World = Awaited<ReturnType<typeof createWorld>>;

/** Replaces whatever is in the database by the world. */
export async function createWorld(database: Database) {
  await deleteAllRows(database);
  const rows = collectRows();
  const users = addUsers(rows);
  const organization = rows.organization('Acme', [
    [users.person, 'MEMBER'],
    [users.mate, 'MEMBER'],
    [users.orgAdmin, 'ADMIN'],
    [users.owner, 'OWNER'],
  ]);
  const service = rows.user({
    kind: 'SERVICE_ACCOUNT',
    username: 'robot',
    name: 'Robot',
    organizationId: organization,
  });
  rows.email(service, 'robot@example.com');
  for (const grantor of [users.person, users.managed]) {
    rows.share(grantor, users.friend, ['data:read', 'profile']);
    rows.share(grantor, users.reader, ['data:read']);
  }
  const credentials = addCredentials(rows, { ...users, organization, service });
  const contactIds = addContacts(rows, users);
  const record = (owner: string) => encodeId('DataRecord', rows.dataRecord(owner, 'activities', {}));
  const recordIds = { person: record(users.person), managed: record(users.managed) };
  await rows.write(database);
  const oauthClient = await addClient(database, users.person);
  const signingKey = await addKey(database, organization);
  const webhooks = {
    organization: await addWebhook(database, organization),
    operator: await addWebhook(database, null),
  };
  const invitation = await addInvitation(database);
  const guest = { organizationId: organization, role: 'MEMBER', email: 'guest@example.com' } as const;
  const memberInvitation = await addInvitation(database, guest);
  await addTrail(database, { ...users, service, organization });
  const ids = Object.fromEntries(
    Object.entries({ ...users, service }).map(([k, id]) => [k, encodeId('User', id)]),
  );
  return {
    ids: ids as Record<keyof typeof users | 'service', string>,
    organization: encodeId('Organization', organization),
    oauthClient: encodeId('OAuthClient', oauthClient),
    signingKey: encodeId('SigningKey', signingKey),
    webhooks,
    invitation: encodeId('Invitation', invitation),
    erasure: encodeId('Erasure', await addErasure(database)),
    memberInvitation: encodeId('Invitation', memberInvitation),
    ...credentials,
    contactIds,
    recordIds,
  };
}

type Rows = ReturnType<typeof collectRows>;

/** The erasure of an account that nobody else here knew, not yet due. */
export async function addErasure({ prisma }: Database, userId = createSources().newId()): Promise<string> {
  const id = createSources().newId();
  const undoUntil = ago(-24 * hour);
  await prisma.erasure.create({
    data: { id, userId, requestedAt: ago(0), undoUntil, accountIds: [userId], accountStatuses: ['ACTIVE'] },
  });
  return id;
}

/** A key that the organization signs capability tokens with; nobody has its private half. */
export async function addKey({ prisma }: Database, organizationId: string): Promise<string> {
  const id = createSources().newId();
  const key = { keyId: 'a key', algorithm: 'ES256', publicJwk: {}, name: 'Reports' };
  await prisma.signingKey.create({ data: { id, organizationId, ...key } });
  return id;
}

/** A webhook with an event that is to be delivered to it. */
export async function addWebhook(
  { prisma }: Database,
  organizationId: string | null,
): Promise<{ webhook: string; delivery: string }> {
  const { newId } = createSources();
  const [id, deliveryId, eventId, subjectId] = [newId(), newId(), newId(), newId()];
  const row = { id, name: 'A webhook', url: 'https://example.com/', encryptedSecret: new Uint8Array(32) };
  await prisma.webhook.create({ data: { ...row, organizationId } });
  const at = ago(hour);
  const { sequence } = await prisma.outboxEvent.create({
    data: {
      ...{ id: eventId, type: 'user.updated', subjectId, organizationId },
      ...{ payload: {}, occurredAt: at, publishedAt: at },
    },
  });
  await prisma.webhookDelivery.create({
    data: { id: deliveryId, webhookId: id, eventId, subjectId, sequence, nextAttemptAt: at },
  });
  return { webhook: encodeId('Webhook', id), delivery: encodeId('WebhookDelivery', deliveryId) };
}

/** An event about each kind of account that has a trail. */
async function addTrail(
  { prisma }: Database,
  {
    person,
    managed,
    service,
    organization,
  }: Record<'person' | 'managed' | 'service' | 'organization', string>,
): Promise<void> {
  const { newId } = createSources();
  const about = (accountId: string, organizationId: string | null = null) => ({
    ...{
      id: newId(),
      occurredAt: ago(hour),
      action: 'user.update',
      subjectType: 'User',
      subjectId: accountId,
    },
    ...{ accountId, actorId: accountId, organizationId, credentialKind: 'SESSION', ipAddress: '192.0.2.77' },
  });
  await prisma.auditEvent.createMany({ data: [about(person), about(managed), about(service, organization)] });
}

/** An invitation that nobody used. */
export async function addInvitation(
  { prisma }: Database,
  to: { organizationId?: string; role?: Role; email?: string } = {},
): Promise<string> {
  const { newId, randomBytes } = createSources();
  const id = newId();
  const codeHash = new Uint8Array(randomBytes(32));
  await prisma.invitation.create({ data: { id, codeHash, expiresAt: ago(-hour), ...to } });
  return id;
}

/** An OAuth2 client that the person let at its profile. */
export async function addClient({ prisma }: Database, userId: string): Promise<string> {
  const { newId, randomBytes } = createSources();
  const id = newId();
  const scopes = ['profile'];
  const secretHash = new Uint8Array(randomBytes(32));
  await prisma.oAuthClient.create({ data: { id, name: 'An app', secretHash, redirectUris: [], scopes } });
  await prisma.consent.create({ data: { userId, clientId: id, scopes } });
  return id;
}

/** Contacts besides the default ones, which may be removed. */
function addContacts(rows: Rows, { person, managed }: Record<'person' | 'managed', string>) {
  const email = (owner: string, address: string) => encodeId('Email', rows.email(owner, address, false));
  const phone = (owner: string, number: string) =>
    encodeId('PhoneNumber', rows.phoneNumber(owner, number, false));
  const identity = (userId: string) =>
    encodeId('OAuthIdentity', rows.identity({ userId, provider: 'corp', subject: userId, isPrimary: false }));
  return {
    email: {
      person: email(person, 'person-too@example.com'),
      managed: email(managed, 'managed-too@example.com'),
    },
    phone: { person: phone(person, '+4930123456'), managed: phone(managed, '+4930654321') },
    identity: { person: identity(person), managed: identity(managed) },
  };
}

function addUsers(rows: Rows) {
  const manager = rows.user({ username: 'manager', name: 'Manager' });
  const person = rows.user({ username: 'person', name: 'Person' });
  const managed = rows.user({ kind: 'MANAGED', managerId: manager, firstName: 'Managed' });
  rows.email(person, 'person@example.com');
  rows.email(managed, 'managed@example.com');
  rows.identity({ userId: person, provider: 'github', subject: '4711', isPrimary: false });
  rows.password(person, passwordHash);
  return {
    manager,
    person,
    managed,
    friend: rows.user({ username: 'friend' }),
    reader: rows.user({ username: 'reader' }),
    stranger: rows.user({ username: 'stranger' }),
    mate: rows.user({ username: 'mate' }),
    orgAdmin: rows.user({ username: 'org-admin' }),
    owner: rows.user({ username: 'owner' }),
    superuser: rows.user({ username: 'super', isSuperuser: true }),
    reserved: rows.user({ username: 'admin', isSuperuser: true }),
    internal: rows.user({ kind: 'INTERNAL', username: 'system' }),
    suspended: rows.user({ username: 'suspended', status: 'SUSPENDED' }),
  };
}

function addCredentials(
  rows: Rows,
  users: ReturnType<typeof addUsers> & { organization: string; service: string },
) {
  const session = (userId: string) => rows.session(userId).secret;
  const inUse = rows.session(users.person);
  const sessions = {
    inUse,
    person: rows.session(users.person),
    managed: rows.session(users.managed),
    superuser: rows.session(users.superuser),
    internal: rows.session(users.internal),
    expired: rows.session(users.person, { expiresAt: ago(hour) }),
  };
  const tokens = {
    person: rows.apiToken({ userId: users.person }),
    service: rows.apiToken({ userId: users.service }),
    organization: rows.apiToken({ organizationId: users.organization }),
  };
  const secrets: Record<ActorName, string | null> = {
    anon: null,
    self: inUse.secret,
    mngr: session(users.manager),
    share: session(users.friend),
    data: session(users.reader),
    strng: session(users.stranger),
    mate: session(users.mate),
    admin: session(users.orgAdmin),
    owner: session(users.owner),
    svc: rows.apiToken({ userId: users.service }).secret,
    org: rows.apiToken({ organizationId: users.organization }).secret,
    super: session(users.superuser),
    weak: rows.apiToken({ userId: users.superuser }, scopesBut('admin')).secret,
    susp: session(users.suspended),
    expd: rows.session(users.person, { expiresAt: ago(1) }).secret,
    rvkd: rows.apiToken({ userId: users.person }, undefined, { revokedAt: ago(hour) }).secret,
  };
  return { secrets, tokenIds: idsOf('ApiToken', tokens), sessionIds: idsOf('Session', sessions) };
}

function idsOf<Key extends string>(type: NodeType, entries: Record<Key, { id: string }>) {
  const ids = Object.entries<{ id: string }>(entries).map(([key, { id }]) => [key, encodeId(type, id)]);
  return Object.fromEntries(ids) as Record<Key, string>;
}
