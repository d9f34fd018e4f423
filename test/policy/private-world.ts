/** Accounts with recognizable private facts, and those who must never read them. */
import type { Database } from '../../src/db/database.ts';
import { encodeId } from '../../src/domain/ids.ts';
import { createSources } from '../../src/sources.ts';
import { passwordHash } from './actors.ts';
import { ago, collectRows, scopesBut } from './rows.ts';

/** The private facts of Vera, of the user she manages and of the service account, each to be found by its text. */
export const secrets = {
  username: 'vera.hidden@private.example',
  email: 'vera.second@private.example',
  phone: '+4915112345678',
  metadata: 'metadata-of-vera',
  locale: 'gsw-LI',
  timeZone: 'Antarctica/Troll',
  provider: 'hiddenprovider',
  subject: 'subject-of-vera',
  identityName: 'Vera at her provider',
  identityEmail: 'vera.identity@private.example',
  ipAddress: '203.0.113.77',
  userAgent: 'HiddenBrowser/7',
  token: 'hidden-token-of-vera',
  collection: 'hidden-collection',
  trail: 'trail-of-vera',
  trailAddress: '203.0.113.88',
  kidName: 'Hiddenkid',
  kidEmail: 'kid@private.example',
  otherOrganization: 'Hiddenorg',
  robotEmail: 'robot@private.example',
  robotMetadata: 'metadata-of-robot',
  botName: 'Hiddenbot',
  nameless: 'nameless@private.example',
} as const;

type Rows = ReturnType<typeof collectRows>;
export type PrivateWorld = Awaited<ReturnType<typeof createPrivateWorld>>;

/** Writes the world into an empty database. */
export async function createPrivateWorld(database: Database) {
  const rows = collectRows();
  const { vera, kid, record } = addVera(rows);
  const nameless = rows.user({ username: secrets.nameless });
  rows.email(nameless, secrets.nameless);
  const mate = rows.user({ username: 'mate' });
  rows.password(mate, passwordHash);
  const mates = { kid: rows.user({ kind: 'MANAGED', managerId: mate, firstName: 'Known' }) };
  const owner = rows.user({ username: 'owner' });
  const organization = rows.organization('Acme', [
    [vera, 'MEMBER'],
    [mate, 'MEMBER'],
    [owner, 'OWNER'],
  ]);
  const hidden = rows.organization(secrets.otherOrganization, [[vera, 'OWNER']]);
  const { robot } = addRobot(rows, organization);
  const askers = addAskers(rows, { vera, kid, nameless, robot, mate, owner, organization });
  const veraToken = rows.apiToken({ userId: vera }, undefined, { name: secrets.token }).id;
  const robotToken = rows.apiToken({ userId: robot }, undefined, { name: secrets.token }).id;
  const mateToken = rows.apiToken({ userId: mate }, [], { name: 'Known' }).id;
  await rows.write(database);
  await addTrail(database, vera);
  const users = { vera, kid, nameless, mate, owner, robot, mateKid: mates.kid };
  return {
    users: mapValues(users, (id) => encodeId('User', id)),
    organizations: mapValues({ organization, hidden }, (id) => encodeId('Organization', id)),
    tokens: mapValues({ vera: veraToken, robot: robotToken, mate: mateToken }, (id) =>
      encodeId('ApiToken', id),
    ),
    records: { vera: encodeId('DataRecord', record) },
    askers,
  };
}

async function addTrail({ prisma }: Database, accountId: string): Promise<void> {
  await prisma.auditEvent.create({
    data: {
      ...{
        id: createSources().newId(),
        occurredAt: ago(1),
        action: 'user.update',
        credentialKind: 'SESSION',
      },
      ...{ subjectType: 'User', subjectId: accountId, accountId, actorId: accountId },
      changes: { bio: { before: null, after: secrets.trail } },
      ipAddress: secrets.trailAddress,
    },
  });
}

function mapValues<Key extends string>(object: Record<Key, string>, map: (value: string) => string) {
  const entries = Object.entries<string>(object).map(([key, value]) => [key, map(value)]);
  return Object.fromEntries(entries) as Record<Key, string>;
}

function addVera(rows: Rows) {
  const vera = rows.user({
    username: secrets.username,
    name: 'Vera',
    metadata: { note: secrets.metadata },
    locale: secrets.locale,
    timeZone: secrets.timeZone,
  });
  rows.email(vera, secrets.username);
  rows.email(vera, secrets.email, false);
  rows.phoneNumber(vera, secrets.phone);
  const { provider, subject, identityName: name, identityEmail: email } = secrets;
  rows.identity({ userId: vera, provider, subject, name, email });
  rows.session(vera, { ipAddress: secrets.ipAddress, userAgent: secrets.userAgent });
  const record = rows.dataRecord(vera, secrets.collection, {});
  const kid = rows.user({ kind: 'MANAGED', managerId: vera, firstName: secrets.kidName });
  rows.email(kid, secrets.kidEmail);
  return { vera, kid, record };
}

function addRobot(rows: Rows, organizationId: string) {
  const robot = rows.user({
    kind: 'SERVICE_ACCOUNT',
    name: 'Robot',
    organizationId,
    metadata: { note: secrets.robotMetadata },
  });
  rows.email(robot, secrets.robotEmail);
  rows.user({ kind: 'MANAGED', managerId: robot, firstName: secrets.botName });
  return { robot };
}

/** Each asker's bearer secret. */
function addAskers(
  rows: Rows,
  ids: Record<'vera' | 'kid' | 'nameless' | 'robot' | 'mate' | 'owner' | 'organization', string>,
) {
  const { vera, kid, nameless, robot, mate, owner, organization } = ids;
  const session = (userId: string) => rows.session(userId).secret;
  const reader = rows.user({ username: 'reader' });
  const friend = rows.user({ username: 'friend' });
  const formerFriend = rows.user({ username: 'former-friend' });
  const kidReader = rows.user({ username: 'kid-reader' });
  const robotReader = rows.user({ username: 'robot-reader' });
  const superuser = rows.user({ username: 'super', isSuperuser: true });
  rows.share(vera, reader, ['data:read']);
  rows.share(nameless, reader, ['data:read']);
  rows.share(vera, friend, ['data:read', 'profile']);
  rows.share(vera, formerFriend, ['data:read', 'profile'], ago(1));
  rows.share(kid, kidReader, ['data:read']);
  rows.share(robot, robotReader, ['data:read']);
  return {
    stranger: session(rows.user({ username: 'stranger' })),
    mate: session(mate),
    owner: session(owner),
    reader: session(reader),
    friend: session(friend),
    formerFriend: session(formerFriend),
    kidReader: session(kidReader),
    robotReader: session(robotReader),
    organization: rows.apiToken({ organizationId: organization }).secret,
    veraWithoutProfile: rows.apiToken({ userId: vera }, scopesBut('profile', 'tokens:write')).secret,
    superuserWithoutProfile: rows.apiToken({ userId: superuser }, scopesBut('profile', 'tokens:write'))
      .secret,
    superuser: session(superuser),
  };
}
