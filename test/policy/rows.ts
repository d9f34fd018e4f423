/** Rows written straight into the database: what is there before anybody asks. */
import { randomBytes } from 'node:crypto';
import { issueSecret } from '../../src/auth/secrets.ts';
import type { Database } from '../../src/db/database.ts';
import { scopes as everyScope, type Role, type Scope } from '../../src/domain/policy.ts';
import type { Prisma } from '../../src/generated/prisma/client.ts';
import { createSources } from '../../src/sources.ts';

export const hour = 60 * 60 * 1000;
export const ago = (milliseconds: number) => new Date(Date.now() - milliseconds);
export const ahead = (milliseconds: number) => new Date(Date.now() + milliseconds);

/** All scopes but these. */
export const scopesBut = (...without: Scope[]) => everyScope.filter((scope) => !without.includes(scope));

interface Credential {
  readonly id: string;
  readonly secret: string;
}

/** Collects rows, and writes them with one statement a table. */
export function collectRows() {
  const { newId } = createSources();
  const users: Prisma.UserCreateManyInput[] = [];
  const organizations: Prisma.OrganizationCreateManyInput[] = [];
  const memberships: Prisma.MembershipCreateManyInput[] = [];
  const shares: Prisma.ShareCreateManyInput[] = [];
  const sessions: Prisma.SessionCreateManyInput[] = [];
  const refreshTokens: Prisma.RefreshTokenCreateManyInput[] = [];
  const apiTokens: Prisma.ApiTokenCreateManyInput[] = [];
  const emails: Prisma.EmailCreateManyInput[] = [];
  const phoneNumbers: Prisma.PhoneNumberCreateManyInput[] = [];
  const identities: Prisma.OAuthIdentityCreateManyInput[] = [];
  const passwords: Prisma.PasswordCreateManyInput[] = [];
  const dataRecords: Prisma.DataRecordCreateManyInput[] = [];

  function put<Row extends { id: string }>(table: Row[], row: Omit<NoInfer<Row>, 'id'>): string {
    const id = newId();
    table.push({ ...row, id } as Row);
    return id;
  }

  return {
    user: (columns: Omit<Prisma.UserCreateManyInput, 'id'> = {}) => put(users, columns),
    organization(name: string, members: readonly (readonly [userId: string, role: Role])[] = []): string {
      const organizationId = put(organizations, { name, subDomain: `${name.toLowerCase()}-${users.length}` });
      memberships.push(...members.map(([userId, role]) => ({ organizationId, userId, role })));
      return organizationId;
    },
    share: (grantorId: string, granteeId: string, scopes: Scope[], expiresAt: Date | null = null) =>
      put(shares, { grantorId, granteeId, scopes, expiresAt }),
    session(userId: string, columns: Partial<Prisma.SessionCreateManyInput> = {}): Credential {
      const { secret, hash } = issueSecret('session', randomBytes);
      const id = put(sessions, { userId, tokenHash: hash, expiresAt: ahead(hour), ...columns });
      return { id, secret };
    },
    refreshToken(sessionId: string): Credential {
      const { secret, hash } = issueSecret('refreshToken', randomBytes);
      return { id: put(refreshTokens, { sessionId, tokenHash: hash, expiresAt: ahead(hour) }), secret };
    },
    apiToken(
      owner: { userId: string } | { organizationId: string },
      scopes: readonly Scope[] = everyScope,
      columns: Partial<Prisma.ApiTokenCreateManyInput> = {},
    ): Credential {
      const { secret, hash, prefix } = issueSecret('apiToken', randomBytes);
      const own = { name: 'A token', tokenHash: hash, prefix, scopes: [...scopes], expiresAt: ahead(hour) };
      return { id: put(apiTokens, { ...own, ...owner, ...columns }), secret };
    },
    email: (userId: string, address: string, isDefault = true) => put(emails, { userId, address, isDefault }),
    phoneNumber: (userId: string, number: string, isPrimary = true) =>
      put(phoneNumbers, { userId, number, isPrimary }),
    identity: (columns: Omit<Prisma.OAuthIdentityCreateManyInput, 'id'>) =>
      put(identities, { isPrimary: true, ...columns }),
    password: (userId: string, hash: string) => void passwords.push({ userId, hash }),
    dataRecord: (userId: string, collection: string, data: Prisma.InputJsonObject) =>
      put(dataRecords, { userId, collection, data, occurredAt: ago(hour) }),

    /** Writes all of it in one transaction. */
    async write({ prisma }: Pick<Database, 'prisma'>): Promise<void> {
      await prisma.$transaction([
        prisma.organization.createMany({ data: organizations }),
        prisma.user.createMany({ data: users }),
        prisma.membership.createMany({ data: memberships }),
        prisma.share.createMany({ data: shares }),
        prisma.session.createMany({ data: sessions }),
        prisma.refreshToken.createMany({ data: refreshTokens }),
        prisma.apiToken.createMany({ data: apiTokens }),
        prisma.email.createMany({ data: emails }),
        prisma.phoneNumber.createMany({ data: phoneNumbers }),
        prisma.oAuthIdentity.createMany({ data: identities }),
        prisma.password.createMany({ data: passwords }),
        prisma.dataRecord.createMany({ data: dataRecords }),
      ]);
    },
  };
}

/** Leaves the database as empty as a new one. */
export async function deleteAllRows({ prisma }: Pick<Database, 'prisma'>): Promise<void> {
  await prisma.$transaction([
    prisma.organization.deleteMany(),
    prisma.user.deleteMany(),
    prisma.outboxEvent.deleteMany(),
    prisma.erasure.deleteMany(),
    prisma.oAuthClient.deleteMany(),
    prisma.deviceAuthorization.deleteMany(),
    prisma.invitation.deleteMany(),
    prisma.webhook.deleteMany(),
    prisma.idempotentAnswer.deleteMany(),
    // Nobody may empty the trail; the owner of the database can, by leaving out its triggers.
    prisma.$executeRaw`SET LOCAL session_replication_role = replica`,
    prisma.auditEvent.deleteMany(),
  ]);
}
