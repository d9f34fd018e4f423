/** A world for generated requests: accounts whose facts are to be found by their text, and who may ever read them. */
import { randomUUID } from 'node:crypto';
import { hashSecret } from '../../../src/auth/secrets.ts';
import type { Database } from '../../../src/db/database.ts';
import { scopes } from '../../../src/domain/policy.ts';
import { password, passwordHash } from '../../policy/actors.ts';
import { ago, ahead, collectRows, deleteAllRows, hour } from '../../policy/rows.ts';

type Rows = ReturnType<typeof collectRows>;

/** Who asks: each has a credential, but for the first. */
export const actorNames = [
  'nobody',
  'garbage',
  'person',
  'narrowed',
  'friend',
  'manager',
  'robot',
  'organization',
  'superuser',
  'superuserWithoutAdmin',
  'suspended',
  'expired',
  'revoked',
] as const;
export type ActorName = (typeof actorNames)[number];

const accountNames = [
  'person',
  'manager',
  'managed',
  'friend',
  'robot',
  'superuser',
  'suspended',
  'stranger',
  'kid',
  'system',
] as const;
type AccountName = (typeof accountNames)[number];

/** Who may read the name of an account, who its private facts, and who its data; nobody else, whatever the request. */
const readers: Record<AccountName, Readonly<Record<'name' | 'private' | 'data', readonly ActorName[]>>> = {
  person: {
    name: ['person', 'narrowed', 'friend', 'superuser'],
    private: ['person', 'friend', 'superuser'],
    data: ['person', 'narrowed', 'friend', 'superuser'],
  },
  manager: {
    name: ['manager', 'superuser'],
    private: ['manager', 'superuser'],
    data: ['manager', 'superuser'],
  },
  managed: {
    name: ['manager', 'superuser'],
    private: ['manager', 'superuser'],
    data: ['manager', 'superuser'],
  },
  friend: {
    name: ['friend', 'person', 'narrowed', 'superuser'],
    private: ['friend', 'superuser'],
    data: ['friend', 'person', 'narrowed', 'superuser'],
  },
  robot: {
    name: ['robot', 'superuser'],
    private: ['robot', 'superuser'],
    data: ['robot', 'friend', 'superuser'],
  },
  superuser: {
    name: ['superuser', 'superuserWithoutAdmin'],
    private: ['superuser', 'superuserWithoutAdmin'],
    data: ['superuser', 'superuserWithoutAdmin'],
  },
  suspended: { name: ['superuser'], private: ['superuser'], data: ['superuser'] },
  stranger: { name: ['superuser'], private: ['superuser'], data: ['superuser'] },
  kid: { name: ['superuser'], private: ['superuser'], data: ['superuser'] },
  system: { name: [], private: [], data: [] },
};

/** The facts of an account. */
export const factsOf = (name: AccountName) => ({
  name: `mk-name-of-${name}`,
  username: `mk-login-of-${name}`,
  email: `mk-email-of-${name}@example.com`,
  metadata: `mk-metadata-of-${name}`,
  subject: `mk-subject-of-${name}`,
  agent: `mk-agent-of-${name}`,
  data: `mk-data-of-${name}`,
});

export type World = ReturnType<typeof planWorld>;

/** Plans the rows once, so that every writing of them makes the very same world. */
export function planWorld() {
  const rows = collectRows();
  const ids = addAccounts(rows);
  const organization = rows.organization('Acme', [
    [ids.person, 'MEMBER'],
    [ids.stranger, 'MEMBER'],
    [ids.friend, 'OWNER'],
  ]);
  const hidden = rows.organization('mk-hidden-organization', [[ids.stranger, 'OWNER']]);
  const robot = addAccount(rows, 'robot', { kind: 'SERVICE_ACCOUNT', organizationId: organization });
  rows.share(ids.person, ids.friend, ['data:read', 'profile']);
  rows.share(ids.friend, ids.person, ['data:read']);
  const record = rows.dataRecord(ids.person, 'traces', {});
  const [erasure, asked] = [randomUUID(), ago(hour)];
  const { secrets, sessions, refreshToken } = addCredentials(rows, { ...ids, robot, organization });
  return {
    /** What a request may name, by a word. */
    ids: {
      ...ids,
      robot,
      organization,
      hidden,
      ...sessions,
      refreshToken,
      record,
      erasure,
      none: '00000000-0000-4000-8000-000000000000',
    },
    secrets,
    password,
    /** What no answer to an actor may contain. */
    hidden: new Map(actorNames.map((actor) => [actor, hiddenFrom(actor, secrets)])),
    async write(database: Database) {
      await deleteAllRows(database);
      await rows.write(database);
      const about = { userId: ids.suspended, status: 'COMPLETED', inventory: {} } as const;
      await database.prisma.erasure.create({
        data: { id: erasure, ...about, requestedAt: asked, undoUntil: asked },
      });
    },
  };
}

