import { hashPassword } from '../auth/passwords.ts';
import { issueSecret } from '../auth/secrets.ts';
import type { Sources } from '../context.ts';
import type { Database } from '../db/database.ts';
import { day } from '../durations.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { createSources } from '../sources.ts';
import { type DemoAccount, demoAccounts, demoPassword, generatedPeople, namedPeople } from './people.ts';

type Tx = Prisma.TransactionClient;

/** Fills an empty database with the demo's accounts, all or none. @returns what to tell a newcomer */
export async function seedDemoAccounts(
  { prisma }: Pick<Database, 'prisma'>,
  sources: Sources = createSources(),
): Promise<readonly DemoAccount[]> {
  // One hash for all: each demo account has the same public password, and 200 hashes would take seconds.
  const hash = await hashPassword(demoPassword, sources.randomBytes);
  await prisma.$transaction(async (tx) => {
    const ids = await addPeople(tx, sources, hash);
    await addOrganizations(tx, sources, ids);
    await addManagedUsers(tx, sources, ids.ada);
    await addSessions(tx, sources, ids.ada);
    await tx.share.create({
      data: {
        id: sources.newId(),
        grantorId: ids.grace,
        granteeId: ids.ada,
        scopes: ['data:read', 'profile'],
      },
    });
    await addGeneratedPeople(tx, sources, hash);
  });
  return demoAccounts;
}

/** The id of ada: it tells the demo from an account that somebody else called ada. */
const adaId = '01900000-0000-7000-8000-0000000000ad';

/** Whether the demo is in this database; false also when it cannot be reached, so that pages still show. */
export async function hasDemoAccounts({ prisma }: Pick<Database, 'prisma'>): Promise<boolean> {
  const where = { id: adaId, username: 'ada' };
  return (await prisma.user.findFirst({ where, select: { id: true } }).catch(() => null)) !== null;
}

type PeopleIds = Record<keyof typeof namedPeople, string>;

async function addPeople(tx: Tx, { newId, now }: Sources, hash: string): Promise<PeopleIds> {
  const ids = { admin: newId(), ada: adaId, grace: newId(), linus: newId(), margaret: newId() };
  const names = Object.keys(ids) as (keyof PeopleIds)[];
  await tx.user.createMany({
    data: names.map((name, index) => {
      const createdAt = new Date(now().getTime() - (400 - 10 * index) * day);
      return { ...namedPeople[name], id: ids[name], createdAt, updatedAt: createdAt };
    }),
  });
  const email = (userId: string, name: string) => ({
    id: newId(),
    userId,
    address: `${name}@example.com`,
    isDefault: true,
    verifiedAt: now(),
  });
  const second = { ...email(ids.ada, 'countess'), isDefault: false, verifiedAt: null };
  await tx.email.createMany({ data: [...names.map((name) => email(ids[name], name)), second] });
  await tx.phoneNumber.create({
    data: { id: newId(), userId: ids.ada, number: '+442071234567', isPrimary: true, verifiedAt: now() },
  });
  const github = { provider: 'github', subject: '1024025', email: 'linus@example.com' };
  await tx.oAuthIdentity.create({ data: { id: newId(), userId: ids.linus, isPrimary: true, ...github } });
  const withPassword = names.filter((name) => name !== 'linus');
  await tx.password.createMany({ data: withPassword.map((name) => ({ userId: ids[name], hash })) });
  return ids;
}

async function addOrganizations(
  tx: Tx,
  { newId, now }: Sources,
  { ada, grace, linus }: Awaited<ReturnType<typeof addPeople>>,
) {
  const [acme, babel] = [newId(), newId()];
  const joined = (days: number) => new Date(now().getTime() - days * day);
  await tx.organization.createMany({
    data: [
      { id: acme, name: 'Acme', subDomain: 'acme' },
      { id: babel, name: 'Babel', subDomain: 'babel' },
    ],
  });
  await tx.membership.createMany({
    data: [
      { organizationId: acme, userId: ada, role: 'OWNER', createdAt: joined(3) },
      { organizationId: acme, userId: linus, role: 'MEMBER', createdAt: joined(2) },
      { organizationId: babel, userId: grace, role: 'OWNER', createdAt: joined(2) },
      { organizationId: babel, userId: ada, role: 'MEMBER', createdAt: joined(1) },
    ],
  });
  await tx.user.create({
    data: {
      id: newId(),
      kind: 'SERVICE_ACCOUNT',
      username: 'ci',
      name: 'Continuous Integration',
      organizationId: acme,
    },
    select: { id: true },
  });
}

async function addManagedUsers(tx: Tx, { newId, now }: Sources, managerId: string) {
  const joined = (days: number) => new Date(now().getTime() - days * day);
  const managed = [
    { id: newId(), firstName: 'Kit', createdAt: joined(20) },
    { id: newId(), firstName: 'Robin', lastName: 'Vega', createdAt: joined(10) },
  ].map((columns) => ({ ...columns, kind: 'MANAGED' as const, managerId, updatedAt: columns.createdAt }));
  await tx.user.createMany({ data: managed });
  const record = (userId: string, collection: string, days: number, data: Prisma.InputJsonObject) => ({
    id: newId(),
    userId,
    collection,
    occurredAt: new Date(now().getTime() - days * day),
    data,
  });
  await tx.dataRecord.createMany({
    data: managed.flatMap(({ id }) => [
      record(id, 'activities', 1, { sport: 'cycling', distanceMeters: 42_195, durationSeconds: 5400 }),
      record(id, 'activities', 3, { sport: 'running', distanceMeters: 10_000, durationSeconds: 2700 }),
      record(id, 'traces', 1, { lactate: 1.9, power: 220, heartRate: 141 }),
    ]),
  });
}

/** Three sign-ins of the past; nobody has their tokens. */
async function addSessions(tx: Tx, { newId, now, randomBytes }: Sources, userId: string) {
  const programs = ['Firefox on Linux', 'Safari on iPhone', 'curl/8.5.0'];
  await tx.session.createMany({
    data: programs.map((userAgent, index) => {
      const createdAt = new Date(now().getTime() - (index + 1) * day);
      return {
        id: newId(),
        userId,
        tokenHash: issueSecret('session', randomBytes).hash,
        ipAddress: `192.0.2.${index + 1}`,
        userAgent,
        createdAt,
        lastUsedAt: createdAt,
        expiresAt: new Date(now().getTime() + 30 * day),
      };
    }),
  });
}

async function addGeneratedPeople(tx: Tx, { newId, now }: Sources, hash: string) {
  const people = generatedPeople.map((person, index) => ({ ...person, id: newId(), index }));
  const joined = (index: number) => new Date(now().getTime() - (350 - index) * day);
  await tx.user.createMany({
    data: people.map(({ email: _, index, ...columns }) => ({
      ...columns,
      isOnboarded: index % 3 !== 0,
      createdAt: joined(index),
      updatedAt: joined(index),
    })),
  });
  await tx.email.createMany({
    data: people.map(({ id, email, index }) => ({
      id: newId(),
      userId: id,
      address: email,
      isDefault: true,
      verifiedAt: index % 4 === 0 ? null : joined(index),
      createdAt: joined(index),
    })),
  });
  await tx.password.createMany({ data: people.map(({ id }) => ({ userId: id, hash })) });
}
