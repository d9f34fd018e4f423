/** Exports: a link to all that is held about an account, good for an hour. */
import { actingUserSelect, toActingUser } from '../auth/acting-user.ts';
import { allScopes } from '../auth/authenticate.ts';
import { hashSecret, issueSecret, secretKind } from '../auth/secrets.ts';
import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { DataExport } from '../generated/prisma/client.ts';
import { type AccountToChange, accountSelect, enforce, lockAccount } from './accounts.ts';
import { record } from './audit.ts';
import { requireCaller, requirePerson } from './caller.ts';
import { writeArchive } from './export-text.ts';
import { isUuid } from './ids.ts';
import { type Account, type Actor, decide } from './policy.ts';
import { type Transaction, transact } from './transaction.ts';

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
 * @throws {NotFoundError} for a link that is unknown, wrong or over, whatever the reason, and where who made it may no more
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
        user: { select: accountSelect },
      },
    });
    if (found === null || !(await mayStill(context, tx, found))) throw new NotFoundError([]);
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

/** Whether who made the link could make it now: it lets nobody read what it was made to read when it was more than it is. */
async function mayStill(
  { now }: Context,
  tx: Transaction,
  { requestedById, user: account }: { readonly requestedById: string | null; readonly user: Account },
): Promise<boolean> {
  if (requestedById === null) return false;
  const where = { id: requestedById, status: 'ACTIVE' as const };
  const row = await tx.user.findFirst({ where, select: actingUserSelect(now()) });
  if (row === null) return false;
  const actor: Actor = {
    user: toActingUser(row, now()),
    organizationId: null,
    credential: { kind: 'SESSION', id: null, expiresAt: null },
    scopes: allScopes,
  };
  return decide(actor, 'export', account).allowed;
}