function addAccounts(rows: Rows) {
  const manager = addAccount(rows, 'manager');
  const stranger = addAccount(rows, 'stranger');
  return {
    person: addAccount(rows, 'person'),
    manager,
    managed: addAccount(rows, 'managed', { kind: 'MANAGED', managerId: manager }),
    friend: addAccount(rows, 'friend'),
    superuser: addAccount(rows, 'superuser', { isSuperuser: true }),
    other: rows.user({ username: 'admin', isSuperuser: true }),
    suspended: addAccount(rows, 'suspended', { status: 'SUSPENDED' }),
    stranger,
    kid: addAccount(rows, 'kid', { kind: 'MANAGED', managerId: stranger }),
    system: addAccount(rows, 'system', { kind: 'INTERNAL' }),
  };
}

function addAccount(rows: Rows, account: AccountName, columns: Parameters<Rows['user']>[0] = {}): string {
  const { name, username, email, metadata, subject, data } = factsOf(account);
  const id = rows.user({ username, firstName: name, name, metadata: { note: metadata }, ...columns });
  rows.email(id, email);
  rows.dataRecord(id, 'activities', { note: data });
  if (columns.kind === undefined) rows.password(id, passwordHash);
  if (account === 'stranger') rows.identity({ userId: id, provider: 'github', subject });
  return id;
}

/** Every credential was just used, so that its use is not noted again. */
function addCredentials(rows: Rows, ids: Record<AccountName | 'organization', string>) {
  const session = (account: AccountName, columns: object = {}) =>
    rows.session(ids[account], { userAgent: factsOf(account).agent, ...columns });
  const token = (owner: Parameters<Rows['apiToken']>[0], wanted = scopes.filter(Boolean), columns = {}) =>
    rows.apiToken(owner, wanted, columns).secret;
  const own = session('person');
  const second = session('person');
  const strangers = session('stranger');
  const secrets: Record<ActorName, string | null> = {
    nobody: null,
    garbage: `ug_ses_${'x'.repeat(43)}`,
    person: own.secret,
    narrowed: token({ userId: ids.person }, ['data:read', 'users:write']),
    friend: session('friend').secret,
    manager: session('manager').secret,
    robot: token({ userId: ids.robot }),
    organization: token({ organizationId: ids.organization }),
    superuser: session('superuser').secret,
    superuserWithoutAdmin: token(
      { userId: ids.superuser },
      scopes.filter((scope) => scope !== 'admin'),
    ),
    suspended: session('suspended').secret,
    expired: session('person', { expiresAt: ago(1) }).secret,
    revoked: token({ userId: ids.person }, undefined, { revokedAt: ago(hour), expiresAt: ahead(hour) }),
  };
  const sessions = { ownSession: own.id, secondSession: second.id, strangersSession: strangers.id };
  return { secrets, sessions, refreshToken: rows.refreshToken(own.id).secret };
}

/** What no answer to this actor may contain: facts, secrets of others, hashes. */
function hiddenFrom(actor: ActorName, secrets: Record<ActorName, string | null>): string[] {
  const facts = accountNames.flatMap((account) => {
    const { name, username, agent, data, ...known } = factsOf(account);
    const mayRead = (fact: 'name' | 'private' | 'data') => readers[account][fact].includes(actor);
    const isOwn = account === actor || (account === 'superuser' && actor === 'superuserWithoutAdmin');
    return [
      ...(mayRead('name') ? [] : [name, username]),
      ...(mayRead('private') ? [] : Object.values(known)),
      ...(mayRead('data') ? [] : [data]),
      ...(isOwn ? [] : [agent]),
    ];
  });
  const others = Object.entries(secrets).flatMap(([owner, secret]) =>
    secret === null || owner === actor ? [] : [secret],
  );
  const hashes = Object.values(secrets).flatMap((secret) => {
    const hash = Buffer.from(hashSecret(secret ?? ''));
    return [hash.toString('hex'), hash.toString('base64'), hash.toString('base64url')];
  });
  const organizations = actor === 'superuser' ? [] : ['mk-hidden-organization'];
  return [...facts, ...others, ...hashes, ...organizations, '$argon2'];
}
