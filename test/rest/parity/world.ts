/** The policy's world with more to tell: so that two surfaces do not agree by both having nothing to say. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { issueSecret } from '../../../src/auth/secrets.ts';
import type { Database } from '../../../src/db/database.ts';
import { decodeId, encodeId } from '../../../src/domain/ids.ts';
import { scopes as everyScope, type Scope } from '../../../src/domain/policy.ts';
import { createSources } from '../../../src/sources.ts';
import { actors, createWorld as createPolicyWorld, passwordHash, type World } from '../../policy/actors.ts';
import { asAccessToken } from '../../policy/presentations.ts';
import { ahead, collectRows, hour, scopesBut } from '../../policy/rows.ts';
import { signerFor, testIssuer } from '../../setup/access-tokens.ts';

/** The person, and a superuser, by tokens that lack one scope each. */
const narrowed: readonly (readonly ['self' | 'super', Scope])[] = [
  ...everyScope.map((scope) => ['self', scope] as const),
  ['super', 'profile'],
  ['super', 'users:write'],
];
const nameOf = ([who, scope]: (typeof narrowed)[number]) => `${who} without ${scope}`;

/** The person and an organization, by other kinds of credentials. (Delegates are refused by contract: see their own tests.) */
const otherKinds = ['self by access token', 'self by an app', 'org by capability'] as const;

/** Who asks: the actors of the policy, those, the reserved account and an OAuth2 account, and those with other credentials. */
export const askers: readonly string[] = [
  ...Object.keys(actors),
  ...narrowed.map(nameOf),
  'reserved',
  'oauth',
  ...otherKinds,
];

/** Those whose credential is no longer good. */
export const refusedAskers: readonly string[] = ['susp', 'expd', 'rvkd'];

export type ParityWorld = Awaited<ReturnType<typeof createWorld>>;
export type Subject = keyof ParityWorld['uuids'];
export type SessionName = keyof ParityWorld['sessionUuids'];

/** Replaces whatever is in the database by the world. */
export async function createWorld(database: Database) {
  const world = await createPolicyWorld(database);
  const rows = collectRows();
  const more = addAccounts(rows, mapValues(world.ids, uuidOf));
  const secrets = new Map([...Object.entries(world.secrets), ...addCredentials(rows, more)]);
  await rows.write(database);
  await describeAccounts(database, more);
  for (const [asker, token] of await addTokens(database, world)) secrets.set(asker, token);
  const refreshToken = await addRefreshToken(database, uuidOf(world.sessionIds.person));
  const unknown = '00000000-0000-7000-8000-000000000000';
  const uuids = { ...more, unknown };
  return {
    uuids,
    ids: mapValues(uuids, (uuid) => encodeId('User', uuid)),
    sessionUuids: { ...mapValues(world.sessionIds, uuidOf), unknown },
    secrets,
    refreshToken,
  };
}

/** An access token of a session, one of an app, and one that an organization signed itself. */
async function addTokens(
  database: Database,
  { ids, organization, secrets }: World,
): Promise<readonly (readonly [(typeof otherKinds)[number], string])[]> {
  const { prisma } = database;
  const signer = signerFor({ database });
  const scopes = [...everyScope];
  const client = { id: crypto.randomUUID(), name: 'An app', redirectUris: [], scopes };
  await prisma.oAuthClient.create({ data: client });
  const grant = { userId: uuidOf(ids.person), clientId: client.id, scopes, expiresAt: ahead(hour) };
  const session = await prisma.session.create({ data: { id: crypto.randomUUID(), ...grant } });
  const { token } = await signer.issue({ ...grant, sessionId: session.id });
  const own = await asAccessToken(prisma, signer)(secrets.self ?? '', 'self');
  return [
    ['self by access token', own ?? ''],
    ['self by an app', token],
    ['org by capability', await signCapability(prisma, uuidOf(organization))],
  ];
}

async function signCapability(prisma: Database['prisma'], organizationId: string): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const publicJwk = await exportJWK(publicKey);
  const keyId = await calculateJwkThumbprint(publicJwk);
  const key = { id: crypto.randomUUID(), keyId, algorithm: 'ES256', organizationId };
  await prisma.signingKey.create({ data: { ...key, publicJwk: publicJwk as object } });
  return new SignJWT({ scope: 'profile data:read data:write users:write' })
    .setProtectedHeader({ alg: 'ES256', typ: 'capability+jwt', kid: keyId })
    .setIssuer(organizationId)
    .setAudience(testIssuer)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
}

const uuidOf = (id: string) => decodeId(id).uuid;

function mapValues<Key extends string>(object: Record<Key, string>, map: (value: string) => string) {
  const entries = Object.entries<string>(object).map(([key, value]) => [key, map(value)]);
  return Object.fromEntries(entries) as Record<Key, string>;
}

