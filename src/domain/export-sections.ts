/** Reads what an export holds, page by page: no page is larger for an account that has more. */
import type { PrismaClient } from '../generated/prisma/client.ts';
import { fieldChanges } from './audit-trail.ts';
import type { SectionName } from './export-archive.ts';
import { type Order, type PageArgs, pageQuery, toPage } from './page.ts';
import { isOriginOf } from './policy.ts';

/** What a page of a list is read with. */
type Keyset = Omit<ReturnType<typeof pageQuery>, 'where'> & {
  readonly where: (own: object) => { AND: object[] };
};

interface Section {
  readonly order: Order;
  /** How many rows a page has. */
  readonly size: number;
  readonly read: (prisma: PrismaClient, userId: string, keyset: Keyset) => Promise<readonly object[]>;
}

const usual = 100;
/** A record may have 256 KiB: so a page has a few megabytes at most. */
const ofRecords = 20;

const oldestFirst = { column: 'createdAt', kind: 'time', tie: 'id', direction: 'asc' } as const;
const inOrderOfEvents = { ...oldestFirst, column: 'occurredAt' } as const;

function section(
  read: Section['read'],
  { order = oldestFirst, size = usual }: { order?: Order; size?: number } = {},
): Section {
  return { read, order, size };
}

const times = { createdAt: true, updatedAt: true } as const;
const span = { createdAt: true, expiresAt: true } as const;

/** Each list of an archive, in its order. */
export const sections: Readonly<Record<SectionName, Section>> = {
  emails: section((prisma, userId, { where, ...keyset }) =>
    prisma.email.findMany({
      where: where({ userId }),
      ...keyset,
      select: { id: true, address: true, isDefault: true, verifiedAt: true, ...times },
    }),
  ),
  phoneNumbers: section((prisma, userId, { where, ...keyset }) =>
    prisma.phoneNumber.findMany({
      where: where({ userId }),
      ...keyset,
      select: { id: true, number: true, isPrimary: true, verifiedAt: true, ...times },
    }),
  ),
  identities: section((prisma, userId, { where, ...keyset }) =>
    prisma.oAuthIdentity.findMany({ where: where({ userId }), ...keyset, omit: { userId: true } }),
  ),
  memberships: section(
    async (prisma, userId, { where, ...keyset }) => {
      const rows = await prisma.membership.findMany({
        where: where({ userId }),
        ...keyset,
        include: { organization: { select: { name: true } } },
      });
      return rows.map(({ organization, userId: _, ...row }) => ({
        ...row,
        organizationName: organization.name,
      }));
    },
    { order: { ...oldestFirst, tie: 'organizationId' } },
  ),
  sessions: section(async (prisma, userId, { where, ...keyset }) => {
    const rows = await prisma.session.findMany({
      where: where({ userId }),
      ...keyset,
      omit: { userId: true, tokenHash: true, parentSessionId: true, parentApiTokenId: true },
    });
    return rows.map((row) => (row.actorId === null ? row : { ...row, ipAddress: null, userAgent: null }));
  }),
  apiTokens: section((prisma, userId, { where, ...keyset }) =>
    prisma.apiToken.findMany({
      where: where({ userId }),
      ...keyset,
      select: {
        ...{ id: true, name: true, prefix: true, scopes: true, allowedNetworks: true, rateLimit: true },
        ...{ ...span, lastUsedAt: true, revokedAt: true },
      },
    }),
  ),
  consents: section(
    async (prisma, userId, { where, ...keyset }) => {
      const rows = await prisma.consent.findMany({
        where: where({ userId }),
        ...keyset,
        include: { client: { select: { name: true } } },
      });
      return rows.map(({ client, userId: _, ...row }) => ({ ...row, clientName: client.name }));
    },
    { order: { ...oldestFirst, tie: 'clientId' } },
  ),
  codes: section((prisma, userId, { where, ...keyset }) =>
    prisma.challenge.findMany({
      where: where({ userId }),
      ...keyset,
      select: { id: true, kind: true, attempts: true, usedAt: true, ...span },
    }),
  ),
  authorizationCodes: section((prisma, userId, { where, ...keyset }) =>
    prisma.authorizationCode.findMany({
      where: where({ userId }),
      ...keyset,
      select: { id: true, clientId: true, redirectUri: true, scopes: true, usedAt: true, ...span },
    }),
  ),
  devices: section((prisma, userId, { where, ...keyset }) =>
    prisma.deviceAuthorization.findMany({
      where: where({ userId }),
      ...keyset,
      select: {
        ...{ id: true, clientId: true, clientName: true, scopes: true, status: true },
        ...{ ipAddress: true, userAgent: true, usedAt: true, ...span },
      },
    }),
  ),
  sharesGiven: section((prisma, grantorId, { where, ...keyset }) =>
    prisma.share.findMany({ where: where({ grantorId }), ...keyset, omit: { grantorId: true } }),
  ),
  sharesReceived: section((prisma, granteeId, { where, ...keyset }) =>
    prisma.share.findMany({ where: where({ granteeId }), ...keyset, omit: { granteeId: true } }),
  ),
  invitations: section(readInvitations),
  managedUsers: section((prisma, managerId, { where, ...keyset }) =>
    prisma.user.findMany({
      where: where({ managerId }),
      ...keyset,
      select: { id: true, createdAt: true },
    }),
  ),
  dataRecords: section(
    (prisma, userId, { where, ...keyset }) =>
      prisma.dataRecord.findMany({ where: where({ userId }), ...keyset, omit: { userId: true } }),
    { order: inOrderOfEvents, size: ofRecords },
  ),
  auditTrail: section(
    async (prisma, accountId, { where, ...keyset }) => {
      const rows = await prisma.auditEvent.findMany({
        where: where({ accountId }),
        ...keyset,
        select: { ...eventSelect, accountId: true, actorId: true, changes: true, changesSalt: true },
      });
      return rows.map(({ accountId: about, changes, changesSalt, ...row }) => ({
        ...toEvent(row),
        ...(!isOriginOf(accountId, { ...row, accountId: about }) && { ipAddress: null, userAgent: null }),
        changes: changesSalt === null ? null : fieldChanges(changes),
      }));
    },
    { order: inOrderOfEvents },
  ),
  actions: section(
    async (prisma, actorId, { where, ...keyset }) => {
      const elsewhere = { OR: [{ accountId: null }, { accountId: { not: actorId } }] };
      const rows = await prisma.auditEvent.findMany({
        where: where({ actorId, ...elsewhere }),
        ...keyset,
        select: { ...eventSelect, accountId: true, organizationId: true },
      });
      return rows.map(toEvent);
    },
    { order: inOrderOfEvents },
  ),
  answers: section((prisma, actorId, { where, ...keyset }) =>
    prisma.idempotentAnswer.findMany({
      where: where({ actorId }),
      ...keyset,
      select: { id: true, key: true, status: true, ...span },
    }),
  ),
  exports: section((prisma, userId, { where, ...keyset }) =>
    prisma.dataExport.findMany({
      where: where({ userId }),
      ...keyset,
      omit: { userId: true, tokenHash: true },
    }),
  ),
  erasures: section(
    (prisma, userId, { where, ...keyset }) =>
      prisma.erasure.findMany({
        where: where({ userId }),
        ...keyset,
        select: { id: true, requestedById: true, status: true, requestedAt: true, undoneAt: true },
      }),
    { order: { ...oldestFirst, column: 'requestedAt' } },
  ),
};

