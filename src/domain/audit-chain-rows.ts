/** The rows of the chain as text, and what their hashes are made over. */
import { createHash } from 'node:crypto';
import { Prisma } from '../generated/prisma/client.ts';

/** A row as text, so that whatever somebody wrote into it can be read. */
export interface ChainRow {
  readonly sequence: string;
  readonly id: string;
  readonly seconds: string;
  readonly action: string;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly accountId: string | null;
  readonly organizationId: string | null;
  readonly actorId: string | null;
  readonly onBehalfOfId: string | null;
  readonly credentialKind: string;
  readonly credentialId: string | null;
  readonly requestId: string | null;
  readonly changes: string | null;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly changesSalt: string | null;
  readonly changesDigest: string | null;
  readonly originSalt: string | null;
  readonly originDigest: string | null;
  readonly previousHash: string | null;
  readonly hash: string | null;
}

/** The events from a place on, in pages. No transaction is held between them. */
export async function* chainPages(
  prisma: Prisma.TransactionClient,
  from: bigint,
  size: number,
): AsyncGenerator<readonly ChainRow[]> {
  let after = Prisma.sql`e.sequence >= ${from}`;
  for (;;) {
    const rows = await prisma.$queryRaw<ChainRow[]>`
      SELECT sequence::text, id::text, extract(epoch FROM occurred_at)::text AS seconds, action,
        subject_type AS "subjectType", subject_id::text AS "subjectId", account_id::text AS "accountId",
        organization_id::text AS "organizationId", actor_id::text AS "actorId", on_behalf_of_id::text AS "onBehalfOfId",
        credential_kind AS "credentialKind", credential_id::text AS "credentialId", request_id AS "requestId",
        changes::text, ip_address AS "ipAddress", user_agent AS "userAgent",
        encode(changes_salt, 'hex') AS "changesSalt", encode(changes_digest, 'hex') AS "changesDigest",
        encode(origin_salt, 'hex') AS "originSalt", encode(origin_digest, 'hex') AS "originDigest",
        encode(previous_hash, 'hex') AS "previousHash", encode(hash, 'hex') AS hash
      FROM audit_events e WHERE ${after} AND e.sequence >= 1 ORDER BY e.sequence, e.id LIMIT ${size}`;
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = Prisma.sql`(e.sequence, e.id) > (${BigInt(last.sequence)}, ${last.id}::uuid)`;
  }
}

/** What the hash is made over, as the database writes a JSON array. */
export function chainText(row: ChainRow): string {
  return jsonbText([
    new Raw(row.sequence),
    row.id,
    Math.round(Number(row.seconds) * 1000),
    row.action,
    row.subjectType,
    row.subjectId,
    row.accountId,
    row.organizationId,
    row.actorId,
    row.onBehalfOfId,
    row.credentialKind,
    row.credentialId,
    row.requestId,
    row.changesDigest,
    row.originDigest,
  ]);
}

/** A number of any size, in its digits. */
class Raw {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}

export const jsonbText = (values: readonly (string | number | null | Raw)[]): string =>
  `[${values.map((value) => (value instanceof Raw ? value.digits : JSON.stringify(value))).join(', ')}]`;

export const bytes = (hex: string | null): Buffer => Buffer.from(hex ?? '', 'hex');

export const sha256 = (prefix: Buffer, text: string): string =>
  createHash('sha256').update(prefix).update(text, 'utf8').digest('hex');
