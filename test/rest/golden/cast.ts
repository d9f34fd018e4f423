/** The accounts that the transcripts are about, written straight into the database: the same at every run but for their ids. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { hashPassword } from '../../../src/auth/passwords.ts';
import { issueSecret, secretOf } from '../../../src/auth/secrets.ts';
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
  const grants = issueGrants(sources, people, credentials.shown.ada.id);
  const capabilities = await issueCapabilities(sources, organizations.acme, people.ci);
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
    prisma.apiToken.create({ data: grants.boundToken }),
    prisma.session.create({ data: grants.boundSession }),
    prisma.refreshToken.createMany({ data: grants.refreshTokens }),
    prisma.oAuthClient.createMany({ data: grants.clients }),
    prisma.authorizationCode.create({ data: grants.code }),
    prisma.signingKey.create({ data: capabilities.key }),
  ]);
  const ids = { ...people, ...organizations, nobody: newId() };
  return { ids, ...credentials.shown, ...grants.shown, ...capabilities.shown };
}

/** Leaves the database as empty as it was. */
export async function removeCast({ prisma }: Pick<Database, 'prisma'>): Promise<void> {
  await prisma.$transaction([
    prisma.organization.deleteMany(),
    prisma.user.deleteMany(),
    prisma.outboxEvent.deleteMany(),
    prisma.erasure.deleteMany(),
    prisma.idempotentAnswer.deleteMany(),
    prisma.oAuthClient.deleteMany(),
    prisma.deviceAuthorization.deleteMany(),
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
    unknown: { token: secretOf('session', new Uint8Array(32)).secret },
  };
  return { sessions, apiTokens, shown };
}

/** What ada could have from earlier: a refresh token of her session, and a code that she let a client have. */
function issueGrants({ newId, randomBytes }: Sources, { ada: userId, kit }: People, sessionId: string) {
  const refreshToken = (of: string) => {
    const { secret, hash: tokenHash } = issueSecret('refreshToken', randomBytes);
    return {
      secret,
      row: { id: newId(), sessionId: of, tokenHash, createdAt: ago(1), expiresAt: ahead(29) },
    };
  };
  const refresh = refreshToken(sessionId);
  const { hash: tokenHash, prefix } = issueSecret('apiToken', randomBytes);
  const bound = { allowedNetworks: ['203.0.113.0/24'], tokenHash, prefix, scopes: ['data:read'] };
  const boundToken = { id: newId(), userId, name: 'Bound', expiresAt: ahead(30), ...bound };
  const boundSession = {
    ...{ id: newId(), userId: kit, actorId: userId, scopes: ['data:read'] },
    ...{ parentApiTokenId: boundToken.id, createdAt: ago(2), lastUsedAt: ago(1), expiresAt: ahead(30) },
  };
  const boundRefresh = refreshToken(boundSession.id);
  const code = issueSecret('authorizationCode', randomBytes);
  const verifier = 'a-verifier-of-at-least-forty-three-characters';
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const scopes = ['profile', 'data:read', 'data:write'];
  const client = { id: newId(), name: 'Training log', redirectUris: ['https://app.example/'], scopes };
  const secretHash = issueSecret('clientSecret', randomBytes).hash;
  const granted = { userId, clientId: client.id, scopes, redirectUri: 'https://app.example/' };
  return {
    boundToken,
    boundSession,
    refreshTokens: [refresh.row, boundRefresh.row],
    clients: [client, { ...client, id: newId(), secretHash }],
    code: {
      ...{ id: newId(), codeHash: code.hash, codeChallenge: challenge, ...granted },
      ...{ authenticatedAt: ago(1), createdAt: now, expiresAt: ahead(1) },
    },
    shown: {
      adasRefreshToken: refresh.secret,
      /** Of a session that was opened with a token that may not be used from here. */
      boundRefreshToken: boundRefresh.secret,
      adasCode: { client_id: client.id, code: code.secret, code_verifier: verifier },
    },
  };
}

/** What the organization could sign itself. */
async function issueCapabilities({ newId }: Sources, organizationId: string, serviceAccountId: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const publicJwk = await exportJWK(publicKey);
  const keyId = await calculateJwkThumbprint(publicJwk);
  const seconds = Math.floor(now.getTime() / 1000);
  const sign = async (scope: string, sub = serviceAccountId, exp = seconds + 600) => {
    const claims = { iss: organizationId, aud: 'http://127.0.0.1:4000', sub, scope, iat: seconds, exp };
    const header = { alg: 'ES256', typ: 'capability+jwt', kid: keyId };
    return { token: await new SignJWT(claims).setProtectedHeader(header).sign(privateKey) };
  };
  const key = { publicJwk: publicJwk as Prisma.InputJsonObject, keyId, algorithm: 'ES256', name: 'Reports' };
  return {
    key: { id: newId(), organizationId, createdAt: ago(1), ...key },
    shown: {
      capability: await sign('profile'),
      capabilityWithoutProfile: await sign('data:read'),
      /** Of the organization itself. */
      capabilityOfAcme: await sign('profile', organizationId),
      /** Too long ago, or for too long. */
      capabilityTooLong: await sign('profile', serviceAccountId, seconds + 7200),
    },
  };
}
