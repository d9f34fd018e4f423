/** The accounts that the transcripts are about, written straight into the database: the same at every run but for their ids. */
import { hashPassword } from '../../../src/auth/passwords.ts';
import { issueSecret } from '../../../src/auth/secrets.ts';
import type { Sources } from '../../../src/context.ts';
import type { Database } from '../../../src/db/database.ts';
import { scopes as everyScope, type Scope } from '../../../src/domain/policy.ts';
import type { Prisma } from '../../../src/generated/prisma/client.ts';

export const password = 'correct-horse';

const day = 24 * 60 * 60 * 1000;
export const now = new Date('2026-01-15T12:00:00.000Z');
/** Each thing has a time of its own, so that one that is shown for another is noticed. */
const ago = (days: number) => new Date(now.getTime() - days * day);
const ahead = (days: number) => ago(-days);
const since = (days: number) => ({ createdAt: ago(days), updatedAt: ago(days - 0.5) });

type People = Record<(typeof names)[number], string>;
const names = ['admin', 'ada', 'mia', 'grace', 'linus', 'margaret', 'kit', 'robin', 'ci', 'system'] as const;

export type Cast = Awaited<ReturnType<typeof writeCast>>;

/** Writes everybody into an empty database. */
export async function writeCast({ prisma }: Pick<Database, 'prisma'>, sources: Sources) {
  const { newId } = sources;
  const people = Object.fromEntries(names.map((name) => [name, newId()])) as People;
  const organizations = { acme: newId(), babel: newId() };
  const credentials = issueCredentials(sources, people, organizations.acme);
  await prisma.$transaction([
    prisma.organization.createMany({ data: organizationRows(organizations) }),
    prisma.user.createMany({ data: userRows(people, organizations.acme) }),
    prisma.membership.createMany({ data: membershipRows(people, organizations) }),
    prisma.email.createMany({ data: emailRows(people, newId) }),
    prisma.phoneNumber.createMany({ data: phoneRows(people, newId) }),
    prisma.oAuthIdentity.createMany({ data: identityRows(people, newId) }),
    prisma.password.createMany({ data: await passwordRows(people, sources) }),
    prisma.share.create({
      data: { id: newId(), grantorId: people.grace, granteeId: people.ada, scopes: ['data:read', 'profile'] },
    }),
    prisma.session.createMany({ data: credentials.sessions }),
    prisma.apiToken.createMany({ data: credentials.apiTokens }),
  ]);
  return { ids: { ...people, ...organizations, nobody: newId() }, ...credentials.shown };
}

/** Leaves the database as empty as it was. */
export async function removeCast({ prisma }: Pick<Database, 'prisma'>): Promise<void> {
  await prisma.$transaction([
    prisma.organization.deleteMany(),
    prisma.user.deleteMany(),
    prisma.auditEvent.deleteMany(),
    prisma.outboxEvent.deleteMany(),
    prisma.erasure.deleteMany(),
  ]);
}

const organizationRows = ({ acme, babel }: { acme: string; babel: string }) => [
  { id: acme, name: 'Acme', subDomain: 'acme' },
  { id: babel, name: 'Babel', subDomain: 'babel' },
];

const membershipRows = (
  { ada, grace, linus }: People,
  { acme, babel }: { acme: string; babel: string },
): Prisma.MembershipCreateManyInput[] => [
  { organizationId: acme, userId: ada, role: 'OWNER', createdAt: ago(60) },
  { organizationId: babel, userId: ada, role: 'MEMBER', createdAt: ago(50) },
  { organizationId: acme, userId: linus, role: 'OWNER', createdAt: ago(45) },
  { organizationId: babel, userId: grace, role: 'OWNER', createdAt: ago(40) },
];

function userRows(ids: People, acme: string): Prisma.UserCreateManyInput[] {
  const ada = {
    name: 'Ada Lovelace',
    firstName: 'Ada',
    lastName: 'Lovelace',
    bio: 'Writes programs for engines\nthat are not built yet.',
    company: 'Acme',
    jobTitle: 'Analyst',
    avatarUrl: 'https://example.com/avatars/ada.png',
    metadata: { team: 'engines', favoriteNumber: 7, tags: ['é', null, true] },
    locale: 'en-GB',
    timeZone: 'Europe/London',
    isOnboarded: true,
  };
  const admin = { username: 'admin', name: 'Administrator', isSuperuser: true };
  const grace = { username: 'grace', name: 'Grace Hopper', firstName: 'Grace', lastName: 'Hopper' };
  const kit = { kind: 'MANAGED', managerId: ids.ada, firstName: 'Kit' } as const;
  const ci = { kind: 'SERVICE_ACCOUNT', username: 'ci', name: 'Integration', organizationId: acme } as const;
  return [
    { id: ids.system, kind: 'INTERNAL', username: 'system', ...since(500) },
    { id: ids.admin, ...admin, ...since(400) },
    { id: ids.ada, username: 'ada', ...ada, ...since(300) },
    { id: ids.grace, ...grace, ...since(250) },
    { id: ids.linus, username: 'linus@example.com', name: 'Linus', ...since(240) },
    { id: ids.margaret, username: 'margaret', status: 'SUSPENDED', ...since(230) },
    { id: ids.mia, username: 'mia', ...since(200) },
    { id: ids.kit, ...kit, ...since(100) },
    { id: ids.robin, ...kit, firstName: 'Robin', lastName: 'Vega', ...since(90) },
    { id: ids.ci, ...ci, ...since(80) },
  ];
}

