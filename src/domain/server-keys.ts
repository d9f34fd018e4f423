/** The keys that this server signs with, as its operator sees and rotates them. */
import { overlap, rotateKeys } from '../auth/keys.ts';
import type { Context } from '../context.ts';
import { ForbiddenError } from '../errors.ts';
import { record } from './audit.ts';

export interface ServerKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly createdAt: Date;
  /** Until when it verifies; null for the one that signs. */
  readonly verifiesUntil: Date | null;
}

/** The keys of tokens that verify, the one that signs first. */
export async function listServerKeys(context: Context): Promise<ServerKey[]> {
  requireConsole(context);
  const since = new Date(context.now().getTime() - overlap);
  const rows = await context.prisma.signingKey.findMany({
    where: {
      organizationId: null,
      purpose: 'tokens',
      OR: [{ retiredAt: null }, { retiredAt: { gt: since } }],
    },
    orderBy: [{ retiredAt: { sort: 'desc', nulls: 'first' } }, { createdAt: 'desc' }],
    select: { keyId: true, algorithm: true, createdAt: true, retiredAt: true },
  });
  return rows.map(({ retiredAt, ...key }) => ({
    ...key,
    verifiesUntil: retiredAt && new Date(retiredAt.getTime() + overlap),
  }));
}

/** Makes a new key to sign with; a leaked one verifies nothing any more. @returns the id of the new one */
export function rotateServerKeys(context: Context, { isLeak }: { isLeak: boolean }): Promise<string> {
  requireConsole(context);
  return rotateKeys(context, {
    isLeak,
    record: (tx, action, id) =>
      record(context, tx, { action, subject: { type: 'SigningKey', id }, about: id }),
  });
}

function requireConsole({ actor }: Context): void {
  if (actor.credential.kind !== 'CONSOLE')
    throw new ForbiddenError("Only the operator may do this, at the server's console.");
}
