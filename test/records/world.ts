/** A person, a managed user and a service account with a data record each, and everybody who may ask for it. */
import type { Database } from '../../src/db/database.ts';
import { encodeId } from '../../src/domain/ids.ts';
import type { Scope } from '../../src/domain/policy.ts';
import { createSources } from '../../src/sources.ts';
import { ecKeys, forge, now } from '../auth/forge.ts';
import { collectRows, deleteAllRows, scopesBut } from '../policy/rows.ts';

/** What test apps call themselves, for the tokens that organizations sign. */
export const issuer = 'https://users.example';

export const subjects = ['person', 'managed', 'robot'] as const;
export type Subject = (typeof subjects)[number];

/** What nobody may find who may not read the data. */
export const secretOf = (subject: Subject) => `the data of the ${subject}`;

export type Actor = keyof Awaited<ReturnType<typeof createWorld>>['secrets'];

export async function createWorld(database: Database) {
  await deleteAllRows(database);
  const rows = collectRows();
  const manager = rows.user({ name: 'Manager' });
  const person = rows.user({ name: 'Person' });
  const managed = rows.user({ kind: 'MANAGED', managerId: manager, firstName: 'Managed' });
  const [reader, writer, knower, stranger] = ['Reader', 'Writer', 'Knower', 'Stranger'].map((name) =>
    rows.user({ name }),
  ) as [string, string, string, string];
  const [mate, admin] = [rows.user({ name: 'Mate' }), rows.user({ name: 'Admin' })];
  const superuser = rows.user({ name: 'Superuser', isSuperuser: true });
  const organization = rows.organization('Acme', [
    [person, 'MEMBER'],
    [mate, 'MEMBER'],
    [admin, 'ADMIN'],
  ]);
  const robot = rows.user({ kind: 'SERVICE_ACCOUNT', name: 'Robot', organizationId: organization });
  const lent: [string, Scope[]][] = [
    [reader, ['data:read']],
    [writer, ['data:write']],
    [knower, ['profile']],
  ];
  for (const grantor of [person, managed])
    for (const [grantee, scopes] of lent) rows.share(grantor, grantee, scopes);
  const ids = { person, managed, robot };
  const records = Object.fromEntries(
    subjects.map((subject) => [
      subject,
      rows.dataRecord(ids[subject], 'activities', { text: secretOf(subject) }),
    ]),
  ) as Record<Subject, string>;
  const session = (userId: string, columns = {}) => rows.session(userId, columns).secret;
  const keys = ecKeys();
  const key = { id: createSources().newId(), keyId: 'k'.repeat(43), algorithm: 'ES256', name: 'Key' };
  const capability = (scope: string, claims = {}) =>
    forge(
      { alg: 'ES256', typ: 'capability+jwt', kid: key.keyId },
      { iss: organization, aud: issuer, iat: now(), exp: now(600_000), scope, ...claims },
      keys.privateKey,
    );
  const secrets = {
    anonymous: null,
    self: session(person),
    'self, by a token without data': rows.apiToken({ userId: person }, scopesBut('data:read', 'data:write'))
      .secret,
    manager: session(manager),
    reader: session(reader),
    writer: session(writer),
    'one who shares the profile': session(knower),
    stranger: session(stranger),
    mate: session(mate),
    'who runs the organization': session(admin),
    superuser: session(superuser),
    'superuser without admin': rows.apiToken({ userId: superuser }, scopesBut('admin')).secret,
    robot: rows.apiToken({ userId: robot }).secret,
    "the organization's token": rows.apiToken({ organizationId: organization }).secret,
    'delegate of the managed': session(managed, { actorId: manager, scopes: ['data:read', 'data:write'] }),
    'delegate who reads': session(managed, { actorId: reader, scopes: ['data:read', 'data:write'] }),
    'capability of the robot': await capability('data:read', { sub: robot }),
    'capability of the organization': await capability('data:read data:write'),
  } satisfies Record<string, string | null>;
  await rows.write(database);
  const publicJwk = keys.publicKey.export({ format: 'jwk' }) as object;
  await database.prisma.signingKey.create({ data: { ...key, organizationId: organization, publicJwk } });
  return {
    /** UUIDs, as the REST surface has them. */
    ids,
    records,
    globalIds: Object.fromEntries(
      subjects.map((subject) => [subject, encodeId('User', ids[subject])]),
    ) as Record<Subject, string>,
    secrets,
  };
}

export type World = Awaited<ReturnType<typeof createWorld>>;