function emailRows({ ada, grace, linus }: People, newId: () => string): Prisma.EmailCreateManyInput[] {
  const email = (userId: string, address: string, days: number) => ({
    id: newId(),
    userId,
    address,
    isDefault: true,
    verifiedAt: ago(1),
    ...since(days),
  });
  return [
    { ...email(ada, 'countess@example.com', 299), isDefault: false, verifiedAt: null },
    email(ada, 'ada@example.com', 298),
    email(grace, 'grace@example.com', 249),
    email(linus, 'linus@example.com', 239),
  ];
}

function phoneRows({ ada }: People, newId: () => string): Prisma.PhoneNumberCreateManyInput[] {
  return [
    { id: newId(), userId: ada, number: '+4930123456', ...since(297) },
    { id: newId(), userId: ada, number: '+442071234567', isPrimary: true, verifiedAt: ago(1), ...since(296) },
  ];
}

/** Ada linked one, too, which is not what she signs in with. */
function identityRows({ ada, linus }: People, newId: () => string): Prisma.OAuthIdentityCreateManyInput[] {
  const github = { provider: 'github', email: 'linus@example.com', name: 'Linus' };
  const gitlab = { provider: 'gitlab', subject: '1815', isPrimary: false };
  return [
    { id: newId(), userId: linus, subject: '1024025', isPrimary: true, ...github, ...since(238) },
    { id: newId(), userId: ada, ...gitlab, ...since(295) },
  ];
}

let hash: Promise<string> | undefined;

async function passwordRows({ admin, ada, grace, margaret, mia }: People, { randomBytes }: Sources) {
  hash ??= hashPassword(password, randomBytes); // slow on purpose, and the same for all
  const known = await hash;
  const row = (userId: string) => ({ userId, hash: known, expired: userId === grace });
  return [admin, ada, grace, margaret, mia].map(row);
}

function issueCredentials({ newId, randomBytes }: Sources, ids: People, acme: string) {
  const sessions: Prisma.SessionCreateManyInput[] = [];
  const apiTokens: Prisma.ApiTokenCreateManyInput[] = [];

  function session(userId: string, columns: Partial<Prisma.SessionCreateManyInput> = {}) {
    const { secret, hash: tokenHash } = issueSecret('session', randomBytes);
    const times = { createdAt: ago(2), lastUsedAt: ago(1), expiresAt: ahead(30) };
    const place = { ipAddress: '192.0.2.7', userAgent: 'Firefox on Linux' };
    const id = newId();
    sessions.push({ id, userId, tokenHash, ...times, ...place, ...columns });
    return { id, token: secret };
  }
  function apiToken(owner: { userId: string } | { organizationId: string }, without: readonly Scope[] = []) {
    const { secret, hash: tokenHash, prefix } = issueSecret('apiToken', randomBytes);
    const scopes = everyScope.filter((scope) => !without.includes(scope));
    const id = newId();
    apiTokens.push({ id, name: 'A token', tokenHash, prefix, scopes, expiresAt: ahead(30), ...owner });
    return { id, token: secret };
  }

  const { admin, ada, mia, grace, linus, margaret, ci } = ids;
  const shown = {
    admin: session(admin),
    ada: session(ada),
    mia: session(mia),
    grace: session(grace),
    linus: session(linus),
    /** Suspended, so her session is no good. */
    margaret: session(margaret),
    expired: session(ada, { createdAt: ago(40), expiresAt: ago(3) }),
    revoked: session(ada, { createdAt: ago(41), revokedAt: ago(4) }),
    /** Opened by a program that tells nothing of itself. */
    adaElsewhere: session(ada, {
      ...{ createdAt: ago(6), lastUsedAt: ago(5) },
      ipAddress: null,
      userAgent: null,
    }),
    adaByToken: apiToken({ userId: ada }),
    adaWithoutProfile: apiToken({ userId: ada }, ['profile']),
    adaReadingOnly: apiToken({ userId: ada }, ['users:write']),
    ci: apiToken({ userId: ci }),
    acme: apiToken({ organizationId: acme }),
    /** Well formed, and never issued. */
    unknown: { token: `ug_ses_${'A'.repeat(43)}` },
  };
  return { sessions, apiTokens, shown };
}