const eventSelect = {
  id: true,
  sequence: true,
  occurredAt: true,
  action: true,
  subjectType: true,
  subjectId: true,
  onBehalfOfId: true,
  credentialKind: true,
  credentialId: true,
  ipAddress: true,
  userAgent: true,
  requestId: true,
  hash: true,
} as const;

const toEvent = <Row extends { sequence: bigint | null; hash: Uint8Array | null }>(row: Row) => ({
  ...row,
  sequence: String(row.sequence),
  hash: Buffer.from(row.hash ?? []).toString('hex'),
});

/** Whom else an account invited is not told: that is about the other. */
async function readInvitations(prisma: PrismaClient, userId: string, { where, ...keyset }: Keyset) {
  const emails = await prisma.email.findMany({ where: { userId }, select: { address: true } });
  const own = emails.map(({ address }) => address.toLowerCase());
  const rows = await prisma.invitation.findMany({
    where: where({ OR: [{ createdById: userId }, { usedById: userId }, { email: { in: own } }] }),
    ...keyset,
    omit: { codeHash: true },
  });
  return rows.map(({ createdById, usedById, email, ...row }) => ({
    ...row,
    isOwn: createdById === userId,
    email: email !== null && (usedById === userId || own.includes(email.toLowerCase())) ? email : null,
  }));
}

/** The pages of a list. Nothing is held between them, however long their reader takes. */
export async function* readSection(
  prisma: PrismaClient,
  userId: string,
  { order, size, read }: Section,
): AsyncGenerator<readonly object[]> {
  let after: string | null = null;
  do {
    const args: PageArgs = { first: size, after };
    const { where, ...keyset } = pageQuery(args, order);
    const rows = await read(prisma, userId, { ...keyset, where: (own) => ({ AND: [own, ...where.AND] }) });
    const { edges, pageInfo }: ReturnType<typeof toPage> = toPage(rows, args, order);
    yield edges.map(({ row }) => row);
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
}