async function addRefreshToken({ prisma }: Database, sessionId: string): Promise<string> {
  const { newId, randomBytes } = createSources();
  const { secret, hash: tokenHash } = issueSecret('refreshToken', randomBytes);
  await prisma.refreshToken.create({ data: { id: newId(), sessionId, tokenHash, expiresAt: ahead(hour) } });
  return secret;
}

type Rows = ReturnType<typeof collectRows>;

/** A user whom the person manages, one who is managed and owns an organization, and an OAuth2 account. */
function addAccounts(rows: Rows, users: Record<keyof World['ids'], string>) {
  const { person, manager, friend, reader, stranger, superuser, suspended, mate, service } = users;
  const kid = rows.user({ kind: 'MANAGED', managerId: person, firstName: 'Kid', lastName: 'Person' });
  const heir = rows.user({ kind: 'MANAGED', managerId: manager, firstName: 'Heir' });
  const oauth = rows.user({ username: 'olga@example.com', firstName: 'Olga', lastName: 'Oauth' });
  rows.email(oauth, 'olga@example.com');
  rows.identity({ userId: oauth, provider: 'gitlab', subject: '31', name: 'Olga' });
  rows.share(oauth, friend, ['profile']);
  rows.share(oauth, reader, ['data:write']);
  rows.share(friend, superuser, ['data:read']);
  rows.share(kid, stranger, ['data:read', 'admin', 'users:write', 'offline_access']);
  rows.share(service, stranger, ['profile']); // who does not see its organization
  rows.password(suspended, passwordHash);
  rows.password(mate, passwordHash);
  rows.organization('Heirs', [[heir, 'OWNER']]);
  rows.organization('Zeta', [
    [mate, 'OWNER'],
    [person, 'ADMIN'],
  ]);
  rows.session(person, {
    ipAddress: '203.0.113.9',
    userAgent: 'Browser/1',
    lastUsedAt: new Date(Date.now() - hour),
    expiresAt: ahead(hour),
  });
  return { ...users, kid, heir, oauth };
}

function addCredentials(rows: Rows, users: Record<'person' | 'superuser' | 'reserved' | 'oauth', string>) {
  const owners = { self: users.person, super: users.superuser };
  const tokens = narrowed.map((one) => {
    const [who, scope] = one;
    return [nameOf(one), rows.apiToken({ userId: owners[who] }, scopesBut(scope)).secret] as const;
  });
  const sessions = [
    ['reserved', rows.session(users.reserved).secret],
    ['oauth', rows.session(users.oauth).secret],
  ] as const;
  return [...tokens, ...sessions];
}

/** What the accounts say of themselves; and an order of creation that is not the order of ids. */
async function describeAccounts({ prisma }: Database, ids: Record<string, string>): Promise<void> {
  const profile = (who: string) => ({
    firstName: who,
    lastName: `${who}son`,
    bio: `About ${who}.\nMore.`,
    company: `${who} Ltd`,
    jobTitle: `Head of ${who}`,
    avatarUrl: `https://pictures.example.com/${who}.png`,
    metadata: { of: who, nested: { list: [1, null, 'two'] } },
    locale: 'gsw-CH',
    timeZone: 'Europe/Zurich',
  });
  for (const who of ['person', 'managed', 'service', 'friend', 'mate', 'kid', 'owner', 'superuser', 'oauth'])
    await prisma.user.update({ where: { id: ids[who] ?? '' }, data: profile(who) });
  await prisma.user.update({ where: { id: ids.person ?? '' }, data: { isOnboarded: true } });
  await addContacts(prisma, ids.person ?? '');
  await prisma.$executeRaw`UPDATE users SET created_at = o.at, updated_at = o.at + interval '1 hour' FROM
    (SELECT id, timestamptz '2025-01-01Z' + row_number() OVER (ORDER BY reverse(id::text)) * interval '1 day' AS at
     FROM users) o WHERE users.id = o.id`;
  await prisma.$executeRaw`UPDATE memberships SET created_at = timestamptz '2025-01-01Z'
    FROM organizations o WHERE o.id = organization_id AND o.name = 'Zeta'`;
}

async function addContacts(prisma: Database['prisma'], userId: string): Promise<void> {
  const verifiedAt = new Date('2025-02-02T02:02:02.222Z');
  const uuid = () => crypto.randomUUID();
  await prisma.email.create({ data: { id: uuid(), userId, address: 'second@example.com', verifiedAt } });
  const numbers = [
    { number: '+4930000001', isPrimary: false },
    { number: '+4930000002', isPrimary: true, verifiedAt },
  ];
  await prisma.phoneNumber.createMany({ data: numbers.map((row) => ({ id: uuid(), userId, ...row })) });
  const told = { name: 'P. at GitHub', email: 'p@github.example', avatarUrl: 'https://github.example/p.png' };
  await prisma.oAuthIdentity.updateMany({ where: { userId }, data: told });
  await prisma.password.update({ where: { userId }, data: { expired: true } });
}
