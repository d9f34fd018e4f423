/** Exports: a link to all that is held about an account, good for an hour. */
import { hashSecret, issueSecret, secretKind } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { DataExport, Prisma } from '../generated/prisma/client.ts';
import { type AccountToChange, enforce, lockAccount } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller, requirePerson } from './caller.ts';
import { writeArchive } from './export-text.ts';
import { isUuid } from './ids.ts';
import { decide } from './policy.ts';
import { transact } from './transaction.ts';

/** How long a link is good for, in milliseconds. */
const lifetime = 60 * 60 * 1000;

/** Where the archives are, each at its id. */
export const exportsPath = '/v1/exports/';

/** An export, and the link to it, which is told this once. */
export interface MadeExport extends Pick<DataExport, 'id' | 'createdAt' | 'expiresAt'> {
  readonly url: string;
}

/** A link to all that is held about the acting person. */
export function exportMe(context: Context): Promise<MadeExport> {
  return exportUser(context, { id: requirePerson(context).id, path: [] });
}

/** A link to all that is held about an account. Whoever has the link can read it. */
export async function exportUser(
  context: Context,
  { id: userId, where = {}, path = ['id'] }: AccountToChange,
): Promise<MadeExport> {
  requireCaller(context);
  const { secret, hash } = issueSecret('exportLink', context.randomBytes);
  const id = context.newId();
  const createdAt = context.now();
  const expiresAt = new Date(createdAt.getTime() + lifetime);
  await transact(context, async (tx) => {
    const account = await lockAccount(context, tx, { id: userId, where }, {});
    enforce(decide(context.actor, 'export', account), path);
    const requestedById = context.actor.user?.id ?? null;
    await tx.dataExport.create({
      data: { id, userId, requestedById, tokenHash: hash, createdAt, expiresAt },
      select: { id: true },
    });
    await record(context, tx, {
      action: 'export.create',
      subject: { type: 'DataExport', id },
      about: userId,
      organizationId: account.organizationId,
      changes: { expiresAt: { before: null, after: expiresAt.toISOString() } },
    });
  });
  return { id, createdAt, expiresAt, url: `${context.issuer}${exportsPath}${id}?token=${secret}` };
}

/**
 * Opens the archive of a link: its text, in pieces.
 * @throws {NotFoundError} for a link that is unknown, wrong or over, whatever the reason
 */
export async function openExport(
  context: Context,
  { id, token }: { id: string; token: string },
): Promise<{ readonly exportedAt: Date; readonly text: AsyncGenerator<string, void, void> }> {
  if (!isUuid(id) || secretKind(token) !== 'exportLink') throw new NotFoundError([]);
  const exportedAt = context.now();
  const userId = await transact(context, async (tx) => {
    const found = await tx.dataExport.findFirst({
      where: { id, tokenHash: hashSecret(token), expiresAt: { gt: exportedAt }, user: { status: 'ACTIVE' } },
      select: {
        userId: true,
        requestedById: true,
        downloadedAt: true,
        user: { select: { organizationId: true } },
      },
    });
    if (found === null || !(await mayStill(tx, found.requestedById))) throw new NotFoundError([]);
    const { userId, downloadedAt } = found;
    if (downloadedAt === null)
      await tx.dataExport.update({ where: { id }, data: { downloadedAt: exportedAt }, select: { id: true } });
    await record(context, tx, {
      action: 'export.download',
      subject: { type: 'DataExport', id },
      about: userId,
      organizationId: found.user.organizationId,
    });
    return userId;
  });
  return { exportedAt, text: writeArchive(context, { id, userId, exportedAt }) };
}

/** Who made the link is still active: somebody who was suspended meanwhile reads nothing by it. */
async function mayStill(tx: Prisma.TransactionClient, requestedById: string | null): Promise<boolean> {
  if (requestedById === null) return true;
  const where = { id: requestedById, status: 'ACTIVE' as const };
  return (await tx.user.findFirst({ where, select: { id: true } })) !== null;
}
