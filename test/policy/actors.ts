/** One world of accounts in every relation that the policy knows, and those who ask in it. */
import type { Database } from '../../src/db/database.ts';
import { encodeId, type NodeType } from '../../src/domain/ids.ts';
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
  await rows.write(database);
  const ids = Object.fromEntries(
    Object.entries({ ...users, service }).map(([k, id]) => [k, encodeId('User', id)]),
  );
  return {
    ids: ids as Record<keyof typeof users | 'service', string>,
    organization: encodeId('Organization', organization),
    ...credentials,
  };
}

type Rows = ReturnType<typeof collectRows>;

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
